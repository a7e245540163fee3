// Shape rules that many operators share: broadcasting, reductions, sliding windows, sizes.
import { addDimensions, canBeZero, floorDivide, isCutOf, ceilDivide, maxDimension, multiplyDimensions, productOf, sameDimension, subtractDimensions, formatDimension, formatShape } from '../graph/dimension';
import type { Dimension } from '../graph/dimension';
import { maxRank, type Shape, type ValueType } from '../graph/model';
import type { ElementType } from '../tensor/elementType';
import type { OperatorContext } from './context';
import { counted, type CostRule, type OperatorCost } from './row';

/** A tensor type; undefined when the element type is unknown, rank unknown when the shape is. */
export function tensorOf(elementType: ElementType | undefined, shape?: Shape): ValueType | undefined {
  if (elementType === undefined) return undefined;
  return shape === undefined ? { kind: 'tensor', elementType } : { kind: 'tensor', elementType, shape };
}

/** Unknown dimensions, `rank` of them. */
export function unknownShape(rank: number): Shape {
  return new Array<Dimension>(rank).fill(undefined);
}

/** Unknown dimensions, as many as the data or its declared length says; unknown rank where no shape has that many. */
export function shapeOfRank(rank: number): Shape | undefined {
  return rank <= maxRank ? unknownShape(rank) : undefined;
}

/** Output 0 is like input `input`. */
export function likeInput(context: OperatorContext, input = 0): readonly (ValueType | undefined)[] {
  return [context.type(input)];
}

/**
 * One dimension of a broadcast. A symbol against a number other than 1 can only be that number; of two expressions, equal
 * or one of them 1 wherever the model runs at all, the result is the larger (of 0 and 1 it is 0, so nothing is said there).
 */
function broadcastDimension(a: Dimension, b: Dimension): Dimension | 'contradiction' {
  if (a === 1) return b;
  if (b === 1) return a;
  if (typeof a === 'number') return typeof b === 'number' && a !== b ? 'contradiction' : a;
  if (typeof b === 'number') return b;
  if (sameDimension(a, b) || isCutOf(b, a)) return a;
  if (isCutOf(a, b)) return b;
  return canBeZero(a) || canBeZero(b) ? undefined : maxDimension(a, b);
}

/** Multidirectional (numpy-style) broadcasting. Source: ONNX, Broadcasting.md. */
export function broadcastShapes(context: OperatorContext, shapes: readonly (Shape | undefined)[]): Shape | undefined {
  let joined: Shape | undefined;
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    joined = joined === undefined ? shape : broadcastPair(context, joined, shape);
  }
  return joined;
}

