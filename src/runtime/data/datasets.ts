// Opening data for a model: whatever lies at a path or is described, whole or split, or, without a path, seeded inputs.
import type { Model } from '../../graph/model';
import type { DataSpec, DataSplit, PictureSpec } from '../../protocol/data';
import { cachedRead } from './cache';
import { isDescription, readDescription } from './description';
import { type IndexedData, streamed } from './indexed';
import { fedInputsAt } from './inputs';
import { readLabels } from './labels';
import { recognise } from './recognise';
import type { SampleSource } from './samples';
import { openers } from './sources/openers';
import { defaultSeededSamples, seededSamples } from './sources/seededSamples';
import { limited, splitData } from './split';

export interface SampleOptions {
  readonly bindings?: Readonly<Record<string, number>>;
  /** Most samples. */
  readonly limit?: number;
  readonly seed?: number;
  readonly scale?: PictureSpec['scale'];
  readonly order?: PictureSpec['order'];
  /** Only this part of the data. */
  readonly split?: DataSplit;
}

const defaultLimit = 256;

/**
 * Samples for a model's inputs, of a folder, a file or a description of them (see docs/data.md);
 * without one the samples are random numbers from the seed (`real` is false then).
 * @throws LatheError `not-found`, `usage` when the data do not fit the inputs, `malformed`
 */
export function openSamples(data: string | DataSpec | undefined, model: Model, options: SampleOptions = {}): Promise<SampleSource> {
  // What goes wrong in opening comes as a rejection, like what goes wrong in reading.
  return new Promise((resolve) => resolve(open(data, model, options)));
}

function open(data: string | DataSpec | undefined, model: Model, options: SampleOptions): SampleSource {
  const { bindings = {}, seed = 1, limit, split } = options;
  if (data === undefined) return seededSamples(model, { bindings, seed, limit: limit ?? defaultSeededSamples });
  const spec = specOf(data, options);
  const indexed = openData(spec, model, { bindings, seed });
  const most = limit ?? defaultLimit;
  const parts = split === undefined ? undefined : splitData(indexed, spec.split);
  const indices = split === undefined || parts === undefined ? limited(indexed, most, seed) : parts[split].slice(0, most);
  return stream(indexed, indices, spec, parts === undefined ? undefined : split);
}

/** What ranges are measured on, and what choices are made by. */
export interface SplitSamples {
  readonly calibration: SampleSource;
  readonly evaluation: SampleSource;
  /** What nothing is chosen by, where the description asks for such a part. */
  readonly test?: SampleSource;
  /** False where there are too few samples to divide: both are then the same. */
  readonly divided: boolean;
}

/**
 * Data split for calibration, evaluation and, where asked for, test, by a hash of the samples' names, class by class. Seeded inputs and fewer than 20 samples are not divided.
 * @throws LatheError as {@link openSamples}
 */
export async function openSplitSamples(data: string | DataSpec | undefined, model: Model, options: Omit<SampleOptions, 'split'> = {}): Promise<SplitSamples> {
  const { bindings = {}, seed = 1, limit = defaultLimit } = options;
  const spec = data === undefined ? undefined : specOf(data, options);
  const indexed = spec === undefined ? undefined : openData(spec, model, { bindings, seed });
  const parts = spec === undefined || indexed === undefined ? undefined : splitData(indexed, spec.split);
  if (spec === undefined || indexed === undefined || parts === undefined) {
    const samples = await openSamples(spec, model, options);
    return { calibration: samples, evaluation: samples, divided: false };
  }
  const of = (split: DataSplit): SampleSource => stream(indexed, parts[split].slice(0, limit), spec, split);
  return { calibration: of('calibration'), evaluation: of('evaluation'), ...(parts.test.length === 0 ? {} : { test: of('test') }), divided: true };
}

function stream(indexed: IndexedData, indices: readonly number[], spec: DataSpec, split: DataSplit | undefined): SampleSource {
  return streamed(indexed, indices, { read: cachedRead, ...(split === undefined ? {} : { split }), ...(spec.mostSkipped === undefined ? {} : { mostSkipped: spec.mostSkipped }) });
}

/** A path as a description: one read from a file, or of what lies there. Pictures' options given apart come last. */
function specOf(data: string | DataSpec, { scale, order }: SampleOptions): DataSpec {
  const spec = typeof data !== 'string' ? data : isDescription(data) ? readDescription(data) : { path: data };
  if (scale === undefined && order === undefined) return spec;
  return { ...spec, pictures: { ...spec.pictures, ...(scale === undefined ? {} : { scale }), ...(order === undefined ? {} : { order }) } };
}

export interface OpenContext {
  readonly bindings: Readonly<Record<string, number>>;
  readonly seed: number;
}

/** @throws LatheError as {@link openSamples} */
export function openData(spec: DataSpec, model: Model, context: OpenContext): IndexedData {
  const found = recognise(spec.path, spec.kind);
  const data = openers[found.kind]({ spec, found, model, inputs: fedInputsAt(model, context.bindings), ...context });
  if (spec.labels === undefined) return data;
  const { labelOf, classes } = readLabels(spec.labels, data.count, spec.classes);
  return { ...data, labelOf: (index) => labelOf(index, data.nameOf(index)), ...(classes === undefined ? {} : { classes }) };
}
