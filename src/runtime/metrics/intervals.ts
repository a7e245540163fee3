// Confidence intervals of shares, alone and as the difference of two on the same samples.

/** 97.5 % quantile of the standard normal distribution. */
const z = 1.959964;

/** 95 % score interval of a share (Wilson 1927). */
export function wilson(share: number, count: number): { low: number; high: number } {
  const centre = (share + z ** 2 / (2 * count)) / (1 + z ** 2 / count);
  const half = (z / (1 + z ** 2 / count)) * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Samples by what two models made of them. */
export interface PairedCounts {
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly neither: number;
}

/**
 * 95 % interval of the second share − the first on the same samples (Newcombe 1998, method 10: Wilson's intervals of both,
 * put together with their correlation). Unlike a bootstrap it is not of no width where no answer changed.
 */
export function newcombePaired({ both, onlyFirst, onlySecond, neither }: PairedCounts): { low: number; high: number } {
  const count = both + onlyFirst + onlySecond + neither;
  const [first, second] = [(both + onlyFirst) / count, (both + onlySecond) / count];
  const [a, b] = [wilson(first, count), wilson(second, count)];
  const correlation = correlationOf({ both, onlyFirst, onlySecond, neither });
  const reach = (p: number, q: number): number => Math.sqrt(Math.max(0, p ** 2 - 2 * correlation * p * q + q ** 2));
  const difference = second - first;
  return { low: difference - reach(second - b.low, a.high - first), high: difference + reach(b.high - second, first - a.low) };
}

/** Newcombe's correlation of two shares, corrected for continuity where it is positive. */
function correlationOf({ both, onlyFirst, onlySecond, neither }: PairedCounts): number {
  const margins = (both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither);
  if (margins === 0) return 0;
  const count = both + onlyFirst + onlySecond + neither;
  const product = both * neither - onlyFirst * onlySecond;
  return (product > 0 ? Math.max(0, product - count / 2) : product) / Math.sqrt(margins);
}
