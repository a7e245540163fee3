// A copy of a model at a newer opset: rewritten where that is mechanical, run beside the source where the runtime runs it, published as a new file.
import { resolve } from 'node:path';
import { LatheError, toLatheError } from '../base/errors';
import { type WorkContext, throwIfCancelled } from '../base/cancellation';
import type { ModelFile } from '../formats/open';
import { captureSource } from '../formats/publish';
import type { Model } from '../graph/model';
import { newestOpset } from '../graph/opsets';
import { assertValid } from '../graph/verify';
import type { OutputComparison, RunSettings } from '../protocol/measurement';
import { compareModels } from '../runtime/compare';
import { Runner, type RunnerStart } from '../runtime/runner';
import { firstSample, type SampleSource } from '../runtime/samples';
import { opsetOfModel, raisedOpset } from '../techniques/simplify/opset';
import { assertOutput, publishWinner } from './publish';
import { placeOfReports } from './readOnlySource';

/** Outputs may differ by rounding, where the runtime has other kernels for the newer version; SQNR in dB. */
const leastDecibels = 90;

export interface UpgradeRequest {
  readonly modelPath: string;
  readonly file: ModelFile;
  readonly opset: number;
  readonly outputPath: string | undefined;
  readonly settings: RunSettings;
  /** What both are run on. */
  readonly samples: () => Promise<SampleSource>;
  readonly runnerStart: RunnerStart;
}

export interface UpgradeReport {
  readonly source: string;
  readonly path: string;
  readonly sha256: string;
  readonly from: number;
  readonly to: number;
  /** Operators whose nodes were rewritten, and the version that asked for it. */
  readonly changes: readonly { readonly op: string; readonly version: number; readonly nodes: number }[];
  /** The outputs of both, where the runtime runs the source. */
  readonly outputs?: readonly OutputComparison[];
  /** Why nothing was compared, else. */
  readonly notCompared?: string;
}

/**
 * Raises the opset of a model into a new file. The source is never written to.
 * @throws LatheError `usage` for an opset that the model is at or above, or for a place that no file can have; `unsupported` for what is not
 * mechanical, naming node, operator and version; `rejected` where the runtime runs the source but not the copy, or outputs differ.
 */
export async function upgradeModel(model: Model, request: UpgradeRequest, work: WorkContext): Promise<UpgradeReport> {
  const { modelPath, opset, outputPath } = request;
  const from = opsetOfModel(model);
  if (from === undefined) throw new LatheError('usage', 'The model imports no version of ai.onnx that could be raised.', { file: modelPath });
  if (opset <= from) throw new LatheError('usage', `The model is at opset ${from}${opset < from ? ', and opsets are only raised' : ' already'}.`, { file: modelPath, hint: `Give an opset from ${from + 1} to ${newestOpset}.` });
  placeOfReports(modelPath, outputPath);
  await assertOutput(modelPath, outputPath);
  const sourceState = await captureSource(resolve(modelPath));
  work.progress({ message: `Raising opset ${from} to ${opset}` });
  const { model: raised, changes } = raisedOpset(model, opset);
  assertValid(raised);
  throwIfCancelled(work.signal);
  const proof = await prove(raised, request, work);
  work.progress({ message: 'Writing' });
  const { path, sha256 } = await publishWinner(raised, { tag: `opset${opset}` }, { modelPath, outputPath, sourceState, signal: work.signal });
  return { source: modelPath, path, sha256, from, to: opset, changes, ...proof };
}

type Proof = Pick<UpgradeReport, 'outputs' | 'notCompared'>;

/** Runs both; where the runtime does not run the source, there is nothing to hold the copy against, and it only has to run. */
async function prove(raised: Model, request: UpgradeRequest, work: WorkContext): Promise<Proof> {
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
    if (refusal === undefined) return { outputs: await sameOutputs(runner, raised, samples, request, work) };
    const second = await whyNotRun(runner, raised, samples, request.settings);
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

async function sameOutputs(runner: Runner, raised: Model, samples: SampleSource, { file, opset, settings, modelPath }: UpgradeRequest, work: WorkContext): Promise<readonly OutputComparison[]> {
  const rejected = (why: string, item?: string): LatheError => new LatheError('rejected', `The copy at opset ${opset} was not kept: ${why}.`, { file: modelPath, ...(item === undefined ? {} : { item }) });
  const refusal = await whyNotRun(runner, raised, samples, settings);
  if (refusal !== undefined) throw rejected(`the runtime runs the source, not the copy (${refusal.message})`, refusal.item);
  const { outputs } = await compareModels(file, raised, samples, { settings, runner, ...work });
  const differing = outputs.find((output) => !isSame(output));
  if (differing === undefined) return outputs;
  throw rejected(`its output ${differing.output} differs from the source's${differing.sqnrDb === null ? '' : ` by ${differing.sqnrDb.toFixed(1)} dB`}${differing.problem === undefined ? '' : ` (${differing.problem})`}`, differing.output);
}

function isSame({ bitEqual, problem, inSource, sqnrDb }: OutputComparison): boolean {
  if (bitEqual) return true;
  return (problem === undefined || inSource === true) && sqnrDb !== null && sqnrDb >= leastDecibels;
}
