// Convolutions and pooling. Sizes: ONNX Operators (Conv, ConvTranspose, MaxPool, AveragePool).
import { addDimensions, divideExactly, multiplyDimensions, productOf, subtractDimensions } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import type { ElementType } from '../../tensor/elementType';
import type { OperatorContext } from '../context';
import { counted, row } from '../row';
import type { CostRule, OperatorCost, OperatorRow, WeightInput } from '../row';
import { contraction, elementsOf, flopsPerElement, perElement, slide, tensorOf, unknownShape, windowOf } from '../shapes';

type Types = readonly (ValueType | undefined)[];

/**
 * [N, C, spatial…] and [M, C / group, kernel…] → [N, M, spatial…]; with `channels_last` (com.microsoft) [N, spatial…, C] → [N, spatial…, M].
 * `x` and `w` are the inputs that hold them.
 */
export function convolutionShape(context: OperatorContext, x: number, w: number): Shape | undefined {
  const last = context.int('channels_last', 0) === 1;
  const given = context.shape(x);
  const input = last && given !== undefined ? [given[0], given.at(-1), ...given.slice(1, -1)] : given;
  const weight = context.shape(w);
  const rank = input?.length ?? weight?.length;
  if (input === undefined || rank === undefined) return rank === undefined ? undefined : unknownShape(rank).with(1, weight?.[0]);
  if (input.length < 3) throw context.contradiction('a convolution needs a batch, a channel and a spatial axis');
  if (weight !== undefined && weight.length !== input.length) throw context.contradiction(`the weight has rank ${weight.length}, the input ${input.length}`);
  const group = context.int('group', 1);
  const channels = input[1];
  const perGroup = weight?.[1];
  if (typeof channels === 'number' && typeof perGroup === 'number' && channels !== perGroup * group) throw context.contradiction(`${channels} input channels, but the weight takes ${perGroup} in each of ${group} groups`);
  const spatial = input.slice(2);
  const window = windowOf(context, spatial.length, weight?.slice(2) ?? unknownShape(spatial.length));
  const steps = slide(context, spatial, window);
  return last ? [input[0], ...steps, weight?.[0]] : [input[0], weight?.[0], ...steps];
}

/** MACs: output elements × (C / group) × kernel; the bias is one operation per output element. */
function convolutionCost(context: OperatorContext, x: number, w: number, bias: number): OperatorCost {
  const output = convolutionShape(context, x, w);
  const weight = context.shape(w);
  const macs = multiplyDimensions(elementsOf(output), weight === undefined ? undefined : productOf(weight.slice(1)));
  return contraction(macs, context.has(bias) ? elementsOf(output) : 0);
}

export const convolves = (x: number, w: number, bias: number): CostRule =>
  counted('MACs: output elements × inputs per group × kernel; 1 per output element with bias', (context) => convolutionCost(context, x, w, bias));

export function transposedShape(context: OperatorContext): Shape | undefined {
  const input = context.shape(0);
  const weight = context.shape(1);
  if (input === undefined) return undefined;
  if (input.length < 3) throw context.contradiction('a transposed convolution needs a batch, a channel and a spatial axis');
  if (weight !== undefined && weight.length !== input.length) throw context.contradiction(`the weight has rank ${weight.length}, the input ${input.length}`);
  const [channelsIn, channelsTaken] = [input[1], weight?.[0]];
  if (typeof channelsIn === 'number' && typeof channelsTaken === 'number' && channelsIn !== channelsTaken) throw context.contradiction(`${channelsIn} input channels, but the weight takes ${channelsTaken}`);
  const spatial = input.slice(2);
  const window = windowOf(context, spatial.length, weight?.slice(2) ?? unknownShape(spatial.length));
  const channels = multiplyDimensions(weight?.[1], context.int('group', 1));
  const fixed = context.ints('output_shape');
  if (fixed !== undefined) return [input[0], channels, ...fixed.slice(-spatial.length)];
  const extra = context.ints('output_padding') ?? [];
  return [
    input[0],
    channels,
    ...spatial.map((size, axis): Dimension => {
      const stride = window.strides[axis] ?? 1;
      if (window.pads === undefined) return multiplyDimensions(size, stride);
      const extent = addDimensions(multiplyDimensions(subtractDimensions(window.kernel[axis], 1), window.dilations[axis] ?? 1), 1);
      const padding = (window.pads[axis] ?? 0) + (window.pads[axis + spatial.length] ?? 0);
      return addDimensions(addDimensions(multiplyDimensions(subtractDimensions(size, 1), stride), extent), (extra[axis] ?? 0) - padding);
    }),
  ];
}

