// What a model is fed: one sample is a tensor per input; a source streams samples for calibration and comparison.
import { LatheError } from '../../base/errors';
import type { DataDescription } from '../../protocol/measurement';
import type { Tensor } from '../../tensor/tensor';

/** Input name → tensor. */
export type Feeds = ReadonlyMap<string, Tensor>;

/** Samples for calibration and comparison, streamed one at a time; iterating again starts anew. */
export interface SampleSource {
  readonly description: DataDescription;
  /** False when the samples are random numbers. */
  readonly real: boolean;
  samples(limit?: number): AsyncIterable<Feeds>;
}

/** What a benchmark feeds. @throws LatheError `usage` when the data hold no sample. */
export async function firstSample(samples: SampleSource): Promise<Feeds> {
  for await (const feeds of samples.samples(1)) return feeds;
  throw new LatheError('usage', 'The data hold no sample.');
}
