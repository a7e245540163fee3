// What a model is fed: one sample is a tensor per input, and what the right answer is where the data say so; a source streams samples.
import { type ErrorJson, LatheError } from '../../base/errors';
import type { DataDescription } from '../../protocol/measurement';
import type { Tensor } from '../../tensor/tensor';

/** Input name → tensor. */
export type Feeds = ReadonlyMap<string, Tensor>;

/** A box in pixels of the fed picture, corners left, top, right, bottom. */
export interface Box {
  readonly corners: readonly [number, number, number, number];
  readonly category: number;
}

/** The right answer, as far as the data know it; each metric reads what it needs. */
export interface Label {
  /** Number of the class. */
  readonly index?: number;
  /** The label as it is written: a class's name, or a text to be read. */
  readonly text?: string;
  /** Expected outputs by name, '' where the data name none. */
  readonly values?: ReadonlyMap<string, Tensor>;
  readonly boxes?: readonly Box[];
}

export interface Sample {
  readonly feeds: Feeds;
  readonly label?: Label;
  /** The file or row it came from. */
  readonly name?: string;
}

/** Samples that could not be read and were left out. */
export interface Skipped {
  readonly count: number;
  readonly first?: ErrorJson;
}

/** Samples for calibration and comparison, streamed one at a time; iterating again starts anew. */
export interface SampleSource {
  readonly description: DataDescription;
  /** False when the samples are random numbers. */
  readonly real: boolean;
  samples(limit?: number): AsyncIterable<Feeds>;
  /** The same samples with their labels; absent where the data have none. */
  labelled?(limit?: number): AsyncIterable<Sample>;
  /** What was left out so far; absent where nothing ever is. */
  skipped?(): Skipped;
}

/** Samples with what is known of their answers; without labels where the source has none. */
export async function* samplesWithLabels(source: SampleSource, limit?: number): AsyncIterable<Sample> {
  if (source.labelled !== undefined) {
    yield* source.labelled(limit);
    return;
  }
  for await (const feeds of source.samples(limit)) yield { feeds };
}

/** Samples held in memory, for data that a caller makes itself. */
export function heldSamples(samples: readonly Sample[], description: Omit<DataDescription, 'samples'>): SampleSource {
  return {
    description: { ...description, samples: samples.length },
    real: description.kind !== 'seeded',
    async *samples(limit = samples.length) {
      for (const { feeds } of samples.slice(0, limit)) yield await Promise.resolve(feeds);
    },
    async *labelled(limit = samples.length) {
      for (const sample of samples.slice(0, limit)) yield await Promise.resolve(sample);
    },
  };
}

/** What a benchmark feeds. @throws LatheError `usage` when the data hold no sample. */
export async function firstSample(samples: SampleSource): Promise<Feeds> {
  for await (const feeds of samples.samples(1)) return feeds;
  throw new LatheError('usage', 'The data hold no sample.');
}
