// Messages between the extension and the page that lays two models side by side.
import * as z from 'zod';
import type { ErrorJson } from '../base/errors';
import { sides, type GraphComparison, type PairMeasurement, type Side } from './comparison';

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
