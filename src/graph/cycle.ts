// Finds a cycle among nodes, without recursion (chains of 100,000 nodes are normal).
import type { Node } from './model';
import { closesLoop, nodeReads } from './traverse';

/**
 * The nodes of one cycle, the first repeated at the end; undefined where the nodes can be put in order.
 * Kahn's algorithm removes what can be ordered; from what remains, producers are followed until one comes again.
 */
export function findCycle(nodes: readonly Node[]): Node[] | undefined {
  const producers = new Map<string, Node>();
  for (const node of nodes) for (const output of node.outputs) if (output !== '' && !closesLoop(node)) producers.set(output, node);
  const needs = new Map<Node, Node[]>();
  const users = new Map<Node, Node[]>();
  for (const node of nodes) {
    const needed = [...new Set(nodeReads(node))].flatMap((name) => producers.get(name) ?? []);
    needs.set(node, needed);
    for (const producer of needed) {
      const list = users.get(producer);
      if (list === undefined) users.set(producer, [node]);
      else list.push(node);
    }
  }
  const waiting = new Map<Node, number>(nodes.map((node) => [node, needs.get(node)?.length ?? 0]));
  const ready = nodes.filter((node) => waiting.get(node) === 0);
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    waiting.delete(node);
    for (const user of users.get(node) ?? []) {
      const left = (waiting.get(user) ?? 0) - 1;
      if (!waiting.has(user)) continue;
      waiting.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  const [start] = waiting.keys();
  if (start === undefined) return undefined;
  // Every node that remains needs another one that remains, so following the needs must come back.
  const path: Node[] = [];
  const place = new Map<Node, number>();
  let at: Node | undefined = start;
  while (at !== undefined && !place.has(at)) {
    place.set(at, path.length);
    path.push(at);
    at = needs.get(at)?.find((node) => waiting.has(node));
  }
  if (at === undefined) return undefined;
  return [at, ...path.slice(place.get(at) ?? 0).reverse()];
}
