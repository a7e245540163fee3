// Medians, quantiles and bootstrap intervals of measured times.
import type { Estimate } from '../../protocol/measurement';
import { SeededRandom } from '../random';

/** Quantile by linear interpolation (Hyndman and Fan 1996, type 7). NaN of nothing. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const position = (sorted.length - 1) * share;
  const lower = sorted[Math.floor(position)] ?? NaN;
  const upper = sorted[Math.ceil(position)] ?? NaN;
  return lower + (upper - lower) * (position - Math.floor(position));
}

export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum / values.length;
}

/** Enough for the second digit of an interval's ends. */
const resamples = 1000;

/** 95 % percentile bootstrap (Efron 1979) of a statistic, seeded. */
export function bootstrap(values: readonly number[], statistic: (values: Float64Array) => number, seed: number): Estimate {
  const value = statistic(Float64Array.from(values));
  if (values.length < 2) return { value, low: value, high: value };
  const random = new SeededRandom(seed);
  const drawn = new Float64Array(values.length);
  const found = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    for (let j = 0; j < drawn.length; j++) drawn[j] = values[random.below(values.length)] ?? NaN;
    found[i] = statistic(drawn);
  }
  return { value, low: quantile(found, 0.025), high: quantile(found, 0.975) };
}

export function bootstrapMedian(values: readonly number[], seed: number): Estimate {
  return bootstrap(values, median, seed);
}

/**
 * Ratio of paired times, other / reference: the median over rounds of each round's own ratio. Whatever slows the machine
 * for a while slows both sides of a round, so it cancels before the median is taken.
 */
export function pairedRatio(reference: readonly number[], other: readonly number[], seed: number): Estimate {
  const ratios = reference.map((time, i) => (other[i] ?? NaN) / time);
  return bootstrapMedian(ratios, seed);
}

/** Half the width of an interval relative to its value. */
export function relativeHalfWidth({ value, low, high }: Estimate): number {
  return (high - low) / 2 / value;
}

/** At most `limit` values, evenly chosen, in order. */
export function thin(values: readonly number[], limit: number): readonly number[] {
  if (values.length <= limit) return values;
  return Array.from({ length: limit }, (_, i) => values[Math.floor((i * values.length) / limit)] ?? NaN);
}

/** Spearman's rank correlation (1904): Pearson's of the ranks, equal values sharing the mean of theirs. NaN where either is constant. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [left, right] = [ranks(a), ranks(b)];
  const [meanLeft, meanRight] = [mean(left), mean(right)];
  let product = 0;
  let squaresLeft = 0;
  let squaresRight = 0;
  for (let i = 0; i < left.length; i++) {
    const [x, y] = [(left[i] ?? 0) - meanLeft, (right[i] ?? 0) - meanRight];
    product += x * y;
    squaresLeft += x * x;
    squaresRight += y * y;
  }
  return product / Math.sqrt(squaresLeft * squaresRight);
}

function ranks(values: readonly number[]): Float64Array {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
  const found = new Float64Array(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end] ?? 0] === values[order[first] ?? 0]) end++;
    for (let i = first; i < end; i++) found[order[i] ?? 0] = (first + end - 1) / 2;
    first = end;
  }
  return found;
}
