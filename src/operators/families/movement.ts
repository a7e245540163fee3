// Operators that move data about: transposing, cutting, joining, gathering, scattering, padding.
import { addDimensions, floorDivide, minDimension, multiplyDimensions, productOf, sameDimension, subtractDimensions, divideExactly, ceilDivide } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import type { OperatorContext } from '../context';
import { isNonNegative } from '../arithmetic';
import { row } from '../row';
import type { Movement, OperatorRow, OperatorTraits } from '../row';
import { agreed, atLeastZero, likeInput, perElement, tensorOf, unknownShape } from '../shapes';
import { gatherIndices } from './shape';

type Types = readonly (ValueType | undefined)[];
const moves: OperatorTraits = { dataMovement: true };
const shapeOf = (type: ValueType | undefined): Shape | undefined => (type?.kind === 'tensor' ? type.shape : undefined);
const numeric = (shape: Shape | undefined): readonly number[] | undefined => (shape?.every((dimension) => typeof dimension === 'number') === true ? shape : undefined);

function permutation(context: OperatorContext): readonly number[] | undefined {
  const rank = context.rank(0);
  if (rank === undefined) return undefined;
  const given = context.ints('perm');
  const order = given ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (order.length !== rank || order.some((axis, i) => axis < 0 || axis >= rank || order.indexOf(axis) !== i)) throw context.contradiction(`perm [${order.join(', ')}] is no permutation of ${rank} axes`);
  return order;
}

function transpose(context: OperatorContext): Types {
  const shape = context.shape(0);
  return [tensorOf(context.elementType(0), shape === undefined ? undefined : permutation(context)?.map((axis) => shape[axis]))];
}

function transposeMovement(context: OperatorContext): Movement | undefined {
  const from = context.dims(0);
  const order = permutation(context);
  if (from === undefined || order === undefined) return undefined;
  const dims = order.map((axis) => from[axis] ?? 1);
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return { dims, inputs: [0], indices: gatherIndices(dims, from, (position) => inverse.map((axis) => position[axis] ?? 0)) };
}

function concat(context: OperatorContext): Types {
  const type = context.node.inputs.map((_, i) => context.elementType(i)).find((known) => known !== undefined);
  const rank = context.node.inputs.map((_, i) => context.rank(i)).find((known) => known !== undefined);
  if (rank === undefined) return [tensorOf(type)];
  const axis = context.axis(context.int('axis', 1), rank);
  let joined: Dimension[] | undefined;
  let unknownRank = false;
  for (let i = 0; i < context.inputCount; i++) {
    const shape = context.shape(i);
    if (shape === undefined) {
      unknownRank = true;
      continue;
    }
    if (shape.length !== rank) throw context.contradiction(`ranks ${rank} and ${shape.length} cannot be joined`);
    const before = joined;
    joined = before === undefined ? [...shape] : shape.map((dimension, at) => (at === axis ? addDimensions(before[at], dimension) : agreed(context, before[at], dimension, `axis ${at}`)));
  }
  return [tensorOf(type, unknownRank ? joined?.with(axis, undefined) : joined)];
}

function concatMovement(context: OperatorContext): Movement | undefined {
  const dims = numeric(shapeOf(concat(context)[0]));
  const all = context.node.inputs.map((_, i) => context.dims(i));
  if (dims === undefined) return undefined;
  const axis = context.axis(context.int('axis', 1), dims.length);
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const outer = dims.slice(0, axis).reduce((product, size) => product * size, 1);
  const indices = new Int32Array(dims.reduce((product, size) => product * size, 1));
  let base = 0;
  let column = 0;
  const rowLength = (dims[axis] ?? 1) * inner;
  for (const from of all) {
    if (from === undefined) return undefined;
    const run = (from[axis] ?? 1) * inner;
    for (let o = 0; o < outer; o++) for (let i = 0; i < run; i++) indices[o * rowLength + column + i] = base + o * run + i;
    base += outer * run;
    column += run;
  }
  return { dims, inputs: all.map((_, i) => i), indices };
}

