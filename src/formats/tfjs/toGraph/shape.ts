// Keras's layers that merge, reshape, pad and resize as TensorFlow's nodes; and those that do nothing when a model is only run.
import { idleLayers } from '../kerasLayers';
import type { Layer, LayerRule, LayerRules } from './layer';
import type { Dims } from './writer';

const nothing: LayerRule = (layer) => layer.x;

/** The dimensions all inputs are spread to. @throws NotExpressed where their ranks differ: Keras puts the missing axes after the batch */
function mergedDims(layer: Layer): Dims {
  const all = layer.inputs.map((input) => layer.dims(input));
  const [first = layer.refuse('it has no inputs')] = all;
  if (all.some(({ length }) => length !== first.length)) layer.refuse('its inputs have different ranks');
  return first.map((_, axis) => all.reduce((size: number | undefined, dims) => (size === 1 ? dims[axis] : dims[axis] === undefined && axis > 0 ? undefined : size), 1));
}

const merge =
  (op: string, finish: LayerFinish = (_, value) => value): LayerRule =>
  (layer) => {
    const dims = mergedDims(layer);
    const [first = '', ...rest] = layer.inputs;
    return finish(layer, rest.reduce((sum, input) => layer.emit(op, [sum, input], dims), first), dims);
  };

type LayerFinish = (layer: Layer, value: string, dims: Dims) => string;

const average = merge('AddV2', (layer, sum, dims) => layer.emit('Mul', [sum, layer.graph.floats('share', [1 / layer.inputs.length])], dims));

function concatenate(layer: Layer): string {
  const all = layer.inputs.map((input) => layer.dims(input));
  const [first = layer.refuse('it has no inputs')] = all;
  const [given = -1] = layer.ints('axis') ?? [-1];
  const axis = given < 0 ? given + first.length : given;
  if (all.some(({ length }) => length !== first.length)) layer.refuse('its inputs have different ranks');
  const sizes = all.map((dims) => dims[axis]);
  const total = sizes.every((size) => size !== undefined) ? sizes.reduce((sum, size) => sum + size, 0) : undefined;
  return layer.emit('ConcatV2', [...layer.inputs, layer.graph.ints('axis', [axis], [])], first.map((size, at) => (at === axis ? total : size)), { N: layer.inputs.length, Tidx: 'DT_INT32' });
}

/** @throws NotExpressed where a size other than the batch's is open: only one may be left to the runtime */
function knownSizes(layer: Layer): readonly number[] {
  return layer.dims().slice(1).map((size) => size ?? layer.refuse('the sizes of its input are not all known'));
}

function shaped(layer: Layer, sizes: readonly number[]): string {
  return layer.emit('Reshape', [layer.x, layer.graph.ints('shape', [-1, ...sizes])], [layer.dims()[0], ...sizes], { Tshape: 'DT_INT32' });
}

function flatten(layer: Layer): string {
  if (layer.dims().length > 2) layer.channelsLast();
  return shaped(layer, [knownSizes(layer).reduce((product, size) => product * size, 1)]);
}

function reshape(layer: Layer): string {
  const target = layer.ints('target_shape') ?? layer.refuse('it has no target shape');
  const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);
  const rest = product(target.filter((size) => size !== -1));
  return shaped(layer, target.includes(-1) ? target.map((size) => (size === -1 ? product(knownSizes(layer)) / rest : size)) : target);
}

function permute(layer: Layer): string {
  const order = [0, ...(layer.ints('dims') ?? layer.refuse('it has no dims'))];
  const dims = layer.ofRank(order.length);
  return layer.emit('Transpose', [layer.x, layer.graph.ints('order', order)], order.map((axis) => dims[axis]), { Tperm: 'DT_INT32' });
}

function zeroPadding(layer: Layer): string {
  layer.channelsLast();
  const [batch, rows, columns, channels] = layer.ofRank(4);
  const flat = layer.ints('padding') ?? [1];
  const [top = 1, bottom = 1, left = 1, right = 1] = flat.length === 4 ? flat : [flat[0], flat[0], flat[1] ?? flat[0], flat[1] ?? flat[0]];
  const grown = (size: number | undefined, by: number): number | undefined => (size === undefined ? undefined : size + by);
  return layer.emit('Pad', [layer.x, layer.graph.ints('paddings', [0, 0, top, bottom, left, right, 0, 0], [4, 2])], [batch, grown(rows, top + bottom), grown(columns, left + right), channels], { Tpaddings: 'DT_INT32' });
}

/** TensorFlow.js resizes without half-pixel centres. Source: tfjs-layers, layers/convolutional.ts, UpSampling2D. */
function upSampling(layer: Layer): string {
  layer.channelsLast();
  const [batch, rows, columns, channels] = layer.ofRank(4);
  if (rows === undefined || columns === undefined) return layer.refuse('the sizes of its input are not all known');
  const factors = layer.pair('size', 2);
  const mode = layer.text('interpolation') ?? 'nearest';
  const op = mode === 'nearest' ? 'ResizeNearestNeighbor' : mode === 'bilinear' ? 'ResizeBilinear' : layer.refuse(`interpolation ${mode}`);
  const size = [rows * factors[0], columns * factors[1]] as const;
  const no = { type: 'int', value: 0 } as const;
  return layer.emit(op, [layer.x, layer.graph.ints('size', size)], [batch, ...size, channels], { align_corners: no, half_pixel_centers: no });
}

const rescaling: LayerRule = (layer) => {
  const { graph } = layer;
  const dims = layer.dims();
  return layer.emit('AddV2', [layer.emit('Mul', [layer.x, graph.floats('scale', [layer.float('scale', 1)])], dims), graph.floats('offset', [layer.float('offset', 0)])], dims);
};

export const shapeRules: LayerRules = {
  Add: merge('AddV2'),
  Subtract: merge('Sub'),
  Multiply: merge('Mul'),
  Average: average,
  Maximum: merge('Maximum'),
  Minimum: merge('Minimum'),
  Concatenate: concatenate,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  ZeroPadding2D: zeroPadding,
  UpSampling2D: upSampling,
  Rescaling: rescaling,
  ...Object.fromEntries(idleLayers.map((name) => [name, nothing])),
};
