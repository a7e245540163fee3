// A copy of a model that a rewrite made: run beside the source where the runtime runs it, published as a new file.
import { resolve } from 'node:path';
import { LatheError, toLatheError } from '../base/errors';
import { type WorkContext, throwIfCancelled } from '../base/cancellation';
import type { ModelFile } from '../formats/open';
import { captureSource } from '../formats/publish';
import type { Model } from '../graph/model';
import { assertValid } from '../graph/verify';
import type { OutputComparison, RunSettings } from '../protocol/measurement';
import { compareModels } from '../runtime/compare';
import { Runner, type RunnerStart } from '../runtime/runner';
import { firstSample, type SampleSource } from '../runtime/data/samples';
import { assertOutput, publishWinner } from './publish';
import { placeOfReports } from './readOnlySource';

export interface CopyRequest {
  readonly modelPath: string;
  readonly file: ModelFile;
  readonly outputPath: string | undefined;
  readonly settings: RunSettings;
  /** What both are run on. */
  readonly samples: () => Promise<SampleSource>;
  readonly runnerStart: RunnerStart;
}

/** What was rewritten, and what its outputs are held to. */
export interface Rewritten {
  readonly model: Model;
  /** Joins the source's name where no other is given. */
  readonly tag: string;
  /** E.g. `at opset 21`. */
  readonly what: string;
  /** Least SQNR of the outputs in dB; bit for bit where absent. */
  readonly leastDecibels?: number;
}

export interface CopyReport {
  readonly source: string;
  readonly path: string;
  readonly sha256: string;
  /** The outputs of both, where the runtime runs the source. */
  readonly outputs?: readonly OutputComparison[];
  /** Why nothing was compared, else. */
  readonly notCompared?: string;
}

/**
 * Rewrites a model into a new file. The source is never written to.
 * @throws LatheError `usage` for a place that no file can have; `rejected` where the runtime runs the source but not the copy, or
 * outputs differ; what `rewrite` throws
 */
export async function publishCopy<T extends Rewritten>(rewrite: () => T, request: CopyRequest, work: WorkContext): Promise<CopyReport & { readonly rewritten: T }> {
  const { modelPath, outputPath } = request;
  placeOfReports(modelPath, outputPath);
  await assertOutput(modelPath, outputPath, 'onnx');
  const sourceState = await captureSource(resolve(modelPath));
  const rewritten = rewrite();
  assertValid(rewritten.model);
  throwIfCancelled(work.signal);
  const proof = await prove(rewritten, request, work);
  work.progress({ message: 'Writing' });
  const { path, sha256 } = await publishWinner(rewritten.model, rewritten, { modelPath, outputPath, sourceState, signal: work.signal });
  return { source: modelPath, path, sha256, ...proof, rewritten };
}

type Proof = Pick<CopyReport, 'outputs' | 'notCompared'>;

/** Runs both; where the runtime does not run the source, there is nothing to hold the copy against, and it only has to run. */
async function prove(rewritten: Rewritten, request: CopyRequest, work: WorkContext): Promise<Proof> {
  const samples = await request.samples().catch((thrown: unknown) => toLatheError(thrown));
  if (samples instanceof LatheError) {
    if (samples.code !== 'unsupported') throw samples;
    return { notCompared: `nothing can be fed to it (${samples.message})` };
  }
  const runner = await Runner.start(request.runnerStart);
  const watch = runner.killOn(work.signal);
  try {
    work.progress({ message: 'Running the source' });
    const refusal = await whyNotRun(runner, request.file, samples, request.settings);
    throwIfCancelled(work.signal);
    if (refusal === undefined) return { outputs: await sameOutputs(runner, rewritten, samples, request, work) };
    const second = await whyNotRun(runner, rewritten.model, samples, request.settings);
    throwIfCancelled(work.signal);
    return { notCompared: `the runtime does not run the source (${refusal.message})${second === undefined ? ', and runs the copy' : `, nor the copy (${second.message})`}` };
  } finally {
    watch.dispose();
    runner.dispose();
  }
}

/** What the runtime objects to in a model, if anything. */
async function whyNotRun(runner: Runner, model: Model | ModelFile, samples: SampleSource, { provider, threads }: RunSettings): Promise<LatheError | undefined> {
  try {
    const session = await runner.load(model, { provider, threads });
    await session.run(await firstSample(samples));
    await session.release();
    return undefined;
  } catch (thrown) {
    const error = toLatheError(thrown);
    if (error.code !== 'runtime') throw error;
    return error;
  }
}

async function sameOutputs(runner: Runner, { model, what, leastDecibels }: Rewritten, samples: SampleSource, { file, settings, modelPath }: CopyRequest, work: WorkContext): Promise<readonly OutputComparison[]> {
  const rejected = (why: string, item?: string): LatheError => new LatheError('rejected', `The copy ${what} was not kept: ${why}.`, { file: modelPath, ...(item === undefined ? {} : { item }) });
  const refusal = await whyNotRun(runner, model, samples, settings);
  if (refusal !== undefined) throw rejected(`the runtime runs the source, not the copy (${refusal.message})`, refusal.item);
  const { outputs } = await compareModels(file, model, samples, { settings, runner, ...work });
  const differing = outputs.find((output) => !isSame(output, leastDecibels));
  if (differing === undefined) return outputs;
  throw rejected(`its output ${differing.output} differs from the source's${differing.sqnrDb === null ? '' : ` by ${differing.sqnrDb.toFixed(1)} dB`}${differing.problem === undefined ? '' : ` (${differing.problem})`}`, differing.output);
}

function isSame({ bitEqual, problem, inSource, sqnrDb }: OutputComparison, leastDecibels: number | undefined): boolean {
  if (bitEqual || leastDecibels === undefined) return bitEqual;
  return (problem === undefined || inSource === true) && sqnrDb !== null && sqnrDb >= leastDecibels;
}
