// Convolutions and matrix products with constant weights, fused or not: what they are made of, and writing them back with more folded in.
// Source: tfjs-converter, operations/executors/convolution_executor.ts and matrices_executor.ts; op_list/convolution.ts, matrices.ts.
import { float } from '../../../graph/construct';
import type { Attribute, Node } from '../../../graph/model';
import { type GraphEditor, mergedOrigin } from '../../../graph/rewrite';
import { intAttribute, stringAttribute } from '../../../graph/traverse';
import { elementCount, type Tensor } from '../../../tensor/tensor';
import { type ChannelFactors, floatTensor, scaleTensor } from '../../simplify/scaled';
import type { TensorflowContext } from './context';

/** What a fused layer does after adding its bias. */
export interface Activation {
  /** As TensorFlow writes it: `Relu6`. */
  readonly op: string;
  /** Prelu's slopes: a value of one per channel. */
  readonly slopes?: string;
  /** LeakyRelu's slope. */
  readonly alpha?: number;
}

interface Kind {
  readonly plain: string;
  readonly fused: string;
  /** Rank of its data, and of its weights. */
  readonly rank: number;
}

const convolution: Kind = { plain: 'Conv2D', fused: '_FusedConv2D', rank: 4 };
const depthwise: Kind = { plain: 'DepthwiseConv2dNative', fused: 'FusedDepthwiseConv2dNative', rank: 4 };
const product: Kind = { plain: 'MatMul', fused: '_FusedMatMul', rank: 2 };
const kinds: ReadonlyMap<string, Kind> = new Map([convolution, depthwise, product].flatMap((kind) => [[kind.plain, kind] as const, [kind.fused, kind] as const]));

export const layerOperators: readonly string[] = [...kinds.keys()];

export interface Layer {
  readonly node: Node;
  readonly kind: Kind;
  readonly weight: Tensor;
  readonly inputChannels: number;
  readonly channels: number;
  /** The value that is added, where one is. */
  readonly bias: string | undefined;
  readonly activation: Activation | undefined;
  readonly outputFactors: (scale: Float64Array) => ChannelFactors;
  readonly inputFactors: (scale: Float64Array) => ChannelFactors;
  /** Whether a constant added to the input is the same as one added to the output: every input channel is fully summed. */
  readonly shiftableInput: boolean;
  /** False for products with a transposed operand: there the wasm backend adds a fused bias wrongly from the second row on (TensorFlow.js 4.22). */
  readonly takesBias: boolean;
}

/** The layer a node is, where its weights are a constant and channels come last; undefined otherwise. */
export function layerOf(node: Node | undefined, scope: GraphEditor): Layer | undefined {
  const kind = node === undefined ? undefined : kinds.get(node.opType);
  const weight = scope.constant(node?.inputs[1] ?? '');
  if (node === undefined || kind === undefined || node.outputs.length !== 1 || weight?.elementType !== 'float32') return undefined;
  if (weight.dims.length !== kind.rank || elementCount(weight.dims) === 0 || (stringAttribute(node, 'data_format') ?? 'NHWC') !== 'NHWC') return undefined;
  const fused = fusedParts(node);
  return fused === undefined ? undefined : { node, kind, weight, ...fused, ...channelsOf(node, kind, weight) };
}

/** Bias and activation; undefined for forms that TensorFlow.js refuses or passes over. */
function fusedParts(node: Node): Pick<Layer, 'bias' | 'activation'> | undefined {
  if (kinds.get(node.opType)?.plain === node.opType) return node.inputs.length === 2 ? { bias: undefined, activation: undefined } : undefined;
  const given = node.attributes.get('fused_ops');
  const ops = given?.type === 'strings' ? given.value : [];
  const [first, op, ...more] = ops;
  if (more.length > 0 || (first !== undefined && first !== 'BiasAdd')) return undefined;
  const slopes = op === 'Prelu' ? node.inputs[3] : undefined;
  const count = first === undefined ? 2 : op === 'Prelu' ? 4 : 3;
  if (node.inputs.length !== count) return undefined;
  if (op === undefined) return { bias: node.inputs[2], activation: undefined };
  const alpha = node.attributes.get('leakyrelu_alpha');
  return { bias: node.inputs[2], activation: { op, ...(slopes === undefined ? {} : { slopes }), ...(op === 'LeakyRelu' ? { alpha: alpha?.type === 'float' ? alpha.value : defaultSlope } : {}) } };
}

/** Slope of a fused LeakyRelu that says none. */
const defaultSlope = 0.2;

