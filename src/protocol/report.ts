// The report of an optimization: every variant tried, what was measured, what was decided and why.
import type { GainEstimate } from './findings';
import type { Benchmark, Comparison, DataDescription, Machine, MetricValue, RunSettings } from './measurement';
import type { TaskLimit, TaskMetricName } from './taskMetrics';

export type Goal = 'latency' | 'size' | 'memory' | 'simplification';

/** A weight that is stored in fewer bits, and what that loses. */
export interface StoredWeightReport {
  readonly name: string;
  /** E.g. `uint8`. */
  readonly dtype: string;
  readonly bytes: number;
  /** Signal to noise of the stored numbers in dB; absent where nothing is lost. */
  readonly sqnrDb?: number;
  readonly maxAbs: number;
}

/** One step of a recipe as applied: technique, options, and what it did. */
export interface StepReport {
  readonly technique: string;
  readonly title: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Short facts, e.g. `38 of 45 convolutions quantised`. */
  readonly notes: readonly string[];
  /** Layers left as they were, with the reason. */
  readonly kept: readonly { readonly layer: string; readonly reason: string }[];
  /** Weights stored in fewer bits, each with its error. */
  readonly weights?: readonly StoredWeightReport[];
  readonly milliseconds: number;
}

export interface VariantReport {
  readonly id: string;
  readonly title: string;
  readonly steps: readonly StepReport[];
  readonly status: 'accepted' | 'rejected' | 'failed' | 'not-chosen';
  /** One sentence a person understands: why accepted or not. */
  readonly reason: string;
  /** Absolute path of the published file; only the winner's. */
  readonly path?: string;
  /** Of the published file, so that a frozen replay can tell whether it made the same bytes. */
  readonly sha256?: string;
  /** Of its other files together, where its weights lie outside. */
  readonly weightsSha256?: string;
  readonly fileBytes?: number;
  readonly weightBytes?: number;
  /** True when quantised without real data. */
  readonly uncalibrated: boolean;
  readonly comparison?: Comparison;
  readonly benchmark?: Benchmark;
  readonly predicted?: GainEstimate;
  /** Measured milliseconds per source layer (by origin), source and variant. */
  readonly layers?: readonly LayerDifference[];
  /** How far what comes out of each layer is from the float form's, errors of the layers before it included. */
  readonly layerErrors?: readonly LayerError[];
}

/** On samples of the data: the mean over them of noise power / signal power, in dB. */
export interface LayerError {
  /** Key of the node in the variant. */
  readonly layer: string;
  /** Keys of the source's nodes it came from. */
  readonly origins: readonly string[];
  readonly sqnrDb: number;
}

export interface LayerDifference {
  readonly layer: string;
  readonly op: string;
  readonly sourceMs: number;
  readonly variantMs: number;
}

/** What int8 in one layer alone does to the model's outputs: the worst output's SQNR over the samples. */
export interface LayerSensitivity {
  /** Key of the layer in the simplified float model. */
  readonly layer: string;
  readonly op: string;
  /** Keys of the source's nodes it came from. */
  readonly origins: readonly string[];
  /** Measured; absent where time ran out before. */
  readonly outputDb?: number;
  /** SQNR of the layer's own output: the cheap predictor. */
  readonly predictedDb: number;
}

export interface SensitivityReport {
  /** The most sensitive first. */
  readonly layers: readonly LayerSensitivity[];
  readonly samples: number;
  /** Layers whose damage was measured; the others are ranked by their prediction. */
  readonly measured: number;
  /** Spearman's, of prediction and measurement over the measured layers. */
  readonly rankCorrelation?: number;
  readonly seconds: number;
}

/** The least value of a metric that was accepted, in the metric's unit: decibels for `sqnr`, else a share. */
export interface Floor {
  /** Empty where nothing was judged, as in a benchmark alone; the minimum is then what was asked for. */
  readonly metric: MetricValue['name'] | '';
  readonly minimum: number;
  /** What was demanded of the figure on labelled data, where variants were judged by that instead. */
  readonly task?: TaskLimit & { readonly metric: TaskMetricName };
}

export interface SourceReport {
  readonly path: string;
  readonly sha256: string;
  /** Of the files of external data together; absent where there are none. */
  readonly weightsSha256?: string;
  /** With external data. */
  readonly fileBytes: number;
  readonly weightBytes: number;
}

export interface OptimizationReport {
  readonly schema: 1;
  readonly source: SourceReport;
  readonly goal: Goal;
  readonly target: string;
  readonly data: DataDescription;
  readonly settings: RunSettings;
  readonly floor: Floor;
  readonly seed: number;
  readonly variants: readonly VariantReport[];
  /** Absent where no int8 variant asked for it. */
  readonly sensitivity?: SensitivityReport;
  /** Id of the accepted variant; absent when the model is best left as it is. */
  readonly winner?: string;
  /** The winner measured once more in fresh processes: the figure that is shown. */
  readonly confirmation?: Benchmark;
  /** One or two sentences: the outcome and why. */
  readonly conclusion: string;
  readonly recipePath?: string;
  readonly reportPath?: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly startedAt: string;
  readonly seconds: number;
}
