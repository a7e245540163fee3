// How well a model does its task on labelled data: the metrics there are, their figures, and two models laid side by side.
import type { DataDescription, Estimate } from './measurement';

/** In the order in which they are offered. */
export const taskMetricNames = ['top1', 'top5', 'f1-macro', 'f1-micro', 'precision', 'recall', 'auc', 'mse', 'psnr', 'map50', 'exact-match', 'cer', 'perplexity'] as const;

export type TaskMetricName = (typeof taskMetricNames)[number];

/** `share`: 0 to 1, differences in percentage points; `dB`; none: a number without a unit. */
export type MetricUnit = 'share' | 'dB' | 'none';

/** A metric's figure with its 95 % interval. */
export interface TaskFigure extends Estimate {
  readonly samples: number;
}

/** Most that a variant may lose against the source, in the metric's unit, or relative to the source's figure. Losses count downwards or upwards, as the metric's better side asks. */
export interface MostLoss {
  readonly value: number;
  readonly relative: boolean;
}

/** What is demanded of a variant by a metric. Both where both are given. */
export interface TaskLimit {
  readonly mostLoss?: MostLoss;
  /** The worst figure that is accepted. */
  readonly floor?: number;
}

/** The same samples through two models. */
export interface PairedDifference {
  /** Variant − source, with its 95 % interval. */
  readonly difference: Estimate;
  /** Two-sided: how likely a difference this large is where there is none. */
  readonly p: number;
  /** `mcnemar-mid-p` for answers that are right or wrong, else `paired-bootstrap`. */
  readonly test: 'mcnemar-mid-p' | 'paired-bootstrap';
  /** Right in the source alone, and in the variant alone; only where answers are right or wrong. */
  readonly lost?: number;
  readonly gained?: number;
}

export interface TaskComparison extends PairedDifference {
  readonly metric: TaskMetricName;
  readonly unit: MetricUnit;
  readonly higherIsBetter: boolean;
  readonly source: TaskFigure;
  readonly variant: TaskFigure;
  /** What was demanded, where something was. */
  readonly limit?: TaskLimit;
}

/** Which metric, and what it has to know of the model's outputs. */
export interface MetricSpec {
  readonly name: TaskMetricName;
  /** The output that is judged; the first that fits where absent. */
  readonly output?: string;
  /** Text metrics: a file with one character per line, in the order of the classes after the blank. */
  readonly charset?: string;
  /** Text metrics: the class that stands for nothing. */
  readonly blank?: 'first' | 'last';
  /** Precision, recall and F1: judge this class alone instead of the mean over classes. */
  readonly positive?: number;
  /** PSNR: the greatest value a pixel can have. */
  readonly peak?: number;
}

/** One model judged on labelled data. */
export interface Evaluation {
  readonly metric: TaskMetricName;
  readonly unit: MetricUnit;
  readonly higherIsBetter: boolean;
  readonly figure: TaskFigure;
  readonly data: DataDescription;
}
