// A comparison indexed for asking: the row of every layer, the counterpart of whatever is selected, and what was measured, by row.
import { changeBits, sides, type Change, type GraphComparison, type PairMeasurement, type Side } from '../../src/protocol/comparison';
import { measuredMilliseconds, type Profile } from '../../src/protocol/measurement';
import type { ModelSnapshot } from '../../src/protocol/view';
import type { Shown } from '../model/shown';
import type { Selection } from '../model/state';
import { indexSnapshot } from '../model/structure';

export interface Compared {
  readonly comparison: GraphComparison;
  readonly models: Readonly<Record<Side, Shown>>;
  /** Row of each layer of a side. */
  readonly rowOf: Readonly<Record<Side, Uint32Array>>;
  /** Group on the other side that each group of a side corresponds to; −1 where there is none. */
  readonly groupOf: Readonly<Record<Side, Int32Array>>;
  /** 1 for rows in which anything differs. */
  readonly changed: Uint8Array;
  readonly counts: { readonly changed: number; readonly added: number; readonly removed: number };
}

/** Figures by row, NaN where there is none. */
export interface Measured {
  readonly measurement: PairMeasurement;
  readonly milliseconds: Readonly<Record<Side, Float64Array>>;
  /** After − before. */
  readonly millisecondsDelta: Float64Array;
  /** Root mean square of the difference over that of the source's values: 10^(−SQNR/20). */
  readonly relativeError: Float64Array;
}

export const other = { before: 'after', after: 'before' } as const satisfies Record<Side, Side>;

export function indexComparison(comparison: GraphComparison): Compared {
  const { pairs, groups } = comparison;
  const counterpartOfAfter = new Int32Array(comparison.after.groups.length).fill(-1);
  groups.forEach((after, before) => { if (after >= 0) counterpartOfAfter[after] = before; });
  const changed = pairs.changes.map((bits, row) => (bits !== 0 || [pairs.parameters, pairs.weightBytes, pairs.macs].some((column) => Math.abs(column[row] ?? 0) > 0) ? 1 : 0));
  const count = (bit: number): number => pairs.changes.reduce((sum, bits) => sum + ((bits & bit) === 0 ? 0 : 1), 0);
  const [added, removed] = [count(changeBits.added), count(changeBits.removed)];
  return {
    comparison,
    models: { before: shownOf(comparison.before), after: shownOf(comparison.after) },
    rowOf: { before: rowsOfLayers(comparison, 'before'), after: rowsOfLayers(comparison, 'after') },
    groupOf: { before: groups, after: counterpartOfAfter },
    changed,
    counts: { changed: changed.reduce((sum, flag) => sum + flag, 0) - added - removed, added, removed },
  };
}

function shownOf(snapshot: ModelSnapshot): Shown {
  return { snapshot, structure: indexSnapshot(snapshot), findings: snapshot.findings, profile: snapshot.profile, latency: undefined };
}

function rowsOfLayers({ pairs, ...snapshots }: GraphComparison, side: Side): Uint32Array {
  const rows = new Uint32Array(snapshots[side].layers.count);
  const { start, items } = pairs.layers[side];
  for (let row = 0; row < pairs.count; row += 1) for (let at = start[row] ?? 0; at < (start[row + 1] ?? 0); at += 1) rows[items[at] ?? 0] = row;
  return rows;
}

/** A row's layers on a side, the one that does the work first. */
export function layersOf({ comparison: { pairs } }: Compared, side: Side, row: number): Uint32Array {
  const { start, items } = pairs.layers[side];
  return items.subarray(start[row] ?? 0, start[row + 1] ?? 0);
}

/** What belongs to a selection on the other side. */
export function counterpart(compared: Compared, side: Side, selection: Selection): Selection {
  switch (selection.kind) {
    case 'none':
      return selection;
    case 'layer': {
      const layer = layersOf(compared, other[side], compared.rowOf[side][selection.layer] ?? 0)[0];
      return layer === undefined ? { kind: 'none' } : { kind: 'layer', layer };
    }
    case 'group': {
      const group = compared.groupOf[side][selection.group] ?? -1;
      return group < 0 ? { kind: 'none' } : { kind: 'group', group };
    }
    default:
      return selection satisfies never;
  }
}

/** What differs in a row. */
export function changesOf({ comparison: { pairs } }: Compared, row: number): Change[] {
  const bits = pairs.changes[row] ?? 0;
  return (Object.keys(changeBits) as Change[]).filter((name) => (bits & changeBits[name]) !== 0);
}

export function indexMeasurement(compared: Compared, measurement: PairMeasurement): Measured {
  const milliseconds = { before: rowMilliseconds(compared, 'before', measurement.profiles.before), after: rowMilliseconds(compared, 'after', measurement.profiles.after) };
  return {
    measurement,
    milliseconds,
    millisecondsDelta: milliseconds.after.map((value, row) => value - (milliseconds.before[row] ?? Number.NaN)),
    relativeError: measurement.sqnrDb.map((decibels) => 10 ** (-decibels / 20)),
  };
}

/** A row takes as long as the kernels of its layers; those that were fused into another's have none. What is on one side only took no time on the other. */
function rowMilliseconds(compared: Compared, side: Side, profile: Profile): Float64Array {
  const { keys } = compared.models[side].snapshot.layers;
  return Float64Array.from({ length: compared.comparison.pairs.count }, (_, row) => {
    const layers = layersOf(compared, side, row);
    const known = [...layers].flatMap((layer) => measuredMilliseconds(profile, keys[layer] ?? '') ?? []);
    if (known.length === 0) return layers.length === 0 ? 0 : Number.NaN;
    return known.reduce((sum, value) => sum + value, 0);
  });
}

/** Why nothing can be measured here; undefined where it can. */
export function cannotMeasure({ models }: Compared): string | undefined {
  return sides.map((side) => models[side].snapshot.cannotRun).find((reason) => reason !== undefined);
}