/** Sizes of the parts of a Split: given, or equal parts (the last smaller from opset 18). */
function splitSizes(context: OperatorContext, size: Dimension): readonly Dimension[] {
  const count = context.outputCount;
  const given = context.opset < 13 ? context.ints('split') : context.has(1) ? context.values(1) : undefined;
  if (given !== undefined) {
    if (given.length < count) throw context.contradiction(`${given.length} sizes for ${count} outputs`);
    const sum = given.reduce<Dimension>((total, part) => addDimensions(total, part), 0);
    if (typeof sum === 'number' && typeof size === 'number' && sum !== size) throw context.contradiction(`the parts add up to ${sum}, the axis has ${size}`);
    return given;
  }
  if (context.has(1) && context.opset >= 13) return new Array<Dimension>(count).fill(undefined);
  if (typeof size !== 'number') return new Array<Dimension>(count).fill(divideExactly(size, count));
  const part = Math.ceil(size / count);
  if (size % count !== 0 && context.opset < 18) throw context.contradiction(`an axis of ${size} cannot be split into ${count} equal parts`);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, size - i * part)));
}

function split(context: OperatorContext): Types {
  const shape = context.shape(0);
  const type = tensorOf(context.elementType(0));
  if (shape === undefined) return context.node.outputs.map(() => type);
  const axis = context.axis(context.int('axis', 0), shape.length);
  return splitSizes(context, shape[axis])
    .slice(0, context.outputCount)
    .map((size) => tensorOf(context.elementType(0), shape.with(axis, size)));
}

/** Start, end, axes and steps of Slice, from attributes until opset 9. */
function sliceParameters(context: OperatorContext): { starts: readonly Dimension[]; ends: readonly Dimension[]; axes: readonly number[]; steps: readonly Dimension[] } | undefined {
  const old = context.opset < 10;
  const starts = old ? context.ints('starts') : context.values(1);
  const ends = old ? context.ints('ends') : context.values(2);
  const defaults = starts?.map((_, i) => i);
  const axes = old ? (context.ints('axes') ?? defaults) : context.has(3) ? context.numbers(3) : defaults;
  const steps = old || !context.has(4) ? starts?.map(() => 1) : context.values(4);
  return starts === undefined || ends === undefined || axes === undefined || steps === undefined ? undefined : { starts, ends, axes, steps };
}

/** A bound that may count from the end, brought into [0, size]. */
function bound(value: Dimension, size: Dimension): Dimension {
  if (value === undefined || size === undefined) return undefined;
  if (typeof value === 'number') {
    if (value === Infinity) return size;
    if (value === -Infinity) return 0;
    if (typeof size === 'number') return Math.min(Math.max(value < 0 ? value + size : value, 0), size);
    if (value < 0) return atLeastZero(addDimensions(size, value));
    return value === 0 ? 0 : value >= 2 ** 31 - 1 ? size : minDimension(size, value);
  }
  if (sameDimension(value, size)) return size;
  if (isNonNegative(value)) {
    const beyond = subtractDimensions(value, size);
    return beyond !== undefined && isNonNegative(beyond) ? size : minDimension(value, size);
  }
  return undefined;
}

function sliceLength(start: Dimension, end: Dimension, step: Dimension, size: Dimension): Dimension {
  if (typeof step !== 'number' || step === 0) return undefined;
  if (step > 0) {
    const span = subtractDimensions(bound(end, size), bound(start, size));
    const length = ceilDivide(span, step);
    return atLeastZero(length);
  }
  if (typeof start !== 'number' || typeof end !== 'number') return undefined;
  if (typeof size !== 'number') return (start === -1 || start >= 2 ** 31 - 1) && end <= -(2 ** 31) + 1 ? ceilDivide(size, -step) : undefined;
  if (size === 0) return 0;
  const first = Math.min(Math.max(start < 0 ? start + size : start, 0), size - 1);
  const last = Math.max(end < 0 ? end + size : end, -1);
  return Math.max(0, Math.ceil((first - last) / -step));
}

function slice(context: OperatorContext): Types {
  const shape = context.shape(0);
  const parameters = sliceParameters(context);
  if (shape === undefined) return [tensorOf(context.elementType(0))];
  if (parameters === undefined) return [tensorOf(context.elementType(0), slicedUnknown(context, shape))];
  const result = [...shape];
  parameters.axes.forEach((axis, i) => {
    const at = context.axis(axis, shape.length);
    result[at] = sliceLength(parameters.starts[i], parameters.ends[i], parameters.steps[i], shape[at]);
  });
  return [tensorOf(context.elementType(0), result)];
}

