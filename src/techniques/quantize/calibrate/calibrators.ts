// The calibrators: how the range that gets integers follows from what was seen of an activation.
import { entropyRange } from './entropy';
import { binsPerSide, type Histogram } from './histogram';
import { meanSquareRange } from './meanSquare';

export const calibrations = ['minmax', 'moving-average', 'percentile', 'entropy', 'mse'] as const;
export type Calibration = (typeof calibrations)[number];

export interface CalibrationSettings {
  readonly calibration: Calibration;
  /** Of `percentile`: the share of values that keep their place, in %. */
  readonly percentile: number;
  /** Steps between the lowest and the highest integer. */
  readonly steps: number;
  /** The range becomes one symmetric around zero: the end that is farther out decides. */
  readonly symmetric: boolean;
}

/** What was seen of one activation over all samples. */
export interface Statistics {
  readonly min: number;
  readonly max: number;
  /** Mean over the samples of each one's smallest and largest value. */
  readonly meanMin: number;
  readonly meanMax: number;
  readonly histogram: Histogram;
  /** Shape on the first sample. */
  readonly shape: readonly number[];
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The integers a range is told by. */
export type Integers = Pick<CalibrationSettings, 'steps' | 'symmetric'>;

interface Calibrator {
  readonly title: (settings: CalibrationSettings) => string;
  readonly range: (seen: Statistics, settings: CalibrationSettings) => Range;
}

export const calibrators: Readonly<Record<Calibration, Calibrator>> = {
  minmax: { title: () => 'min-max', range: ({ min, max }) => ({ low: min, high: max }) },
  // As onnxruntime's calibrator averages: one odd sample moves the range little, and the order of samples does not matter.
  'moving-average': { title: () => 'mean of each sample’s extremes', range: ({ meanMin, meanMax }) => ({ low: meanMin, high: meanMax }) },
  percentile: { title: ({ percentile }) => `percentile ${percentile}`, range: (seen, { percentile }) => percentileRange(seen, percentile) },
  entropy: { title: () => 'entropy (least Kullback-Leibler divergence)', range: (seen, settings) => entropyRange(seen.histogram, seen.min, seen.max, settings) },
  mse: { title: () => 'least mean square error', range: (seen, settings) => meanSquareRange(seen.histogram, seen.min, seen.max, settings) },
};

/** Bounds that leave out (100 − percentile) % of the values, half of it at each end; never beyond what was seen. */
export function percentileRange({ histogram, min, max }: Pick<Statistics, 'histogram' | 'min' | 'max'>, percentile: number): Range {
  const { counts, zeros, binWidth } = histogram;
  const outside = (histogram.total * (100 - percentile)) / 200;
  // Zeros are a cell of no width between the bins below and those above them.
  const countIn = (cell: number): number => (cell === binsPerSide ? zeros : (counts[cell < binsPerSide ? cell : cell - 1] ?? 0));
  const last = counts.length;
  let bottom = 0;
  for (let sum = countIn(0); sum <= outside && bottom < last; sum += countIn(++bottom));
  let top = last;
  for (let sum = countIn(last); sum <= outside && top > bottom; sum += countIn(--top));
  const low = (bottom <= binsPerSide ? bottom - binsPerSide : bottom - 1 - binsPerSide) * binWidth;
  const high = (top < binsPerSide ? top + 1 - binsPerSide : top - binsPerSide) * binWidth;
  return { low: Math.min(max, Math.max(min, low)), high: Math.max(min, Math.min(max, high)) };
}
