// Taking out a node that gives on what it reads.
import type { Node } from '../../../graph/model';
import type { GraphEditor } from '../../../graph/rewrite';
import type { TensorflowContext } from './context';

/**
 * Makes everything that reads the node read `value` instead. TensorFlow calls a value as its node, so what makes `value` takes over
 * the name of an output of the model, node and all.
 * @returns false, with nothing done, where an output would lose its name
 */
export function bypass(node: Node, value: string, scope: GraphEditor, context: TensorflowContext): boolean {
  const output = node.outputs[0] ?? '';
  const producer = scope.producer(value);
  if (node.outputs.length !== 1 || (scope.isOutput(output) && (producer?.outputs.length !== 1 || !context.mayChange(producer)))) return false;
  if (!scope.substitute(node, output, value)) return false;
  if (producer?.outputs.length === 1) producer.name = producer.outputs[0] ?? producer.name;
  return true;
}
