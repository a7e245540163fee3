// Reshape targets worked out by Shape, Gather and Concat, written as the constants they come to: sizes, 0 and one −1; or as the Unsqueeze they come to.
import { canBeZero, sameDimension } from '../../../graph/dimension';
import type { Node, Shape } from '../../../graph/model';
import type { GraphEditor } from '../../../graph/rewrite';
import { intAttribute } from '../../../graph/traverse';
import { int64Tensor } from '../../../tensor/tensor';
import type { SimplifyContext, SimplifyRule } from '../context';

/**
 * A constant target equal to the symbolic one: numbers as they are, 0 where the input has the same dimension at the same
 * place, −1 for at most one other (its size follows from the element count, and with it no other may be 0, unless
 * `infers`: the target has a −1 already). Undefined where that is not enough.
 */
export function constantTarget(target: Shape, input: Shape | undefined, infers = false): number[] | undefined {
  let inferred = false;
  let open = false;
  const result: number[] = [];
  for (const [i, dimension] of target.entries()) {
    if (typeof dimension === 'number') {
      if (dimension === 0) return undefined;
      result.push(dimension);
    } else if (sameDimension(dimension, input?.[i])) {
      open ||= canBeZero(dimension);
      result.push(0);
    } else if (inferred) return undefined;
    else {
      inferred = true;
      result.push(-1);
    }
  }
  return inferred && open && !infers ? undefined : result;
}

/** Where the new shape has ones that the old one lacks, when that is all there is between them. */
function addedAxes(output: Shape, input: Shape): number[] | undefined {
  const axes: number[] = [];
  for (const [axis, dimension] of output.entries()) {
    if (sameDimension(dimension, input[axis - axes.length])) continue;
    if (dimension !== 1) return undefined;
    axes.push(axis);
  }
  return output.length - axes.length === input.length ? axes : undefined;
}

function becomeUnsqueeze(node: Node, axes: readonly number[], scope: GraphEditor, context: SimplifyContext): void {
  const [data = ''] = node.inputs;
  node.opType = 'Unsqueeze';
  node.attributes.clear();
  if (context.opset < 13) {
    node.attributes.set('axes', { type: 'ints', value: [...axes] });
    scope.setInputs(node, [data]);
  } else scope.setInputs(node, [data, scope.addInitializer(int64Tensor('', [axes.length], axes), `${node.outputs[0] ?? ''}.axes`)]);
}

const canonicalTarget: SimplifyRule = {
  id: 'constant-reshape-target',
  opTypes: ['Reshape'],
  apply(node, scope, context) {
    const [data = '', wanted = ''] = node.inputs;
    if (context.opset < 5 || scope.constant(wanted) !== undefined || intAttribute(node, 'allowzero', 0) !== 0) return false;
    // The runtime refuses a target of another type; the model stays as it is.
    if ((context.elementTypeOf(scope, wanted) ?? 'int64') !== 'int64') return false;
    const output = context.shapeOf(scope, node.outputs[0] ?? '');
    const values = context.valuesOf(scope, wanted);
    const target = output ?? values?.map((value, i) => (value === 0 ? context.shapeOf(scope, data)?.[i] : value === -1 ? undefined : value));
    if (target === undefined) return false;
    const input = context.shapeOf(scope, data);
    const constant = constantTarget(target, input, values?.includes(-1));
    if (constant === undefined) {
      const axes = output === undefined || input === undefined ? undefined : addedAxes(output, input);
      if (axes === undefined) return false;
      becomeUnsqueeze(node, axes, scope, context);
      return true;
    }
    const shape = scope.addInitializer(int64Tensor('', [constant.length], constant), `${node.outputs[0] ?? ''}.shape`);
    scope.setInput(node, 1, shape);
    return true;
  },
};

export const reshapeRules: readonly SimplifyRule[] = [canonicalTarget];
