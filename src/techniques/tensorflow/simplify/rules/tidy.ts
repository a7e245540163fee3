// Nodes that move nothing, move it twice, or do what another does already.
import type { Node } from '../../../../graph/model';
import type { GraphEditor } from '../../../../graph/rewrite';
import { duplicateNodes } from '../../../simplify/rules/duplicates';
import { tensorFromArray } from '../../../../tensor/tensor';
import { bypass } from '../bypass';
import { rule, type TensorflowContext, type TensorflowRule, waitsFor } from '../context';
import { pureOperators } from '../pure';

/** What does nothing when a model is only run. Source: tfjs-converter, operations/executors/graph_executor.ts. */
const identity = rule('identity', ['Identity', 'StopGradient', 'PreventGradient', 'Snapshot'], (node, scope, context) => {
  const [input = '', more] = node.inputs;
  return more === undefined && bypass(node, input, scope, context);
});

/** Only the last of two Reshapes says what comes out. */
const reshapeTwice = rule('reshape-twice', ['Reshape'], (node, scope, context) => {
  const before = context.ownProducer(node.inputs[0] ?? '', node, scope);
  if (before?.opType !== 'Reshape') return false;
  scope.setInput(node, 0, before.inputs[0] ?? '');
  scope.remove(before);
  return true;
});

const transposeTwice = rule('transpose-twice', ['Transpose'], (node, scope, context) => {
  const order = context.integers(scope, node.inputs[1] ?? '');
  if (order === undefined) return false;
  if (order.every((axis, i) => axis === i)) return bypass(node, node.inputs[0] ?? '', scope, context);
  const before = context.ownProducer(node.inputs[0] ?? '', node, scope);
  const first = before?.opType === 'Transpose' ? context.integers(scope, before.inputs[1] ?? '') : undefined;
  if (before === undefined || first?.length !== order.length) return false;
  const both = Int32Array.from(order, (axis) => first[axis] ?? axis);
  scope.setInputs(node, [before.inputs[0] ?? '', scope.addInitializer(tensorFromArray('', 'int32', [both.length], both), `${node.name}/perm`)]);
  scope.remove(before);
  return true;
});

export const tidyRules: readonly TensorflowRule[] = [identity, reshapeTwice, transposeTwice];

/** Nodes that compute the same from the same; made anew for every run. */
export function duplicates(): TensorflowRule {
  const { id, apply } = duplicateNodes<TensorflowContext>((node, context) => pureOperators.has(node.opType) && context.mayChange(node));
  return { id, opTypes: 'any', apply };
}

/** Removes nodes that no output of the model needs, also none by waiting. @returns how many went */
export function dropDeadNodes(scope: GraphEditor): number {
  const byName = new Map<string, Node>();
  for (const node of scope.nodes()) byName.set(node.name, node);
  const needed = new Set<Node>();
  const todo = scope.graph.outputs.flatMap(({ name }) => scope.producer(name) ?? []);
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    if (needed.has(node)) continue;
    needed.add(node);
    for (const input of node.inputs) todo.push(...[scope.producer(input)].filter((producer) => producer !== undefined));
    for (const name of waitsFor(node)) todo.push(...[byName.get(name)].filter((before) => before !== undefined));
  }
  const dead = [...scope.nodes()].filter((node) => !needed.has(node));
  for (const node of dead.reverse()) scope.remove(node);
  return dead.length;
}
