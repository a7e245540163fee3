// Two models as graphs side by side: which layers belong together, what differs between them, what was measured of them; and the messages of that page.
import * as z from 'zod';
import type { ErrorJson } from '../base/errors';
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

// ---- Messages to the page ----
export type ToCompareView =
  | { readonly type: 'comparison'; readonly comparison: GraphComparison }
  | { readonly type: 'measured'; readonly measurement: PairMeasurement }
  | { readonly type: 'select'; readonly side: Side; readonly layer: string }
  | { readonly type: 'busy'; readonly job: string; readonly title: string; readonly message: string; readonly fraction?: number }
  | { readonly type: 'idle'; readonly job: string }
  | { readonly type: 'gone'; readonly side: Side } // the file was deleted
  | { readonly type: 'engineDied'; readonly message: string }
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'error'; readonly error: ErrorJson };

// ---- Messages from the page: hostile until parsed ----
export const fromCompareView = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('measure') }),
  z.strictObject({ type: z.literal('texts') }),
  z.strictObject({ type: z.literal('openModel'), side: z.enum(sides), layer: z.string().max(1_000_000).optional() }),
  z.strictObject({ type: z.literal('cancel'), job: z.string().max(100) }),
  z.strictObject({ type: z.literal('restartEngine') }),
  z.strictObject({ type: z.literal('showLog') }),
]);
export type FromCompareView = z.infer<typeof fromCompareView>;
