// TensorFlow's convolutions, fused ones too, poolings, and the normalisations over channels.
import { float } from '../../../../graph/construct';
import { activationNamed } from '../activations';
import { fixedDims, type Layout, type NodeContext, type Rules } from '../context';
import { alignedOperands } from '../operands';
import { convolutionKernel, convolve, convolveTransposed, pool, type PoolKind, spatialEntries, type Window, windowInput } from '../window';

const isChannelsFirst = (c: NodeContext): boolean => (c.text('data_format') ?? 'NHWC').startsWith('NC');

function windowOf(c: NodeContext, spatial: number): Omit<Window, 'kernel'> {
  const channelsFirst = isChannelsFirst(c);
  return { strides: spatialEntries(c.ints('strides'), channelsFirst, spatial), dilations: spatialEntries(c.ints('dilations'), channelsFirst, spatial), padding: paddingOf(c, channelsFirst) };
}

function paddingOf(c: NodeContext, channelsFirst: boolean): Window['padding'] {
  const padding = c.text('padding') ?? 'VALID';
  if (padding === 'SAME' || padding === 'VALID') return padding;
  if (padding !== 'EXPLICIT') return c.refuse(`padding ${padding}`);
  const flat = c.ints('explicit_paddings') ?? [];
  const pairs = Array.from({ length: flat.length / 2 }, (_, i): readonly [number, number] => [flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0]);
  return channelsFirst ? pairs.slice(2) : pairs.slice(1, -1);
}

/** Bias, then activation, as `fused_ops` lists them; what they read begins at input `from`. */
export function fused(c: NodeContext, from: number): { readonly hasBias: boolean; readonly activate: (x: string, layout: Layout) => string } {
  const ops = c.texts('fused_ops');
  const hasBias = ops[0] === 'BiasAdd';
  const rest = hasBias ? ops.slice(1) : ops;
  const [name] = rest;
  if (rest.length > 1 || name === 'FusedBatchNorm') return c.refuse(`fused with ${rest.join(', ')}`);
  if (name === 'Prelu') return { hasBias, activate: (x, layout) => prelu(c, x, layout, from + (hasBias ? 1 : 0)) };
  const activation = activationNamed(name ?? 'linear');
  if (activation === undefined) return c.refuse(`fused with ${name ?? ''}`);
  return { hasBias, activate: (x) => activation(c.onnx, x, name === 'LeakyRelu' ? c.float('leakyrelu_alpha', 0.2) : undefined) };
}

/** PRelu's slope broadcasts to its input, never the other way. */
export function prelu(c: NodeContext, x: string, layout: Layout, slope: number): string {
  const { names, layout: aligned } = alignedOperands(c.onnx, [layout === 'first' ? { first: x } : { last: x }, c.held(slope)]);
  if (aligned !== layout) return c.refuse('the shape of its slope');
  return c.emit('PRelu', names);
}

/** A vector over the channels of a Conv; anything else is added after it. */
function channelVector(c: NodeContext, input: number, channels: number): string | undefined {
  const dims = fixedDims(c.shape(input));
  return dims?.length === 1 && dims[0] === channels ? c.value(input) : undefined;
}

function convolution(c: NodeContext, depthwise: boolean, given?: Omit<Window, 'kernel'>): void {
  const { x, result } = windowInput(c, 0, isChannelsFirst(c));
  const kernel = convolutionKernel(c, 1, depthwise);
  const { hasBias, activate } = fused(c, 2);
  const bias = hasBias ? channelVector(c, 2, kernel.channels) : undefined;
  let y = convolve(c, x, kernel, given ?? windowOf(c, kernel.spatial.length), bias);
  if (hasBias && bias === undefined) {
    const { names, layout } = alignedOperands(c.onnx, [result === 'first' ? { first: y } : { last: y }, c.held(2)]);
    if (layout !== result) c.refuse('the shape of its bias');
    y = c.emit('Add', names);
  }
  c.set(0, activate(y, result), result);
}

/** Inputs: the shape of the result, the kernel, and what it is applied to. */
function transposedConvolution(c: NodeContext): void {
  const channelsFirst = isChannelsFirst(c);
  const { x, result } = windowInput(c, 2, channelsFirst);
  const shape = c.values(0);
  const spatial = shape === undefined ? undefined : fixedDims(channelsFirst ? shape.slice(2) : shape.slice(1, -1));
  c.set(0, convolveTransposed(c, x, 1, windowOf(c, 2), undefined, spatial), result);
}

const pooling =
  (kind: PoolKind, spatial: number) =>
  (c: NodeContext): void => {
    const channelsFirst = isChannelsFirst(c);
    const { x, result } = windowInput(c, 0, channelsFirst);
    c.set(0, pool(c, kind, x, { ...windowOf(c, spatial), dilations: Array.from({ length: spatial }, () => 1), kernel: spatialEntries(c.ints('ksize'), channelsFirst, spatial) }), result);
  };

/** Inputs: value, scale, offset, mean, variance. */
function batchNormalization(c: NodeContext): void {
  if (c.flag('is_training', false)) c.refuse('it is in training mode');
  const { x, result } = windowInput(c, 0, isChannelsFirst(c));
  c.set(0, c.emit('BatchNormalization', [x, ...[1, 2, 3, 4].map((input) => c.value(input))], { epsilon: float(c.float('epsilon', 0.001)) }), result);
}

/** TensorFlow: (bias + alpha · Σ over 2·radius + 1 channels)^beta; ONNX divides alpha by the number of channels. */
function localResponse(c: NodeContext): void {
  const size = 2 * c.int('depth_radius', 5) + 1;
  const init = { size, bias: float(c.float('bias', 1)), alpha: float(c.float('alpha', 1) * size), beta: float(c.float('beta', 0.5)) };
  c.set(0, c.emit('LRN', [c.first(0)], init), 'first');
}

const plain = (c: NodeContext): void => convolution(c, false);
const depthwise = (c: NodeContext): void => convolution(c, true);

export const convolutionRules: Rules = {
  Conv1D: (c) => convolution(c, false, { strides: c.ints('stride') ?? [1], dilations: c.ints('dilation') ?? [1], padding: paddingOf(c, isChannelsFirst(c)) }),
  Conv2D: plain,
  Conv3D: plain,
  _FusedConv2D: plain,
  DepthwiseConv2d: depthwise,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2dNative: depthwise,
  Conv2DBackpropInput: transposedConvolution,
  Conv2dTranspose: transposedConvolution,
  MaxPool: pooling('MaxPool', 2),
  MaxPool3D: pooling('MaxPool', 3),
  AvgPool: pooling('AveragePool', 2),
  AvgPool3D: pooling('AveragePool', 3),
  FusedBatchNorm: batchNormalization,
  FusedBatchNormV2: batchNormalization,
  FusedBatchNormV3: batchNormalization,
  LRN: localResponse,
  Prelu: (c) => {
    const layout = c.isFirst(0) ? 'first' : 'last';
    c.set(0, prelu(c, c.in(0, layout), layout, 1), layout);
  },
};
