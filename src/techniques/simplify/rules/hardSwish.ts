// HardSwish in its many spellings, brought to x · HardSigmoid(x): directly after a convolution the runtime fuses that into its kernel.
import { float } from '../../../graph/construct';
import type { Node } from '../../../graph/model';
import type { GraphEditor } from '../../../graph/rewrite';
import { floatAttribute } from '../../../graph/traverse';
import type { SimplifyContext, SimplifyRule } from '../context';

/** HardSwish(x) = x · max(0, min(1, x / 6 + 0.5)) (Howard et al., Searching for MobileNetV3, 2019, 5.2). */
const alpha = 1 / 6;
const beta = 0.5;

/** x and what is multiplied or divided with it, when a node is x · c or x / c with one constant scalar. */
function scaledBy(node: Node | undefined, scope: GraphEditor, context: SimplifyContext): { data: string; factor: number } | undefined {
  if (node === undefined || node.domain !== '' || context.spreads(node)) return undefined;
  const [left = '', right = ''] = node.inputs;
  const factor = context.scalar(scope, right);
  if (node.opType === 'Div') return factor === undefined ? undefined : { data: left, factor: 1 / factor };
  if (node.opType !== 'Mul') return undefined;
  if (factor !== undefined) return { data: left, factor };
  const first = context.scalar(scope, left);
  return first === undefined ? undefined : { data: right, factor: first };
}

/** The x of Clip(x + 3, 0, 6), with the nodes it is made of. */
function clippedShift(name: string, scope: GraphEditor, context: SimplifyContext): { data: string; nodes: readonly Node[] } | undefined {
  const clip = scope.producer(name);
  if (clip?.opType !== 'Clip' || scope.model.scopeOf(clip) !== scope) return undefined;
  const low = clip.inputs.length > 1 ? context.scalar(scope, clip.inputs[1] ?? '') : floatAttribute(clip, 'min', -Infinity);
  const high = clip.inputs.length > 1 ? context.scalar(scope, clip.inputs[2] ?? '') : floatAttribute(clip, 'max', Infinity);
  const add = scope.producer(clip.inputs[0] ?? '');
  if (low !== 0 || high !== 6 || add?.opType !== 'Add' || context.spreads(add) || scope.model.scopeOf(add) !== scope) return undefined;
  const [left = '', right = ''] = add.inputs;
  if (context.scalar(scope, right) === 3) return { data: left, nodes: [add, clip] };
  return context.scalar(scope, left) === 3 ? { data: right, nodes: [add, clip] } : undefined;
}

/** The runtime has HardSigmoid for float32 only (float16 by way of float32). Constants of more dimensions than the data would have made its shape longer. */
function fits(data: string, output: string, scope: GraphEditor, context: SimplifyContext): boolean {
  const type = context.elementTypeOf(scope, data);
  const rank = context.shapeOf(scope, data)?.length;
  return (type === 'float32' || type === 'float16') && rank !== undefined && context.shapeOf(scope, output)?.length === rank;
}

const isSixth = (factor: number): boolean => Math.abs(factor * 6 - 1) < 1e-6;

function addHardSigmoid(data: string, scope: GraphEditor, context: SimplifyContext, from: readonly Node[]): string {
  const output = context.editor.freshName(`${data}.hardSigmoid`);
  scope.add({ opType: 'HardSigmoid', name: output, inputs: [data], outputs: [output], attributes: new Map([['alpha', float(alpha)], ['beta', float(beta)]]) }, from);
  context.setType(scope, output, context.typeOf(scope, data));
  return output;
}

/** Clip(x + 3, 0, 6) / 6 → HardSigmoid(x). */
const hardSigmoid: SimplifyRule = {
  id: 'hard-sigmoid',
  opTypes: ['Div', 'Mul'],
  apply(node, scope, context) {
    const scaled = scaledBy(node, scope, context);
    if (scaled === undefined || !isSixth(scaled.factor)) return false;
    const clipped = scope.onlyReader(scaled.data) === node ? clippedShift(scaled.data, scope, context) : undefined;
    if (clipped === undefined || !fits(clipped.data, node.outputs[0] ?? '', scope, context)) return false;
    const output = addHardSigmoid(clipped.data, scope, context, [...clipped.nodes, node]);
    return scope.substitute(node, node.outputs[0] ?? '', output);
  },
};

/** (x · Clip(x + 3, 0, 6)) / 6 → x · HardSigmoid(x). */
const hardSwish: SimplifyRule = {
  id: 'hard-swish',
  opTypes: ['Div', 'Mul'],
  apply(node, scope, context) {
    const scaled = scaledBy(node, scope, context);
    if (scaled === undefined || !isSixth(scaled.factor) || scope.onlyReader(scaled.data) !== node) return false;
    const product = scope.producer(scaled.data);
    if (product?.opType !== 'Mul' || product.domain !== '' || scope.model.scopeOf(product) !== scope) return false;
    const [left = '', right = ''] = product.inputs;
    for (const [data, gate] of [[left, right], [right, left]] as const) {
      const clipped = scope.onlyReader(gate) === product ? clippedShift(gate, scope, context) : undefined;
      if (clipped?.data !== data || !fits(data, node.outputs[0] ?? '', scope, context)) continue;
      const from = [product, ...clipped.nodes, node];
      const output = addHardSigmoid(data, scope, context, from);
      const swish = context.editor.freshName(`${data}.hardSwish`);
      scope.add({ opType: 'Mul', name: swish, inputs: [data, output], outputs: [swish] }, from);
      context.setType(scope, swish, context.typeOf(scope, data));
      return scope.substitute(node, node.outputs[0] ?? '', swish);
    }
    return false;
  },
};

/** HardSwish(x) directly after a convolution → x · HardSigmoid(x). */
const afterConvolution: SimplifyRule = {
  id: 'hard-swish-after-convolution',
  opTypes: ['HardSwish'],
  apply(node, scope, context) {
    const data = node.inputs[0] ?? '';
    const producer = scope.producer(data);
    if (producer?.opType !== 'Conv' || scope.onlyReader(data) !== node) return false;
    const gate = addHardSigmoid(data, scope, context, [node]);
    const output = context.editor.freshName(`${data}.hardSwish`);
    scope.add({ opType: 'Mul', name: output, inputs: [data, gate], outputs: [output] }, [node]);
    context.setType(scope, output, context.typeOf(scope, data));
    return scope.substitute(node, node.outputs[0] ?? '', output);
  },
};

export const hardSwishRules: readonly SimplifyRule[] = [hardSwish, hardSigmoid, afterConvolution];