/** MACs: input elements × (M / group) × kernel. */
function transposedCost(context: OperatorContext): OperatorCost {
  const weight = context.shape(1);
  const macs = multiplyDimensions(elementsOf(context.shape(0)), weight === undefined ? undefined : productOf(weight.slice(1)));
  return contraction(macs, context.has(2) ? elementsOf(transposedShape(context)) : 0);
}

/** [N, C, spatial…] → [N, C, spatial…]; with `channelsLast` [N, spatial…, C]. */
export function poolShape(context: OperatorContext, channelsLast = context.int('channels_last', 0) === 1): Shape | undefined {
  const input = context.shape(0);
  if (input === undefined) return undefined;
  if (input.length < 3) throw context.contradiction('pooling needs a batch, a channel and a spatial axis');
  const window = windowOf(context, input.length - 2);
  return channelsLast ? [input[0], ...slide(context, input.slice(1, -1), window), input.at(-1)] : [...input.slice(0, 2), ...slide(context, input.slice(2), window)];
}

/** One comparison or addition per window element. */
export const pools = (shape: (context: OperatorContext) => Shape | undefined = poolShape): CostRule =>
  counted('1 per element of each window', (context) => flopsPerElement(shape(context), (context.ints('kernel_shape') ?? []).reduce((product, size) => product * size, 1)));

function globalShape(context: OperatorContext): Shape | undefined {
  return context.shape(0)?.map((dimension, axis) => (axis < 2 ? dimension : 1));
}

function unpoolShape(context: OperatorContext): Shape | undefined {
  const input = context.shape(0);
  if (input === undefined) return undefined;
  if (context.has(2)) return context.values(2) ?? unknownShape(input.length);
  const spatial = input.slice(2);
  const window = windowOf(context, spatial.length);
  return [
    ...input.slice(0, 2),
    ...spatial.map((size, axis) => {
      const padding = (window.pads?.[axis] ?? 0) + (window.pads?.[axis + spatial.length] ?? 0);
      return subtractDimensions(addDimensions(multiplyDimensions(subtractDimensions(size, 1), window.strides[axis] ?? 1), window.kernel[axis]), padding);
    }),
  ];
}

export const kernelWeights: readonly WeightInput[] = [
  { input: 1, role: 'weight', outputAxis: 0, inputAxis: 1 },
  { input: 2, role: 'bias', outputAxis: 0 },
];

const output = (type: ElementType | undefined, shape: Shape | undefined): Types => [tensorOf(type, shape)];

/** Col2Im: [N, C · block, L] → [N, C, image…]. */
function col2ImShape(context: OperatorContext): Shape | undefined {
  const input = context.shape(0);
  const image = context.values(1);
  const block = context.values(2);
  if (image === undefined) return undefined;
  return [input?.[0], block === undefined ? undefined : divideExactly(input?.[1], productOf(block)), ...image];
}

/** The last k − 1 inputs of each channel: [N, C, k − 1]. */
function causalState(context: OperatorContext): ValueType | undefined {
  const [batch, channels] = context.shape(0) ?? [];
  return tensorOf(context.elementType(0), [batch, channels, subtractDimensions(context.shape(1)?.at(-1), 1)]);
}

/** Depthwise: every element meets one kernel. */
const causal = counted('MACs: elements × kernel', (context) => contraction(productOf([elementsOf(context.shape(0)), ...(context.shape(1)?.slice(2) ?? [undefined])])));

