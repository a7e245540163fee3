// Keras's layers that merge, reshape, pad, crop and resize; and those that do nothing when a model is only run.
import { type Held, type NodeContext, type Rule, type Rules, shapeOf } from '../context';
import { axisIn, layoutOf, perAxis, positiveAxes } from '../axes';
import { alignedOperands, type Operands, unified } from '../operands';
import { resize, resizeAttributes } from '../tensorflow/image';
import { idleLayers } from '../../kerasLayers';
import { isChannelsFirst, perSpatialAxis } from './layer';

const nothing: Rule = (c) => c.setHeld(0, c.held(0));

/** All inputs at the highest rank: Keras puts the missing axes after the batch. */
function merged(c: NodeContext): Operands {
  const inputs = [...c.node.inputs.keys()];
  const rank = Math.max(...inputs.map((input) => c.rank(input)));
  const held = inputs.map((input): Held => {
    const missing = rank - c.rank(input);
    return missing === 0 ? c.held(input) : { last: c.emit('Unsqueeze', [c.value(input), c.onnx.ints(Array.from({ length: missing }, (_, i) => i + 1))]) };
  });
  const { names, layout } = alignedOperands(c.onnx, held);
  return { names: unified(c.onnx, names, 'int32').names, layout };
}

const merge =
  (opType: string, finish: (c: NodeContext, sum: string, count: number) => string = (_, sum) => sum): Rule =>
  (c) => {
    const { names, layout } = merged(c);
    const [first = ''] = names;
    c.set(0, finish(c, names.slice(1).reduce((sum, name) => c.emit(opType, [sum, name]), first), names.length), layout);
  };
const average = merge('Add', (c, sum, count) => c.emit('Mul', [sum, c.onnx.scalar(1 / count)]));

function concatenate(c: NodeContext): void {
  const rank = c.rank(0);
  const [axis = rank - 1] = positiveAxes(c, c.ints('axis') ?? [-1], rank);
  const { names, layout } = merged(c);
  c.set(0, c.emit('Concat', names, { axis: axisIn(layout, axis, rank) }), layout);
}

function flatten(c: NodeContext): void {
  if (isChannelsFirst(c) && c.rank(0) > 2) c.refuse('channels first');
  const shape = shapeOf(c.onnx, c.held(0));
  const same = c.isFirst(0) && shape !== undefined && (shape.at(-1) === 1 || shape.slice(1, -1).every((dimension) => dimension === 1));
  c.set(0, c.emit('Flatten', [same ? c.first(0) : c.value(0)], { axis: 1 }));
}

/** The batch stays: 0 copies it. */
function reshape(c: NodeContext): void {
  c.set(0, c.emit('Reshape', [c.value(0), c.onnx.ints([0, ...(c.ints('target_shape') ?? c.refuse('it has no target shape'))])]));
}

function permute(c: NodeContext): void {
  c.set(0, c.emit('Transpose', [c.value(0)], { perm: [0, ...(c.ints('dims') ?? c.refuse('it has no dims'))] }));
}

function repeatVector(c: NodeContext): void {
  c.set(0, c.emit('Tile', [c.emit('Unsqueeze', [c.value(0), c.onnx.ints([1])]), c.onnx.ints([1, c.int('n', 1), 1])]));
}

/** Pairs per spatial axis, in the value's own axes. @param fallback where the layer does not say */
function spatialPairs(c: NodeContext, attribute: string, spatial: number, fallback: number): readonly (readonly [number, number])[] {
  const flat = c.ints(attribute) ?? [];
  const pairs = Array.from({ length: spatial }, (_, axis): readonly [number, number] => {
    if (flat.length === 2 * spatial) return [flat[2 * axis] ?? 0, flat[2 * axis + 1] ?? 0];
    const both = flat[axis] ?? flat[0] ?? fallback;
    return [both, both];
  });
  const none: readonly [number, number] = [0, 0];
  return isChannelsFirst(c) ? [none, none, ...pairs] : [none, ...pairs, none];
}

const padding =
  (spatial: number): Rule =>
  (c) => {
    const layout = layoutOf(c);
    const pairs = perAxis(layout, spatialPairs(c, 'padding', spatial, 1));
    c.set(0, c.emit('Pad', [c.in(0, layout), c.onnx.ints([...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)]), c.onnx.scalar(0)], { mode: 'constant' }), layout);
  };

/** An end beyond any axis. */
const toEnd = 2 ** 31 - 1;

const cropping =
  (spatial: number): Rule =>
  (c) => {
    const layout = layoutOf(c);
    const pairs = perAxis(layout, spatialPairs(c, 'cropping', spatial, spatial === 2 ? 0 : 1));
    const ends = pairs.map(([, after]) => (after === 0 ? toEnd : -after));
    c.set(0, c.emit('Slice', [c.in(0, layout), c.onnx.ints(pairs.map(([before]) => before)), c.onnx.ints(ends)]), layout);
  };

/** TensorFlow.js resizes without half-pixel centres. */
function upSampling(c: NodeContext): void {
  const factors = perSpatialAxis(c, 'size', 2, 2);
  const first = isChannelsFirst(c);
  const x = first ? c.value(0) : c.first(0);
  const mode = interpolation(c);
  const scales = [1, 1, ...factors];
  const y = c.emit('Resize', [x, '', c.onnx.floats(scales)], resizeAttributes(mode, false, false));
  c.set(0, y, first ? 'last' : 'first');
}

function interpolation(c: NodeContext): 'linear' | 'nearest' {
  const name = c.text('interpolation') ?? 'nearest';
  return name === 'nearest' ? name : name === 'bilinear' ? 'linear' : c.refuse(`interpolation ${name}`);
}

function upSampling1D(c: NodeContext): void {
  const y = c.emit('Resize', [c.first(0), '', c.onnx.floats([1, 1, c.int('size', 2)])], resizeAttributes('nearest', false, false));
  c.set(0, y, 'first');
}

/** TensorFlow.js does not run this layer; Keras resizes with half-pixel centres. Source: TensorFlow, tf.image.resize. */
function resizing(c: NodeContext): void {
  const name = c.text('interpolation') ?? 'bilinear';
  const mode = name === 'nearest' ? 'nearest' : name === 'bilinear' ? 'linear' : c.refuse(`interpolation ${name}`);
  if (c.flag('crop_to_aspect_ratio')) c.refuse('cropping to the aspect ratio');
  c.set(0, resize(c, c.first(0), c.onnx.ints([c.int('height', 0), c.int('width', 0)]), resizeAttributes(mode, false, true)), 'first');
}

function rescaling(c: NodeContext): void {
  const layout = layoutOf(c);
  const scaled = c.emit('Mul', [c.onnx.cast(c.in(0, layout), 'float32'), c.onnx.scalar(c.float('scale', 1))]);
  c.set(0, c.emit('Add', [scaled, c.onnx.scalar(c.float('offset', 0))]), layout);
}

export const shapeRules: Rules = {
  Add: merge('Add'),
  Subtract: merge('Sub'),
  Multiply: merge('Mul'),
  Average: average,
  Maximum: merge('Max'),
  Minimum: merge('Min'),
  Concatenate: concatenate,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  ZeroPadding1D: padding(1),
  ZeroPadding2D: padding(2),
  ZeroPadding3D: padding(3),
  Cropping1D: cropping(1),
  Cropping2D: cropping(2),
  Cropping3D: cropping(3),
  UpSampling1D: upSampling1D,
  UpSampling2D: upSampling,
  Resizing: resizing,
  Rescaling: rescaling,
  ...Object.fromEntries(idleLayers.map((name) => [name, nothing])),
};
