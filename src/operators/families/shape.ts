// Operators about shapes: Shape, Reshape, Squeeze, Expand, Range … and constants.
import { canBeZero, ceilDivide, divideExactly, floorDivide, formatShape, lowerBound, productOf, sameDimension, subtractDimensions } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import { int64Tensor } from '../../tensor/tensor';
import { elementKind } from '../../tensor/elementType';
import { broadcastIndices, elementTypeOf } from '../arithmetic';
import type { OperatorContext } from '../context';
import { row } from '../row';
import type { Movement, OperatorRow, Values } from '../row';
import { atLeastZero, broadcastShapes, elementsOf, likeInput, normalAxes, shapeOfRank, tensorOf, unknownShape } from '../shapes';
import { tensorValues } from '../values';

type Types = readonly (ValueType | undefined)[];

/** A shape given as a tensor: its elements, or as many unknowns as it has elements. */
export function shapeFromInput(context: OperatorContext, input: number): Shape | undefined {
  const values = context.values(input);
  if (values !== undefined) return values;
  const length = context.shape(input)?.[0];
  return context.rank(input) === 1 && typeof length === 'number' ? shapeOfRank(length) : undefined;
}

/** All elements in their order. */
export function sameOrder(dims: readonly number[] | undefined, input = 0): Movement | undefined {
  if (dims === undefined) return undefined;
  const count = dims.reduce((product, size) => product * size, 1);
  return { dims, inputs: [input], indices: Int32Array.from({ length: count }, (_, i) => i) };
}

const numeric = (shape: Shape | undefined): readonly number[] | undefined => (shape?.every((dimension) => typeof dimension === 'number') === true ? shape : undefined);

const shapeOf = (type: ValueType | undefined): Shape | undefined => (type?.kind === 'tensor' ? type.shape : undefined);

function shapeSlice(context: OperatorContext): readonly [number, number] | undefined {
  const rank = context.rank(0);
  if (rank === undefined) return undefined;
  const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + rank : at, 0), rank);
  const start = clamp(context.int('start', 0));
  return [start, Math.max(start, clamp(context.int('end', rank)))];
}

function reshape(context: OperatorContext): Types {
  const wanted = context.opset < 5 ? context.ints('shape') : shapeFromInput(context, 1);
  if (wanted === undefined) return [tensorOf(context.elementType(0))];
  const input = context.shape(0);
  const allowZero = context.int('allowzero', 0) === 1;
  const shape = wanted.map((dimension, axis) => {
    if (allowZero) return dimension;
    if (dimension !== 0) return isSize(dimension, input, axis) ? dimension : undefined;
    if (input !== undefined && axis >= input.length) throw context.contradiction(`entry ${axis} of the new shape copies a dimension that the input lacks`);
    return input?.[axis];
  });
  const open = shape.indexOf(-1);
  const known = shape.filter((_, axis) => axis !== open);
  if (shape.indexOf(-1, open + 1) > 0 && open >= 0) throw context.contradiction('more than one entry of the new shape is −1');
  if (open >= 0) return [tensorOf(context.elementType(0), shape.with(open, rest(context, input, known, wanted)))];
  const unknowns = shape.filter((dimension) => dimension === undefined).length;
  // What a lone unknown entry is follows from the number of elements, unless it could be a −1 or 0 that stands for another.
  const total = elementsOf(input);
  if (unknowns === 0 && typeof total === 'number') {
    const product = productOf(shape);
    if (typeof product === 'number' && product !== total) throw context.contradiction(`${total} elements do not fit the shape ${formatShape(shape)}`);
  }
  if (unknowns === 1) {
    const at = shape.indexOf(undefined);
    const others = productOf(shape.filter((_, axis) => axis !== at));
    return [tensorOf(context.elementType(0), shape.with(at, known.includes(0) || canBeZero(others) ? undefined : divideExactly(total, others)))];
  }
  return [tensorOf(context.elementType(0), shape.map((dimension) => (typeof dimension === 'number' && dimension < 0 ? undefined : dimension)))];
}

