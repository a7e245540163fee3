// Transposes and views after one another, brought to one.
import type { Node } from '../../../graph/model';
import { attributes } from '../../../graph/construct';
import { type GraphEditor, mergedOrigin } from '../../../graph/rewrite';
import { intAttribute, intsAttribute } from '../../../graph/traverse';
import { int64Tensor } from '../../../tensor/tensor';
import type { SimplifyContext, SimplifyRule } from '../context';

/** The node making a node's first input, when it is one of these operators, in the same scope. */
function before(node: Node, scope: GraphEditor, opTypes: readonly string[]): Node | undefined {
  const producer = scope.producer(node.inputs[0] ?? '');
  return producer?.domain === '' && opTypes.includes(producer.opType) ? producer : undefined;
}

/** perm of Transpose∘Transpose: out[i] = in[first[second[i]]]. */
const transposeTwice: SimplifyRule = {
  id: 'transpose-twice',
  opTypes: ['Transpose'],
  apply(node, scope) {
    const first = before(node, scope, ['Transpose']);
    const inner = first === undefined ? undefined : intsAttribute(first, 'perm');
    const outer = intsAttribute(node, 'perm');
    if (first === undefined || inner === undefined || outer === undefined) return false;
    const perm = outer.map((axis) => inner[axis] ?? 0);
    if (perm.every((axis, i) => axis === i)) return scope.substitute(node, node.outputs[0] ?? '', first.inputs[0] ?? '');
    node.attributes.set('perm', { type: 'ints', value: perm });
    node.origin = mergedOrigin([first, node]);
    scope.setInput(node, 0, first.inputs[0] ?? '');
    return true;
  },
};

const views = ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'];

/** A view of a view is a view of the first, when the second says its whole shape by itself (no zeros copied from its input). */
const reshapeOfView: SimplifyRule = {
  id: 'reshape-of-view',
  opTypes: ['Reshape'],
  apply(node, scope, context) {
    const first = before(node, scope, views);
    if (first === undefined || context.opset < 5) return false;
    const target = context.integers(scope, node.inputs[1] ?? '');
    if (target === undefined || (intAttribute(node, 'allowzero', 0) === 0 && target.includes(0))) return false;
    node.origin = mergedOrigin([first, node]);
    scope.setInput(node, 0, first.inputs[0] ?? '');
    return true;
  },
};

/** Axes of a Squeeze or Unsqueeze, none negative; undefined where they are not constant or not given. */
function axesOf(node: Node, scope: GraphEditor, context: SimplifyContext): readonly number[] | undefined {
  const axes = context.list(node, scope, 'axes', 1);
  if (axes === undefined || axes === 'absent') return undefined;
  if (axes.every((axis) => axis >= 0)) return axes;
  const inputRank = context.shapeOf(scope, node.inputs[0] ?? '')?.length;
  if (inputRank === undefined) return undefined;
  const rank = node.opType === 'Unsqueeze' ? inputRank + axes.length : inputRank;
  return axes.map((axis) => (axis < 0 ? axis + rank : axis));
}

/** Squeeze of exactly what Unsqueeze added, or the other way round. */
const squeezeUnsqueeze: SimplifyRule = {
  id: 'squeeze-unsqueeze',
  opTypes: ['Squeeze', 'Unsqueeze'],
  apply(node, scope, context) {
    const first = before(node, scope, [node.opType === 'Squeeze' ? 'Unsqueeze' : 'Squeeze']);
    if (first === undefined) return false;
    const ours = axesOf(node, scope, context);
    const theirs = axesOf(first, scope, context);
    if (ours === undefined || theirs === undefined) return false;
    if ([...ours].sort((a, b) => a - b).join() !== [...theirs].sort((a, b) => a - b).join()) return false;
    return scope.substitute(node, node.outputs[0] ?? '', first.inputs[0] ?? '');
  },
};

/** Squeeze∘Squeeze and Unsqueeze∘Unsqueeze as one, when the first is read by the second only. */
const mergeAxes: SimplifyRule = {
  id: 'merge-squeezes',
  opTypes: ['Squeeze', 'Unsqueeze'],
  apply(node, scope, context) {
    const first = before(node, scope, [node.opType]);
    if (first === undefined || scope.onlyReader(node.inputs[0] ?? '') !== node) return false;
    const second = axesOf(node, scope, context);
    const earlier = axesOf(first, scope, context);
    if (second === undefined || earlier === undefined) return false;
    const axes = node.opType === 'Unsqueeze' ? throughUnsqueeze(earlier, second) : throughSqueeze(earlier, second);
    node.origin = mergedOrigin([first, node]);
    if (context.opset < 13) {
      node.attributes = attributes({ axes });
      scope.setInput(node, 0, first.inputs[0] ?? '');
    } else scope.setInputs(node, [first.inputs[0] ?? '', scope.addInitializer(int64Tensor('', [axes.length], axes), `${node.outputs[0] ?? ''}.axes`)]);
    return true;
  },
};

/** Axes of the result that either Unsqueeze put in: the second's, and the first's moved up past them. */
function throughUnsqueeze(first: readonly number[], second: readonly number[]): number[] {
  const added = new Set(second);
  const free: number[] = [];
  for (let axis = 0; free.length <= Math.max(...first); axis++) if (!added.has(axis)) free.push(axis);
  return [...second, ...first.map((axis) => free[axis] ?? axis)].sort((a, b) => a - b);
}

/** Axes of the first input that either Squeeze takes out: the first's, and the second's counted past them. */
function throughSqueeze(first: readonly number[], second: readonly number[]): number[] {
  const removed = new Set(first);
  const left: number[] = [];
  for (let axis = 0; left.length <= Math.max(...second); axis++) if (!removed.has(axis)) left.push(axis);
  return [...first, ...second.map((axis) => left[axis] ?? axis)].sort((a, b) => a - b);
}

export const viewRules: readonly SimplifyRule[] = [transposeTwice, reshapeOfView, squeezeUnsqueeze, mergeAxes];
