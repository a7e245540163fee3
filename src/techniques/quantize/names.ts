// Names for the nodes and values a technique adds, never colliding with those a model already has.
import { FreeNames } from '../../base/freeNames';
import type { Graph } from '../../graph/model';
import { walkNodes } from '../../graph/traverse';

/** Hands out names that are free in a graph and all its subgraphs. */
export class FreshNames {
  private readonly names = new FreeNames();

  constructor(graph: Graph) {
    this.takeGraph(graph);
    for (const { node, graph: scope } of walkNodes(graph)) {
      if (node.name !== '') this.names.take(node.name);
      for (const output of node.outputs) this.names.take(output);
      if (scope !== graph) this.takeGraph(scope);
    }
  }

  /** `wanted`, or `wanted_2`, `wanted_3` … */
  fresh(wanted: string): string {
    return this.names.fresh(wanted);
  }

  private takeGraph(graph: Graph): void {
    for (const value of graph.inputs) this.names.take(value.name);
    for (const name of graph.initializers.keys()) this.names.take(name);
    for (const name of graph.sparseInitializers.keys()) this.names.take(name);
  }
}