/**
 * Whether an entry of a new shape is the size it says. Where it comes to 0 it copies a dimension (where there is none to copy,
 * it does not come to 0), and where it comes to −1 its size is inferred.
 */
function isSize(entry: Dimension, input: Shape | undefined, axis: number): boolean {
  if (!canBeZero(entry) || sameDimension(entry, input?.[axis])) return true;
  return input !== undefined && axis >= input.length && lowerBound(entry) >= 0;
}

/** The dimension a −1 stands for: what both sides share is cancelled first, so that unknown batch sizes do no harm. */
function rest(context: OperatorContext, input: Shape | undefined, known: readonly Dimension[], wanted: readonly Dimension[]): Dimension {
  if (input === undefined) return undefined;
  let numerator: readonly Dimension[] = input;
  let denominator = known;
  // Zeros copy a dimension: the same unknown on both sides.
  const allowZero = context.int('allowzero', 0) === 1;
  wanted.forEach((dimension, axis) => {
    if (dimension !== 0 || allowZero || input[axis] !== undefined) return;
    const left = numerator.indexOf(undefined);
    const right = denominator.indexOf(undefined);
    if (left >= 0 && right >= 0) {
      numerator = numerator.filter((_, i) => i !== left);
      denominator = denominator.filter((_, i) => i !== right);
    }
  });
  const total = productOf(numerator);
  const divisor = productOf(denominator);
  if (divisor === 0) return undefined;
  const exact = divideExactly(total, divisor);
  if (exact === undefined && typeof total === 'number' && typeof divisor === 'number') throw context.contradiction(`${total} elements cannot be split into rows of ${divisor}`);
  return exact ?? floorDivide(total, divisor);
}

function squeezeAxes(context: OperatorContext): readonly number[] | undefined {
  if (context.opset < 13) return context.ints('axes') ?? [];
  return context.has(1) ? context.numbers(1) : [];
}

function squeeze(context: OperatorContext): Types {
  const shape = context.shape(0);
  const axes = squeezeAxes(context);
  if (shape === undefined || axes === undefined) {
    const count = context.has(1) ? context.shape(1)?.[0] : undefined;
    return [tensorOf(context.elementType(0), shape !== undefined && typeof count === 'number' ? unknownShape(Math.max(0, shape.length - count)) : undefined)];
  }
  if (axes.length === 0 && shape.some((dimension) => typeof dimension !== 'number')) return [tensorOf(context.elementType(0))];
  const gone = new Set(axes.length === 0 ? shape.flatMap((dimension, axis) => (dimension === 1 ? [axis] : [])) : normalAxes(context, axes, shape.length));
  for (const axis of gone) {
    const size = shape[axis];
    if (typeof size === 'number' && size !== 1) throw context.contradiction(`axis ${axis} of size ${size} cannot be squeezed`);
  }
  return [tensorOf(context.elementType(0), shape.filter((_, axis) => !gone.has(axis)))];
}

function unsqueeze(context: OperatorContext): Types {
  const shape = context.shape(0);
  const axes = context.opset < 13 ? context.ints('axes') : context.numbers(1);
  if (shape === undefined) return [tensorOf(context.elementType(0))];
  if (axes === undefined) {
    const count = context.shape(1)?.[0];
    return [tensorOf(context.elementType(0), typeof count === 'number' ? shapeOfRank(shape.length + count) : undefined)];
  }
  const rank = shape.length + axes.length;
  const added = new Set(normalAxes(context, axes, rank));
  if (added.size !== axes.length) throw context.contradiction('an axis is inserted twice');
  let next = 0;
  return [tensorOf(context.elementType(0), Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : shape[next++])))];
}

function flatten(context: OperatorContext): Types {
  const shape = context.shape(0);
  if (shape === undefined) return [tensorOf(context.elementType(0), unknownShape(2))];
  const axis = context.int('axis', 1);
  const at = axis < 0 ? axis + shape.length : axis;
  if (at < 0 || at > shape.length) throw context.contradiction(`axis ${axis} is outside a tensor of rank ${shape.length}`);
  return [tensorOf(context.elementType(0), [productOf(shape.slice(0, at)), productOf(shape.slice(at))])];
}

