// Which group of one model is which of another: the one that shares most of its layers, if each is the other's best.
import type { RowLayers, Side } from '../protocol/comparison';
import type { ModelSnapshot } from '../protocol/view';

/** Groups nested deeper than this are not paired: their number on both sides multiplies. */
const deepest = 12;

/**
 * Groups are compared by their layers in pairs, as sets: common ones over all (Jaccard's index).
 * @returns the group after of each group before, −1 where there is none
 */
export function pairGroups(before: ModelSnapshot, after: ModelSnapshot, layers: Readonly<Record<Side, RowLayers>>): Int32Array {
  const counterparts = new Int32Array(before.groups.length).fill(-1);
  if (counterparts.length > 0 && after.groups.length > 0) counterparts[0] = 0;
  const common = commonLayers(before, after, layers);
  const best = { before: new Map<number, Candidate>(), after: new Map<number, Candidate>() };
  for (const [key, count] of common) {
    const one = Math.floor(key / after.groups.length);
    const other = key % after.groups.length;
    const [a, b] = [before.groups[one], after.groups[other]];
    if (a === undefined || b === undefined) continue;
    // Of equals the one of the same name: a scope that holds nothing but another has the same layers.
    const score = count / (a.layers + b.layers - count) + (a.name === b.name ? sameName : 0);
    consider(best.before, one, { group: other, score });
    consider(best.after, other, { group: one, score });
  }
  for (const [one, { group }] of best.before) if (best.after.get(group)?.group === one) counterparts[one] = group;
  return counterparts;
}

interface Candidate {
  readonly group: number;
  readonly score: number;
}

/** Less than any difference of shares that counts. */
const sameName = 1e-6;

function consider(best: Map<number, Candidate>, group: number, candidate: Candidate): void {
  const known = best.get(group);
  if (known === undefined || candidate.score > known.score) best.set(group, candidate);
}

/** Rows by pair of groups that both hold them; the key is group before × number of groups after + group after. */
function commonLayers(before: ModelSnapshot, after: ModelSnapshot, layers: Readonly<Record<Side, RowLayers>>): Map<number, number> {
  const common = new Map<number, number>();
  for (let row = 0; row + 1 < layers.before.start.length; row++) {
    const [a, b] = [leadOf(layers.before, row), leadOf(layers.after, row)];
    if (a === undefined || b === undefined) continue;
    const around = enclosing(after, after.layers.group[b] ?? 0);
    for (const one of enclosing(before, before.layers.group[a] ?? 0)) {
      for (const other of around) {
        const key = one * after.groups.length + other;
        common.set(key, (common.get(key) ?? 0) + 1);
      }
    }
  }
  return common;
}

function leadOf({ start, items }: RowLayers, row: number): number | undefined {
  const first = start[row] ?? 0;
  return first < (start[row + 1] ?? 0) ? items[first] : undefined;
}

/** The groups around a layer, innermost first, the root left out. */
function enclosing({ groups }: ModelSnapshot, group: number): number[] {
  const path: number[] = [];
  for (let at = group; at > 0 && path.length < deepest; at = groups[at]?.parent ?? 0) path.push(at);
  return path;
}
