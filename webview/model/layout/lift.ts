// What can be seen of a model with some groups expanded: the items in each open group, and edges lifted to those items.
import type { LayoutModel } from './scene';

/** Items are numbered: layers, then groups, then model inputs, then outputs. */
export interface Items {
  readonly firstGroup: number;
  readonly firstInput: number;
  readonly firstOutput: number;
  readonly count: number;
  /** Stand for the top and bottom of the open group an edge is in. */
  readonly entry: number;
  readonly exit: number;
}

export interface LiftedEdge {
  readonly from: number;
  readonly to: number;
}

export interface OpenGroup {
  readonly group: number;
  /** Items shown directly inside, in file order. */
  readonly children: number[];
  readonly edges: LiftedEdge[];
}

export interface Lifted {
  readonly items: Items;
  /** Open groups by number, parents before children; only groups all of whose ancestors are open. */
  readonly open: ReadonlyMap<number, OpenGroup>;
  /** The item that shows each layer: itself, or the collapsed group that holds it. */
  readonly itemOfLayer: Uint32Array;
  /** For a group inside a collapsed one, the collapsed one; else −1. */
  readonly hiddenIn: Int32Array;
}

export function itemsOf(model: LayoutModel): Items {
  const firstGroup = model.layerCount;
  const firstInput = firstGroup + model.groupParent.length;
  const firstOutput = firstInput + model.inputs;
  const count = firstOutput + model.outputs;
  return { firstGroup, firstInput, firstOutput, count, entry: count, exit: count + 1 };
}

/** @param expanded one byte per group; the root (0) is always open */
export function lift(model: LayoutModel, expanded: Uint8Array): Lifted {
  const { layerGroup, groupParent } = model;
  const items = itemsOf(model);
  const hiddenIn = new Int32Array(groupParent.length).fill(-1);
  const depth = new Uint16Array(groupParent.length);
  const open = new Map<number, OpenGroup>([[0, { group: 0, children: [], edges: [] }]]);
  for (let group = 1; group < groupParent.length; group += 1) {
    const parent = groupParent[group] ?? 0;
    depth[group] = (depth[parent] ?? 0) + 1;
    if (open.has(parent)) {
      if (expanded[group] === 1) open.set(group, { group, children: [], edges: [] });
      else hiddenIn[group] = group;
    } else {
      hiddenIn[group] = hiddenIn[parent] ?? -1;
    }
  }
  const itemOfLayer = layerGroup.map((group, layer) => {
    const hidden = hiddenIn[group] ?? -1;
    return hidden < 0 ? layer : items.firstGroup + hidden;
  });
  const containerOf = (item: number): number => {
    if (item < items.firstGroup) return layerGroup[item] ?? 0;
    if (item < items.firstInput) return groupParent[item - items.firstGroup] ?? 0;
    return 0;
  };
  collectChildren(items, open, itemOfLayer, containerOf, model);
  liftEdges(model, items, open, itemOfLayer, containerOf, depth);
  return { items, open, itemOfLayer, hiddenIn };
}

/** Puts each shown item into its open group when its first layer comes by: file order is a topological order. */
function collectChildren(items: Items, open: ReadonlyMap<number, OpenGroup>, itemOfLayer: Uint32Array, containerOf: (item: number) => number, model: LayoutModel): void {
  const root = open.get(0)?.children ?? [];
  for (let input = 0; input < model.inputs; input += 1) root.push(items.firstInput + input);
  const seen = new Uint8Array(items.count);
  for (const shown of itemOfLayer) {
    for (let item = shown; seen[item] === 0; item = items.firstGroup + containerOf(item)) {
      seen[item] = 1;
      const container = containerOf(item);
      open.get(container)?.children.push(item);
      if (container === 0) break;
    }
  }
  for (let output = 0; output < model.outputs; output += 1) root.push(items.firstOutput + output);
}

/** Splits every edge at the frames it crosses, and keeps one of each kind in each open group. */
function liftEdges(model: LayoutModel, items: Items, open: ReadonlyMap<number, OpenGroup>, itemOfLayer: Uint32Array, containerOf: (item: number) => number, depth: Uint16Array): void {
  const seen = new Map<number, Set<number>>();
  const add = (container: number, from: number, to: number): void => {
    let known = seen.get(container);
    if (known === undefined) seen.set(container, (known = new Set()));
    const pair = from * (items.count + 2) + to;
    if (known.has(pair)) return;
    known.add(pair);
    open.get(container)?.edges.push({ from, to });
  };
  for (let index = 0; index + 1 < model.edges.length; index += 2) {
    const producer = model.edges[index] ?? 0;
    const consumer = model.edges[index + 1] ?? 0;
    let from = producer < 0 ? items.firstInput - 1 - producer : itemOfLayer[producer] ?? 0;
    let to = consumer < 0 ? items.firstOutput - 1 - consumer : itemOfLayer[consumer] ?? 0;
    if (from === to) continue;
    let fromContainer = containerOf(from);
    let toContainer = containerOf(to);
    while (fromContainer !== toContainer) {
      if ((depth[fromContainer] ?? 0) >= (depth[toContainer] ?? 0)) {
        add(fromContainer, from, items.exit);
        from = items.firstGroup + fromContainer;
        fromContainer = containerOf(from);
      } else {
        add(toContainer, items.entry, to);
        to = items.firstGroup + toContainer;
        toContainer = containerOf(to);
      }
    }
    if (from !== to) add(fromContainer, from, to);
  }
}
