// A gated residual, x · s + x: the one is added to the gate, which is small, instead of x to the product, which is not.
import type { Node } from '../../../graph/model';
import type { GraphEditor } from '../../../graph/rewrite';
import type { SimplifyContext, SimplifyRule } from '../context';

/** True when the gate is spread along an axis that the data has: adding to it is less work. */
function isSpread(gate: string, data: string, scope: GraphEditor, context: SimplifyContext): boolean {
  const small = context.shapeOf(scope, gate);
  const large = context.shapeOf(scope, data);
  if (small === undefined || large?.length !== small.length) return false;
  return small.some((dimension, axis) => dimension === 1 && large[axis] !== 1) && small.every((dimension, axis) => dimension === 1 || dimension === large[axis]);
}

/** The gate s where the product is x · s. */
function gateOf(product: Node, data: string): string | undefined {
  const [left = '', right = ''] = product.inputs;
  if (left === right) return undefined;
  return left === data ? right : right === data ? left : undefined;
}

/**
 * Add(Mul(x, s), x) → Mul(x, Add(s, 1)), where s is one number per channel: the residual squeeze-excite of PaddleOCR's
 * RSEFPN. Equal up to rounding for finite x and s.
 */
const gatedResidual: SimplifyRule = {
  id: 'gated-residual',
  opTypes: ['Add'],
  apply(node, scope, context) {
    const output = node.outputs[0] ?? '';
    if (context.opset < 7 || context.elementTypeOf(scope, output) !== 'float32') return false;
    const [left = '', right = ''] = node.inputs;
    for (const [value, data] of [[left, right], [right, left]] as const) {
      const product = scope.producer(value);
      if (product?.opType !== 'Mul' || product.domain !== '' || scope.model.scopeOf(product) !== scope || scope.onlyReader(value) !== node) continue;
      const gate = gateOf(product, data);
      if (gate === undefined || !isSpread(gate, data, scope, context)) continue;
      const raised = context.editor.freshName(`${gate}.plusOne`);
      const one = scope.addInitializer({ name: '', ...context.scalarTensor(1, []) }, `${raised}.one`);
      scope.add({ opType: 'Add', name: raised, inputs: [gate, one], outputs: [raised] }, [node]);
      context.setType(scope, raised, context.typeOf(scope, gate));
      const gated = context.editor.freshName(`${output}.gated`);
      scope.add({ opType: 'Mul', name: gated, inputs: [data, raised], outputs: [gated] }, [product, node]);
      context.setType(scope, gated, context.typeOf(scope, output));
      return scope.substitute(node, output, gated);
    }
    return false;
  },
};

export const gateRules: readonly SimplifyRule[] = [gatedResidual];
