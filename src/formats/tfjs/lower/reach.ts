// Which nodes of a graph are needed for which values.
import type { Graph, Node } from '../../../graph/model';
import { nodeReads } from '../../../graph/traverse';

/** The nodes that an output of the graph needs; control edges add nothing, as native operators that are lowered have no effects. */
export function needed(graph: Graph): Node[] {
  const wanted = reached(graph.nodes, new Set(graph.outputs.map(({ name }) => name)));
  return graph.nodes.filter((node) => wanted.has(node));
}

export function reached(nodes: readonly Node[], names: ReadonlySet<string>): ReadonlySet<Node> {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((output): [string, Node] => [output, node])));
  const found = new Set<Node>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const maker = makers.get(name);
    if (maker === undefined || found.has(maker)) continue;
    found.add(maker);
    queue.push(...nodeReads(maker));
  }
  return found;
}
