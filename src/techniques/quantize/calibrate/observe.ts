// Calibration: what every activation does over the samples, gathered inside the runtime in one pass, so that only numbers travel.
import { inferTypes } from '../../../analysis/infer';
import { attributes, cloneModel, makeNode, tensorValue } from '../../../graph/construct';
import type { Model } from '../../../graph/model';
import { toFloat32Array, toIntegers } from '../../../tensor/decode';
import { elementTypeCode } from '../../../tensor/elementType';
import { elementCount, int64Tensor, tensorFromArray, type Tensor } from '../../../tensor/tensor';
import type { TechniqueContext } from '../../technique';
import { FreshNames } from '../names';
import { type CalibrationSettings, calibrators, type Statistics } from './calibrators';
import { Histogram } from './histogram';

/** What was seen of one activation, and the range that gets integers. */
export interface Observation {
  /** Smallest and largest value over all samples; NaN where a value was NaN or infinite. */
  readonly min: number;
  readonly max: number;
  readonly low: number;
  readonly high: number;
  /** Shape on the first sample. */
  readonly shape: readonly number[];
}

/** The range of each activation by the chosen calibrator. */
export function rangesOf(seen: ReadonlyMap<string, Statistics>, settings: CalibrationSettings): Map<string, Observation> {
  const { range } = calibrators[settings.calibration];
  return new Map([...seen].map(([value, statistics]) => {
    const { min, max, shape, histogram } = statistics;
    const finite = Number.isFinite(min) && Number.isFinite(max) && histogram.notFinite === 0;
    return [value, finite ? { min, max, shape, ...range(statistics, settings) } : { min: Number.NaN, max: Number.NaN, low: Number.NaN, high: Number.NaN, shape }];
  }));
}

const remembered = new WeakMap<Model, Map<string, Promise<Map<string, Statistics>>>>();

/**
 * Runs the model over at most `samples` samples and returns what each named value did, all of them float32. Memory does not
 * grow with the samples, and their sizes may differ. Asked again for the same model and data it answers from memory: variants
 * and calibrators share one pass.
 * @throws LatheError what the runner throws; `cancelled`.
 */
export async function observe(model: Model, values: readonly string[], samples: number, context: TechniqueContext): Promise<Map<string, Statistics>> {
  const key = JSON.stringify([samples, context.data.description, context.bindings, context.seed, values]);
  const known = remembered.get(model) ?? new Map<string, Promise<Map<string, Statistics>>>();
  remembered.set(model, known);
  const running = known.get(key) ?? observeAfresh(model, values, samples, context);
  known.set(key, running);
  try {
    return await running;
  } catch (error) {
    known.delete(key);
    throw error;
  }
}

async function observeAfresh(model: Model, values: readonly string[], samples: number, context: TechniqueContext): Promise<Map<string, Statistics>> {
  const gathered = values.map((value) => new Gathered(value));
  if (values.length === 0) return new Map();
  const probe = new Probe(model, values, pickedFor(samples));
  await context.runSamples(probe.model, context.data, samples, probe.outputs, (results) => probe.read(results, gathered));
  return new Map(gathered.filter(({ samples: seen }) => seen > 0).map((one) => [one.value, one.statistics()]));
}

/** Values that go into each histogram over all samples: the outermost 0.01 % are still 13 of them. */
const pickedInAll = 1 << 17;
const leastPicked = 512;
const mostPicked = 8192;

/** Values of an activation that one of so many samples gives to the histogram. */
function pickedFor(samples: number): number {
  return Math.min(mostPicked, Math.max(leastPicked, Math.ceil(pickedInAll / samples)));
}

class Gathered {
  samples = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private sumMin = 0;
  private sumMax = 0;
  private shape: readonly number[] = [];
  private readonly histogram = new Histogram();

  constructor(readonly value: string) {}

  add(min: number, max: number, shape: readonly number[], picked: Float32Array): void {
    if (this.samples++ === 0) this.shape = shape;
    this.min = Math.min(this.min, min);
    this.max = Math.max(this.max, max);
    this.sumMin += min;
    this.sumMax += max;
    this.histogram.add(picked);
  }

  statistics(): Statistics {
    const { min, max, samples, shape, histogram } = this;
    return { min, max, meanMin: this.sumMin / samples, meanMax: this.sumMax / samples, shape, histogram };
  }
}

/**
 * The model with four outputs instead of its own: all extremes, ranks, shapes and picked values, each joined into one tensor,
 * because a thousand small outputs would cost more than the run.
 */
class Probe {
  readonly model: Model;
  readonly outputs: readonly string[];
  private readonly names: FreshNames;
  /** Values picked of each activation; undefined where all are taken. */
  private readonly pickedCounts: readonly (number | undefined)[];