function expand(context: OperatorContext): Types {
  return [tensorOf(context.elementType(0), broadcastShapes(context, [context.shape(0), shapeFromInput(context, 1)]))];
}

function range(context: OperatorContext): Types {
  // com.microsoft's Range may leave the step out.
  const [start, limit, delta] = [context.values(0)?.[0], context.values(1)?.[0], context.has(2) ? context.values(2)?.[0] : 1];
  const type = context.elementType(0) ?? context.elementType(1);
  if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') return [tensorOf(type, [delta === 0 ? undefined : Math.max(Math.ceil((limit - start) / delta), 0)])];
  const span = subtractDimensions(limit, start);
  return [tensorOf(type, [typeof delta === 'number' && delta > 0 && Number.isInteger(delta) ? atLeastZero(ceilDivide(span, delta)) : undefined])];
}

function rangeValues(context: OperatorContext, outputs: Types): readonly (Values | undefined)[] {
  const [start, delta, count] = [context.values(0)?.[0], context.values(2)?.[0], shapeOf(outputs[0])?.[0]];
  const type = context.elementType(0);
  if (typeof start !== 'number' || typeof delta !== 'number' || typeof count !== 'number' || type === undefined) return [];
  if (elementKind(type) === 'float' && !(Number.isInteger(start) && Number.isInteger(delta))) return [];
  return [Array.from({ length: count }, (_, i) => start + i * delta)];
}

/** The tensor a Constant node holds, whatever attribute it is in (values of `value_floats` and the like included). */
function constantType(context: OperatorContext): Types {
  for (const [name, attribute] of context.node.attributes) {
    if (attribute.type === 'tensor') return [tensorOf(attribute.value.elementType, attribute.value.dims)];
    if (attribute.type === 'sparseTensor') return [tensorOf(attribute.value.values.elementType, attribute.value.dims)];
    if (name === 'value_int') return [tensorOf('int64', [])];
    if (name === 'value_float') return [tensorOf('float32', [])];
    if (name === 'value_string') return [tensorOf('string', [])];
    if (attribute.type === 'ints') return [tensorOf('int64', [attribute.value.length])];
    if (attribute.type === 'floats') return [tensorOf('float32', [attribute.value.length])];
    if (attribute.type === 'strings') return [tensorOf('string', [attribute.value.length])];
  }
  return [];
}

function constantOfShapeValues(context: OperatorContext, outputs: Types): readonly (Values | undefined)[] {
  const dims = numeric(shapeOf(outputs[0]));
  const value = tensorValues(context.tensorAttribute('value') ?? int64Tensor('', [1], [0]))?.[0];
  if (dims === undefined || value === undefined) return [];
  return [new Array<Dimension>(dims.reduce((product, size) => product * size, 1)).fill(value)];
}

const viewTraits = { dataMovement: true, view: true, inPlace: true } as const;
const viewMove = (context: OperatorContext): Movement | undefined => sameOrder(numeric(shapeOf(rowTypes(context)[0])));

/** The row's own inference, for rows whose movement only needs the output's shape. */
function rowTypes(context: OperatorContext): Types {
  return viewRules.get(context.node.opType)?.(context) ?? [];
}

const viewRules = new Map<string, (context: OperatorContext) => Types>([
  ['Reshape', reshape],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Flatten', flatten],
]);