/** Only the axes cut are unknown, where at least those are given. */
function slicedUnknown(context: OperatorContext, shape: Shape): Shape {
  const axes = context.opset >= 10 && context.has(3) ? context.numbers(3) : undefined;
  if (axes === undefined) return unknownShape(shape.length);
  const cut = new Set(axes.map((axis) => context.axis(axis, shape.length)));
  return shape.map((dimension, axis) => (cut.has(axis) ? undefined : dimension));
}

function sliceMovement(context: OperatorContext): Movement | undefined {
  const from = context.dims(0);
  const parameters = sliceParameters(context);
  const dims = numeric(shapeOf(slice(context)[0]));
  if (from === undefined || parameters === undefined || dims === undefined) return undefined;
  const first = from.map(() => 0);
  const step = from.map(() => 1);
  for (const [i, axis] of parameters.axes.entries()) {
    const at = context.axis(axis, from.length);
    const size = from[at] ?? 1;
    const start = parameters.starts[i];
    const by = parameters.steps[i];
    if (typeof start !== 'number' || typeof by !== 'number') return undefined;
    const positive = start < 0 ? start + size : start;
    first[at] = by > 0 ? Math.min(Math.max(positive, 0), size) : Math.min(Math.max(positive, 0), size - 1);
    step[at] = by;
  }
  return { dims, inputs: [0], indices: gatherIndices(dims, from, (position) => position.map((at, axis) => (first[axis] ?? 0) + at * (step[axis] ?? 1))) };
}

function gather(context: OperatorContext): Types {
  const shape = context.shape(0);
  const indices = context.shape(1);
  if (shape === undefined || indices === undefined) return [tensorOf(context.elementType(0))];
  const axis = context.axis(context.int('axis', 0), shape.length);
  return [tensorOf(context.elementType(0), [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)])];
}

function gatherMovement(context: OperatorContext): Movement | undefined {
  const from = context.dims(0);
  const wanted = context.numbers(1);
  const indexDims = context.dims(1);
  if (from === undefined || wanted === undefined || indexDims === undefined) return undefined;
  const axis = context.axis(context.int('axis', 0), from.length);
  const size = from[axis] ?? 1;
  const inner = from.slice(axis + 1).reduce((product, dimension) => product * dimension, 1);
  const outer = from.slice(0, axis).reduce((product, dimension) => product * dimension, 1);
  const indices = new Int32Array(outer * wanted.length * inner);
  let n = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of wanted) {
      const at = index < 0 ? index + size : index;
      if (at < 0 || at >= size) throw context.contradiction(`index ${index} is outside axis ${axis} of size ${size}`);
      for (let i = 0; i < inner; i++) indices[n++] = (o * size + at) * inner + i;
    }
  }
  return { dims: [...from.slice(0, axis), ...indexDims, ...from.slice(axis + 1)], inputs: [0], indices };
}

function gatherNd(context: OperatorContext): Types {
  const shape = context.shape(0);
  const indices = context.shape(1);
  const depth = indices?.at(-1);
  if (shape === undefined || indices === undefined || typeof depth !== 'number') return [tensorOf(context.elementType(0))];
  const batch = context.int('batch_dims', 0);
  if (batch + depth > shape.length) throw context.contradiction(`indices of depth ${depth} do not fit rank ${shape.length}`);
  return [tensorOf(context.elementType(0), [...indices.slice(0, -1), ...shape.slice(batch + depth)])];
}

/** Pads of Pad per axis, [before, after]; from attributes until opset 10. */
function padding(context: OperatorContext, rank: number): readonly (readonly [Dimension, Dimension])[] | undefined {
  // com.microsoft counts its own opsets: its Pad takes them as inputs from the first.
  const given = context.node.domain === 'com.microsoft' ? context.values(1) : context.opset < 2 ? context.ints('paddings') : context.opset < 11 ? context.ints('pads') : context.values(1);
  if (given === undefined) return undefined;
  const axes = context.has(3) ? context.numbers(3) : Array.from({ length: rank }, (_, i) => i);
  if (axes === undefined) return undefined;
  if (given.length !== 2 * axes.length) throw context.contradiction(`${given.length} pads for ${axes.length} axes`);
  const pads: (readonly [Dimension, Dimension])[] = Array.from({ length: rank }, () => [0, 0]);
  axes.forEach((axis, i) => (pads[context.axis(axis, rank)] = [given[i], given[i + axes.length]]));
  return pads;
}

