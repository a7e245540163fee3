// Metrics of one class per sample: top-1, top-5, precision, recall and F1.
import { LatheError } from '../../../base/errors';
import type { MetricSpec, TaskMetricName } from '../../../protocol/taskMetrics';
import { chosenClass, classOf, scoresOf } from '../answers';
import { meanOf, type Answer, type MetricRule, type Statistic } from '../metric';

/** Share of samples whose class is the one with the highest score. */
export function top1(spec: MetricSpec): MetricRule<number> {
  return { name: spec.name, unit: 'share', higherIsBetter: true, note: (answer) => (chosenClass(scoresOf(answer, spec)) === classOf(spec.name, answer.label) ? 1 : 0), score: (note) => note, statistic: meanOf };
}

const most = 5;

/** Share of samples whose class is among the five with the highest scores; of equal scores the first count. */
export function top5(spec: MetricSpec): MetricRule<number> {
  return { name: spec.name, unit: 'share', higherIsBetter: true, note: (answer) => (isAmongTop(answer, spec) ? 1 : 0), score: (note) => note, statistic: meanOf };
}

function isAmongTop(answer: Answer, spec: MetricSpec): boolean {
  const right = classOf(spec.name, answer.label);
  const scores = scoresOf(answer, spec);
  if (scores.kind === 'class' || scores.values.length <= most) throw new LatheError('usage', `top5 needs scores of more than ${most} classes.`, { item: 'top5', hint: 'Use top1.' });
  const { values } = scores;
  const own = values[right];
  if (own === undefined || values.some(Number.isNaN)) return false;
  let before = 0;
  for (let i = 0; i < values.length; i++) if ((values[i] ?? 0) > own || (values[i] === own && i < right)) before++;
  return before < most;
}

/** Class that is right, class that was chosen. */
type Decision = readonly [right: number, chosen: number];

interface Counts {
  hits: number;
  /** Times the class was right, and times it was chosen. */
  right: number;
  chosen: number;
}

type OfCounts = (counts: Counts) => number;

// What has no denominator counts as 0, as scikit-learn's `zero_division=0` has it.
const precisionOf: OfCounts = ({ hits, chosen }) => (chosen === 0 ? 0 : hits / chosen);
const recallOf: OfCounts = ({ hits, right }) => (right === 0 ? 0 : hits / right);
const f1Of: OfCounts = ({ hits, right, chosen }) => (right + chosen === 0 ? 0 : (2 * hits) / (right + chosen));

/** Mean over the classes that occur, right or chosen, or of the one class the spec names. */
const perClass = (measure: OfCounts) => (spec: MetricSpec): MetricRule<Decision> => ({
  name: spec.name,
  unit: 'share',
  higherIsBetter: true,
  note: (answer) => decide(spec, answer),
  statistic: (notes) => (weights) => {
    const counts = countClasses(notes, weights);
    if (spec.positive !== undefined) return measure(counts.get(spec.positive) ?? { hits: 0, right: 0, chosen: 0 });
    let sum = 0;
    for (const each of counts.values()) sum += measure(each);
    return sum / counts.size;
  },
});

export const precision = perClass(precisionOf);
export const recall = perClass(recallOf);
export const f1Macro = perClass(f1Of);

/** All decisions in one: with one class per sample it is the share of right ones. */
export function f1Micro(spec: MetricSpec): MetricRule<Decision> {
  const isRight = ([right, chosen]: Decision): number => (right === chosen ? 1 : 0);
  return { name: spec.name, unit: 'share', higherIsBetter: true, note: (answer) => decide(spec, answer), score: isRight, statistic: (notes): Statistic => meanOf(notes.map(isRight)) };
}

function decide(spec: MetricSpec & { readonly name: TaskMetricName }, answer: Answer): Decision {
  return [classOf(spec.name, answer.label), chosenClass(scoresOf(answer, spec))];
}

function countClasses(decisions: readonly Decision[], weights: ArrayLike<number> | undefined): Map<number, Counts> {
  const counts = new Map<number, Counts>();
  const of = (index: number): Counts => {
    const known = counts.get(index) ?? { hits: 0, right: 0, chosen: 0 };
    counts.set(index, known);
    return known;
  };
  for (const [i, [right, chosen]] of decisions.entries()) {
    const weight = weights?.[i] ?? 1;
    if (weight === 0) continue;
    of(right).right += weight;
    of(chosen).chosen += weight;
    if (right === chosen) of(right).hits += weight;
  }
  return counts;
}
