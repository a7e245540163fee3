// What every command that runs a model shares: its options, how the runner is started, models and samples that are let go in the end.
import { modelFile, openModel, type ModelFile } from '../../formats/open';
import { visible } from '../../base/visible';
import { assertBindable } from '../../graph/defaultBindings';
import type { Model } from '../../graph/model';
import type { Provider, RunSettings } from '../../protocol/measurement';
import type { CopyReport } from '../../recipes/rewrittenCopy';
import { openSamples } from '../../runtime/data/datasets';
import type { RunnerStart } from '../../runtime/runner';
import type { SampleSource } from '../../runtime/data/samples';
import { dataOf, picturesOf, type PictureArguments } from '../arguments';
import { terminalLog } from '../terminal';

/** Options of every command that runs a model, also one that a recipe describes. */
export interface RunnerOptions {
  readonly node?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly followCacheLinks?: true;
  readonly json?: true;
}

export interface RunModelOptions extends RunnerOptions {
  readonly bind: Readonly<Record<string, number>>;
  readonly threads: number;
  readonly provider: Provider;
}

export function runSettings({ bind, threads, provider }: RunModelOptions): RunSettings {
  return { bindings: bind, threads, provider };
}

export function runnerStart({ node, timeout }: RunnerOptions): RunnerStart {
  return {
    log: terminalLog(process.argv.includes('--verbose')),
    ...(node === undefined ? {} : { nodePath: node }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
  };
}

/** A model opened for the length of a command. @throws LatheError `usage` for bindings it has no dimension for. */
export async function withModel(path: string, { followCacheLinks, bind = {} }: Pick<Partial<RunModelOptions>, 'followCacheLinks' | 'bind'>, use: (model: Model, file: ModelFile) => Promise<void> | void): Promise<void> {
  const file = modelFile(path, followCacheLinks);
  const model = openModel(path, file);
  try {
    assertBindable(model.graph, bind);
    await use(model, file);
  } finally {
    model.dispose();
  }
}

export function samplesFor(model: Model, options: RunModelOptions & PictureArguments): Promise<SampleSource> {
  return openSamples(dataOf(options), model, { bindings: options.bind, ...picturesOf(options) });
}

/** What was seen of the outputs of a copy that a rewrite made. */
export function outputsLine({ outputs, notCompared }: Pick<CopyReport, 'outputs' | 'notCompared'>): string {
  const equal = outputs?.every(({ bitEqual }) => bitEqual) === true ? 'bit for bit those of the source' : "the source's up to rounding";
  return notCompared === undefined ? `  outputs: ${equal}, measured here` : `  outputs were not compared: ${visible(notCompared)}`;
}

/** Calls of a function of the model. */
export const callsInWords = (calls: number): string => (calls === 1 ? '1 call' : `${calls} calls`);