function pad(context: OperatorContext): Types {
  const shape = context.shape(0);
  const pads = shape === undefined ? undefined : padding(context, shape.length);
  const result = shape?.map((dimension, axis) => addDimensions(addDimensions(dimension, pads?.[axis]?.[0]), pads?.[axis]?.[1]));
  return [tensorOf(context.elementType(0), result)];
}

function padMovement(context: OperatorContext): Movement | undefined {
  const from = context.dims(0);
  const pads = from === undefined ? undefined : padding(context, from.length);
  const dims = numeric(shapeOf(pad(context)[0]));
  if (from === undefined || pads === undefined || dims === undefined || context.text('mode', 'constant') !== 'constant' || context.opset < 11) return undefined;
  const before = pads.map(([left]) => (typeof left === 'number' ? left : 0));
  const positions = gatherIndices(dims, from, (position) => position.map((at, axis) => at - (before[axis] ?? 0)));
  const inside = gatherIndices(dims, [...dims].fill(2), (position) => position.map((at, axis) => (at >= (before[axis] ?? 0) && at - (before[axis] ?? 0) < (from[axis] ?? 1) ? 0 : 1)));
  return { dims, inputs: [0], fill: 2, indices: positions.map((at, i) => (inside[i] === 0 ? at : -1)) };
}

function depthToSpace(context: OperatorContext): Types {
  const shape = context.shape(0);
  const [n, c, h, w] = shape ?? [];
  const block = context.int('blocksize', 1);
  if (shape?.length !== 4) return [tensorOf(context.elementType(0), shape === undefined ? undefined : unknownShape(4))];
  return [tensorOf(context.elementType(0), [n, divideExactly(c, block * block) ?? floorDivide(c, block * block), multiplyDimensions(h, block), multiplyDimensions(w, block)])];
}

function spaceToDepth(context: OperatorContext): Types {
  const shape = context.shape(0);
  const [n, c, h, w] = shape ?? [];
  const block = context.int('blocksize', 1);
  if (shape?.length !== 4) return [tensorOf(context.elementType(0), shape === undefined ? undefined : unknownShape(4))];
  return [tensorOf(context.elementType(0), [n, multiplyDimensions(c, block * block), floorDivide(h, block), floorDivide(w, block)])];
}

function compress(context: OperatorContext): Types {
  const shape = context.shape(0);
  const axis = context.int('axis');
  const kept = context.numbers(1)?.filter((flag) => flag !== 0).length;
  if (axis === undefined) return [tensorOf(context.elementType(0), [kept])];
  return [tensorOf(context.elementType(0), shape?.with(context.axis(axis, shape.length), kept))];
}

function unique(context: OperatorContext): Types {
  const shape = context.shape(0);
  const axis = context.int('axis');
  const values = axis === undefined ? [undefined] : shape?.with(context.axis(axis, shape.length), undefined);
  const index = tensorOf('int64', [undefined]);
  return [tensorOf(context.elementType(0), values), index, index, index];
}

function oneHot(context: OperatorContext): Types {
  const indices = context.shape(0);
  const depth = context.values(1)?.[0];
  const type = context.elementType(2);
  if (indices === undefined) return [tensorOf(type)];
  const axis = context.int('axis', -1);
  const at = axis < 0 ? axis + indices.length + 1 : axis;
  return [tensorOf(type, [...indices.slice(0, at), typeof depth === 'number' ? Math.trunc(depth) : depth, ...indices.slice(at)])];
}

function centerCropPad(context: OperatorContext): Types {
  const shape = context.shape(0);
  const sizes = context.values(1);
  if (shape === undefined) return [tensorOf(context.elementType(0))];
  const axes = context.ints('axes') ?? shape.map((_, axis) => axis);
  const result = [...shape];
  axes.forEach((axis, i) => (result[context.axis(axis, shape.length)] = sizes?.[i]));
  return [tensorOf(context.elementType(0), result)];
}

