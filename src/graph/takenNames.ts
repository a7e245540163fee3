// The names that are taken in a graph: those of its values and nodes, and of the subgraphs'.
import { FreeNames } from '../base/freeNames';
import type { Graph, Node } from './model';
import { subgraphs } from './traverse';

/** Adds every name of a graph and its subgraphs to `names`. */
export function takenNames(graph: Graph, names = new FreeNames()): FreeNames {
  for (const { name } of graph.inputs) names.take(name);
  for (const name of [...graph.initializers.keys(), ...graph.sparseInitializers.keys()]) names.take(name);
  takeNodes(graph.nodes, names);
  return names;
}

/** The same of nodes alone, as a function's body has them. */
export function takeNodes(nodes: readonly Node[], names: FreeNames): void {
  for (const node of nodes) {
    names.take(node.name);
    for (const name of node.outputs) names.take(name);
    for (const inner of subgraphs(node)) takenNames(inner.graph, names);
  }
}
