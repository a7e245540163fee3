// Convolutions and matrix products with constant weights: multiplying their output or input channels, adding to them.
import type { Node } from '../../graph/model';
import type { GraphEditor } from '../../graph/rewrite';
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../graph/traverse';
import { elementCount, type Tensor } from '../../tensor/tensor';
import type { SimplifyContext } from './context';
import { type ChannelFactors, floatTensor, rowSums, scaleTensor } from './scaled';

/** y = scale · x + shift, per channel or (length 1) for all alike. */
export interface ChannelAffine {
  readonly scale?: Float64Array;
  readonly shift?: Float64Array;
}

export interface LinearLayer {
  readonly node: Node;
  readonly weight: Tensor;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Rank of the output where the weights tell it. */
  readonly rank: number | undefined;
  /** Axis of the output channels counted from the end of the output: 0 is the last. */
  readonly channelAxisFromEnd: number;
  readonly outputFactors: (scale: Float64Array) => ChannelFactors;
  readonly inputFactors: (scale: Float64Array) => ChannelFactors;
  /** False for MatMul, whose bias is a node of its own that the runtime fuses. */
  readonly takesBias: boolean;
  /** Whether a constant added to the input is the same as one added to the output: no padding, each input channel fully summed. */
  readonly shiftableInput: boolean;
}

/** Weights shared by several layers above this size are not copied to fold something into one of them. */
const copyableBytes = 1 << 14;

/** The layer a node is, when its weights are a constant float32 tensor; undefined otherwise. */
export function linearLayer(node: Node, scope: GraphEditor): LinearLayer | undefined {
  if (node.domain !== '') return undefined;
  const weight = scope.constant(node.inputs[1] ?? '');
  if (weight?.elementType !== 'float32' || elementCount(weight.dims) === 0) return undefined;
  switch (node.opType) {
    case 'Conv':
      return convolution(node, weight);
    case 'ConvTranspose':
      return transposedConvolution(node, weight);
    case 'Gemm':
      return gemm(node, weight);
    case 'MatMul':
      return matMul(node, weight);
    default:
      return undefined;
  }
}

/** W is [M, C/group, …kernel] (ONNX Conv). */
function convolution(node: Node, weight: Tensor): LinearLayer | undefined {
  const [outputs = 0, perGroup = 0, ...kernel] = weight.dims;
  const group = intAttribute(node, 'group', 1);
  if (weight.dims.length < 3 || outputs % group !== 0) return undefined;
  const inner = elementCount(kernel);
  return {
    node,
    weight,
    inputChannels: perGroup * group,
    outputChannels: outputs,
    rank: weight.dims.length,
    channelAxisFromEnd: kernel.length,
    outputFactors: (factors) => ({ inner: perGroup * inner, factors }),
    inputFactors: (scale) => {
      if (group === 1) return { inner, factors: scale };
      const outputsPerGroup = outputs / group;
      return { inner, factors: Float64Array.from({ length: outputs * perGroup }, (_, i) => scale[Math.floor(i / perGroup / outputsPerGroup) * perGroup + (i % perGroup)] ?? 1) };
    },
    takesBias: true,
    shiftableInput: !isPadded(node),
  };
}

/** W is [C, M/group, …kernel] (ONNX ConvTranspose). */
function transposedConvolution(node: Node, weight: Tensor): LinearLayer | undefined {
  const [inputs = 0, perGroup = 0, ...kernel] = weight.dims;
  const group = intAttribute(node, 'group', 1);
  if (weight.dims.length < 3 || inputs % group !== 0) return undefined;
  const inner = elementCount(kernel);
  const inputsPerGroup = inputs / group;
  return {
    node,
    weight,
    inputChannels: inputs,
    outputChannels: perGroup * group,
    rank: weight.dims.length,
    channelAxisFromEnd: kernel.length,
    outputFactors: (scale) => ({ inner, factors: Float64Array.from({ length: inputs * perGroup }, (_, i) => scale[Math.floor(i / perGroup / inputsPerGroup) * perGroup + (i % perGroup)] ?? 1) }),
    inputFactors: (factors) => ({ inner: perGroup * inner, factors }),
    takesBias: true,
    shiftableInput: false,
  };
}

/** Y = A·B + C with B [K, N], or [N, K] when transB (ONNX Gemm); alpha and beta must be 1. */
function gemm(node: Node, weight: Tensor): LinearLayer | undefined {
  if (weight.dims.length !== 2 || floatAttribute(node, 'alpha', 1) !== 1 || floatAttribute(node, 'beta', 1) !== 1) return undefined;
  const transposed = intAttribute(node, 'transB', 0) !== 0;
  const [first = 0, second = 0] = weight.dims;
  const [inputs, outputs] = transposed ? [second, first] : [first, second];
  const rows = (factors: Float64Array): ChannelFactors => ({ inner: second, factors });
  const columns = (factors: Float64Array): ChannelFactors => ({ inner: 1, factors });
  return {
    node,
    weight,
    inputChannels: inputs,
    outputChannels: outputs,
    rank: 2,
    channelAxisFromEnd: 0,
    outputFactors: transposed ? rows : columns,
    inputFactors: transposed ? columns : rows,
    takesBias: true,
    shiftableInput: false,
  };
}

