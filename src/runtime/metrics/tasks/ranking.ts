// Area under the ROC curve: how often a sample of a class scores above one of another.
import { LatheError } from '../../../base/errors';
import type { MetricSpec } from '../../../protocol/taskMetrics';
import { classOf, scoresOf } from '../answers';
import type { MetricRule, Statistic } from '../metric';

interface Scored {
  readonly right: number;
  readonly scores: Float64Array;
}

/**
 * Two classes: the area for class 1 (a single score is its own). More: the mean of the areas of each class against the rest
 * (one-vs-rest, macro), of probabilities; logits go through a softmax first. Equal scores count half (Mann and Whitney 1947).
 */
export function auc(spec: MetricSpec): MetricRule<Scored> {
  return {
    name: spec.name,
    unit: 'share',
    higherIsBetter: true,
    note: (answer) => {
      const scores = scoresOf(answer, spec);
      if (scores.kind === 'class') throw new LatheError('usage', 'auc needs scores, and the output is the chosen class alone.', { item: 'auc', hint: 'Name the output of scores with --metric-output.' });
      return { right: classOf(spec.name, answer.label), scores: asProbabilities(scores.values) };
    },
    statistic: (notes) => {
      const classes = notes[0]?.scores.length ?? 0;
      if (classes <= 2) return areaOf(notes.map(({ right }) => right === 1), notes.map(({ scores }) => (scores.length === 1 ? (scores[0] ?? NaN) : (scores[1] ?? NaN) - (scores[0] ?? NaN))));
      const areas = Array.from({ length: classes }, (_, index) => areaOf(notes.map(({ right }) => right === index), notes.map(({ scores }) => scores[index] ?? NaN)));
      return (weights) => {
        const defined = areas.map((area) => area(weights)).filter((area) => !Number.isNaN(area));
        return defined.reduce((sum, area) => sum + area, 0) / defined.length;
      };
    },
  };
}

function asProbabilities(values: Float64Array): Float64Array {
  if (values.length <= 2) return values;
  const sum = values.reduce((total, value) => total + value, 0);
  if (values.every((value) => value >= 0) && Math.abs(sum - 1) < sumTolerance) return values;
  const greatest = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const powers = values.map((value) => Math.exp(value - greatest));
  const total = powers.reduce((all, value) => all + value, 0);
  return powers.map((value) => value / total);
}

/** How far probabilities may sum from 1 after float16 or int8 arithmetic. */
const sumTolerance = 0.02;

/** NaN where one side has no samples. A score that is NaN ranks lowest. */
function areaOf(positive: readonly boolean[], scores: readonly number[]): Statistic {
  const rank = (i: number): number => (Number.isNaN(scores[i]) ? -Infinity : (scores[i] ?? -Infinity));
  const order = positive.map((_, i) => i).sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
  return (weights) => {
    let positives = 0;
    let negatives = 0;
    let won = 0;
    for (let start = 0; start < order.length; ) {
      let end = start;
      let [tiedPositive, tiedNegative] = [0, 0];
      for (const value = rank(order[start] ?? 0); end < order.length && rank(order[end] ?? 0) === value; end++) {
        const weight = weights?.[order[end] ?? 0] ?? 1;
        if (positive[order[end] ?? 0] === true) tiedPositive += weight;
        else tiedNegative += weight;
      }
      won += tiedPositive * (negatives + tiedNegative / 2);
      positives += tiedPositive;
      negatives += tiedNegative;
      start = end;
    }
    return positives === 0 || negatives === 0 ? NaN : won / (positives * negatives);
  };
}
