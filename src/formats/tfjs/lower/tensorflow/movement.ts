// TensorFlow's operators that move data: joining, splitting, slicing, padding, gathering.
import { allNumbers, type NodeContext, type Rule, type Rules } from '../context';
import { asInt64, axisIn, layoutOf, perAxis, positiveAxes, shapeValue } from '../axes';
import { alignedOperands, unified } from '../operands';
import { stridedSlice } from './stridedSlice';

/** Inputs `from` to `to` under one layout, joined along an axis. */
function join(c: NodeContext, from: number, to: number, axisInput: number): void {
  const [given = 0] = c.constantNumbers(axisInput, 'its axis');
  const inputs = [...Array(to - from).keys()].map((i) => i + from);
  const rank = c.rank(from);
  const [axis = 0] = positiveAxes(c, [given], rank);
  const alike = inputs.every((input) => c.rank(input) === rank);
  const { names, layout } = alike ? alignedOperands(c.onnx, inputs.map((input) => c.held(input))) : c.refuse('its inputs have different ranks');
  c.set(0, c.emit('Concat', unified(c.onnx, names).names, { axis: axisIn(layout, axis, rank) }), layout);
}

function pack(c: NodeContext): void {
  const axis = c.int('axis', 0);
  const names = [...c.node.inputs.keys()].map((input) => c.value(input));
  const rank = c.rank(0) + 1;
  const at = axis < 0 ? axis + rank : axis;
  c.set(0, c.emit('Concat', unified(c.onnx, names).names.map((name) => c.emit('Unsqueeze', [name, c.onnx.ints([at])])), { axis: at }));
}

function unpack(c: NodeContext): void {
  const [axis = 0] = positiveAxes(c, [c.int('axis', 0)], c.rank(0));
  const x = c.value(0);
  c.node.outputs.forEach((_, i) => c.set(i, c.emit('Gather', [x, c.onnx.int(i)], { axis })));
}

/** Parts of equal size, or of the sizes given. */
const split =
  (value: number, axisInput: number, sizesInput: number | undefined): Rule =>
  (c) => {
    const rank = c.rank(value);
    const [axis = 0] = positiveAxes(c, [c.constantNumbers(axisInput, 'its axis')[0] ?? 0], rank);
    const layout = layoutOf(c, value);
    const init = { axis: axisIn(layout, axis, rank) };
    const total = c.shape(value)?.[axis];
    const sizes = sizesInput === undefined ? undefined : completed(c.constantNumbers(sizesInput, 'the sizes of its parts'), total);
    const outputs = c.int('num_split', sizes?.length ?? c.node.outputs.length);
    const parts = c.onnx.emitAll('Split', sizes === undefined ? [c.in(value, layout)] : [c.in(value, layout), c.onnx.ints(sizes)], outputs, init);
    parts.forEach((part, i) => c.set(i, part, layout));
  };

function completed(sizes: readonly number[], total: unknown): readonly number[] {
  const known = sizes.reduce((sum, size) => sum + Math.max(size, 0), 0);
  return sizes.map((size) => (size < 0 && typeof total === 'number' ? total - known : size));
}

/** begin and size per axis; a size of −1 is "to the end". */
function slice(c: NodeContext): void {
  const [begin, size] = [c.numbers(1), c.numbers(2)];
  if (begin !== undefined && size !== undefined) {
    const layout = layoutOf(c);
    const ends = begin.map((start, axis) => (size[axis] === -1 ? toEnd : start + (size[axis] ?? 0)));
    c.set(0, c.emit('Slice', [c.in(0, layout), c.onnx.ints(perAxis(layout, begin)), c.onnx.ints(perAxis(layout, ends))]), layout);
    return;
  }
  const start = asInt64(c, 1);
  const sizes = asInt64(c, 2);
  const open = c.emit('Equal', [sizes, c.onnx.int(-1)]);
  const end = c.emit('Where', [open, shapeValue(c, 0), c.emit('Add', [start, sizes])]);
  c.set(0, c.emit('Slice', [c.value(0), start, end]));
}

/** An end beyond any axis: ONNX's Slice stops at the last element. */
const toEnd = 2 ** 31 - 1;

