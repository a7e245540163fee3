// Names for the nodes and values a technique adds, never colliding with those a model already has.
import type { Graph } from '../../graph/model';
import { walkNodes } from '../../graph/traverse';

/** Hands out names that are free in a graph and all its subgraphs. */
export class FreshNames {
  private readonly taken = new Set<string>();

  constructor(graph: Graph) {
    this.takeGraph(graph);
    for (const { node, graph: scope } of walkNodes(graph)) {
      if (node.name !== '') this.taken.add(node.name);
      for (const output of node.outputs) this.taken.add(output);
      if (scope !== graph) this.takeGraph(scope);
    }
  }

  /** `wanted`, or `wanted_2`, `wanted_3` … */
  fresh(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.taken.has(name); n++) name = `${wanted}_${n}`;
    this.taken.add(name);
    return name;
  }

  private takeGraph(graph: Graph): void {
    for (const value of graph.inputs) this.taken.add(value.name);
    for (const name of graph.initializers.keys()) this.taken.add(name);
    for (const name of graph.sparseInitializers.keys()) this.taken.add(name);
  }
}
