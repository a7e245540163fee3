// Data whose samples are known by number and read one at a time: what every stored kind gives, and how it is streamed.
import { LatheError, toLatheError } from '../../base/errors';
import type { DataSplit, StoredDataKind } from '../../protocol/data';
import type { Label, Sample, SampleSource, Skipped } from './samples';

export interface IndexedData {
  readonly kind: StoredDataKind;
  readonly path: string;
  readonly count: number;
  /** How samples become inputs, in words. */
  readonly note?: string;
  /** Classes, where labels name them. */
  readonly classes?: number;
  /** A name that stays the same when others are added: what a split goes by. */
  readonly nameOf: (index: number) => string;
  /** A label that is known without reading the sample; a sample read may carry its own. */
  readonly labelOf?: (index: number) => Label | undefined;
  /** @throws LatheError */
  readonly read: (index: number) => Sample;
  /** Where what was read may be kept: told apart by all that goes into it. Absent where reading is cheap. */
  readonly stateOf?: (index: number) => string;
}

export interface StreamOptions {
  readonly split?: DataSplit;
  /** Share of samples that may be unreadable. */
  readonly mostSkipped?: number;
  /** Reads a sample, perhaps from where it was kept. */
  readonly read?: (data: IndexedData, index: number) => Sample;
}

/** One unreadable file in twenty is an accident; more of them is not the data that was meant. */
const defaultMostSkipped = 0.05;
/** What a single broken sample fails with; anything else concerns all of them. */
const concernsOneSample: ReadonlySet<LatheError['code']> = new Set(['malformed', 'too-large', 'unsupported', 'not-found', 'io', 'not-a-model']);

/**
 * Streams the samples with these numbers, one in memory at a time. Those that cannot be read are left out and counted.
 * @throws (while reading) LatheError of the first unreadable sample when there are more than may be skipped, or of one that does not fit the model
 */
export function streamed(data: IndexedData, indices: readonly number[], { split, mostSkipped = defaultMostSkipped, read = (from, index) => from.read(index) }: StreamOptions = {}): SampleSource {
  const skipped = new Map<number, LatheError>();
  const allowed = Math.floor(mostSkipped * indices.length);
  const labelled = async function* (limit: number): AsyncIterable<Sample> {
    let given = 0;
    for (const index of indices) {
      if (given >= limit) return;
      if (skipped.has(index)) continue;
      let sample: Sample;
      try {
        sample = await Promise.resolve(read(data, index));
      } catch (thrown) {
        const error = toLatheError(thrown, data.path);
        if (!concernsOneSample.has(error.code)) throw error;
        skipped.set(index, error);
        if (skipped.size > allowed) throw tooMany([...skipped.values()], indices.length);
        continue;
      }
      given++;
      const label = sample.label ?? data.labelOf?.(index);
      yield { name: data.nameOf(index), ...sample, ...(label === undefined ? {} : { label }) };
    }
  };
  return {
    description: {
      kind: data.kind,
      path: data.path,
      samples: indices.length,
      ...(data.note === undefined ? {} : { note: data.note }),
      ...(data.classes === undefined ? {} : { classes: data.classes }),
      ...(split === undefined ? {} : { split }),
    },
    real: true,
    async *samples(limit = indices.length) {
      for await (const { feeds } of labelled(limit)) yield feeds;
    },
    labelled: (limit = indices.length) => labelled(limit),
    skipped: (): Skipped => {
      const [first] = skipped.values();
      return { count: skipped.size, ...(first === undefined ? {} : { first: first.toJSON() }) };
    },
  };
}

function tooMany(errors: readonly LatheError[], count: number): LatheError {
  const [first] = errors;
  if (first === undefined || count === 1) return first ?? new LatheError('internal', 'Nothing was skipped.');
  const where = { ...(first.file === undefined ? {} : { file: first.file }), ...(first.item === undefined ? {} : { item: first.item }) };
  const these = errors.length === 1 ? '1 of' : `${errors.length} of`;
  return new LatheError(first.code, `${these} ${count} samples cannot be read${errors.length === 1 ? '' : ', more than may be left out'}. ${errors.length === 1 ? '' : 'The first: '}${first.message}`, { ...where, hint: 'Remove or repair them, or raise mostSkipped in the data description.', cause: first });
}
