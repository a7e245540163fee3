// Findings (what is worth changing in a model, and what it costs) and the fixes they lead to.

export type FindingCode =
  | 'oversized-layer'
  | 'unfolded-batchnorm'
  | 'unfused-activation'
  | 'duplicate-weights'
  | 'dead-weights'
  | 'dead-node'
  | 'foldable-constants'
  | 'redundant-reshape'
  | 'float64'
  | 'nan-weights'
  | 'old-opset'
  | 'unknown-operator'
  | 'unknown-cost'
  | 'shape-contradiction'
  | 'weights-in-constants'
  | 'quantizable'
  | 'unfused-quantization'
  | 'invalid';

/** Estimated change a fix brings: negative is less. Every figure is a range and labelled an estimate. */
export interface GainEstimate {
  readonly weightBytes?: Range;
  readonly macs?: Range;
  /** Milliseconds on the device named. */
  readonly milliseconds?: Range;
  readonly device?: string;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface Fix {
  /** Unique within the model: what the editor sends back to have the fix run. */
  readonly id: string;
  readonly title: string;
  /** Technique id, e.g. `quantize-static`. */
  readonly technique: string;
  /** Technique options, as the recipe step will hold them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The recipe simplifies first: int8 fuses only in a canonical graph. */
  readonly simplifyFirst?: true;
  readonly estimate: GainEstimate;
}

export interface Finding {
  readonly code: FindingCode;
  /** A finding is information unless something is wrong. */
  readonly severity: 'information' | 'warning' | 'error';
  /** Key of the node concerned; absent for the model as a whole. */
  readonly layer?: string;
  /** Name of the weight or value concerned. */
  readonly value?: string;
  /** One sentence that stands without a heading and repeats none: what, and its cost in bytes, MACs or milliseconds. */
  readonly message: string;
  /** What it costs now, for sorting. */
  readonly cost: { readonly bytes?: number; readonly macs?: number; readonly milliseconds?: number };
  readonly fixes: readonly Fix[];
}

/** The finding for a place that shows no heading and no layer: the layer or value leads, unless the sentence names it. */
export function placedMessage({ layer, value, message }: Finding): string {
  const where = layer ?? value;
  return where === undefined || message.includes(where) ? message : `${where}: ${message}`;
}
