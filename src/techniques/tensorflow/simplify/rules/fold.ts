// Batch normalisation and other constants per channel folded into the convolution or matrix product before or after them.
import type { Node } from '../../../../graph/model';
import { type GraphEditor, mergedOrigin } from '../../../../graph/rewrite';
import { toFloat32Array } from '../../../../tensor/decode';
import { additions, type Affine, affineOf, affineOperators, products, spread } from '../affine';
import { lastAxis } from '../channels';
import { rule, type TensorflowContext, type TensorflowRule } from '../context';
import { floatTensor } from '../../../simplify/scaled';
import { biasOf, type Layer, layerOf, mayScale, writeLayer } from '../layer';

/** What a layer becomes that gives scale · y + shift instead of y; undefined where it cannot. */
function afterwards(layer: Layer, { scale, shift }: Affine, scope: GraphEditor, context: TensorflowContext): { factors?: ReturnType<Layer['outputFactors']>; bias?: Float64Array } | undefined {
  const { channels } = layer;
  const bias = biasOf(layer, scope, context);
  const changesBias = shift !== undefined || layer.bias !== undefined;
  if (layer.activation !== undefined || (changesBias && bias === undefined) || (scale !== undefined && !mayScale(layer, scope, context))) return undefined;
  const factors = scale === undefined ? undefined : spread(scale, channels);
  const added = shift === undefined ? undefined : spread(shift, channels);
  return { ...(factors === undefined ? {} : { factors: layer.outputFactors(factors) }), ...(changesBias && bias !== undefined ? { bias: bias.map((value, c) => value * (factors?.[c] ?? 1) + (added?.[c] ?? 0)) } : {}) };
}

const intoLayerBefore = rule('fold-into-preceding-layer', affineOperators, (node, scope, context) => {
  for (const input of node.inputs) {
    const layer = layerOf(context.ownProducer(input, node, scope), scope);
    const affine = layer === undefined ? undefined : affineOf(node, layer.kind.rank, layer.channels, scope, context);
    const change = layer === undefined || affine === undefined || node.inputs[affine.input] !== input ? undefined : afterwards(layer, affine, scope, context);
    if (layer === undefined || change === undefined) continue;
    writeLayer(layer, node, change, scope, context);
    return true;
  }
  return false;
});

/** (layer + x) + constant: the constant goes to the layer's bias, and the sum takes the place of the outer one. */
const throughSum = rule('fold-through-sum', additions, (node, scope, context) => {
  for (const input of node.inputs) {
    const sum = context.ownProducer(input, node, scope);
    if (sum === undefined || (sum.opType !== 'Add' && sum.opType !== 'AddV2') || sum.inputs.length !== 2) continue;
    for (const term of sum.inputs) {
      const layer = layerOf(context.ownProducer(term, sum, scope), scope);
      const affine = layer === undefined ? undefined : affineOf(node, layer.kind.rank, layer.channels, scope, context);
      const change = layer === undefined || affine === undefined || node.inputs[affine.input] !== input ? undefined : afterwards(layer, affine, scope, context);
      if (layer === undefined || change === undefined) continue;
      writeLayer(layer, layer.node, change, scope, context);
      takePlace(sum, node, scope);
      return true;
    }
  }
  return false;
});

/** Makes `node` what `inner` is, which it alone reads. */
function takePlace(inner: Node, node: Node, scope: GraphEditor): void {
  node.opType = inner.opType;
  node.attributes.clear();
  for (const [key, value] of inner.attributes) node.attributes.set(key, value);
  node.origin = mergedOrigin([inner, node]);
  scope.setInputs(node, inner.inputs);
  scope.remove(inner);
}

/** The layer that alone reads what a node makes, as its data. */
function layerAfter(node: Node, scope: GraphEditor, context: TensorflowContext): Layer | undefined {
  const output = node.outputs[0] ?? '';
  const reader = scope.onlyReader(output);
  return reader === undefined || reader.inputs[0] !== output || node.outputs.length !== 1 || !context.mayChange(reader) ? undefined : layerOf(reader, scope);
}

/** What a node does to the data of the layer after it: the data must have all the channels already. */
function affineBefore(node: Node, layer: Layer, scope: GraphEditor, context: TensorflowContext): (Affine & { readonly data: string }) | undefined {
  const affine = affineOf(node, layer.kind.rank, layer.inputChannels, scope, context);
  if (affine === undefined) return undefined;
  const data = node.inputs[affine.input] ?? '';
  const single = (affine.scale?.length ?? 1) === 1 && (affine.shift?.length ?? 1) === 1;
  return single || lastAxis(data, scope) === layer.inputChannels ? { ...affine, data } : undefined;
}

