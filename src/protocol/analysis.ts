// What is known of a model without running it: the answer of `inspect`, in the editor and as JSON.
import type { Finding } from './findings';

/** A value's type as text, e.g. `float32` and `['batch', 3, 224, 224]`; shape absent when the rank is unknown, null for an unknown dimension. */
export interface ValueSummary {
  readonly name: string;
  /** Element type, or `sequence(…)`, `optional(…)`, `map(…)`. */
  readonly type: string;
  readonly shape?: readonly (number | string | null)[];
}

/** One node. Costs are null where a dimension they need is unknown at the bindings. */
export interface LayerSummary {
  /** Node key: unique in the model. */
  readonly name: string;
  readonly op: string;
  /** Operator domain; '' is ai.onnx. */
  readonly domain: string;
  /** The model's own function that the node calls, as `domain::name`: the costs are those of its body. */
  readonly function?: string;
  readonly hasWeights: boolean;
  readonly parameters: number;
  readonly weightBytes: number;
  readonly macs: number | null;
  readonly flops: number | null;
  /** Bytes of the outputs this node makes. */
  readonly activationBytes: number | null;
  readonly outputs: readonly ValueSummary[];
}

export interface ModelSummary {
  readonly path: string;
  readonly format: 'onnx' | 'tfjs-graph' | 'tfjs-layers';
  readonly producer: string;
  readonly irVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  /** The model file with its external data. */
  readonly fileBytes: number;
  /** Nodes in all, subgraphs included. */
  readonly nodes: number;
  readonly parameters: number;
  /** Elements of all weights of a TensorFlow.js model: its own count, moving statistics and constants included. */
  readonly weightElements?: number;
  readonly weightBytes: number;
  readonly macs: number | null;
  readonly flops: number | null;
  readonly peakActivationBytes: number | null;
  /** Dimension symbols of the inputs and the value each is evaluated at; null where nothing is bound. */
  readonly bindings: Readonly<Record<string, number | null>>;
  readonly inputs: readonly ValueSummary[];
  readonly outputs: readonly ValueSummary[];
  readonly metadata: readonly (readonly [string, string])[];
  readonly warnings: readonly { readonly code: string; readonly message: string; readonly item?: string }[];
}

/** `lathe inspect --json`. */
export interface Inspection extends ModelSummary {
  readonly layers: readonly LayerSummary[];
  readonly findings: readonly Finding[];
  /** True when the weights were read. */
  readonly deep: boolean;
}

/** What some nodes of a model cost before and after it was changed; null where a dimension is unknown. */
export interface CostChange {
  readonly before: number | null;
  readonly after: number | null;
}

/** Nodes that belong together in two models: one and one, several that were fused into one, one that became several, or some that have no counterpart. */
export interface LayerChange {
  /** Node keys; empty for what is new. */
  readonly before: readonly string[];
  /** Node keys; empty for what is gone. */
  readonly after: readonly string[];
  /** `Conv + BatchNormalization → Conv`. */
  readonly operators: string;
  readonly parameters: CostChange;
  readonly weightBytes: CostChange;
  readonly macs: CostChange;
}

/** Two models node by node. */
export interface StructureComparison {
  readonly nodes: { readonly before: number; readonly after: number };
  /** Nodes of the first model that have a counterpart in the second. */
  readonly matched: number;
  /** All of it, in the order of the second model; what is gone stands at the end. */
  readonly layers: readonly LayerChange[];
}

/** Time a model ought to take on a device: max of arithmetic and memory time, summed over layers (Williams et al. 2009). */
export interface RooflineEstimate {
  readonly device: string;
  /** False for a device this machine only knows by its published figures. */
  readonly measuredHere: boolean;
  readonly milliseconds: number;
}
