// Keeps one runner alive for its owner: starts it when first needed, and a new one after a death.
import type { Disposable } from '../base/disposable';
import { Runner, type RunnerStart } from './runner';

export class RunnerHost implements Disposable {
  private current: Promise<Runner> | undefined;

  constructor(private readonly options: RunnerStart = {}) {}

  /** The living runner. @throws LatheError as {@link Runner.start}. */
  async runner(): Promise<Runner> {
    const known = await this.current?.catch(() => undefined);
    if (known?.alive === true) return known;
    this.current = Runner.start(this.options);
    return this.current;
  }

  /** Ends whatever it is doing, e.g. on cancel; the next call starts anew. */
  stop(): void {
    const ending = this.current;
    this.current = undefined;
    void ending?.then((runner) => runner.kill()).catch(() => undefined);
  }

  dispose(): void {
    this.stop();
  }
}
