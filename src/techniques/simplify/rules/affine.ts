// BatchNormalization and multiplication or addition of constants, folded into the convolution or matrix product beside them.
import type { Node } from '../../../graph/model';
import { type GraphEditor, mergedOrigin } from '../../../graph/rewrite';
import { floatAttribute, intAttribute } from '../../../graph/traverse';
import type { SimplifyContext, SimplifyRule } from '../context';
import { canFoldInput, canFoldOutput, type ChannelAffine, foldIntoInput, foldIntoOutput, type LinearLayer, linearLayer } from '../linearLayer';

interface AffineNode extends ChannelAffine {
  readonly data: string;
  /** Shape of the constants, to be broadcast; `channels` when they lie along axis 1. */
  readonly along: readonly number[] | 'channels';
}

const scalings = ['Mul', 'Div', 'Add', 'Sub'] as const;

/** What a node does when it is scale · x + shift with finite constants. */
function affineOf(node: Node, scope: GraphEditor, context: SimplifyContext): AffineNode | undefined {
  if (node.opType === 'BatchNormalization') return batchNormalization(node, scope, context);
  const [left = '', right = ''] = node.inputs;
  const constantRight = context.numbers(scope, right);
  const constant = constantRight ?? context.numbers(scope, left);
  const along = scope.constant(constantRight === undefined ? left : right)?.dims;
  if (constant === undefined || along === undefined || context.spreads(node) || !constant.every(Number.isFinite)) return undefined;
  const data = constantRight === undefined ? right : left;
  switch (node.opType) {
    case 'Mul':
      return { data, along, scale: constant };
    case 'Div':
      return constantRight === undefined || constant.some((value) => value === 0) ? undefined : { data, along, scale: constant.map((value) => 1 / value) };
    case 'Add':
      return { data, along, shift: constant };
    case 'Sub':
      return constantRight === undefined ? { data, along, scale: constant.map(() => -1), shift: constant } : { data, along, shift: constant.map((value) => -value) };
    default:
      return undefined;
  }
}

/** scale · (x − mean) / √(variance + epsilon) + bias, per channel of axis 1 (ONNX BatchNormalization, inference). */
function batchNormalization(node: Node, scope: GraphEditor, context: SimplifyContext): AffineNode | undefined {
  if (context.opset < 7 || intAttribute(node, 'training_mode', 0) !== 0 || intAttribute(node, 'spatial', 1) !== 1) return undefined;
  if (node.outputs.slice(1).some((name) => name !== '' && scope.useCount(name) > 0)) return undefined;
  const [data = '', ...parameters] = node.inputs;
  const [gamma, beta, mean, variance] = parameters.map((name) => context.numbers(scope, name));
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) return undefined;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const scale = gamma.map((value, c) => value / Math.sqrt((variance[c] ?? 0) + epsilon));
  const shift = beta.map((value, c) => value - (mean[c] ?? 0) * (scale[c] ?? 0));
  return [...scale, ...shift].every(Number.isFinite) ? { data, along: 'channels', scale, shift } : undefined;
}

/** True when constants of this shape are one per channel (or one for all) and do not enlarge the tensor they meet. */
function fitsChannels(affine: AffineNode, channels: number, axisFromEnd: number, rank: number): boolean {
  const count = (affine.scale ?? affine.shift)?.length ?? 0;
  if (affine.along === 'channels') return count === channels && axisFromEnd === rank - 2;
  if (affine.along.length > rank) return false;
  if (count === 1) return true;
  const axis = affine.along.length - 1 - axisFromEnd;
  return count === channels && affine.along[axis] === channels;
}

const foldForward: SimplifyRule = {
  id: 'fold-into-preceding-layer',
  opTypes: ['BatchNormalization', ...scalings],
  apply(node, scope, context) {
    const affine = affineOf(node, scope, context);
    if (affine === undefined || scope.onlyReader(affine.data) !== node) return false;
    const producer = scope.producer(affine.data);
    const layer = producer === undefined ? undefined : linearLayer(producer, scope);
    if (layer === undefined) return false;
    const rank = layer.rank ?? context.shapeOf(scope, affine.data)?.length;
    if (rank === undefined || !fitsChannels(affine, layer.outputChannels, layer.channelAxisFromEnd, rank)) return false;
    if (!canFoldOutput(layer, affine, scope, context)) return false;
    const output = node.outputs[0] ?? '';
    const origin = mergedOrigin([layer.node, node]);
    if (!scope.substitute(node, output, affine.data)) return false;
    foldIntoOutput(layer, affine, scope, context);
    layer.node.origin = origin;
    scope.touch(layer.node);
    return true;
  },
};