const pad =
  (modeOf: (c: NodeContext) => string): Rule =>
  (c) => {
    const mode = modeOf(c);
    const type = c.elementType(0);
    const filler = mode !== 'constant' ? [] : [c.has(2) ? c.onnx.cast(c.value(2), type) : c.onnx.scalar(0, type)];
    const flat = c.numbers(1);
    if (flat === undefined) {
      // [rank, 2] as ONNX wants it: what comes before every axis, then what comes after.
      const pads = c.emit('Reshape', [c.emit('Transpose', [asInt64(c, 1)], { perm: [1, 0] }), c.onnx.ints([-1])]);
      c.set(0, c.emit('Pad', [c.value(0), pads, ...filler], { mode }));
      return;
    }
    const pairs = Array.from({ length: flat.length / 2 }, (_, axis): readonly [number, number] => [flat[2 * axis] ?? 0, flat[2 * axis + 1] ?? 0]);
    const layout = layoutOf(c);
    const placed = perAxis(layout, pairs);
    const pads = c.onnx.ints([...placed.map(([before]) => before), ...placed.map(([, after]) => after)]);
    c.set(0, c.emit('Pad', [c.in(0, layout), pads, ...filler], { mode }), layout);
  };
const reflect = pad(() => 'reflect');

/** Where the border is to be repeated, which ONNX's Pad has no mode for, the ends of one axis after the other are put before and behind it backwards. */
function mirrorPad(c: NodeContext): void {
  if (c.text('mode')?.toUpperCase() !== 'SYMMETRIC') { reflect(c); return; }
  const flat = c.constantNumbers(1, 'its padding');
  const layout = layoutOf(c);
  const rank = c.rank(0);
  let x = c.in(0, layout);
  for (let axis = 0; axis < flat.length / 2; axis++) {
    const [before = 0, after = 0] = flat.slice(2 * axis, 2 * axis + 2);
    const size = c.shape(0)?.[axis];
    if (typeof size === 'number' && Math.max(before, after) > size) c.refuse('its padding is larger than what it repeats');
    const at = c.onnx.ints([axisIn(layout, axis, rank)]);
    const ends = (from: number, to: number): string => c.emit('Slice', [x, c.onnx.ints([from]), c.onnx.ints([to]), at, c.onnx.ints([-1])]);
    const parts = [...(before > 0 ? [ends(before - 1, -toEnd)] : []), x, ...(after > 0 ? [ends(-1, -after - 1)] : [])];
    if (parts.length > 1) x = c.emit('Concat', parts, { axis: axisIn(layout, axis, rank) });
  }
  c.set(0, x, layout);
}

function gather(c: NodeContext, axisGiven: number, batchDims: number): void {
  const [axis = 0] = positiveAxes(c, [axisGiven], c.rank(0));
  if (batchDims !== 0) c.refuse('batch_dims');
  c.set(0, c.emit('Gather', [c.value(0), c.onnx.cast(c.value(1), 'int32')], { axis }));
}

function reverse(c: NodeContext): void {
  const rank = c.rank(0);
  const axes = positiveAxes(c, c.constantNumbers(1, 'its axes'), rank);
  const all = (value: number): string => c.onnx.ints(axes.map(() => value));
  c.set(0, axes.length === 0 ? c.value(0) : c.emit('Slice', [c.value(0), all(-1), all(-toEnd), c.onnx.ints(axes), all(-1)]));
}

/** Blocks of channels become pixels: with channels last they are ordered as ONNX's DCR mode says. */
function depthToSpace(c: NodeContext): void {
  const first = c.text('data_format') === 'NCHW';
  c.set(0, c.emit('DepthToSpace', [first ? c.value(0) : c.first(0)], { blocksize: c.int('block_size', 2), mode: 'DCR' }), first ? 'last' : 'first');
}

/** Indices and values scattered into zeros of a shape; equal indices add up. */
function scatterNd(c: NodeContext): void {
  const values = c.value(1);
  const type = c.elementType(1);
  const zeros = c.emit('Expand', [c.onnx.scalar(0, type), asInt64(c, 2)]);
  c.set(0, c.emit('ScatterND', [zeros, c.onnx.cast(c.value(0), 'int64'), values], { reduction: 'add' }));
}