/** Most pairs are alike or have a scalar: then the shape is one of the two, and no third list is made. */
function broadcastPair(context: OperatorContext, a: Shape, b: Shape): Shape {
  if (b.length === 0 || (a.length === b.length && a.every((dimension, axis) => dimension === b[axis]))) return a;
  if (a.length === 0) return b;
  const rank = Math.max(a.length, b.length);
  const joined: Dimension[] = [];
  for (let i = 0; i < rank; i++) {
    const at = i - rank + a.length;
    const other = i - rank + b.length;
    const dimension = broadcastDimension(at < 0 ? 1 : a[at], other < 0 ? 1 : b[other]);
    if (dimension === 'contradiction') throw context.contradiction(`shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
    joined.push(dimension);
  }
  return joined;
}

/** Elements of an input's shape. */
export function elementsOf(shape: Shape | undefined): Dimension {
  return shape === undefined ? undefined : productOf(shape);
}

/** The same dimension said twice: the better known of the two. */
export function agreed(context: OperatorContext, a: Dimension, b: Dimension, what: string): Dimension {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (typeof a === 'number' && typeof b === 'number' && a !== b) throw context.contradiction(`${what} is ${a} on one side and ${b} on the other`);
  return typeof b === 'number' ? b : a;
}

/** No multiply-accumulates, `perElement` operations for each element. */
export function flopsPerElement(shape: Shape | undefined, perElement: number): OperatorCost {
  return { macs: 0, flops: multiplyDimensions(elementsOf(shape), perElement) };
}

/** So many operations for each element of an input, the first unless said otherwise. */
export function perElement(operations: number, input = 0): CostRule {
  return counted(`${operations} per element`, (context) => flopsPerElement(context.shape(input), operations));
}

/** `macs` multiply-accumulates, each two operations, and `extra` others. */
export function contraction(macs: Dimension, extra: Dimension = 0): OperatorCost {
  return { macs, flops: addDimensions(multiplyDimensions(macs, 2), extra) };
}

export interface Window {
  readonly kernel: readonly Dimension[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begin then end of every axis; undefined where `auto_pad` decides. */
  readonly pads: readonly number[] | undefined;
  readonly autoPad: string;
  readonly ceil: boolean;
  /** Set for pooling, see {@link pooledBeyond}. */
  readonly pools: boolean;
}

/** Attributes of an operator that slides a window; `kernel` of a convolution, whose weight says it too. */
export function windowOf(context: OperatorContext, spatial: number, kernel?: readonly Dimension[]): Window {
  const autoPad = context.text('auto_pad', 'NOTSET');
  const ones = new Array<number>(spatial).fill(1);
  const zeros = new Array<number>(2 * spatial).fill(0);
  const list = (name: string, fallback: readonly number[]): readonly number[] => {
    const values = context.ints(name);
    if (values === undefined || values.length === 0) return fallback;
    if (values.length !== fallback.length) throw context.contradiction(`${name} has ${values.length} entries for ${spatial} spatial axes`);
    return values;
  };
  const strides = list('strides', ones);
  const dilations = list('dilations', ones);
  if (strides.some((stride) => stride < 1) || dilations.some((dilation) => dilation < 1)) throw context.contradiction('strides and dilations must be positive');
  return {
    kernel: context.ints('kernel_shape') ?? kernel ?? ones,
    strides,
    dilations,
    pads: autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER' ? undefined : autoPad === 'VALID' ? zeros : list('pads', zeros),
    autoPad,
    ceil: context.int('ceil_mode', 0) === 1,
    pools: kernel === undefined,
  };
}

/**
 * Output size of a sliding window on each spatial axis: floor((I + pads − dilation·(k − 1) − 1) / stride) + 1, or
 * ceil(I / stride) where `auto_pad` keeps the size; with `ceil_mode` a window that would start in the right padding is left out.
 * Source: ONNX Operators, Conv and MaxPool.
 */
export function slide(context: OperatorContext, input: Shape, window: Window): Dimension[] {
  return input.map((size, axis) => {
    const stride = window.strides[axis] ?? 1;
    const kernel = window.kernel[axis];
    const before = window.pads?.[axis] ?? 0;
    const padding = before + (window.pads?.[axis + input.length] ?? 0);
    if (window.pads === undefined) return ceilDivide(size, stride);
    const extent = addDimensions(multiplyDimensions(subtractDimensions(kernel, 1), window.dilations[axis] ?? 1), 1);
    const free = subtractDimensions(addDimensions(size, padding), extent);
    if (typeof free === 'number' && free < 0) {
      const steps = window.pools ? pooledBeyond(free, stride, window.ceil) : -1;
      if (steps === undefined || steps >= 0) return steps;
      throw context.contradiction(`a window of ${formatDimension(extent)} does not fit ${formatDimension(size)} + ${padding} of padding on spatial axis ${axis}`);
    }
    if (!window.ceil) return addDimensions(floorDivide(free, stride), 1);
    const steps = addDimensions(ceilDivide(free, stride), 1);
    if (typeof steps !== 'number' || typeof size !== 'number') return stride === 1 ? steps : undefined;
    return (steps - 1) * stride >= size + before ? steps - 1 : steps;
  });
}

/**
 * Output size of pooling where the window is larger than the padded map (`free` < 0); negative where there is none. The formula
 * stands: with `ceil_mode` it may give a window that hangs over, or an empty map, and both run. Without it the specification rounds
 * down and onnxruntime towards zero (PoolAttributes::ComputeOutputSize); where these differ the size is not known.
 */
function pooledBeyond(free: number, stride: number, ceil: boolean): number | undefined {
  const towardsZero = Math.ceil(free / stride) + 1;
  const down = ceil ? towardsZero : Math.floor(free / stride) + 1;
  return towardsZero === down || towardsZero < 0 ? towardsZero : undefined;
}

/** Axes of a reduction made non-negative and unique. */
export function normalAxes(context: OperatorContext, axes: readonly number[], rank: number): readonly number[] {
  return [...new Set(axes.map((axis) => context.axis(axis, rank)))].sort((a, b) => a - b);
}

/** The shape after reducing `axes`. */
export function reduced(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  const gone = new Set(axes);
  return keep ? shape.map((dimension, axis) => (gone.has(axis) ? 1 : dimension)) : shape.filter((_, axis) => !gone.has(axis));
}

/** max(0, dimension) where it is not plainly there already. */
export function atLeastZero(dimension: Dimension): Dimension {
  return typeof dimension === 'number' ? Math.max(0, dimension) : maxDimension(dimension, 0);
}

/** Parts joined along one axis; undefined when a part's shape is. */
export function addShape(parts: readonly (Shape | undefined)[], axis: number): Shape | undefined {
  let joined: Dimension[] | undefined;
  for (const part of parts) {
    if (part === undefined) return undefined;
    const before: readonly Dimension[] | undefined = joined;
    joined = before === undefined ? [...part] : before.map((dimension, at) => (at === axis ? addDimensions(dimension, part[at]) : (dimension ?? part[at])));
  }
  return joined;
}
