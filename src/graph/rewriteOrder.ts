// Topological order that keeps to the order given wherever dependencies allow.
import type { Node } from './model';
import { closesLoop } from './traverse';

/**
 * Sorts nodes so that makers stand before readers; a node already in place keeps its place.
 * @param reads names of the values a node reads, captures by its subgraphs included
 */
export function sortTopologically(nodes: readonly Node[], reads: (node: Node) => readonly string[]): Node[] {
  if (isSorted(nodes, reads)) return [...nodes];
  const makers = new Map<string, Node>();
  for (const node of nodes) for (const output of node.outputs) if (output !== '') makers.set(output, node);
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
function isSorted(nodes: readonly Node[], reads: (node: Node) => readonly string[]): boolean {
  const made = new Set<string>();
  /** What is read before it is made, if it is made at all. */
  const awaited = new Set<string>();
  for (const node of nodes) {
    for (const name of reads(node)) if (!made.has(name)) awaited.add(name);
    for (const output of node.outputs) {
      if (awaited.has(output) && output !== '') return false;
      made.add(output);
    }
  }
  return true;
}