function matMul(node: Node, weight: Tensor): LinearLayer | undefined {
  const [inputs, outputs] = weight.dims;
  if (weight.dims.length !== 2 || inputs === undefined || outputs === undefined) return undefined;
  return {
    node,
    weight,
    inputChannels: inputs,
    outputChannels: outputs,
    rank: undefined,
    channelAxisFromEnd: 0,
    outputFactors: (factors) => ({ inner: 1, factors }),
    inputFactors: (factors) => ({ inner: outputs, factors }),
    takesBias: false,
    shiftableInput: false,
  };
}

function isPadded(node: Node): boolean {
  const auto = stringAttribute(node, 'auto_pad') ?? 'NOTSET';
  if (auto === 'VALID') return false;
  if (auto !== 'NOTSET' && auto !== '') return true;
  return intsAttribute(node, 'pads')?.some((pad) => pad !== 0) ?? false;
}

/** Whether {@link foldIntoOutput} would do it. */
export function canFoldOutput(layer: LinearLayer, affine: ChannelAffine, scope: GraphEditor, context: SimplifyContext): boolean {
  const bias = layer.node.inputs[2] ?? '';
  if (affine.shift !== undefined && !layer.takesBias) return false;
  if (bias !== '' && biasOf(layer, scope, context) === undefined) return false;
  return affine.scale === undefined || ownsWeight(layer, scope);
}

/** Makes the layer give scale · y + shift instead of y. */
export function foldIntoOutput(layer: LinearLayer, affine: ChannelAffine, scope: GraphEditor, context: SimplifyContext): void {
  const channels = layer.outputChannels;
  const scale = affine.scale === undefined ? undefined : spread(affine.scale, channels);
  const shift = affine.shift === undefined ? undefined : spread(affine.shift, channels);
  const bias = biasOf(layer, scope, context);
  if (scale !== undefined) replaceConstant(layer.node, 1, scaleTensor(layer.weight, layer.outputFactors(scale)), scope);
  if (bias !== undefined || shift !== undefined)
    replaceConstant(layer.node, 2, floatTensor([channels], Float64Array.from({ length: channels }, (_, c) => (bias?.[c] ?? 0) * (scale?.[c] ?? 1) + (shift?.[c] ?? 0))), scope);
}

/** Whether {@link foldIntoInput} would do it. */
export function canFoldInput(layer: LinearLayer, affine: ChannelAffine, scope: GraphEditor, context: SimplifyContext): boolean {
  if (affine.shift?.some((value) => value !== 0) === true) {
    if (!layer.shiftableInput) return false;
    if ((layer.node.inputs[2] ?? '') !== '' && biasOf(layer, scope, context) === undefined) return false;
  }
  return affine.scale === undefined || ownsWeight(layer, scope);
}

/** Makes the layer, given x, do what it did given scale · x + shift. */
export function foldIntoInput(layer: LinearLayer, affine: ChannelAffine, scope: GraphEditor, context: SimplifyContext): void {
  const { inputChannels, outputChannels, weight } = layer;
  // A shift of zeros leaves the bias alone, which need not be a constant then.
  if (affine.shift?.some((value) => value !== 0) === true) {
    const shift = spread(affine.shift, inputChannels);
    const perGroup = weight.dims[1] ?? 0;
    const groups = inputChannels / perGroup;
    const bias = biasOf(layer, scope, context);
    const sums = rowSums(weight, elementCount(weight.dims) / (outputChannels * perGroup));
    const values = Float64Array.from({ length: outputChannels }, (_, m) => {
      const firstInput = Math.floor(m / (outputChannels / groups)) * perGroup;
      let sum = bias?.[m] ?? 0;
      for (let c = 0; c < perGroup; c++) sum += (sums[m * perGroup + c] ?? 0) * (shift[firstInput + c] ?? 0);
      return sum;
    });
    replaceConstant(layer.node, 2, floatTensor([outputChannels], values), scope);
  }
  if (affine.scale !== undefined) replaceConstant(layer.node, 1, scaleTensor(weight, layer.inputFactors(spread(affine.scale, inputChannels))), scope);
}

/** The bias as one value per output channel; undefined when absent or not a constant of such a shape. */
function biasOf(layer: LinearLayer, scope: GraphEditor, context: SimplifyContext): Float64Array | undefined {
  const name = layer.node.inputs[2] ?? '';
  const tensor = scope.constant(name);
  if (tensor?.elementType !== 'float32') return undefined;
  const count = elementCount(tensor.dims);
  if (count !== 1 && (count !== layer.outputChannels || tensor.dims.at(-1) !== count)) return undefined;
  const numbers = context.numbers(scope, name);
  return numbers === undefined ? undefined : spread(numbers, layer.outputChannels);
}

function spread(values: Float64Array, channels: number): Float64Array {
  return values.length === 1 ? new Float64Array(channels).fill(values[0] ?? 0) : values;
}

/** Whether the layer's weights may be replaced by others: nothing else reads them, or they are few. */
export function ownsWeight(layer: LinearLayer, scope: GraphEditor): boolean {
  return scope.useCount(layer.node.inputs[1] ?? '') === 1 || layer.weight.source.byteLength <= copyableBytes;
}

/** Gives a node's constant input another tensor: in its place when nothing else reads it, else beside it. */
function replaceConstant(node: Node, input: number, tensor: Tensor, scope: GraphEditor): void {
  const old = node.inputs[input] ?? '';
  if (old !== '' && scope.useCount(old) === 1 && scope.resolve(old).graph.initializers.has(old)) {
    scope.resolve(old).graph.initializers.set(old, { ...tensor, name: old });
    return;
  }
  scope.setInput(node, input, scope.addInitializer(tensor, old === '' ? `${node.outputs[0] ?? node.name}.bias` : old));
}
