// What a model is fed: one sample is a tensor per input; a source streams samples for calibration and comparison.
import type { DataDescription } from '../protocol/measurement';
import type { Tensor } from '../tensor/tensor';

/** Input name → tensor. */
export type Feeds = ReadonlyMap<string, Tensor>;

/** Samples for calibration and comparison, streamed one at a time; iterating again starts anew. */
export interface SampleSource {
  readonly description: DataDescription;
  /** False when the samples are random numbers. */
  readonly real: boolean;
  samples(limit?: number): AsyncIterable<Feeds>;
}
