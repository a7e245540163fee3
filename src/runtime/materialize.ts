// A model made ready for the runtime: a file as it is; a model in memory needs the writer.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Disposable, onDispose } from '../base/disposable';
import { LatheError, toLatheError } from '../base/errors';
import type { Model } from '../graph/model';
import type { LoadRequest } from './messages';

/** What the runner is handed, and what has to be cleaned up after it. */
export interface Materialized extends Disposable {
  readonly model: LoadRequest['model'];
  /** Session configuration the model needs. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Model and weights together. */
  readonly fileBytes: number;
  /** How messages call it. */
  readonly label: string;
  readonly sourcePath: string | undefined;
}

export function materialize(model: Model | { readonly path: string }): Materialized {
  if ('graph' in model) throw new LatheError('internal', 'Models in memory cannot be run yet.');
  const { path } = model;
  try {
    return { model: { path }, configuration: {}, fileBytes: statSync(path).size, label: basename(path), sourcePath: path, dispose: () => undefined };
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

const folders = new Set<string>();
process.on('exit', () => folders.forEach((path) => rmSync(path, { recursive: true, force: true })));

/** A folder of this process's own, gone at the latest when the process ends. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'model-lathe-'));
  folders.add(path);
  const disposal = onDispose(() => {
    folders.delete(path);
    rmSync(path, { recursive: true, force: true });
  });
  return { path, ...disposal };
}
