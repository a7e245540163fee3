// The first sample of a data set: what a benchmark feeds.
import { LatheError } from '../base/errors';
import type { Feeds, SampleSource } from '../runtime/samples';

/** @throws LatheError `usage` when the data hold no sample. */
export async function firstSample(samples: SampleSource): Promise<Feeds> {
  for await (const feeds of samples.samples(1)) return feeds;
  throw new LatheError('usage', 'The data hold no sample.');
}