/** Space to batch: pad, cut into blocks, move the blocks before the batch. Source: TensorFlow, tf.space_to_batch_nd. */
function spaceToBatch(c: NodeContext): void {
  const [block, flat] = [c.constantNumbers(1, 'its block shape'), c.constantNumbers(2, 'its paddings')];
  const shape = c.shape(0) ?? c.refuse('its rank is unknown');
  const n = block.length;
  const before = [0, ...block.map((_, i) => flat[2 * i] ?? 0), ...shape.slice(n + 1).map(() => 0)];
  const after = [0, ...block.map((_, i) => flat[2 * i + 1] ?? 0), ...shape.slice(n + 1).map(() => 0)];
  const padded = c.emit('Pad', [c.value(0), c.onnx.ints([...before, ...after]), c.onnx.scalar(0, c.elementType(0))], { mode: 'constant' });
  const dims = allNumbers(c.onnx.shape(padded)) ?? c.refuse('its shape is unknown');
  const cut = [dims[0] ?? 1, ...block.flatMap((size, i) => [(dims[i + 1] ?? 1) / size, size]), ...dims.slice(n + 1)];
  const order = [...block.map((_, i) => 2 * i + 2), 0, ...block.map((_, i) => 2 * i + 1), ...dims.slice(n + 1).map((_, i) => 2 * n + 1 + i)];
  const moved = c.emit('Transpose', [c.emit('Reshape', [padded, c.onnx.ints(cut)])], { perm: order });
  const joined = [(dims[0] ?? 1) * block.reduce((a, b) => a * b, 1), ...block.map((size, i) => (dims[i + 1] ?? 1) / size), ...dims.slice(n + 1)];
  c.set(0, c.emit('Reshape', [moved, c.onnx.ints(joined)]));
}

/** The way back of {@link spaceToBatch}, cropped. */
function batchToSpace(c: NodeContext): void {
  const [block, flat] = [c.constantNumbers(1, 'its block shape'), c.constantNumbers(2, 'its crops')];
  const dims = allNumbers(c.shape(0)) ?? c.refuse('its shape is unknown');
  const n = block.length;
  const batch = (dims[0] ?? 1) / block.reduce((a, b) => a * b, 1);
  const rest = dims.slice(n + 1);
  const order = [n, ...block.flatMap((_, i) => [n + 1 + i, i]), ...rest.map((_, i) => 2 * n + 1 + i)];
  const cut = c.emit('Transpose', [c.emit('Reshape', [c.value(0), c.onnx.ints([...block, batch, ...dims.slice(1)])])], { perm: order });
  const sizes = block.map((size, i) => size * (dims[i + 1] ?? 1));
  const whole = c.emit('Reshape', [cut, c.onnx.ints([batch, ...sizes, ...rest])]);
  const axes = c.onnx.ints(block.map((_, i) => i + 1));
  c.set(0, c.emit('Slice', [whole, c.onnx.ints(block.map((_, i) => flat[2 * i] ?? 0)), c.onnx.ints(sizes.map((size, i) => size - (flat[2 * i + 1] ?? 0))), axes]));
}

export const movementRules: Rules = {
  ConcatV2: (c) => join(c, 0, c.inputCount - 1, c.inputCount - 1),
  Concat: (c) => join(c, 1, c.inputCount, 0),
  Pack: pack,
  Unpack: unpack,
  Split: split(1, 0, undefined),
  SplitV: split(0, 2, 1),
  Slice: slice,
  StridedSlice: stridedSlice,
  Pad: pad(() => 'constant'),
  PadV2: pad(() => 'constant'),
  MirrorPad: mirrorPad,
  Gather: (c) => gather(c, 0, 0),
  GatherV2: (c) => gather(c, c.constantNumbers(2, 'its axis')[0] ?? 0, c.int('batch_dims', 0)),
  GatherNd: (c) => c.set(0, c.emit('GatherND', [c.value(0), c.onnx.cast(c.value(1), 'int64')])),
  ScatterNd: scatterNd,
  TensorScatterUpdate: (c) => c.set(0, c.emit('ScatterND', [c.value(0), c.onnx.cast(c.value(1), 'int64'), c.value(2)])),
  ReverseV2: reverse,
  DepthToSpace: depthToSpace,
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
};
