// `lathe bench A [B]`: latency of a model, or of two in interleaved rounds.
import { modelFile } from '../../formats/open';
import { benchmark } from '../../runtime/benchmark';
import { firstSample } from '../../runtime/data/samples';
import type { PictureArguments } from '../arguments';
import type { Session } from '../program';
import { benchmarkLines } from '../render/measurement';
import { print, printJson } from '../terminal';
import { type RunModelOptions, runSettings, runnerStart, samplesFor, withModel } from './running';

export type BenchOptions = RunModelOptions & PictureArguments;

export async function bench(session: Session, source: string, variant: string | undefined, options: BenchOptions): Promise<void> {
  await withModel(source, options, async (model, file) => {
    const feeds = await firstSample(await samplesFor(model, options));
    const result = await benchmark(file, variant === undefined ? undefined : modelFile(variant, options.followCacheLinks), { settings: runSettings(options), feeds, runner: runnerStart(options), ...session.context });
    session.line.clear();
    if (options.json) printJson(result);
    else for (const line of benchmarkLines(result)) print(line);
  });
}
