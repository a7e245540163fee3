// Calibration: the range every activation takes over the samples, found inside the runtime so that only numbers travel.
import type { Model } from '../../../graph/model';
import { attributes, cloneModel, makeNode, tensorValue } from '../../../graph/construct';
import { toFloat32Array, toIntegers } from '../../../tensor/decode';
import { int64Tensor, tensorFromArray, type Tensor } from '../../../tensor/tensor';
import type { TechniqueContext } from '../../technique';
import { FreshNames } from '../names';

/** What was seen of one activation. */
export interface Observation {
  /** Smallest and largest value over all samples. */
  readonly min: number;
  readonly max: number;
  /** Range without the outermost values, where a percentile was asked for. */
  readonly low: number;
  readonly high: number;
  /** Shape on the first sample. */
  readonly shape: readonly number[];
}

export interface ObservationSettings {
  readonly samples: number;
  /** 100 keeps every value; 99.99 leaves out the outermost 0.01 %. */
  readonly percentile: number;
}

/** Values per activation and sample that the percentile is estimated from: a strided subset of this size. */
const histogramValues = 8192;
const histogramBins = 2048;

interface Probe {
  readonly value: string;
  readonly min: string;
  readonly max: string;
  readonly shape: string;
}

const remembered = new WeakMap<Model, Map<string, Promise<Map<string, Observation>>>>();

/**
 * Runs the model over the samples and returns the range of each named value, all of them float32.
 * Asked again for the same model, data and settings it answers from memory: variants share one calibration.
 * @throws LatheError what the runner throws; `cancelled`.
 */
export async function observe(model: Model, values: readonly string[], settings: ObservationSettings, context: TechniqueContext): Promise<Map<string, Observation>> {
  const key = JSON.stringify([settings, context.data.description, context.bindings, context.seed, values]);
  const known = remembered.get(model) ?? new Map<string, Promise<Map<string, Observation>>>();
  remembered.set(model, known);
  const running = known.get(key) ?? observeAfresh(model, values, settings, context);
  known.set(key, running);
  try {
    return await running;
  } catch (error) {
    known.delete(key);
    throw error;
  }
}

async function observeAfresh(model: Model, values: readonly string[], settings: ObservationSettings, context: TechniqueContext): Promise<Map<string, Observation>> {
  if (values.length === 0) return new Map();
  const ranges = await observeRanges(model, values, settings.samples, context);
  if (settings.percentile >= 100) return ranges;
  return observePercentiles(model, ranges, settings, context);
}

/** One pass: ReduceMin, ReduceMax and Shape of each value as extra outputs. */
async function observeRanges(model: Model, values: readonly string[], samples: number, context: TechniqueContext): Promise<Map<string, Observation>> {
  const probed = cloneModel(model);
  const names = new FreshNames(probed.graph);
  const probes = values.map((value): Probe => ({ value, min: names.fresh(`${value}_min`), max: names.fresh(`${value}_max`), shape: names.fresh(`${value}_shape`) }));
  probed.graph.outputs = [];
  for (const { value, min, max, shape } of probes) {
    const keepdims = attributes({ keepdims: 0 });
    probed.graph.nodes.push(
      makeNode({ opType: 'ReduceMin', inputs: [value], outputs: [min], attributes: keepdims }),
      makeNode({ opType: 'ReduceMax', inputs: [value], outputs: [max], attributes: keepdims }),
      makeNode({ opType: 'Shape', inputs: [value], outputs: [shape] }),
    );
    probed.graph.outputs.push(tensorValue(min, 'float32', []), tensorValue(max, 'float32', []), tensorValue(shape, 'int64'));
  }
  const seen = new Map<string, Observation>();
  const outputs = probed.graph.outputs.map((output) => output.name);
  await context.runSamples(probed, context.data, samples, outputs, (results) => {
    for (const probe of probes) noteRange(seen, probe, results);
  });
  return seen;
}

