// The bootstrap over samples, drawn as how often each sample is counted: a figure that needs sorting sorts once.
import type { Estimate } from '../../protocol/measurement';
import { SeededRandom } from '../random';
import { quantile } from './statistics';

/** Enough for the second digit of an interval's ends. */
const resamples = 1000;

/** Counts of a drawing with replacement of `count` out of `count`. The array is reused by the next drawing. */
export function* drawings(count: number, seed: number): Generator<Float64Array> {
  const random = new SeededRandom(seed);
  const weights = new Float64Array(count);
  for (let i = 0; i < resamples; i++) {
    weights.fill(0);
    for (let j = 0; j < count; j++) {
      const drawn = random.below(count);
      weights[drawn] = (weights[drawn] ?? 0) + 1;
    }
    yield weights;
  }
}

/** 95 % percentile bootstrap (Efron 1979), seeded. Drawings in which the figure is not defined (AUC of one class alone) are left out. */
export function weightedBootstrap(statistic: (weights?: Float64Array) => number, count: number, seed: number): Estimate {
  const value = statistic();
  if (count < 2) return { value, low: value, high: value };
  const found: number[] = [];
  for (const weights of drawings(count, seed)) {
    const drawn = statistic(weights);
    if (!Number.isNaN(drawn)) found.push(drawn);
  }
  if (found.length === 0) return { value, low: value, high: value };
  return { value, low: quantile(found, 0.025), high: quantile(found, 0.975) };
}
