// Reshape targets worked out by Shape, Gather and Concat, written as the constants they come to: sizes, 0 and one −1.
import { sameDimension } from '../../../graph/dimension';
import type { Shape } from '../../../graph/model';
import { intAttribute } from '../../../graph/traverse';
import { int64Tensor } from '../../../tensor/tensor';
import type { SimplifyRule } from '../context';

/**
 * A constant target equal to the symbolic one: numbers as they are, 0 where the input has the same dimension at the same
 * place, −1 for at most one other (its size follows from the element count). Undefined where that is not enough.
 */
export function constantTarget(target: Shape, input: Shape | undefined): number[] | undefined {
  let inferred = false;
  const result: number[] = [];
  for (const [i, dimension] of target.entries()) {
    if (typeof dimension === 'number') {
      if (dimension === 0) return undefined;
      result.push(dimension);
    } else if (sameDimension(dimension, input?.[i])) result.push(0);
    else if (inferred) return undefined;
    else {
      inferred = true;
      result.push(-1);
    }
  }
  return result;
}

const canonicalTarget: SimplifyRule = {
  id: 'constant-reshape-target',
  opTypes: ['Reshape'],
  apply(node, scope, context) {
    const [data = '', wanted = ''] = node.inputs;
    if (context.opset < 5 || scope.constant(wanted) !== undefined || intAttribute(node, 'allowzero', 0) !== 0) return false;
    const output = context.shapeOf(scope, node.outputs[0] ?? '');
    const values = context.valuesOf(scope, wanted);
    const target = output ?? values?.map((value, i) => (value === 0 ? context.shapeOf(scope, data)?.[i] : value === -1 ? undefined : value));
    if (target === undefined) return false;
    const constant = constantTarget(target, context.shapeOf(scope, data));
    if (constant === undefined) return false;
    const shape = scope.addInitializer(int64Tensor('', [constant.length], constant), `${node.outputs[0] ?? ''}.shape`);
    scope.setInput(node, 1, shape);
    return true;
  },
};

export const reshapeRules: readonly SimplifyRule[] = [canonicalTarget];
