// The work that runs models, one job at a time: profile, benchmark, optimize, recipes. Settings say how.
import path from 'node:path';
import type { WorkContext } from '../base/cancellation';
import { toLatheError } from '../base/errors';
import type { Log } from '../base/log';
import type { ModelFile } from '../formats/open';
import type { GraphComparison, PairMeasurement } from '../protocol/comparison';
import type { Bindings, EngineSettings, InlinedCopy, ModelSettings, OptimizeRequest } from '../protocol/engine';
import type { Benchmark, Comparison, Profile, RunSettings } from '../protocol/measurement';
import type { OptimizationReport } from '../protocol/report';
import type { RunRecipeOptions } from '../recipes/execute';
import type { Runner, RunnerStart } from '../runtime/runner';
import type { OverBudget } from '../runtime/watchdog';
import { analyzedAsShown, rememberProfile } from './service';
import type { EngineDocument } from './documents';

/** What running needs from the process it happens in. */
export interface RunningEnvironment {
  readonly settings: () => EngineSettings;
  readonly log: Log;
  /** Asked when a run takes longer than it ought to. */
  readonly overBudget: OverBudget;
  /** Told when another Node than the usual one runs the models. */
  readonly fallback: (message: string) => void;
}

export class Running {
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly environment: RunningEnvironment) {}

  async profile(document: EngineDocument, bindings: Bindings, context: WorkContext): Promise<Profile> {
    return await this.inTurn(context, async () => {
      const [{ profileModel }, { shownModel }, { modelFile }] = await Promise.all([import('../runtime/profile'), import('./shownModel'), import('../formats/open')]);
      const profile = await profileModel(document.model.format === 'onnx' ? shownModel(document.model).model : modelFile(document.path, document.followCacheLinks), { settings: runSettings(document.settings, bindings), runner: this.runnerStart(), ...context });
      rememberProfile(document, bindings, profile);
      return profile;
    });
  }

  /** Milliseconds of both models node by node, one after the other, and how far what comes out of each row differs on the same inputs. */
  async measurePairs(before: EngineDocument, after: EngineDocument, { pairs, before: snapshotBefore, after: snapshotAfter }: GraphComparison, bindings: Bindings, context: WorkContext): Promise<PairMeasurement> {
    const profiles = {
      before: await this.profile(before, bindings, part(context, before, 0, 0.4)),
      after: await this.profile(after, bindings, part(context, after, 0.4, 0.8)),
    };
    return await this.inTurn(context, async () => {
      const [{ compareValues }, { valuePairs }, { openSamples }, { firstSample }] = await Promise.all([import('../runtime/compareValues'), import('./pairValues'), import('../runtime/data/datasets'), import('../runtime/data/samples')]);
      const sqnrDb = new Float64Array(pairs.count).fill(Number.NaN);
      const maxAbs = new Float64Array(pairs.count).fill(Number.NaN);
      const measured = { profiles, sqnrDb, maxAbs, inputs: 'seeded random numbers' };
      try {
        const [one, other] = [await analyzedAsShown(before, bindings), await analyzedAsShown(after, bindings)];
        const { values, rows } = valuePairs(pairs, { ...one, snapshot: snapshotBefore }, { ...other, snapshot: snapshotAfter });
        const feeds = await firstSample(await openSamples(undefined, before.model, { bindings }));
        const settings = runSettings(before.settings, bindings);
        const compared = await compareValues(one.model, other.model, values, feeds, { settings, start: this.runnerStart(), ...part(context, undefined, 0.8, 1) });
        compared.forEach((comparison, i) => {
          const row = rows[i] ?? 0;
          const isEqual = comparison.bitEqual || comparison.maxAbs === 0;
          sqnrDb[row] = isEqual ? Number.POSITIVE_INFINITY : (comparison.sqnrDb ?? Number.NaN);
          maxAbs[row] = comparison.bitEqual ? 0 : (comparison.maxAbs ?? Number.NaN);
        });
        return measured;
      } catch (thrown) {
        const error = toLatheError(thrown, after.path);
        if (error.code === 'cancelled') throw error;
        // Times stand by themselves: models of other inputs, or that do not fit into memory with all that is kept, have no errors.
        return { ...measured, problem: `What comes out of each layer could not be compared: ${error.message}` };
      }
    });
  }

  /** Latency of a model, or of two in interleaved rounds with a comparison of their outputs on the same seeded inputs. */
  async bench(source: ModelFile, variant: ModelFile | undefined, bindings: Bindings, ofModel: ModelSettings, context: WorkContext): Promise<{ readonly benchmark: Benchmark; readonly comparison?: Comparison }> {
    return await this.inTurn(context, async () => {
      const [{ openModel }, { openSamples }, { benchmark }, { compareModels }, { firstSample }] = await Promise.all([
        import('../formats/open'),
        import('../runtime/data/datasets'),
        import('../runtime/benchmark'),
        import('../runtime/compare'),
        import('../runtime/data/samples'),
      ]);
      const model = openModel(source.path, source);
      try {
        const settings = runSettings(ofModel, bindings);
        const samples = await openSamples(undefined, model, { bindings });
        const measured = await benchmark(source, variant, { settings, feeds: await firstSample(samples), runner: this.runnerStart(), ...context });
        if (variant === undefined) return { benchmark: measured };
        context.progress({ message: 'Comparing outputs' });
        const comparison = await compareModels(source, variant, samples, { settings, start: this.runnerStart(), ...context });
        return { benchmark: measured, comparison };
      } finally {
        model.dispose();
      }
    });
  }

  /** @param fix the step to run instead of the search, if one was chosen. */
  async optimize({ path, followCacheLinks, settings }: EngineDocument, request: Omit<OptimizeRequest, 'document' | 'fix' | 'output'> & { readonly outputPath?: string }, fix: ChosenFix | undefined, context: WorkContext): Promise<OptimizationReport> {
    return await this.inTurn(context, async () => {
      const { optimizeModel } = await import('../recipes/optimize');
      const { provider, threads } = settings;
      return await optimizeModel({ modelPath: path, followCacheLinks, ...request, provider, threads, ...(fix === undefined ? {} : { fix }) }, this.services(), context);
    });
  }

  /** A copy without the functions named, or without any; its outputs are compared with the model's on seeded inputs. */
  async inline({ model, path, followCacheLinks, settings }: EngineDocument, { bindings, functions, output }: { readonly bindings: Bindings; readonly functions?: readonly string[]; readonly output?: string }, context: WorkContext): Promise<InlinedCopy> {
    return await this.inTurn(context, async () => {
      const [{ inlineModel }, { modelFile }, { openSamples }] = await Promise.all([import('../recipes/inline'), import('../formats/open'), import('../runtime/data/datasets')]);
      const { path: made, inlined, kept, notCompared } = await inlineModel(
        model,
        { modelPath: path, file: modelFile(path, followCacheLinks), outputPath: output, settings: runSettings(settings, bindings), samples: async () => await openSamples(undefined, model, { bindings }), runnerStart: this.runnerStart(), ...(functions === undefined ? {} : { functions }) },
        context,
      );
      return { path: made, inlined, kept, ...(notCompared === undefined ? {} : { notCompared }) };
    });
  }

  async runRecipe(path: string, options: Pick<RunRecipeOptions, 'frozen' | 'output' | 'followCacheLinks'>, context: WorkContext): Promise<OptimizationReport> {
    return await this.inTurn(context, async () => {
      const { runRecipe } = await import('../recipes/execute');
      return await runRecipe(path, options, this.services(), context);
    });
  }

  private services(): { startRunner: () => Promise<Runner>; runnerStart: RunnerStart; log: Log } {
    return {
      log: this.environment.log,
      runnerStart: this.runnerStart(),
      startRunner: async () => {
        const { Runner } = await import('../runtime/runner');
        const runner = await Runner.start(this.runnerStart());
        if (runner.info.fallback !== undefined) this.environment.fallback(runner.info.fallback);
        return runner;
      },
    };
  }

  private runnerStart(): RunnerStart {
    const { nodePath } = this.environment.settings();
    return { log: this.environment.log, onOverBudget: this.environment.overBudget, ...(nodePath === undefined ? {} : { nodePath }) };
  }

  /** Two jobs at once would spoil each other's figures. */
  private async inTurn<T>(context: WorkContext, work: () => Promise<T>): Promise<T> {
    const before = this.turn;
    let finish: () => void = () => undefined;
    this.turn = new Promise<void>((resolve) => (finish = resolve));
    try {
      if (!(await settled(before))) context.progress({ message: 'Waiting for the job before this one' });
      await Promise.race([before, aborted(context.signal)]);
      return await work();
    } finally {
      // A job that was cancelled while it waited must not let the next one start beside the one that runs.
      void before.then(finish);
    }
  }
}

/** A step of a longer job: its progress is told as a part of the whole, with the model's name. */
function part({ signal, progress }: WorkContext, document: EngineDocument | undefined, from: number, to: number): WorkContext {
  const name = document === undefined ? '' : `${path.basename(document.path)}: `;
  return { signal, progress: ({ message, fraction = 0 }) => progress({ message: `${name}${message}`, fraction: from + (to - from) * fraction }) };
}

function runSettings({ provider, threads }: ModelSettings, bindings: Bindings): RunSettings {
  return { provider, threads, bindings };
}

export interface ChosenFix {
  readonly technique: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly title?: string;
  readonly simplifyFirst?: true;
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  return await Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
}

/** Rejects when the signal fires. */
async function aborted(signal: AbortSignal): Promise<never> {
  const { LatheError } = await import('../base/errors');
  return await new Promise<never>((_, reject) => {
    const cancel = (): void => reject(new LatheError('cancelled', 'Cancelled.'));
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
  });
}
