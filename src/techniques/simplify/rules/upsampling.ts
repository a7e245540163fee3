// Upsampling heads: a transposed convolution whose windows do not overlap is a pointwise one and DepthToSpace, so two of them need only one rearrangement.
import { attributes } from '../../../graph/construct';
import type { Node } from '../../../graph/model';
import type { GraphEditor } from '../../../graph/rewrite';
import { intAttribute, intsAttribute, stringAttribute } from '../../../graph/traverse';
import { toFloat32Array } from '../../../tensor/decode';
import { float32Tensor, type Tensor } from '../../../tensor/tensor';
import type { SimplifyContext, SimplifyRule } from '../context';
import { linearLayer, ownsWeight } from '../linearLayer';

/** A transposed convolution of kernel = stride: every output position is one product of one input position. */
interface Upsampling {
  readonly node: Node;
  /** float32 [C, M, s, s] */
  readonly weight: Tensor;
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
  readonly bias: Tensor | undefined;
}

/** DepthToSpace orders its depth as [channel, row, column] since then (mode CRD). */
const leastOpset = 11;
/** Work on each element by itself, whatever its place: the same before and after a rearrangement. */
const pointwise = new Set(['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'Softplus', 'Softsign', 'Gelu', 'Mish', 'Erf', 'Abs', 'Neg']);
/** Folded into a convolution before it: first they, then this. */
const foldable = new Set(['BatchNormalization', 'Add', 'Sub', 'Mul', 'Div']);

function upsampling(node: Node | undefined, scope: GraphEditor): Upsampling | undefined {
  if (node?.opType !== 'ConvTranspose' || scope.model.scopeOf(node) !== scope) return undefined;
  const layer = linearLayer(node, scope);
  if (layer === undefined || !ownsWeight(layer, scope)) return undefined;
  const { weight } = layer;
  const [inputs = 0, outputs = 0, height = 0, width = 0] = weight.dims;
  const strides = intsAttribute(node, 'strides') ?? [];
  if (weight.dims.length !== 4 || height !== width || height < 2 || strides.length !== 2 || !strides.every((stride) => stride === height)) return undefined;
  if (intAttribute(node, 'group', 1) !== 1 || !['NOTSET', 'VALID', ''].includes(stringAttribute(node, 'auto_pad') ?? '')) return undefined;
  const all = (name: string, value: number): boolean => intsAttribute(node, name)?.every((entry) => entry === value) ?? true;
  if (!all('pads', 0) || !all('output_padding', 0) || !all('dilations', 1) || node.attributes.has('output_shape')) return undefined;
  const biasName = node.inputs[2] ?? '';
  const bias = scope.constant(biasName);
  if (biasName !== '' && (bias?.elementType !== 'float32' || bias.dims.length !== 1 || bias.dims[0] !== outputs)) return undefined;
  return { node, weight, inputs, outputs, stride: height, bias };
}

/** The pointwise nodes between a value and the upsampling that makes it, nearest first. */
function source(name: string, scope: GraphEditor): { readonly first: Upsampling; readonly between: readonly Node[] } | undefined {
  const between: Node[] = [];
  let reader = scope.onlyReader(name);
  for (let value = name; reader !== undefined; ) {
    const node = scope.producer(value);
    if (node === undefined || scope.onlyReader(value) !== reader) return undefined;
    const first = upsampling(node, scope);
    if (first !== undefined) return { first, between };
    if (node.domain !== '' || !pointwise.has(node.opType) || scope.model.scopeOf(node) !== scope) return undefined;
    between.push(node);
    reader = node;
    value = node.inputs[0] ?? '';
  }
  return undefined;
}

/** Pointwise [s·s·M, C, 1, 1]; output channels in the order (row in the window, column, m). */
function spreadWindow({ weight, inputs, outputs, stride }: Upsampling): Tensor {
  const values = toFloat32Array(weight);
  const area = stride * stride;
  const spread = new Float32Array(area * outputs * inputs);
  for (let c = 0; c < inputs; c++)
    for (let m = 0; m < outputs; m++) for (let at = 0; at < area; at++) spread[(at * outputs + m) * inputs + c] = values[(c * outputs + m) * area + at] ?? 0;
  return float32Tensor('', [area * outputs, inputs, 1, 1], spread);
}

/**
 * Pointwise [M·S·S, s·s·C, 1, 1] with S = `outer` · stride: from the channels of {@link spreadWindow} to the depth order
 * of DepthToSpace. Each output reads the C channels of its own place; all other weights are 0.
 */
function spreadBlocks({ weight, inputs, outputs, stride }: Upsampling, outer: number): Tensor {
  const values = toFloat32Array(weight);
  const side = outer * stride;
  const depth = outer * outer * inputs;
  const spread = new Float32Array(outputs * side * side * depth);
  for (let m = 0; m < outputs; m++)
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++) {
        const place = Math.floor(row / stride) * outer + Math.floor(column / stride);
        const at = ((m * side + row) * side + column) * depth + place * inputs;
        for (let c = 0; c < inputs; c++) spread[at + c] = values[((c * outputs + m) * stride + (row % stride)) * stride + (column % stride)] ?? 0;
      }
  return float32Tensor('', [outputs * side * side, depth, 1, 1], spread);
}

/** The bias for `times` channels in the place of each, or for each channel in turn, so many times over. */
function spreadBias(bias: Tensor, times: number, order: 'each' | 'all'): Tensor {
  const values = toFloat32Array(bias);
  const count = values.length * times;
  return float32Tensor('', [count], Float32Array.from({ length: count }, (_, i) => values[order === 'each' ? Math.floor(i / times) : i % values.length] ?? 0));
}

/**
 * ConvTranspose (kernel = stride) → activation → ConvTranspose (kernel = stride), as in DBNet's head (Liao et al. 2020) →
 * Conv 1×1 → activation → Conv 1×1 → DepthToSpace (Shi et al. 2016). The second layer's weights are spread over places
 * that are none of its own, with zeros; so it is done only where that costs no more than the first layer does. One
 * upsampling alone is left: the runtime rearranges as slowly as it scatters. A value that is not finite reaches its
 * whole window of outputs, not one.
 */
const joinedUpsampling: SimplifyRule = {
  id: 'joined-upsampling',
  opTypes: ['ConvTranspose'],
  apply(node, scope, context) {
    const second = context.opset < leastOpset ? undefined : upsampling(node, scope);
    const output = node.outputs[0] ?? '';
    if (second === undefined || scope.uses(output).some((use) => foldable.has(use.node.opType))) return false;
    const found = source(node.inputs[0] ?? '', scope);
    if (found === undefined) return false;
    const { first, between } = found;
    const side = first.stride * second.stride;
    if (second.outputs * side * side > first.inputs) return false;
    const area = first.stride * first.stride;
    let value = pointwiseConvolution(first, spreadWindow(first), first.bias === undefined ? undefined : spreadBias(first.bias, area, 'all'), first.node.inputs[0] ?? '', scope, context);
    for (const activation of [...between].reverse()) {
      const moved = context.editor.freshName(`${activation.outputs[0] ?? activation.name}.window`);
      scope.add({ opType: activation.opType, name: moved, inputs: [value], outputs: [moved], attributes: new Map(activation.attributes) }, [activation]);
      value = moved;
    }
    value = pointwiseConvolution(second, spreadBlocks(second, first.stride), second.bias === undefined ? undefined : spreadBias(second.bias, side * side, 'each'), value, scope, context);
    const spread = context.editor.freshName(`${output}.pixels`);
    scope.add({ opType: 'DepthToSpace', name: spread, inputs: [value], outputs: [spread], attributes: attributes({ blocksize: side, mode: 'CRD' }) }, [node]);
    context.setType(scope, spread, context.typeOf(scope, output));
    return scope.substitute(node, output, spread);
  },
};

function pointwiseConvolution(layer: Upsampling, weight: Tensor, bias: Tensor | undefined, data: string, scope: GraphEditor, context: SimplifyContext): string {
  const output = context.editor.freshName(`${layer.node.outputs[0] ?? layer.node.name}.window`);
  const inputs = [data, scope.addInitializer(weight, layer.node.inputs[1] ?? output)];
  if (bias !== undefined) inputs.push(scope.addInitializer(bias, layer.node.inputs[2] ?? output));
  scope.add({ opType: 'Conv', name: output, inputs, outputs: [output], attributes: attributes({ kernel_shape: [1, 1] }) }, [layer.node]);
  return output;
}

export const upsamplingRules: readonly SimplifyRule[] = [joinedUpsampling];