const scatter = (opType: string, since = 1): OperatorRow => row(opType, { since, inputs: 'data indices updates', outputs: 'output', infer: likeInput, traits: { ...moves, inPlace: true } });

export const movementRows: readonly OperatorRow[] = [
  row('Transpose', { inputs: 'data', outputs: 'transposed', infer: transpose, move: transposeMovement, traits: moves }),
  row('Concat', { inputs: 'inputs*', outputs: 'concat_result', infer: concat, move: concatMovement, traits: moves }),
  row('Split', { inputs: 'input split?', outputs: 'outputs*', infer: split, values: splitValues, traits: moves }),
  row('Slice', { inputs: 'data starts? ends? axes? steps?', outputs: 'output', infer: slice, move: sliceMovement, traits: moves }),
  row('Gather', { inputs: 'data indices', outputs: 'output', infer: gather, move: gatherMovement, weights: [{ input: 0, role: 'table', outputAxis: 1, inputAxis: 0 }], traits: moves }),
  row('GatherElements', { inputs: 'data indices', outputs: 'output', infer: (context) => [tensorOf(context.elementType(0), context.shape(1))], weights: [{ input: 0, role: 'table' }], traits: moves }),
  ...['', 'com.microsoft'].map((domain) => row('GatherND', { domain, inputs: 'data indices', outputs: 'output', infer: gatherNd, weights: [{ input: 0, role: 'table' }], traits: moves })),
  scatter('Scatter'),
  scatter('ScatterElements'),
  scatter('ScatterND'),
  row('TensorScatter', { inputs: 'past_cache update write_indices?', outputs: 'present_cache', infer: likeInput, traits: moves }),
  row('Pad', { inputs: 'data pads? constant_value? axes?', outputs: 'output', infer: pad, move: padMovement, traits: moves }),
  row('Pad', { domain: 'com.microsoft', inputs: 'data pads value?', outputs: 'output', infer: pad, traits: moves }),
  row('DepthToSpace', { inputs: 'input', outputs: 'output', infer: depthToSpace, traits: moves }),
  row('SpaceToDepth', { inputs: 'input', outputs: 'output', infer: spaceToDepth, traits: moves }),
  row('Compress', { open: 'how many are kept, where the condition is computed', inputs: 'input condition', outputs: 'output', infer: compress, traits: moves }),
  row('Unique', { open: 'how many differ', inputs: 'X', outputs: 'Y indices? inverse_indices? counts?', infer: unique }),
  row('OneHot', { inputs: 'indices depth values', outputs: 'output', infer: oneHot }),
  row('ReverseSequence', { inputs: 'input sequence_lens', outputs: 'Y', infer: likeInput, traits: moves }),
  row('Trilu', { inputs: 'input k?', outputs: 'output', infer: likeInput, traits: moves }),
  row('CenterCropPad', { inputs: 'input_data shape', outputs: 'output_data', infer: centerCropPad, traits: moves }),
  row('TopK', { inputs: 'X K?', outputs: 'Values Indices', infer: topK, cost: perElement(1) }),
];

function topK(context: OperatorContext): Types {
  const shape = context.shape(0);
  const k = context.opset < 10 ? context.int('k') : context.values(1)?.[0];
  if (shape === undefined) return [tensorOf(context.elementType(0)), tensorOf('int64')];
  const axis = context.axis(context.int('axis', -1), shape.length);
  const size = shape[axis];
  if (typeof k === 'number' && typeof size === 'number' && k > size) throw context.contradiction(`the ${k} largest of ${size} are asked for`);
  const result = shape.with(axis, k);
  return [tensorOf(context.elementType(0), result), tensorOf('int64', result)];
}

/** Only of one-dimensional tensors, which is what shape arithmetic splits. */
function splitValues(context: OperatorContext, outputs: Types): readonly (readonly Dimension[] | undefined)[] {
  const values = context.rank(0) === 1 ? context.values(0) : undefined;
  if (values === undefined) return [];
  let from = 0;
  const parts: (readonly Dimension[])[] = [];
  for (const output of outputs) {
    const length = productOf(shapeOf(output) ?? [undefined]);
    if (typeof length !== 'number') return [];
    parts.push(values.slice(from, from + length));
    from += length;
  }
  return parts;
}
