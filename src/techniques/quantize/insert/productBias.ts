// Keeps a product's bias out of the runtime's MatMul + Add → Gemm fusion, which comes before its int8 fusions and leaves a float Gemm.
import type { Model } from '../../../graph/model';
import { GraphIndex } from '../../../graph/traverse';
import type { Tensor } from '../../../tensor/tensor';
import type { Candidate } from '../choose/candidates';
import { constantOf } from '../constants';
import { FreshNames } from '../names';
import type { Observation } from '../calibrate/observe';

/**
 * Where a chosen MatMul is followed by an Add of a constant vector: a product of matrices becomes a Gemm with that bias, which
 * has an int8 kernel of its own; a product of higher rank gets the bias as 1×N, the same sum that the fusion does not know.
 * The model is changed.
 * @returns the candidates, those that became a Gemm changed.
 */
export function settleBiases(model: Model, chosen: readonly Candidate[], observations: ReadonlyMap<string, Observation>): Candidate[] {
  const { graph } = model;
  const index = new GraphIndex(graph);
  const names = new FreshNames(graph);
  const removed = new Set<unknown>();
  const settled = chosen.map((candidate): Candidate => {
    const { node, kind } = candidate;
    const [product = ''] = node.outputs;
    const [add, ...others] = index.consumersOf(product);
    const rank = observations.get(product)?.shape.length ?? 0;
    if (kind !== 'matmul' || add?.opType !== 'Add' || others.length > 0 || index.outputNames.has(product) || rank < 2) return candidate;
    const position = add.inputs[0] === product ? 1 : 0;
    const bias = constantOf(model, add.inputs[position] ?? '');
    if (bias === undefined || bias.elementType !== 'float32' || bias.dims.length !== 1 || bias.dims[0] !== candidate.outputChannels) return candidate;
    if (rank > 2) {
      const row: Tensor = { ...bias, name: names.fresh(`${bias.name}_row`), dims: [1, candidate.outputChannels] };
      graph.initializers.set(row.name, row);
      add.inputs[position] = row.name;
      return candidate;
    }
    node.opType = 'Gemm';
    node.inputs = [...node.inputs.slice(0, 2), bias.name];
    node.outputs = [...add.outputs];
    node.origin = [...new Set([...node.origin, ...add.origin])];
    removed.add(add);
    return { ...candidate, kind: 'gemm', output: add.outputs[0] ?? candidate.output };
  });
  graph.nodes = graph.nodes.filter((node) => !removed.has(node));
  return settled;
}
