// `lathe bench A [B]`: latency of a model, or of two in interleaved rounds; of a decoder with a cache, prompt and tokens apart.
import { modelFile } from '../../formats/open';
import { benchmark } from '../../runtime/benchmark';
import { benchmarkDecoder, decoderOf } from '../../runtime/decoder';
import { firstSample } from '../../runtime/data/samples';
import type { PictureArguments } from '../arguments';
import type { Session } from '../program';
import { benchmarkLines, decoderLines } from '../render/measurement';
import { print, printJson } from '../terminal';
import { type RunModelOptions, runSettings, runnerStart, samplesFor, withModel } from './running';

export type BenchOptions = RunModelOptions & PictureArguments;

export async function bench(session: Session, source: string, variant: string | undefined, options: BenchOptions): Promise<void> {
  await withModel(source, options, async (model, file) => {
    const other = variant === undefined ? undefined : modelFile(variant, options.followCacheLinks);
    const measured = { settings: runSettings(options), runner: runnerStart(options), ...session.context };
    const decoder = decoderOf(model);
    // With data, or with a cache of a length that is given, it is measured as it stands.
    if (decoder !== undefined && options.data === undefined && options.bind[decoder.past] === undefined) {
      const result = await benchmarkDecoder(model, decoder, file, other, measured);
      session.line.clear();
      if (options.json) printJson(result);
      else for (const line of decoderLines(result)) print(line);
      return;
    }
    const result = await benchmark(file, other, { ...measured, feeds: await firstSample(await samplesFor(model, options)) });
    session.line.clear();
    if (options.json) printJson(result);
    else for (const line of benchmarkLines(result)) print(line);
  });
}
