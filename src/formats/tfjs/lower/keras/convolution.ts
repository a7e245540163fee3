// Keras's convolutions and poolings.
import type { NodeContext, Rule, Rules } from '../context';
import { convolutionKernel, convolve, convolveTransposed, pool, type PoolKind, windowInput } from '../window';
import { activated, biasAt, isChannelsFirst, perSpatialAxis, windowOf } from './layer';

const convolution =
  (depthwise: boolean): Rule =>
  (c) => {
    const { x, result } = windowInput(c, 0, isChannelsFirst(c));
    const kernel = convolutionKernel(c, 1, depthwise);
    c.set(0, activated(c, convolve(c, x, kernel, windowOf(c, kernel.spatial), biasAt(c, 2)), result), result);
  };

/** Depthwise, then a convolution of size 1 over its channels. */
function separable(c: NodeContext): void {
  const { x, result } = windowInput(c, 0, isChannelsFirst(c));
  const depthwise = convolutionKernel(c, 1, true);
  const pointwise = convolutionKernel(c, 2);
  const ones = pointwise.spatial.map(() => 1);
  const between = convolve(c, x, depthwise, windowOf(c, depthwise.spatial), undefined);
  c.set(0, activated(c, convolve(c, between, pointwise, { strides: ones, dilations: ones, padding: 'VALID' }, biasAt(c, 3)), result), result);
}

const transposed: Rule = (c) => {
  const { x, result } = windowInput(c, 0, isChannelsFirst(c));
  if ((c.ints('output_padding') ?? []).length > 0) c.refuse('output_padding');
  c.set(0, activated(c, convolveTransposed(c, x, 1, windowOf(c, (c.ints('kernel_size') ?? []).length > 0 ? perSpatialAxis(c, 'kernel_size', c.rank(0) - 2) : []), biasAt(c, 2)), result), result);
};

const pooling =
  (kind: PoolKind, spatial: number): Rule =>
  (c) => {
    const { x, result } = windowInput(c, 0, isChannelsFirst(c));
    const kernel = perSpatialAxis(c, 'pool_size', spatial, 2);
    const strides = c.ints('strides') === undefined ? kernel : perSpatialAxis(c, 'strides', spatial);
    c.set(0, pool(c, kind, x, { ...windowOf(c, kernel), kernel, strides, dilations: kernel.map(() => 1) }), result);
  };

/** Over all spatial axes. */
const globalPooling =
  (opType: string): Rule =>
  (c) => {
    const { x, result } = windowInput(c, 0, isChannelsFirst(c));
    const pooled = c.emit(opType, [x]);
    if (c.flag('keepdims')) c.set(0, pooled, result);
    else c.set(0, c.emit('Flatten', [pooled], { axis: 1 }));
  };

const maxima = globalPooling('GlobalMaxPool');
const averages = globalPooling('GlobalAveragePool');

export const convolutionRules: Rules = {
  Conv1D: convolution(false),
  Conv2D: convolution(false),
  Conv3D: convolution(false),
  Convolution1D: convolution(false),
  Convolution2D: convolution(false),
  DepthwiseConv2D: convolution(true),
  SeparableConv1D: separable,
  SeparableConv2D: separable,
  Conv1DTranspose: transposed,
  Conv2DTranspose: transposed,
  Conv3DTranspose: transposed,
  MaxPooling1D: pooling('MaxPool', 1),
  MaxPooling2D: pooling('MaxPool', 2),
  MaxPooling3D: pooling('MaxPool', 3),
  AveragePooling1D: pooling('AveragePool', 1),
  AveragePooling2D: pooling('AveragePool', 2),
  AveragePooling3D: pooling('AveragePool', 3),
  GlobalMaxPooling1D: maxima,
  GlobalMaxPooling2D: maxima,
  GlobalMaxPooling3D: maxima,
  GlobalAveragePooling1D: averages,
  GlobalAveragePooling2D: averages,
  GlobalAveragePooling3D: averages,
};
