// Probabilities that a model gives out, as exact as TensorFlow.js gives them.
import { traitsOf } from '../../../operators/table';
import type { Node } from '../../../graph/model';
import type { Emitter } from './emitter';

/**
 * onnxruntime's Sigmoid is exact to some 1e-8, which is a thousandth of a probability of 1e-5. Within a model nobody sees that; a
 * Sigmoid whose result reaches nothing but outputs (moved about at most) is written as 1 / (1 + e^−x) instead.
 * @param nodes in the order they run
 */
export function exactOutputSigmoids(onnx: Emitter, nodes: readonly Node[], outputs: readonly string[], opsetImports: ReadonlyMap<string, number>): Node[] {
  const given = new Set(outputs);
  const computed = new Set<string>();
  const result: Node[] = [];
  for (const node of [...nodes].reverse()) {
    const onlyGiven = node.outputs.every((name) => given.has(name) && !computed.has(name));
    if (onlyGiven && node.opType === 'Sigmoid') {
      result.push(...onnx.reciprocalOfSum(node).reverse());
      continue;
    }
    result.push(node);
    const moves = onlyGiven && (node.opType === 'Identity' || traitsOf(node, opsetImports).dataMovement === true);
    const into = moves ? given : computed;
    for (const name of node.inputs) into.add(name);
  }
  return result.reverse();
}
