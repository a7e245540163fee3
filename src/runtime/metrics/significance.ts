// Whether two models differ on the same samples beyond chance, and by how much.
import { LatheError } from '../../base/errors';
import type { PairedDifference } from '../../protocol/taskMetrics';
import { newcombePaired, type PairedCounts } from './intervals';
import { areRightOrWrong, type Metric } from './metric';
import { drawings } from './resampling';
import { quantile } from './statistics';

const bootstrapSeed = 1;

/**
 * Lays a variant beside its source: McNemar's test for answers that are right or wrong, else a paired bootstrap.
 * @throws LatheError `internal` for metrics that have not seen the same number of samples; `usage` for none.
 */
export function pairedDifference(source: Metric, variant: Metric): PairedDifference {
  if (source.count !== variant.count || source.name !== variant.name) throw new LatheError('internal', `Metrics of ${source.count} and ${variant.count} samples cannot be paired.`);
  if (source.count === 0) throw new LatheError('usage', 'There are no samples to judge by.');
  const [before, after] = [source.perSample, variant.perSample];
  if (before !== undefined && after !== undefined && areRightOrWrong(before) && areRightOrWrong(after)) return ofAnswers(before, after);
  return bootstrapped(source, variant);
}

function ofAnswers(before: readonly number[], after: readonly number[]): PairedDifference {
  const counts = countPairs(before, after);
  return {
    difference: { value: (counts.onlySecond - counts.onlyFirst) / before.length, ...newcombePaired(counts) },
    p: mcNemarMidP(counts.onlyFirst, counts.onlySecond),
    test: 'mcnemar-mid-p',
    lost: counts.onlyFirst,
    gained: counts.onlySecond,
  };
}

function countPairs(before: readonly number[], after: readonly number[]): PairedCounts {
  const counts = { both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 };
  for (const [i, first] of before.entries()) {
    const second = after[i];
    counts[first === 1 ? (second === 1 ? 'both' : 'onlyFirst') : second === 1 ? 'onlySecond' : 'neither']++;
  }
  return counts;
}

/**
 * McNemar's test of two shares on the same samples, two-sided, by the binomial distribution with mid-p (Fagerland, Lydersen and
 * Laake 2013): the exact test's p less half the chance of what was seen, on either side.
 */
export function mcNemarMidP(onlyFirst: number, onlySecond: number): number {
  const count = onlyFirst + onlySecond;
  if (onlyFirst === onlySecond) return 1;
  const least = Math.min(onlyFirst, onlySecond);
  // In logarithms, as the single chances of hundreds of flips are below what a double holds.
  let logChance = -count * Math.LN2;
  let below = 0;
  let seen = 0;
  for (let i = 0; i <= least; i++) {
    seen = Math.exp(logChance);
    below += seen;
    logChance += Math.log((count - i) / (i + 1));
  }
  return Math.min(1, 2 * below - seen);
}

/** Both figures on the same drawings; the p is the share of differences beyond zero, doubled (Efron and Tibshirani 1993). */
function bootstrapped(source: Metric, variant: Metric): PairedDifference {
  const [before, after] = [source.statistic(), variant.statistic()];
  const value = after() - before();
  const differences: number[] = [];
  for (const weights of drawings(source.count, bootstrapSeed)) {
    const difference = after(weights) - before(weights);
    if (!Number.isNaN(difference)) differences.push(difference);
  }
  const atMost = differences.filter((difference) => difference <= 0).length;
  const atLeast = differences.filter((difference) => difference >= 0).length;
  const p = Math.min(1, (2 * (Math.min(atMost, atLeast) + 1)) / (differences.length + 1));
  const enough = source.count > 1 && differences.length > 0;
  return { difference: enough ? { value, low: quantile(differences, 0.025), high: quantile(differences, 0.975) } : { value, low: value, high: value }, p, test: 'paired-bootstrap' };
}