const intoLayerAfter = rule('fold-into-following-layer', affineOperators, (node, scope, context) => {
  const layer = layerAfter(node, scope, context);
  const affine = layer === undefined ? undefined : affineBefore(node, layer, scope, context);
  if (layer === undefined || affine === undefined || layer.node.attributes.get('transpose_a')?.value === 1) return false;
  const { scale, shift, data } = affine;
  const bias = shift === undefined ? undefined : biasOf(layer, scope, context);
  if (shift !== undefined && (!layer.shiftableInput || bias === undefined)) return false;
  if (scale !== undefined && !mayScale(layer, scope, context)) return false;
  writeLayer(layer, layer.node, { input: data, ...(scale === undefined ? {} : { factors: layer.inputFactors(spread(scale, layer.inputChannels)) }), ...(shift === undefined || bias === undefined ? {} : { bias: shifted(layer, bias, spread(shift, layer.inputChannels)) }) }, scope, context);
  scope.remove(node);
  return true;
});

/** The bias with what a constant added to every input channel comes to. */
function shifted({ weight, channels, outputFactors, inputFactors }: Layer, bias: Float64Array, shift: Float64Array): Float64Array {
  const values = toFloat32Array(weight);
  const output = outputFactors(Float64Array.from({ length: channels }, (_, c) => c));
  const input = inputFactors(shift);
  const sum = bias.slice();
  for (const [i, value] of values.entries()) {
    const channel = output.factors[Math.floor(i / output.inner) % output.factors.length] ?? 0;
    sum[channel] = (sum[channel] ?? 0) + value * (input.factors[Math.floor(i / input.inner) % input.factors.length] ?? 0);
  }
  return sum;
}

/** x · scale + shift before a padded layer: what the padding adds stays zero only without the shift, so the scale alone goes, and the shift is divided by it. */
const scaleThroughShift = rule('fold-scale-through-shift', additions, (node, scope, context) => {
  const layer = layerAfter(node, scope, context);
  const affine = layer === undefined || !mayScale(layer, scope, context) ? undefined : affineBefore(node, layer, scope, context);
  if (layer === undefined || affine?.shift === undefined || layer.node.attributes.get('transpose_a')?.value === 1) return false;
  const before = context.ownProducer(affine.data, node, scope);
  const scaling = before === undefined || !products.includes(before.opType) ? undefined : affineBefore(before, layer, scope, context);
  if (before === undefined || scaling?.scale?.every((value) => Math.abs(value) >= leastScale) !== true) return false;
  const scale = spread(scaling.scale, layer.inputChannels);
  const shift = spread(affine.shift, layer.inputChannels).map((value, c) => value / (scale[c] ?? 1));
  writeLayer(layer, layer.node, { factors: layer.inputFactors(scale) }, scope, context);
  const constant = scope.addInitializer(floatTensor([shift.length], shift), `${node.name}/shift`);
  node.opType = 'AddV2';
  scope.setInputs(node, [scaling.data, constant]);
  scope.remove(before);
  return true;
});

/** Below this a scale is next to nothing, and a shift divided by it beyond what float32 tells apart. */
const leastScale = 1e-6;

/** (x · constant) · y before a layer, as in a hard swish: the constant goes into the layer's weights. */
const scaleThroughProduct = rule('fold-scale-through-product', ['Mul'], (node, scope, context) => {
  const layer = layerAfter(node, scope, context);
  if (layer === undefined || node.inputs.length !== 2 || !mayScale(layer, scope, context) || layer.node.attributes.get('transpose_a')?.value === 1) return false;
  for (const [at, input] of node.inputs.entries()) {
    const inner = context.ownProducer(input, node, scope);
    const affine = inner === undefined || !products.includes(inner.opType) ? undefined : affineBefore(inner, layer, scope, context);
    if (inner === undefined || affine?.scale === undefined) continue;
    writeLayer(layer, layer.node, { factors: layer.inputFactors(spread(affine.scale, layer.inputChannels)) }, scope, context);
    scope.setInput(node, at, affine.data);
    scope.remove(inner);
    return true;
  }
  return false;
});

export const foldRules: readonly TensorflowRule[] = [intoLayerBefore, throughSum, intoLayerAfter, scaleThroughShift, scaleThroughProduct];
