// What every command that runs a model shares: its options, how the runner is started, models and samples that are let go in the end.
import { modelFile, openModel, type ModelFile } from '../../formats/open';
import type { Model } from '../../graph/model';
import type { Provider, RunSettings } from '../../protocol/measurement';
import { openSamples } from '../../runtime/datasets';
import type { RunnerStart } from '../../runtime/runner';
import type { SampleSource } from '../../runtime/samples';
import { picturesOf, type PictureArguments } from '../arguments';
import { terminalLog } from '../terminal';

export interface RunModelOptions {
  readonly bind: Readonly<Record<string, number>>;
  readonly threads: number;
  readonly provider: Provider;
  readonly node?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly followCacheLinks?: true;
  readonly json?: true;
}

export function runSettings({ bind, threads, provider }: RunModelOptions): RunSettings {
  return { bindings: bind, threads, provider };
}

export function runnerStart({ node, timeout }: RunModelOptions): RunnerStart {
  return {
    log: terminalLog(process.argv.includes('--verbose')),
    ...(node === undefined ? {} : { nodePath: node }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
  };
}

/** A model opened for the length of a command. */
export async function withModel(path: string, { followCacheLinks }: Pick<RunModelOptions, 'followCacheLinks'>, use: (model: Model, file: ModelFile) => Promise<void> | void): Promise<void> {
  const file = modelFile(path, followCacheLinks);
  const model = openModel(path, file);
  try {
    await use(model, file);
  } finally {
    model.dispose();
  }
}

export function samplesFor(model: Model, options: RunModelOptions & PictureArguments): Promise<SampleSource> {
  return openSamples(options.data, model, { bindings: options.bind, ...picturesOf(options) });
}