function noteRange(seen: Map<string, Observation>, probe: Probe, results: ReadonlyMap<string, Tensor>): void {
  const [min] = floats(results.get(probe.min));
  const [max] = floats(results.get(probe.max));
  const shape = integers(results.get(probe.shape));
  if (min === undefined || max === undefined) return;
  const before = seen.get(probe.value);
  const low = Math.min(min, before?.min ?? min);
  const high = Math.max(max, before?.max ?? max);
  seen.set(probe.value, { min: low, max: high, low, high, shape: before?.shape ?? shape });
}

/** A second pass: a strided subset of each value goes into a histogram over its range. */
async function observePercentiles(model: Model, ranges: ReadonlyMap<string, Observation>, settings: ObservationSettings, context: TechniqueContext): Promise<Map<string, Observation>> {
  const probed = cloneModel(model);
  const names = new FreshNames(probed.graph);
  const constants = { flat: names.fresh('lathe_flat'), start: names.fresh('lathe_start'), end: names.fresh('lathe_end'), axis: names.fresh('lathe_axis') };
  const add = (tensor: Tensor): void => void probed.graph.initializers.set(tensor.name, tensor);
  add(int64Tensor(constants.flat, [1], [-1]));
  add(int64Tensor(constants.start, [1], [0]));
  add(int64Tensor(constants.end, [1], [Number.MAX_SAFE_INTEGER]));
  add(int64Tensor(constants.axis, [1], [0]));
  const histograms = new Map<string, { readonly value: string; readonly range: Observation; readonly bins: Float64Array }>();
  probed.graph.outputs = [];
  for (const [value, range] of ranges) {
    const elements = range.shape.reduce((product, dim) => product * dim, 1);
    const step = names.fresh(`${value}_step`);
    add(int64Tensor(step, [1], [Math.max(1, Math.floor(elements / histogramValues))]));
    const flat = names.fresh(`${value}_flat`);
    const sampled = names.fresh(`${value}_sampled`);
    probed.graph.nodes.push(
      makeNode({ opType: 'Reshape', inputs: [value, constants.flat], outputs: [flat] }),
      makeNode({ opType: 'Slice', inputs: [flat, constants.start, constants.end, constants.axis, step], outputs: [sampled] }),
    );
    probed.graph.outputs.push(tensorValue(sampled, 'float32', [undefined]));
    histograms.set(sampled, { value, range, bins: new Float64Array(histogramBins) });
  }
  await context.runSamples(probed, context.data, settings.samples, [...histograms.keys()], (results) => {
    for (const [output, histogram] of histograms) count(histogram.bins, histogram.range, floats(results.get(output)));
  });
  return new Map([...histograms.values()].map(({ value, range, bins }) => [value, { ...range, ...percentileRange(bins, range, settings.percentile) }]));
}

function count(bins: Float64Array, range: Observation, values: Float32Array): void {
  const perUnit = range.max > range.min ? histogramBins / (range.max - range.min) : 0;
  for (const value of values) {
    const bin = Math.min(histogramBins - 1, Math.floor((value - range.min) * perUnit));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
}

/** Bounds that leave out (100 − percentile) % of the values, half of it at each end. */
function percentileRange(bins: Float64Array, range: Observation, percentile: number): { low: number; high: number } {
  const total = bins.reduce((sum, value) => sum + value, 0);
  const outside = (total * (100 - percentile)) / 200;
  const width = (range.max - range.min) / histogramBins;
  let first = 0;
  for (let sum = bins[0] ?? 0; sum < outside && first < histogramBins - 1; sum += bins[++first] ?? 0);
  let last = histogramBins - 1;
  for (let sum = bins[last] ?? 0; sum < outside && last > first; sum += bins[--last] ?? 0);
  return { low: range.min + first * width, high: range.min + (last + 1) * width };
}

function floats(tensor: Tensor | undefined): Float32Array {
  return tensor?.elementType === 'float32' ? toFloat32Array(tensor) : new Float32Array(0);
}

function integers(tensor: Tensor | undefined): number[] {
  return tensor?.elementType === 'int64' ? toIntegers(tensor) : [];
}

/** Bytes of a scalar as an initializer, for probes and parameters. */
export function scalar(name: string, elementType: 'float32' | 'uint8', value: number): Tensor {
  return tensorFromArray(name, elementType, [], elementType === 'float32' ? Float32Array.of(value) : Uint8Array.of(value));
}
