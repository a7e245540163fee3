// What a layer's fused form does at no cost: activations, the zeros around an image; and clipping written in the words of an activation.
import type { Node } from '../../../../graph/model';
import { type GraphEditor, mergedOrigin } from '../../../../graph/rewrite';
import { floatAttribute, intsAttribute, stringAttribute } from '../../../../graph/traverse';
import { bypass } from '../bypass';
import { rule, type TensorflowContext, type TensorflowRule } from '../context';
import { type Activation, layerOf, writeLayer } from '../layer';

/** Activations every backend of TensorFlow.js has in its fused kernels. Source: tfjs-core, ops/fused_types.ts; tfjs-backend-wasm, kernels/types.ts. */
const fusable: ReadonlySet<string> = new Set(['Relu', 'Relu6', 'Elu', 'Sigmoid', 'LeakyRelu', 'Prelu']);

const activationIntoLayer = rule('fuse-activation', [...fusable], (node, scope, context) => {
  const input = node.inputs[0] ?? '';
  const layer = layerOf(context.ownProducer(input, node, scope), scope);
  if (layer === undefined || layer.activation !== undefined || !layer.takesBias || node.outputs.length !== 1) return false;
  // The fused depthwise convolution of TensorFlow.js's converter has no slope for LeakyRelu.
  if (node.opType === 'LeakyRelu' && layer.kind.plain === 'DepthwiseConv2dNative') return false;
  const slopes = node.opType === 'Prelu' ? slopesPerChannel(node, layer.channels, scope) : undefined;
  if (node.opType === 'Prelu' && slopes === undefined) return false;
  const activation: Activation = { op: node.opType, ...(slopes === undefined ? {} : { slopes }), ...(node.opType === 'LeakyRelu' ? { alpha: floatAttribute(node, 'alpha', defaultSlope) } : {}) };
  writeLayer(layer, node, { activation }, scope, context);
  return true;
});

/** Source: tfjs-converter, op_list/basic_math.ts. */
const defaultSlope = 0.2;

/** A Prelu's slopes as a constant with one axis, which every fused kernel takes. */
function slopesPerChannel(node: Node, channels: number, scope: GraphEditor): string | undefined {
  const name = node.inputs[1] ?? '';
  const tensor = scope.constant(name);
  if (tensor?.elementType !== 'float32' || tensor.dims.at(-1) !== channels || tensor.dims.slice(0, -1).some((size) => size !== 1)) return undefined;
  return tensor.dims.length === 1 ? name : scope.addInitializer({ ...tensor, dims: [channels] }, name);
}

/** Least and most a value can be, as far as what makes it says. */
function rangeOf(value: string, scope: GraphEditor): { readonly low: number; readonly high: number; readonly by: Node | undefined } {
  const by = scope.producer(value);
  const op = layerOf(by, scope)?.activation?.op ?? by?.opType ?? '';
  if (op === 'Relu') return { low: 0, high: Infinity, by };
  return op === 'Relu6' ? { low: 0, high: 6, by } : { low: -Infinity, high: Infinity, by };
}

/** Minimum and Maximum with a number, and ClipByValue, that come to Relu, Relu6 or nothing. */
const clipping = rule('clipping-to-activation', ['Minimum', 'Maximum', 'ClipByValue'], (node, scope, context) => {
  const bounds = boundsOf(node, scope, context);
  if (bounds === undefined) return false;
  const range = rangeOf(bounds.data, scope);
  const low = Math.max(bounds.low, range.low);
  const high = Math.min(bounds.high, range.high);
  if (low === range.low && high === range.high) return bypass(node, bounds.data, scope, context);
  if (low !== 0 || (high !== 6 && high !== Infinity)) return false;
  const wanted = high === 6 ? 'Relu6' : 'Relu';
  // A Relu before it does what is left of the work: with a bound it is Relu6.
  const before = context.ownProducer(bounds.data, node, scope);
  const layer = layerOf(before, scope);
  if (before?.opType === 'Relu') become(node, wanted, before.inputs[0] ?? '', [before], scope);
  else if (layer?.activation?.op === 'Relu') writeLayer(layer, node, { activation: { op: wanted } }, scope, context);
  else become(node, wanted, bounds.data, [], scope);
  return true;
});