export const convolutionRows: readonly OperatorRow[] = [
  row('Conv', {
    inputs: 'X W B?',
    outputs: 'Y',
    infer: (context) => output(context.elementType(0), convolutionShape(context, 0, 1)),
    cost: convolves(0, 1, 2),
    weights: kernelWeights,
  }),
  row('FusedConv', {
    domain: 'com.microsoft',
    inputs: 'X W B? Z?',
    outputs: 'Y',
    infer: (context) => output(context.elementType(0), convolutionShape(context, 0, 1)),
    cost: convolves(0, 1, 2),
    weights: kernelWeights,
  }),
  row('ConvInteger', {
    inputs: 'x w x_zero_point? w_zero_point?',
    outputs: 'y',
    infer: (context) => output('int32', convolutionShape(context, 0, 1)),
    cost: convolves(0, 1, 9),
    weights: [
      { input: 1, role: 'weight', outputAxis: 0, inputAxis: 1 },
      { input: 3, role: 'quantization' },
    ],
  }),
  row('QLinearConv', {
    inputs: 'x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point B?',
    outputs: 'y',
    infer: (context) => output(context.elementType(7) ?? context.elementType(0), convolutionShape(context, 0, 3)),
    cost: convolves(0, 3, 8),
    weights: [
      { input: 3, role: 'weight', outputAxis: 0, inputAxis: 1 },
      { input: 8, role: 'bias', outputAxis: 0 },
      ...[1, 2, 4, 5, 6, 7].map((input): WeightInput => ({ input, role: 'quantization' })),
    ],
  }),
  row('ConvTranspose', {
    inputs: 'X W B?',
    outputs: 'Y',
    infer: (context) => output(context.elementType(0), transposedShape(context)),
    cost: counted('MACs: input elements × outputs per group × kernel; 1 per output element with bias', transposedCost),
    weights: [
      { input: 1, role: 'weight', outputAxis: 1, inputAxis: 0 },
      { input: 2, role: 'bias', outputAxis: 0 },
    ],
  }),
  row('DeformConv', {
    inputs: 'X W offset B? mask?',
    outputs: 'Y',
    infer: (context) => output(context.elementType(0), convolutionShape(context, 0, 1)),
    cost: convolves(0, 1, 3),
    weights: [
      { input: 1, role: 'weight', outputAxis: 0, inputAxis: 1 },
      { input: 3, role: 'bias', outputAxis: 0 },
    ],
  }),
  row('CausalConvWithState', {
    domain: 'com.microsoft',
    inputs: 'input weight bias? past_state?',
    outputs: 'output present_state?',
    infer: (context) => [context.type(0), context.type(3) ?? tensorOf(context.elementType(0))],
    cost: causal,
    weights: kernelWeights,
  }),
  row('CausalConvWithState', {
    inputs: 'input weight bias? past_state?',
    outputs: 'output present_state?',
    infer: (context) => [context.type(0), causalState(context)],
    cost: causal,
    weights: kernelWeights,
  }),
  row('MaxPool', { inputs: 'X', outputs: 'Y Indices?', infer: (context) => [tensorOf(context.elementType(0), poolShape(context)), tensorOf('int64', poolShape(context))], cost: pools() }),
  row('AveragePool', { inputs: 'X', outputs: 'Y', infer: (context) => output(context.elementType(0), poolShape(context)), cost: pools() }),
  row('LpPool', { inputs: 'X', outputs: 'Y', infer: (context) => output(context.elementType(0), poolShape(context)), cost: pools() }),
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'].map((opType) =>
    row(opType, { inputs: 'X', outputs: 'Y', infer: (context) => output(context.elementType(0), globalShape(context)), cost: perElement(1) }),
  ),
  row('MaxUnpool', { inputs: 'X I output_shape?', outputs: 'output', infer: (context) => output(context.elementType(0), unpoolShape(context)) }),
  row('MaxRoiPool', {
    inputs: 'X rois',
    outputs: 'Y',
    infer: (context) => output(context.elementType(0), [context.shape(1)?.[0], context.shape(0)?.[1], ...(context.ints('pooled_shape') ?? [undefined, undefined])]),
    cost: perElement(1),
  }),
  row('RoiAlign', { inputs: 'X rois batch_indices', outputs: 'Y', infer: roiAlign, cost: counted('32 per output element: four bilinear samples', roiAlignCost) }),
  row('Col2Im', { inputs: 'input image_shape block_shape', outputs: 'output', infer: (context) => output(context.elementType(0), col2ImShape(context)), cost: perElement(1) }),
];

function roiAlign(context: OperatorContext): Types {
  return [tensorOf(context.elementType(0), [context.shape(1)?.[0], context.shape(0)?.[1], context.int('output_height', 1), context.int('output_width', 1)])];
}

/** Four bilinear samples of four products and sums for each output element. */
function roiAlignCost(context: OperatorContext): OperatorCost {
  const [type] = roiAlign(context);
  return flopsPerElement(type?.kind === 'tensor' ? type.shape : undefined, 4 * 8);
}
