// What the model view draws: layers as columns (typed arrays travel as they are), groups, edges; and the messages of both pages.
import * as z from 'zod';
import type { ErrorJson } from '../base/errors';
import type { ModelSummary, RooflineEstimate, ValueSummary } from './analysis';
import type { Finding } from './findings';
import type { Profile } from './measurement';
import type { PageModel } from './pageBenchmark';
import type { OptimizationReport } from './report';

export const metricNames = ['parameters', 'flops', 'macs', 'weightBytes', 'activationBytes', 'latency', 'sensitivity', 'layerError'] as const;
export type MetricName = (typeof metricNames)[number];

/** Columns over all layers, index = layer number, in file order. NaN = not known (or fused, for latency). */
export interface LayerColumns {
  readonly count: number;
  readonly keys: readonly string[];
  /** Operator of each layer, as an index into `opNames`. */
  readonly op: Uint16Array;
  readonly opNames: readonly string[];
  /** Innermost group of each layer; 0 is the model itself. */
  readonly group: Uint32Array;
  /** Output as text, e.g. `64×112×112`. */
  readonly shape: readonly string[];
  readonly parameters: Float64Array;
  readonly flops: Float64Array;
  readonly macs: Float64Array;
  readonly weightBytes: Float64Array;
  readonly activationBytes: Float64Array;
  /** Relative error (RMS) of the model's outputs when the layer alone is int8; from the newest report about this file. */
  readonly sensitivity?: Float64Array;
  /** Relative error (RMS) of what comes out of the layer against the float form; of a model that a report made. */
  readonly layerError?: Float64Array;
}

/** A group of layers: a name scope, a repeated block, a subgraph, or the body of a model-local function as one call makes it. Parents come before children; group 0 is the root. */
export interface GroupSummary {
  readonly id: number;
  readonly parent: number;
  readonly name: string;
  readonly kind: 'model' | 'scope' | 'block' | 'subgraph' | 'function';
  /** Of a function: the key of its call, which no layer has. Its detail can be asked for. */
  readonly call?: string;
  /** Layers inside, nested ones included. */
  readonly layers: number;
}

export interface ModelSnapshot {
  readonly summary: ModelSummary;
  /** Tells the files it was read from, the model's and those of its weights, from what they are after a change. */
  readonly version?: string;
  readonly layers: LayerColumns;
  readonly groups: readonly GroupSummary[];
  /** Pairs (producer layer, consumer layer); model inputs are −1−i as producer, outputs −1−i as consumer. */
  readonly edges: Int32Array;
  readonly findings: readonly Finding[];
  readonly profile?: Profile;
  /** Set when running is impossible here, and why. */
  readonly cannotRun?: string;
  /** Time the whole model ought to take on the chosen target, while nothing is measured. */
  readonly estimate?: RooflineEstimate;
  /** Devices costs can be estimated for, this machine among them; the header offers them where there are several. */
  readonly targets?: readonly { readonly id: string; readonly title: string }[];
  /** Id of the target that `estimate` and the details' roofline are for. */
  readonly target?: string;
}

/** What the inspector shows of one layer; weights are read for it on request. */
export interface LayerDetail {
  readonly key: string;
  readonly op: string;
  readonly domain: string;
  readonly docString: string;
  /** For a call: the model's function that it calls, as `domain::name`, and how it is called. */
  readonly function?: { readonly label: string; readonly signature: string };
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  readonly inputs: readonly ValueSummary[];
  readonly outputs: readonly ValueSummary[];
  readonly weights: readonly WeightDetail[];
  readonly parameters: number;
  readonly weightBytes: number;
  readonly macs: number | null;
  readonly flops: number | null;
  /** MACs per byte moved; null when unknown. */
  readonly intensity: number | null;
  /** Roofline estimate on the device named, milliseconds. */
  readonly roofline: { readonly device: string; readonly milliseconds: number; readonly bound: 'compute' | 'memory' } | null;
}