/** Weights are [height, width, inputs, outputs], of depthwise ones [height, width, inputs, multiplier], of products [inputs, outputs] or transposed. */
function channelsOf(node: Node, kind: Kind, { dims }: Tensor): Pick<Layer, 'inputChannels' | 'channels' | 'outputFactors' | 'inputFactors' | 'shiftableInput' | 'takesBias'> {
  const [before = 0, last = 0] = dims.slice(-2);
  const inLastAxis = (factors: Float64Array): ChannelFactors => ({ inner: 1, factors });
  const inAxisBefore = (factors: Float64Array): ChannelFactors => ({ inner: last, factors });
  if (kind === product) {
    const plainInput = intAttribute(node, 'transpose_a', 0) === 0;
    const transposed = intAttribute(node, 'transpose_b', 0) !== 0;
    return transposed
      ? { inputChannels: last, channels: before, outputFactors: inAxisBefore, inputFactors: inLastAxis, shiftableInput: plainInput, takesBias: false }
      : { inputChannels: before, channels: last, outputFactors: inLastAxis, inputFactors: inAxisBefore, shiftableInput: plainInput, takesBias: plainInput };
  }
  const shiftableInput = stringAttribute(node, 'padding') === 'VALID';
  return { inputChannels: before, channels: kind === depthwise ? before * last : last, outputFactors: inLastAxis, inputFactors: inAxisBefore, shiftableInput, takesBias: true };
}

/** Weights shared by several layers above this size are not copied to fold something into one of them. */
const copyableBytes = 1 << 14;

/** Whether the layer's weights may be multiplied. */
export function mayScale({ node, weight }: Layer, scope: GraphEditor, context: TensorflowContext): boolean {
  return context.mayReplace(weight) && (scope.useCount(node.inputs[1] ?? '') === 1 || weight.source.byteLength <= copyableBytes);
}

/** The bias as one number per channel, zeros where there is none; undefined where it is no constant, or there may be none. */
export function biasOf({ bias, channels, takesBias }: Layer, scope: GraphEditor, context: TensorflowContext): Float64Array | undefined {
  if (!takesBias) return undefined;
  if (bias === undefined) return new Float64Array(channels);
  const numbers = context.floats(scope, bias);
  return numbers?.length === channels && scope.constant(bias)?.dims.length === 1 ? numbers : undefined;
}

/** What becomes of a layer; what is not said stays. */
export interface Change {
  readonly input?: string;
  readonly factors?: ChannelFactors;
  readonly bias?: Float64Array;
  readonly activation?: Activation | undefined;
}

/**
 * Writes the layer, changed, in the place of `last`: the layer itself or the node that reads it alone. That node's name and output stay,
 * since TensorFlow calls a value as its node; the layer's own node goes.
 */
export function writeLayer(layer: Layer, last: Node, change: Change, scope: GraphEditor, context: TensorflowContext): void {
  const { node, kind } = layer;
  const [data = '', weightName = ''] = node.inputs;
  const activation = 'activation' in change ? change.activation : layer.activation;
  const weight = change.factors === undefined ? weightName : replaced(weightName, scaleTensor(layer.weight, change.factors), scope);
  if (change.factors !== undefined) context.noteReplaced(layer.weight);
  // Without a bias TensorFlow.js passes over the activation.
  const bias = change.bias ?? (activation !== undefined && layer.bias === undefined ? new Float64Array(layer.channels) : undefined);
  const biasName = bias === undefined ? layer.bias : layer.bias === undefined ? scope.addInitializer(floatTensor([layer.channels], bias), `${last.name}/bias`) : replaced(layer.bias, floatTensor([layer.channels], bias), scope);
  const extra = [biasName, activation?.slopes].filter((name) => name !== undefined);
  const attributes = new Map<string, Attribute>([...node.attributes].filter(([key]) => !fusedAttributes.has(key)));
  if (biasName !== undefined) {
    attributes.set('fused_ops', { type: 'strings', value: ['BiasAdd', ...(activation === undefined ? [] : [activation.op])] });
    attributes.set('num_args', { type: 'int', value: extra.length });
    if (activation?.alpha !== undefined) attributes.set('leakyrelu_alpha', float(activation.alpha));
  }
  last.origin = mergedOrigin([node, last]);
  last.opType = biasName === undefined ? kind.plain : kind.fused;
  last.attributes.clear();
  for (const [key, value] of attributes) last.attributes.set(key, value);
  scope.setInputs(last, [change.input ?? data, weight, ...extra]);
  if (last !== node) scope.remove(node);
}

const fusedAttributes: ReadonlySet<string> = new Set(['fused_ops', 'num_args', 'leakyrelu_alpha', 'epsilon']);

/** Gives a constant that one node reads other data under its name; one that others read too gets a copy. */
function replaced(name: string, tensor: Tensor, scope: GraphEditor): string {
  if (scope.useCount(name) !== 1) return scope.addInitializer(tensor, name);
  scope.graph.initializers.set(name, { ...tensor, name });
  return name;
}
