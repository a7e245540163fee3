// Constant weights of a graph, whether they stand as initializers or in Constant nodes.
import type { Graph, Model } from '../../graph/model';
import { nodeReads, outerReads, subgraphs } from '../../graph/traverse';
import type { Tensor } from '../../tensor/tensor';
import { inlineFunctions } from '../inline/inline';

/** Moves the tensors of Constant nodes at the top of a graph into its initializers; the graph is changed. */
export function hoistConstants(graph: Graph): void {
  graph.nodes = graph.nodes.filter((node) => {
    const value = node.attributes.get('value');
    const [output] = node.outputs;
    if (node.opType !== 'Constant' || node.domain !== '' || value?.type !== 'tensor' || output === undefined) return true;
    if (graph.outputs.some((declared) => declared.name === output)) return true;
    graph.initializers.set(output, { ...value.value, name: output });
    return false;
  });
}

/** A copy of the model with all weights of its top graph as initializers: functions inlined, constants hoisted. */
export function hoisted(model: Model): Model {
  const copy = inlineFunctions(model).model;
  hoistConstants(copy.graph);
  return copy;
}

/** The constant a value holds, unless a caller may override it (an initializer that is also an input, before IR version 4). */
export function constantOf(model: Model, name: string): Tensor | undefined {
  const tensor = model.graph.initializers.get(name);
  if (tensor === undefined || model.graph.inputs.some((input) => input.name === name && model.irVersion >= 4)) return undefined;
  return tensor;
}

/** Drops initializers that nothing reads any more, with the inputs old models list them as. */
export function dropUnreadInitializers(graph: Graph): void {
  const read = new Set<string>(graph.outputs.map((value) => value.name));
  for (const node of graph.nodes) {
    for (const name of nodeReads(node)) read.add(name);
    for (const inner of subgraphs(node)) for (const name of outerReads(inner.graph)) read.add(name);
  }
  for (const name of [...graph.initializers.keys()]) {
    if (read.has(name)) continue;
    graph.initializers.delete(name);
    graph.inputs = graph.inputs.filter((input) => input.name !== name);
  }
}
