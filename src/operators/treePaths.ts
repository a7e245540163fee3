// How many nodes of a tree ensemble a record passes at most: the deepest leaf of every tree, the worst branch as with If.
import type { OperatorContext } from './context';

/** Children of each node by number; −1 is a leaf. */
interface Forest {
  readonly roots: readonly number[];
  readonly yes: readonly number[];
  readonly no: readonly number[];
}

/** Nodes on the way to the deepest leaf, the leaf itself left out, summed over the trees; undefined where the lists do not fit each other. */
export function deepestPaths(context: OperatorContext): number | undefined {
  const forest = context.node.opType === 'TreeEnsemble' ? rooted(context) : listed(context);
  if (forest === undefined) return undefined;
  let sum = 0;
  let left = forest.yes.length;
  for (const root of forest.roots) {
    let level = [root];
    while (level.length > 0) {
      left -= level.length;
      if (left < 0) return undefined; // a node reached twice
      const below = level.flatMap((node) => [forest.yes[node] ?? -1, forest.no[node] ?? -1]).filter((node) => node >= 0);
      sum++;
      level = below;
    }
  }
  return sum;
}

/** TreeEnsemble (version 5): inner nodes only, children numbered in one list for all trees. */
function rooted(context: OperatorContext): Forest | undefined {
  const roots = context.ints('tree_roots');
  const [yes, no] = ['true', 'false'].map((side) => {
    const leaf = context.ints(`nodes_${side}leafs`);
    return context.ints(`nodes_${side}nodeids`)?.map((node, i) => (leaf?.[i] === 0 ? node : -1));
  });
  return roots === undefined || yes === undefined || no === undefined ? undefined : { roots, yes, no };
}

/** TreeEnsembleClassifier, TreeEnsembleRegressor: leaves are nodes too, numbered within each tree. */
function listed(context: OperatorContext): Forest | undefined {
  const trees = context.ints('nodes_treeids');
  const numbers = context.ints('nodes_nodeids');
  const modes = context.node.attributes.get('nodes_modes');
  if (trees === undefined || numbers === undefined || modes?.type !== 'strings' || modes.value.length !== trees.length || numbers.length !== trees.length) return undefined;
  const at = new Map(trees.map((tree, i) => [`${tree} ${numbers[i]}`, i]));
  const child = new Set<number>();
  const leaf = (node: number | undefined): boolean => node === undefined || modes.value[node] === 'LEAF';
  const [yes, no] = ['nodes_truenodeids', 'nodes_falsenodeids'].map((side) =>
    context.ints(side)?.map((number, i) => {
      const node = leaf(i) ? undefined : at.get(`${trees[i]} ${number}`);
      if (node !== undefined) child.add(node);
      return node === undefined || leaf(node) ? -1 : node;
    }),
  );
  if (yes === undefined || no === undefined) return undefined;
  return { roots: trees.map((_, i) => i).filter((node) => !child.has(node) && !leaf(node)), yes, no };
}
