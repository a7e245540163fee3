// What a metric is: what it notes of each answer, and the figure that follows from all of them.
import { LatheError } from '../../base/errors';
import type { MetricUnit, TaskFigure, TaskMetricName } from '../../protocol/taskMetrics';
import type { Tensor } from '../../tensor/tensor';
import type { Feeds, Label } from '../data/samples';
import { wilson } from './intervals';
import { weightedBootstrap } from './resampling';

export type Outputs = ReadonlyMap<string, Tensor>;

/** One run of a model on one sample. */
export interface Answer {
  readonly outputs: Outputs;
  readonly label: Label | undefined;
  readonly feeds: Feeds;
}

/** The figure with every sample counted as often as its weight says; once each without weights. */
export type Statistic = (weights?: ArrayLike<number>) => number;

export interface Metric {
  readonly name: TaskMetricName;
  readonly unit: MetricUnit;
  readonly higherIsBetter: boolean;
  /** Samples seen. */
  readonly count: number;
  /** @throws LatheError `usage` where the sample lacks the label or the output that is judged. */
  add(outputs: Outputs, label: Label | undefined, feeds: Feeds): void;
  /** One score per sample, in order, where the figure is their mean; undefined where it is not, as for AUC. */
  readonly perSample: readonly number[] | undefined;
  statistic(): Statistic;
  /** With its 95 % interval: Wilson's for shares of right answers, else a bootstrap over samples. @throws LatheError `usage` without samples. */
  result(): TaskFigure;
}

/** How a kind of metric works on its notes of single answers. */
export interface MetricRule<Note> {
  readonly name: TaskMetricName;
  readonly unit: MetricUnit;
  readonly higherIsBetter: boolean;
  readonly note: (answer: Answer) => Note;
  /** A note's score, where the figure is the mean of scores. */
  readonly score?: (note: Note) => number;
  readonly statistic: (notes: readonly Note[]) => Statistic;
}

const bootstrapSeed = 1;

/** A metric that has seen nothing yet. */
export function openMetric<Note>({ name, unit, higherIsBetter, note, score, statistic }: MetricRule<Note>): Metric {
  const notes: Note[] = [];
  return {
    name,
    unit,
    higherIsBetter,
    get count() {
      return notes.length;
    },
    add: (outputs, label, feeds) => void notes.push(note({ outputs, label, feeds })),
    get perSample() {
      return score === undefined ? undefined : notes.map(score);
    },
    statistic: () => statistic(notes),
    result: () => {
      if (notes.length === 0) throw new LatheError('usage', 'There are no samples to judge by.');
      const scores = score === undefined ? undefined : notes.map(score);
      const figure = statistic(notes);
      if (scores !== undefined && areRightOrWrong(scores)) return { value: figure(), ...wilson(figure(), notes.length), samples: notes.length };
      return { ...weightedBootstrap(figure, notes.length, bootstrapSeed), samples: notes.length };
    },
  };
}

/** Whether every score is 1 or 0. */
export function areRightOrWrong(scores: readonly number[]): boolean {
  return scores.every((score) => score === 0 || score === 1);
}

/** The mean of numbers, each counted as often as its weight says. */
export function meanOf(values: ArrayLike<number>): Statistic {
  return (weights) => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < values.length; i++) {
      const weight = weights?.[i] ?? 1;
      sum += weight * (values[i] ?? 0);
      count += weight;
    }
    return sum / count;
  };
}
