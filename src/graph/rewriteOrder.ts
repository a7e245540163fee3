// Topological order that keeps to the order given wherever dependencies allow.
import type { Node } from './model';
import { closesLoop } from './traverse';

/**
 * Sorts nodes so that makers stand before readers; a node already in place keeps its place.
 * @param reads names of the values a node reads, captures by its subgraphs included
 */
export function sortTopologically(nodes: readonly Node[], reads: (node: Node) => readonly string[]): Node[] {
  const makers = new Map<string, Node>();
  for (const node of nodes) for (const output of node.outputs) if (output !== '') makers.set(output, node);
  if (isSorted(nodes, reads, makers)) return [...nodes];
  const sorted: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  for (const first of nodes) {
    const stack: Node[] = [first];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      if (state.get(node) !== undefined) {
        stack.pop();
        if (state.get(node) === 'open') sorted.push(node);
        state.set(node, 'done');
        continue;
      }
      state.set(node, 'open');
      const missing = reads(node)
        .map((name) => makers.get(name))
        .filter((maker) => maker !== undefined && state.get(maker) === undefined);
      for (const maker of missing.reverse()) if (maker !== undefined) stack.push(maker);
    }
  }
  return sorted;
}

/** The same where nodes may hand a value to the next round of a loop: who reads that may stand before it. */
export function sortRounds(nodes: readonly Node[], reads: (node: Node) => readonly string[]): Node[] {
  const later = new Set(nodes.filter(closesLoop).flatMap(({ outputs }) => outputs));
  return sortTopologically(nodes, (node) => (later.size === 0 ? reads(node) : reads(node).filter((name) => !later.has(name))));
}

/** Most files have their nodes in order: to see that takes less than to sort them. */
function isSorted(nodes: readonly Node[], reads: (node: Node) => readonly string[], makers: ReadonlyMap<string, Node>): boolean {
  const made = new Set<Node>();
  for (const node of nodes) {
    for (const name of reads(node)) {
      const maker = makers.get(name);
      if (maker !== undefined && !made.has(maker)) return false;
    }
    made.add(node);
  }
  return true;
}
