// Keras's convolutions and poolings of images as TensorFlow's nodes.
import { activated } from './activations';
import { type Layer, type LayerRule, type LayerRules, windowed } from './layer';
import type { Dims } from './writer';

/** One convolution of an image by weights `[height, width, …]`. */
function convolve(layer: Layer, op: 'Conv2D' | 'DepthwiseConv2dNative', x: string, weight: number, step: Window): string {
  const [height = 0, width = 0, channels = 0, filters = 0] = layer.tensor(weight).dims;
  const { padding, strides, dilations } = step;
  const [batch, rows, columns] = layer.dims(x);
  const dims: Dims = [batch, windowed(rows, height, strides[0], padding, dilations[0]), windowed(columns, width, strides[1], padding, dilations[1]), op === 'Conv2D' ? filters : channels * filters];
  return layer.emit(op, [x, layer.weight(weight)], dims, { strides: [1, ...strides, 1], padding, data_format: 'NHWC', dilations: [1, ...dilations, 1], explicit_paddings: [] });
}

interface Window {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padding: 'SAME' | 'VALID';
}

function windowOf(layer: Layer): Window {
  layer.channelsLast();
  layer.ofRank(4);
  return { strides: layer.pair('strides', 1), dilations: layer.pair('dilation_rate', 1), padding: layer.padding() };
}

const convolution =
  (op: 'Conv2D' | 'DepthwiseConv2dNative'): LayerRule =>
  (layer) => {
    if (layer.int('groups', 1) !== 1) layer.refuse(`its ${layer.int('groups', 1)} groups`);
    return activated(layer, layer.biased(convolve(layer, op, layer.x, 0, windowOf(layer)), 1));
  };

/** Depthwise, then a convolution of size 1 over its channels. */
function separable(layer: Layer): string {
  const between = convolve(layer, 'DepthwiseConv2dNative', layer.x, 0, windowOf(layer));
  return activated(layer, layer.biased(convolve(layer, 'Conv2D', between, 1, { strides: [1, 1], dilations: [1, 1], padding: 'VALID' }), 2));
}

const pooling =
  (op: 'MaxPool' | 'AvgPool'): LayerRule =>
  (layer) => {
    layer.channelsLast();
    const [batch, rows, columns, channels] = layer.ofRank(4);
    const kernel = layer.pair('pool_size', 2);
    const strides = layer.ints('strides') === undefined ? kernel : layer.pair('strides', 1);
    const padding = layer.padding();
    const dims: Dims = [batch, windowed(rows, kernel[0], strides[0], padding), windowed(columns, kernel[1], strides[1], padding), channels];
    return layer.emit(op, [layer.x], dims, { ksize: [1, ...kernel, 1], strides: [1, ...strides, 1], padding, data_format: 'NHWC', explicit_paddings: [] });
  };

/** Over all spatial axes. */
const globalPooling =
  (op: 'Max' | 'Mean', spatial: number): LayerRule =>
  (layer) => {
    layer.channelsLast();
    const dims = layer.ofRank(spatial + 2);
    const keep = layer.flag('keepdims');
    const axes = layer.graph.ints('axes', Array.from({ length: spatial }, (_, i) => i + 1));
    return layer.emit(op, [layer.x, axes], keep ? [dims[0], ...new Array<number>(spatial).fill(1), dims.at(-1)] : [dims[0], dims.at(-1)], { keep_dims: { type: 'int', value: keep ? 1 : 0 } });
  };

export const convolutionRules: LayerRules = {
  Conv2D: convolution('Conv2D'),
  Convolution2D: convolution('Conv2D'),
  DepthwiseConv2D: convolution('DepthwiseConv2dNative'),
  SeparableConv2D: separable,
  MaxPooling2D: pooling('MaxPool'),
  AveragePooling2D: pooling('AvgPool'),
  GlobalMaxPooling1D: globalPooling('Max', 1),
  GlobalMaxPooling2D: globalPooling('Max', 2),
  GlobalAveragePooling1D: globalPooling('Mean', 1),
  GlobalAveragePooling2D: globalPooling('Mean', 2),
};
