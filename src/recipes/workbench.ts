// Where techniques run models while they work: one runner, started when first needed and again when it died.
import { throwIfCancelled, type WorkContext } from '../base/cancellation';
import type { Disposable } from '../base/disposable';
import type { Log } from '../base/log';
import type { Model } from '../graph/model';
import type { Runner } from '../runtime/runner';
import type { Feeds, SampleSource } from '../runtime/data/samples';
import type { SessionOptions } from '../runtime/sessionOptions';
import type { Tensor } from '../tensor/tensor';
import type { TechniqueContext } from '../techniques/technique';

type RunnerSession = Awaited<ReturnType<Runner['load']>>;

export interface WorkbenchOptions {
  readonly startRunner: () => Promise<Runner>;
  readonly log: Log;
  readonly threads: number;
}

export class Workbench implements Disposable {
  private runner: Promise<Runner> | undefined;
  private disposed = false;

  constructor(private readonly options: WorkbenchOptions) {}

  /** What techniques are given: this workbench's runner, the data, and the caller's progress and cancellation. */
  context(work: WorkContext, data: SampleSource, bindings: Readonly<Record<string, number>>, seed: number): TechniqueContext {
    return {
      ...work,
      log: this.options.log,
      data,
      bindings,
      seed,
      runModel: (model, feeds, outputs) => this.runModel(model, feeds, outputs, work.signal),
      runSamples: (model, source, limit, outputs, use) => this.runSamples(model, source, limit, outputs, use, work.signal),
    };
  }

  /** Runs a model once. */
  runModel(model: Model, feeds: Feeds, outputs: readonly string[], signal: AbortSignal): Promise<Map<string, Tensor>> {
    return this.withSession(model, signal, async (session) => (await session.run(feeds, outputs)).outputs);
  }

  /** Runs a model over samples, loading it once. */
  runSamples(model: Model, source: SampleSource, limit: number, outputs: readonly string[], use: (outputs: Map<string, Tensor>, index: number) => void, signal: AbortSignal): Promise<void> {
    return this.withSession(model, signal, async (session) => {
      let index = 0;
      for await (const feeds of source.samples(limit)) {
        throwIfCancelled(signal);
        use((await session.run(feeds, outputs)).outputs, index++);
      }
    });
  }

  /** Loads a model and lets it go again. */
  load(model: Model, signal: AbortSignal): Promise<void> {
    return this.withSession(model, signal, () => Promise.resolve());
  }

  /** Has the runtime write the model as it optimises it, short of this machine's own layouts. */
  writeOptimised(model: Model, path: string, signal: AbortSignal): Promise<void> {
    return this.withSession(model, signal, () => Promise.resolve(), { optimization: 'extended', optimizedModelPath: path });
  }

  private async withSession<T>(model: Model, signal: AbortSignal, use: (session: RunnerSession) => Promise<T>, extra: SessionOptions = {}): Promise<T> {
    throwIfCancelled(signal);
    const runner = await this.start();
    const watch = runner.killOn(signal);
    try {
      throwIfCancelled(signal);
      const session = await runner.load(model, { threads: this.options.threads, ...extra });
      try {
        return await use(session);
      } finally {
        await session.release();
      }
    } catch (thrown) {
      throwIfCancelled(signal);
      throw thrown;
    } finally {
      watch.dispose();
    }
  }

  private async start(): Promise<Runner> {
    const running = await this.runner?.catch(() => undefined);
    if (running?.alive === true) return running;
    this.runner = this.options.startRunner();
    const started = await this.runner;
    if (this.disposed) started.dispose();
    return started;
  }

  dispose(): void {
    this.disposed = true;
    void this.runner?.then(
      (runner) => runner.dispose(),
      () => undefined,
    );
  }
}
