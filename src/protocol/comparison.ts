// Two models as graphs side by side: which layers belong together, what differs between them, what was measured of them.
import type { Profile } from './measurement';
import type { ModelSnapshot } from './view';

export const sides = ['before', 'after'] as const;
export type Side = (typeof sides)[number];

/** What differs within a row of {@link PairColumns}, as bits; 0 where nothing does. */
export const changeBits = {
  /** There are layers before only. */
  removed: 1,
  /** There are layers after only. */
  added: 2,
  /** Other operators, or another number of them: fused, split, replaced. */
  operators: 4,
  attributes: 8,
  /** Element type or shape of what comes out. */
  types: 16,
  /** Type, shape or content of the weights. */
  weights: 32,
} as const;
export type Change = keyof typeof changeBits;

/** Layers by row: those of row `i` are `items[start[i]] … items[start[i + 1] − 1]`, the one that does the work first. */
export interface RowLayers {
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

/** Layers that belong together, a row each: one and one, several fused into one, one that became several, or some without a counterpart. Every layer of both snapshots is in exactly one row. */
export interface PairColumns {
  readonly count: number;
  readonly layers: Readonly<Record<Side, RowLayers>>;
  /** {@link changeBits} of each row. */
  readonly changes: Uint8Array;
  /** After − before; a side without layers counts as 0. NaN = not known. */
  readonly parameters: Float64Array;
  readonly weightBytes: Float64Array;
  readonly macs: Float64Array;
}

export interface GraphComparison {
  readonly before: ModelSnapshot;
  readonly after: ModelSnapshot;
  readonly pairs: PairColumns;
  /** Group after that each group before corresponds to; −1 where there is none. */
  readonly groups: Int32Array;
}

/** What was measured of two models. Milliseconds per layer are in the profiles; errors are per row. */
export interface PairMeasurement {
  readonly profiles: Readonly<Record<Side, Profile>>;
  /** Signal to noise of what comes out of the row, in dB: +∞ where it is the same, NaN where it was not compared. */
  readonly sqnrDb: Float64Array;
  /** Greatest absolute difference; NaN where it was not compared. */
  readonly maxAbs: Float64Array;
  /** What both were fed, in words. */
  readonly inputs: string;
  /** Why errors are missing, where they could not be had. */
  readonly problem?: string;
}
