// A snapshot indexed for asking: layers by key, children of groups, neighbours of layers, and sums over groups.
import type { ModelSnapshot } from '../../src/protocol/view';

/** Lists of numbers, one per index, in one array: those of `i` are `items[start[i]] … items[start[i + 1] - 1]`. */
export interface Lists {
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

export interface Structure {
  readonly layerCount: number;
  readonly groupCount: number;
  readonly layerOfKey: ReadonlyMap<string, number>;
  /** Groups that are bodies of functions, by the key of the call. */
  readonly groupOfCall: ReadonlyMap<string, number>;
  readonly groupParent: Int32Array;
  readonly groupDepth: Uint16Array;
  readonly childGroups: Lists;
  /** Layers directly in a group. */
  readonly childLayers: Lists;
  readonly successors: Lists;
  readonly predecessors: Lists;
}

/** The items of one list. */
export function listOf(lists: Lists, index: number): Uint32Array {
  return lists.items.subarray(lists.start[index] ?? 0, lists.start[index + 1] ?? 0);
}

/** Sorts items into lists by owner; the order within a list is the order given. */
export function toLists(count: number, owners: ArrayLike<number>, items: ArrayLike<number>): Lists {
  const start = new Uint32Array(count + 1);
  for (let index = 0; index < owners.length; index += 1) {
    const owner = owners[index] ?? -1;
    if (owner >= 0 && owner < count) start[owner + 1] = (start[owner + 1] ?? 0) + 1;
  }
  for (let index = 0; index < count; index += 1) start[index + 1] = (start[index + 1] ?? 0) + (start[index] ?? 0);
  const next = start.slice();
  const sorted = new Uint32Array(start[count] ?? 0);
  for (let index = 0; index < owners.length; index += 1) {
    const owner = owners[index] ?? -1;
    if (owner < 0 || owner >= count) continue;
    const place = next[owner] ?? 0;
    sorted[place] = items[index] ?? 0;
    next[owner] = place + 1;
  }
  return { start, items: sorted };
}

export function indexSnapshot(snapshot: ModelSnapshot): Structure {
  const { layers, groups, edges } = snapshot;
  const groupCount = Math.max(1, groups.length);
  const groupParent = new Int32Array(groupCount).fill(-1);
  const groupDepth = new Uint16Array(groupCount);
  for (const { id, parent } of groups) {
    if (id === 0) continue;
    groupParent[id] = parent;
    groupDepth[id] = (groupDepth[parent] ?? 0) + 1;
  }
  const from: number[] = [];
  const to: number[] = [];
  for (let index = 0; index + 1 < edges.length; index += 2) {
    const producer = edges[index] ?? -1;
    const consumer = edges[index + 1] ?? -1;
    if (producer < 0 || consumer < 0) continue;
    from.push(producer);
    to.push(consumer);
  }
  const numbers = Uint32Array.from({ length: Math.max(layers.count, groupCount) }, (_, index) => index);
  return {
    layerCount: layers.count,
    groupCount,
    layerOfKey: new Map(layers.keys.map((key, index) => [key, index])),
    groupOfCall: new Map(groups.flatMap(({ id, call }) => (call === undefined ? [] : [[call, id] as const]))),
    groupParent,
    groupDepth,
    childGroups: toLists(groupCount, groupParent, numbers),
    childLayers: toLists(groupCount, layers.group, numbers),
    successors: toLists(layers.count, from, to),
    predecessors: toLists(layers.count, to, from),
  };
}

/** Sum and greatest value of a column over each group, nested layers included; unknown values count as nothing. */
export function sumOverGroups(structure: Structure, layerGroup: Uint32Array, values: Float64Array): { readonly sum: Float64Array; readonly greatest: Float64Array } {
  const sum = new Float64Array(structure.groupCount);
  const greatest = new Float64Array(structure.groupCount).fill(Number.NaN);
  const raise = (group: number, value: number): void => {
    const known = greatest[group] ?? Number.NaN;
    if (!Number.isNaN(value) && !(known >= value)) greatest[group] = value;
  };
  for (let layer = 0; layer < values.length; layer += 1) {
    const value = values[layer] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const group = layerGroup[layer] ?? 0;
    sum[group] = (sum[group] ?? 0) + value;
    raise(group, value);
  }
  // Parents come before their children, so one pass from the end carries every sum to the root.
  for (let group = structure.groupCount - 1; group > 0; group -= 1) {
    const parent = structure.groupParent[group] ?? 0;
    sum[parent] = (sum[parent] ?? 0) + (sum[group] ?? 0);
    raise(parent, greatest[group] ?? Number.NaN);
  }
  return { sum, greatest };
}

/** The groups around a layer or group, outermost first, the root left out. */
export function enclosingGroups(structure: Structure, group: number): number[] {
  const path: number[] = [];
  for (let at = group; at > 0; at = structure.groupParent[at] ?? -1) path.push(at);
  return path.reverse();
}

/** All layers in a group, nested ones included, in file order. */
export function layersWithin(structure: Structure, group: number): number[] {
  const found: number[] = [];
  const waiting = [group];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const layer of listOf(structure.childLayers, at)) found.push(layer);
    for (const child of listOf(structure.childGroups, at)) waiting.push(child);
  }
  return found.sort((a, b) => a - b);
}

/** What a key names: a layer, or the call of a function, which is a group. */
export function selectionOf(structure: Structure, key: string): { readonly kind: 'layer'; readonly layer: number } | { readonly kind: 'group'; readonly group: number } | undefined {
  const layer = structure.layerOfKey.get(key);
  if (layer !== undefined) return { kind: 'layer', layer };
  const group = structure.groupOfCall.get(key);
  return group === undefined ? undefined : { kind: 'group', group };
}

/** The key by which the text has a group of a function: the text shows the outermost call, what it is made of stands in the function. */
export function textKey({ snapshot, structure }: { readonly snapshot: ModelSnapshot; readonly structure: Structure }, group: number, key = ''): string {
  return enclosingGroups(structure, group).map((id) => snapshot.groups[id]?.call).find((call) => call !== undefined) ?? key;
}