  constructor(model: Model, values: readonly string[], picked: number) {
    const types = inferTypes(model);
    this.model = cloneModel(model);
    this.names = new FreshNames(this.model.graph);
    const graph = this.model.graph;
    const parts = { extremes: [] as string[], ranks: [] as string[], shapes: [] as string[], picked: [] as string[] };
    const pick = this.picker(picked);
    const flatShape = this.constant(int64Tensor('lathe_flat', [1], [-1]));
    this.pickedCounts = values.map((value) => {
      const flat = this.node('Reshape', [value, flatShape], `${value}_flat`);
      const shape = this.node('Shape', [value], `${value}_shape`);
      parts.extremes.push(this.node('ReduceMin', [flat], `${value}_min`, { keepdims: 1 }), this.node('ReduceMax', [flat], `${value}_max`, { keepdims: 1 }));
      parts.shapes.push(shape);
      parts.ranks.push(this.node('Shape', [shape], `${value}_rank`));
      const whole = mostElements(types.typeOf(model.graph, value)) <= picked;
      parts.picked.push(whole ? flat : pick(flat));
      return whole ? undefined : picked;
    });
    const joined = Object.entries(parts).map(([name, inputs]) => this.node('Concat', inputs, `lathe_${name}`, { axis: 0 }));
    const floats = [true, false, false, true];
    graph.outputs = joined.map((name, i) => tensorValue(name, floats[i] === true ? 'float32' : 'int64', [undefined]));
    this.outputs = joined;
  }

  read(results: ReadonlyMap<string, Tensor>, gathered: readonly Gathered[]): void {
    const [extremes, ranks, shapes, picked] = this.outputs.map((output) => results.get(output));
    if (extremes === undefined || ranks === undefined || shapes === undefined || picked === undefined) return;
    const [ends, dims, values] = [toFloat32Array(extremes), toIntegers(shapes), toFloat32Array(picked)];
    let dim = 0;
    let first = 0;
    toIntegers(ranks).forEach((rank, i) => {
      const shape = dims.slice(dim, dim + rank);
      const count = this.pickedCounts[i] ?? elementCount(shape);
      gathered[i]?.add(ends[2 * i] ?? Number.NaN, ends[2 * i + 1] ?? Number.NaN, shape, values.subarray(first, first + count));
      dim += rank;
      first += count;
    });
  }

  /**
   * Picks values spread evenly over a flat tensor of any size: one from each of `count` equal stretches, at places that follow no
   * period of the tensor's own rows (a fixed stride may read one column of every row only).
   */
  private picker(count: number): (flat: string) => string {
    const goldenRatio = (Math.sqrt(5) - 1) / 2;
    const places = Float64Array.from({ length: count }, (_, i) => (i + ((i * goldenRatio) % 1)) / count);
    const fractions = this.constant(tensorFromArray('lathe_places', 'float64', [count], places));
    return (flat) => {
      const size = this.node('Cast', [this.node('Size', [flat], `${flat}_size`)], `${flat}_double`, { to: elementTypeCode('float64') });
      const indices = this.node('Cast', [this.node('Mul', [fractions, size], `${flat}_places`)], `${flat}_indices`, { to: elementTypeCode('int64') });
      return this.node('Gather', [flat, indices], `${flat}_picked`, { axis: 0 });
    };
  }

  private node(opType: string, inputs: readonly string[], wanted: string, given: Parameters<typeof attributes>[0] = {}): string {
    const output = this.names.fresh(wanted);
    this.model.graph.nodes.push(makeNode({ opType, inputs: [...inputs], outputs: [output], attributes: attributes(given) }));
    return output;
  }

  private constant(tensor: Tensor): string {
    const name = this.names.fresh(tensor.name);
    this.model.graph.initializers.set(name, { ...tensor, name });
    return name;
  }
}

/** Elements of a value; infinite where its shape depends on the input's. */
function mostElements(type: ReturnType<ReturnType<typeof inferTypes>['typeOf']>): number {
  if (type?.kind !== 'tensor' || type.shape === undefined) return Number.POSITIVE_INFINITY;
  const dims = type.shape.filter((dim) => typeof dim === 'number');
  return dims.length === type.shape.length ? elementCount(dims) : Number.POSITIVE_INFINITY;
}


/** Bytes of a scalar as an initializer, for probes and parameters. */
export function scalar(name: string, elementType: 'float32' | 'uint8' | 'int8' | 'uint16', value: number): Tensor {
  return tensorFromArray(name, elementType, [], scalarArrays[elementType](value));
}

const scalarArrays = {
  float32: (value: number) => Float32Array.of(value),
  uint8: (value: number) => Uint8Array.of(value),
  int8: (value: number) => Int8Array.of(value),
  uint16: (value: number) => Uint16Array.of(value),
};