/** True when the constants do not enlarge the data they meet: it has the layer's rank, and its channels unless one constant does for all. */
function keepsShape(affine: AffineNode, layer: LinearLayer, scope: GraphEditor, context: SimplifyContext): boolean {
  if (affine.along === 'channels') return true;
  const shape = context.shapeOf(scope, affine.data);
  if (shape === undefined || shape.length !== layer.rank) return false;
  return (affine.scale ?? affine.shift)?.length === 1 || shape[shape.length - 1 - layer.channelAxisFromEnd] === layer.inputChannels;
}

/** The convolutions that alone read a value, when all of them can take the affine in. */
function readingLayers(name: string, affine: AffineNode, scope: GraphEditor, context: SimplifyContext): LinearLayer[] | undefined {
  const layers: LinearLayer[] = [];
  if (scope.isOutput(name)) return undefined;
  for (const { node, scope: at } of scope.uses(name)) {
    if (at !== scope || node.inputs[0] !== name || node.inputs.indexOf(name, 1) >= 0) return undefined;
    const layer = node.opType === 'Conv' || node.opType === 'ConvTranspose' ? linearLayer(node, scope) : undefined;
    if (layer?.rank === undefined || !fitsChannels(affine, layer.inputChannels, layer.channelAxisFromEnd, layer.rank)) return undefined;
    if (!keepsShape(affine, layer, scope, context) || !canFoldInput(layer, affine, scope, context)) return undefined;
    layers.push(layer);
  }
  return layers.length === 0 ? undefined : layers;
}

function absorb(layers: readonly LinearLayer[], affine: AffineNode, taken: readonly Node[], data: string, scope: GraphEditor, context: SimplifyContext): void {
  for (const layer of layers) {
    foldIntoInput(layer, affine, scope, context);
    layer.node.origin = mergedOrigin([...taken, layer.node]);
    scope.setInput(layer.node, 0, data);
  }
}

const foldBackward: SimplifyRule = {
  id: 'fold-into-following-layer',
  opTypes: ['BatchNormalization', ...scalings],
  apply(node, scope, context) {
    const affine = affineOf(node, scope, context);
    const layers = affine === undefined ? undefined : readingLayers(node.outputs[0] ?? '', affine, scope, context);
    if (affine === undefined || layers === undefined) return false;
    absorb(layers, affine, [node], affine.data, scope, context);
    scope.remove(node);
    return true;
  },
};

/** Below this a scale is not divided by: shift / scale would leave float32's good range. */
const smallestDivisor = 1e-4;

/** s · x + b before padded convolutions, which zeros of the padding keep from taking b in: they take s in, and x + b/s is left. */
const scaleThroughShift: SimplifyRule = {
  id: 'fold-scale-through-shift',
  opTypes: ['Add'],
  apply(node, scope, context) {
    const shift = affineOf(node, scope, context);
    if (shift?.shift === undefined || scope.onlyReader(shift.data) !== node) return false;
    const producer = scope.producer(shift.data);
    if (producer?.opType !== 'Mul' || producer.domain !== '' || scope.model.scopeOf(producer) !== scope) return false;
    const scaled = affineOf(producer, scope, context);
    const factor = scaled?.scale;
    if (scaled === undefined || factor === undefined || factor.length !== 1 || shift.shift.length !== 1) return false;
    const [by = 0] = factor;
    const [added = 0] = shift.shift;
    if (Math.abs(by) < smallestDivisor) return false;
    const layers = readingLayers(node.outputs[0] ?? '', scaled, scope, context);
    if (layers === undefined) return false;
    const tensor = scope.constant(node.inputs[0] === shift.data ? (node.inputs[1] ?? '') : (node.inputs[0] ?? ''));
    if (tensor?.elementType !== 'float32') return false;
    for (const layer of layers) foldIntoInput(layer, { scale: factor }, scope, context);
    const constant = scope.addInitializer({ ...tensor, ...context.scalarTensor(added / by, tensor.dims) }, `${node.outputs[0] ?? ''}.shift`);
    scope.setInputs(node, [scaled.data, constant]);
    scope.remove(producer);
    for (const layer of layers) layer.node.origin = mergedOrigin([producer, layer.node]);
    return true;
  },
};

export const affineRules: readonly SimplifyRule[] = [foldForward, foldBackward, scaleThroughShift];