/** Relu(Minimum(x, 6)), whichever way round it is written. */
const reluOfMinimum = rule('clipping-to-activation', ['Relu'], (node, scope, context) => {
  const before = context.ownProducer(node.inputs[0] ?? '', node, scope);
  const bounds = before?.opType === 'Minimum' ? boundsOf(before, scope, context) : undefined;
  if (before === undefined || bounds?.high !== 6) return false;
  become(node, 'Relu6', bounds.data, [before], scope);
  return true;
});

function become(node: Node, op: string, data: string, without: readonly Node[], scope: GraphEditor): void {
  node.opType = op;
  node.origin = mergedOrigin([...without, node]);
  node.attributes.clear();
  node.attributes.set('T', { type: 'string', value: 'DT_FLOAT' });
  scope.setInputs(node, [data]);
  for (const gone of without) scope.remove(gone);
}

function boundsOf(node: Node, scope: GraphEditor, context: TensorflowContext): { readonly data: string; readonly low: number; readonly high: number } | undefined {
  const [first = '', second = '', third = ''] = node.inputs;
  if (node.outputs.length !== 1) return undefined;
  if (node.opType === 'ClipByValue') {
    const [low, high] = [context.scalar(scope, second), context.scalar(scope, third)];
    return low === undefined || high === undefined ? undefined : { data: first, low, high };
  }
  const bound = context.scalar(scope, second) ?? context.scalar(scope, first);
  if (bound === undefined) return undefined;
  const data = context.scalar(scope, second) === undefined ? second : first;
  return node.opType === 'Minimum' ? { data, low: -Infinity, high: bound } : { data, low: bound, high: Infinity };
}

/** Zeros around an image, as the convolution's own explicit padding. */
const padIntoLayer = rule('pad-into-layer', ['Pad', 'PadV2'], (node, scope, context) => {
  const output = node.outputs[0] ?? '';
  const reader = scope.onlyReader(output);
  const layer = reader === undefined || !context.mayChange(reader) || reader.inputs[0] !== output ? undefined : layerOf(reader, scope);
  if (layer === undefined || layer.kind.rank !== 4 || (node.opType === 'PadV2' && context.scalar(scope, node.inputs[2] ?? '') !== 0)) return false;
  const pads = context.integers(scope, node.inputs[1] ?? '');
  const own = paddingOf(layer.node);
  if (pads?.length !== 8 || own === undefined || pads.some((pad) => pad < 0) || [0, 1, 6, 7].some((at) => pads[at] !== 0)) return false;
  layer.node.attributes.set('padding', { type: 'string', value: 'EXPLICIT' });
  layer.node.attributes.set('explicit_paddings', { type: 'ints', value: pads.map((pad, at) => pad + (own[at] ?? 0)) });
  layer.node.origin = mergedOrigin([node, layer.node]);
  scope.setInput(layer.node, 0, node.inputs[0] ?? '');
  scope.remove(node);
  return true;
});

/** What a convolution pads itself; undefined where that depends on the image's size. */
function paddingOf(node: Node): readonly number[] | undefined {
  const padding = stringAttribute(node, 'padding');
  if (padding === 'VALID') return [];
  const explicit = padding === 'EXPLICIT' ? intsAttribute(node, 'explicit_paddings') : undefined;
  return explicit?.length === 8 ? explicit : undefined;
}

/** A sum of two: TensorFlow.js adds lists one by one to a first zero. */
const sumOfTwo = rule('sum-of-two', ['AddN'], (node, scope) => {
  const [first, second, more] = node.inputs;
  if (first === undefined || second === undefined || more !== undefined) return false;
  node.opType = 'AddV2';
  node.attributes.delete('N');
  scope.touch(node);
  return true;
});

export const fuseRules: readonly TensorflowRule[] = [clipping, reluOfMinimum, activationIntoLayer, padIntoLayer, sumOfTwo];
