// How the calls of a layers model's layers are called: one rule for what reads models and what runs them.
import { FreeNames } from '../../base/freeNames';

/** Names of calls in the order they are made. */
export class CallNames {
  private readonly names = new FreeNames();
  private readonly called = new Set<string>();

  /** @param paths of all layers: a second call of `conv` must not be called as the layer `conv_1` is */
  constructor(paths: Iterable<string>) {
    for (const path of paths) this.names.take(path);
  }

  /** The layer's path for its first call, numbered from 1 for others. */
  of(path: string): string {
    if (this.called.has(path)) return this.names.fresh(path, '_', 1);
    this.called.add(path);
    this.names.take(path);
    return path;
  }
}