export interface WeightDetail {
  readonly name: string;
  readonly elementType: string;
  readonly dims: readonly number[];
  readonly bytes: number;
  readonly statistics?: WeightStatistics;
}

/** Statistics over the finite elements; `bins` are counts over equal-width bins from min to max. */
export interface WeightStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly standardDeviation: number;
  readonly zeros: number;
  readonly notFinite: number;
  readonly bins: readonly number[];
  /** SQNR in dB of symmetric per-channel int8 rounding of this weight. */
  readonly int8SqnrDb?: number;
}

// ---- Messages to the model view ----
export type ToModelView =
  | { readonly type: 'snapshot'; readonly snapshot: ModelSnapshot }
  | { readonly type: 'findings'; readonly findings: readonly Finding[]; readonly deep: boolean }
  | { readonly type: 'profile'; readonly profile: Profile }
  | { readonly type: 'detail'; readonly detail: LayerDetail }
  | { readonly type: 'select'; readonly layer: string }
  | { readonly type: 'busy'; readonly job: string; readonly message: string; readonly fraction?: number }
  | { readonly type: 'idle'; readonly job: string }
  | { readonly type: 'gone' } // the file was deleted
  | { readonly type: 'engineDied'; readonly message: string }
  /** The models for a benchmark in the page, then their bytes, in order and in pieces; or why there are none. `run` is that of the request. */
  | { readonly type: 'pageModels'; readonly run: number; readonly models: readonly PageModel[]; readonly noTwin?: string }
  | { readonly type: 'pageBytes'; readonly run: number; readonly model: number; readonly file: number; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: 'pageFailed'; readonly run: number; readonly error: ErrorJson }
  | { readonly type: 'error'; readonly error: ErrorJson };

// ---- Messages from the model view: hostile until parsed ----
export const fromModelView = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('detail'), layer: z.string().max(1_000_000) }),
  z.strictObject({ type: z.literal('selected'), layer: z.string().max(1_000_000) }),
  z.strictObject({ type: z.literal('bind'), bindings: z.record(z.string().max(1000), z.number().int().min(0).max(2 ** 31)), target: z.string().max(200).optional() }),
  z.strictObject({ type: z.literal('profile') }),
  z.strictObject({ type: z.literal('optimize') }),
  z.strictObject({ type: z.literal('fix'), fix: z.string().max(10_000) }),
  z.strictObject({ type: z.literal('inline'), function: z.string().max(1_000_000).optional() }),
  z.strictObject({ type: z.literal('saveAsOnnx') }),
  z.strictObject({ type: z.literal('pageModels'), run: z.int().min(0) }),
  z.strictObject({ type: z.literal('pageEnded'), run: z.int().min(0) }),
  z.strictObject({ type: z.literal('openText'), layer: z.string().max(1_000_000).optional() }),
  z.strictObject({ type: z.literal('cancel'), job: z.string().max(100) }),
  z.strictObject({ type: z.literal('restartEngine') }),
  z.strictObject({ type: z.literal('showLog') }),
]);
export type FromModelView = z.infer<typeof fromModelView>;

// ---- Messages of the benchmark view ----
export type ToBenchmarkView =
  | { readonly type: 'reports'; readonly model: string | null; readonly reports: readonly OptimizationReport[] }
  | { readonly type: 'busy'; readonly job: string; readonly title: string; readonly message: string; readonly fraction?: number }
  | { readonly type: 'idle'; readonly job: string }
  | { readonly type: 'error'; readonly error: ErrorJson };

export const fromBenchmarkView = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('openModel'), path: z.string().max(10_000) }),
  z.strictObject({ type: z.literal('openReport'), path: z.string().max(10_000) }),
  z.strictObject({ type: z.literal('compareGraphs'), source: z.string().max(10_000), variant: z.string().max(10_000) }),
  z.strictObject({ type: z.literal('cancel'), job: z.string().max(100) }),
  z.strictObject({ type: z.literal('optimize') }),
]);
export type FromBenchmarkView = z.infer<typeof fromBenchmarkView>;