export const shapeRows: readonly OperatorRow[] = [
  row('Constant', { inputs: '', outputs: 'output', infer: constantType }),
  row('ConstantOfShape', {
    inputs: 'input',
    outputs: 'output',
    infer: (context) => [tensorOf(context.tensorAttribute('value')?.elementType ?? 'float32', shapeFromInput(context, 0))],
    values: constantOfShapeValues,
  }),
  row('Shape', {
    inputs: 'data',
    outputs: 'shape',
    infer: (context) => {
      const slice = shapeSlice(context);
      return [tensorOf('int64', [slice === undefined ? undefined : slice[1] - slice[0]])];
    },
    values: (context) => {
      const slice = shapeSlice(context);
      return slice === undefined ? [] : [context.shape(0)?.slice(...slice)];
    },
  }),
  row('Size', { inputs: 'data', outputs: 'size', infer: () => [tensorOf('int64', [])], values: (context) => [[elementsOf(context.shape(0))]] }),
  row('Reshape', { inputs: 'data shape?', outputs: 'reshaped', infer: reshape, move: viewMove, traits: viewTraits }),
  row('Squeeze', { inputs: 'data axes?', outputs: 'squeezed', infer: squeeze, move: viewMove, traits: viewTraits }),
  row('Unsqueeze', { inputs: 'data axes?', outputs: 'expanded', infer: unsqueeze, move: viewMove, traits: viewTraits }),
  row('Flatten', { inputs: 'input', outputs: 'output', infer: flatten, move: viewMove, traits: viewTraits }),
  row('Identity', { inputs: 'input', outputs: 'output', infer: likeInput, move: (context) => sameOrder(context.dims(0)), traits: viewTraits }),
  row('Expand', {
    inputs: 'input shape',
    outputs: 'output',
    infer: expand,
    move: (context) => {
      const dims = numeric(shapeOf(expand(context)[0]));
      const from = context.dims(0);
      return dims === undefined || from === undefined ? undefined : { dims, inputs: [0], indices: broadcastIndices(from, dims) };
    },
    weights: [{ input: 0, role: 'operand' }],
    traits: { dataMovement: true },
  }),
  row('Range', { open: 'how long a range of float16 or bfloat16 is', inputs: 'start limit delta', outputs: 'output', infer: range, values: rangeValues }),
  row('Range', { domain: 'com.microsoft', inputs: 'start limit delta?', outputs: 'Y', infer: range }),
  row('EyeLike', { inputs: 'input', outputs: 'output', infer: (context) => [tensorOf(elementTypeOf(context.int('dtype')) ?? context.elementType(0), context.shape(0))] }),
  row('NonZero', { open: 'how many elements are not zero', inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('int64', [context.rank(0) === 0 ? 1 : context.rank(0), undefined])] }),
  row('Tile', { inputs: 'input repeats tiles?', outputs: 'output', infer: tile, move: tileMovement, traits: { dataMovement: true } }),
];

function tile(context: OperatorContext): Types {
  const shape = context.shape(0);
  const type = context.elementType(0);
  if (context.opset < 6 || shape === undefined) return [tensorOf(type, shape === undefined ? undefined : unknownShape(shape.length))];
  const repeats = context.values(1);
  if (repeats !== undefined && repeats.length !== shape.length) throw context.contradiction(`${repeats.length} repeats for a tensor of rank ${shape.length}`);
  return [tensorOf(type, shape.map((dimension, axis) => productOf([dimension, repeats?.[axis]])))];
}

function tileMovement(context: OperatorContext): Movement | undefined {
  const from = context.dims(0);
  const dims = numeric(shapeOf(tile(context)[0]));
  if (from === undefined || dims === undefined) return undefined;
  return { dims, inputs: [0], indices: gatherIndices(dims, from, (position) => position.map((at, axis) => at % (from[axis] ?? 1))) };
}

/** Flat source indices for every output position; `source` maps a position of the output to one of the input. */
export function gatherIndices(dims: readonly number[], from: readonly number[], source: (position: readonly number[]) => readonly number[]): Int32Array {
  const count = dims.reduce((product, size) => product * size, 1);
  const indices = new Int32Array(count);
  const position = new Array<number>(dims.length).fill(0);
  for (let i = 0; i < count; i++) {
    let flat = 0;
    source(position).forEach((at, axis) => {
      flat = flat * (from[axis] ?? 1) + at;
    });
    indices[i] = flat;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const next = (position[axis] ?? 0) + 1;
      position[axis] = next < (dims[axis] ?? 1) ? next : 0;
      if (position[axis] !== 0) break;
    }
  }
  return indices;
}

