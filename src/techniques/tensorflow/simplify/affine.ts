// Nodes that multiply and add constants channel by channel: batch normalisation, Mul, Add and their like.
import type { Node } from '../../../graph/model';
import type { GraphEditor } from '../../../graph/rewrite';
import { floatAttribute, stringAttribute } from '../../../graph/traverse';
import type { TensorflowContext } from './context';

/** y = scale · x + shift, one number per channel or one for all. */
export interface Affine {
  /** Which input x is. */
  readonly input: number;
  readonly scale?: Float64Array;
  readonly shift?: Float64Array;
}

export const normalizations: readonly string[] = ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'];
export const additions: readonly string[] = ['Add', 'AddV2', 'BiasAdd', 'Sub'];
export const products: readonly string[] = ['Mul', 'RealDiv', 'Div'];
export const affineOperators: readonly string[] = [...normalizations, ...additions, ...products];

/**
 * What a node does to its data channel by channel; undefined where that is not constant, or the constant would give the data more axes.
 * @param rank of the data
 */
export function affineOf(node: Node, rank: number, channels: number, scope: GraphEditor, context: TensorflowContext): Affine | undefined {
  if (normalizations.includes(node.opType)) return normalization(node, channels, scope, context);
  if (node.inputs.length !== 2) return undefined;
  const perChannel = (input: number): Float64Array | undefined => channelNumbers(node.inputs[input] ?? '', rank, channels, scope, context);
  const second = perChannel(1);
  switch (node.opType) {
    case 'BiasAdd':
      return second === undefined || (stringAttribute(node, 'data_format') ?? 'NHWC') !== 'NHWC' ? undefined : { input: 0, shift: second };
    case 'Add':
    case 'AddV2':
    case 'Mul': {
      const numbers = second ?? perChannel(0);
      if (numbers === undefined) return undefined;
      const input = second === undefined ? 1 : 0;
      return node.opType === 'Mul' ? { input, scale: numbers } : { input, shift: numbers };
    }
    case 'Sub':
      return second === undefined ? undefined : { input: 0, shift: second.map((value) => -value) };
    case 'RealDiv':
    case 'Div':
      return second?.every((value) => value !== 0) === true ? { input: 0, scale: second.map((value) => 1 / value) } : undefined;
    default:
      return undefined;
  }
}

/** A constant as one number per channel, or one for all: its last axis is the channels', any others have size 1. */
function channelNumbers(name: string, rank: number, channels: number, scope: GraphEditor, context: TensorflowContext): Float64Array | undefined {
  const dims = scope.constant(name)?.dims;
  const numbers = dims === undefined || dims.length > rank ? undefined : context.floats(scope, name);
  if (numbers === undefined || (numbers.length !== 1 && (numbers.length !== channels || dims?.at(-1) !== channels))) return undefined;
  return numbers.every(Number.isFinite) ? numbers : undefined;
}

/** Source: TensorFlow, FusedBatchNorm: y = scale · (x − mean) / √(variance + ε) + offset, inputs x, scale, offset, mean, variance. TensorFlow.js takes the mean and variance given, whether in training or not. */
function normalization(node: Node, channels: number, scope: GraphEditor, context: TensorflowContext): Affine | undefined {
  if (node.inputs.length !== 5 || node.outputs.length !== 1 || (stringAttribute(node, 'data_format') ?? 'NHWC') !== 'NHWC') return undefined;
  const [gamma, beta, mean, variance] = node.inputs.slice(1).map((name) => context.floats(scope, name));
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined || [gamma, beta, mean, variance].some(({ length }) => length !== channels)) return undefined;
  const epsilon = floatAttribute(node, 'epsilon', defaultEpsilon);
  const scale = gamma.map((value, c) => value / Math.sqrt((variance[c] ?? 0) + epsilon));
  const shift = beta.map((value, c) => value - (mean[c] ?? 0) * (scale[c] ?? 0));
  return [...scale, ...shift].every(Number.isFinite) ? { input: 0, scale, shift } : undefined;
}

/** Source: tfjs-converter, op_list/normalization.ts: the default where a node says none. */
const defaultEpsilon = 0.001;

/** One number for all channels, or one for each, as one for each. */
export function spread(values: Float64Array, channels: number): Float64Array {
  return values.length === 1 ? new Float64Array(channels).fill(values[0] ?? 0) : values;
}
