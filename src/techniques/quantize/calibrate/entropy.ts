// The range of least Kullback-Leibler divergence between an activation's distribution and its quantized one: TensorRT's calibration.
import type { Range } from './calibrators';
import { binsPerSide, type Histogram } from './histogram';

/** Every so many bins a threshold is tried: 256 of them from nothing to everything. */
const thresholdStep = 16;
/** Probability given to a bin that the quantized distribution leaves empty, where the divergence would be infinite. */
const smoothing = 1e-4;

/**
 * Tries thresholds t for the range max(min, −t) … min(max, t) and returns the one whose quantized distribution tells most of
 * the original (Migacz 2017, “8-bit Inference with TensorRT”, GTC S7310): P is the distribution inside with all outliers in its
 * outermost bins; Q spreads what each of the integers gathers evenly over the bins it stands for that hold anything.
 * Zeros are left out, as TensorRT leaves out its first bin: they are exact for every threshold.
 */
export function entropyRange(histogram: Histogram, min: number, max: number, steps: number): Range {
  const { counts, binWidth } = histogram;
  const bins = (end: number): number => Math.min(binsPerSide, Math.ceil(Math.max(0, end) / binWidth));
  const [below, above] = [bins(-min), bins(max)];
  let best = { below, above, divergence: Number.POSITIVE_INFINITY };
  // With fewer bins than integers every distribution would be told whole.
  for (let threshold = Math.max(below, above); threshold > 0; threshold -= thresholdStep) {
    const [first, last] = [binsPerSide - Math.min(below, threshold), binsPerSide + Math.min(above, threshold)];
    if (last - first <= steps) break;
    const divergence = divergenceWithin(counts, first, last, steps);
    if (divergence < best.divergence) best = { below: binsPerSide - first, above: last - binsPerSide, divergence };
  }
  return { low: Math.max(min, -best.below * binWidth), high: Math.min(max, best.above * binWidth) };
}

/** KL divergence of the counts in bins `first` … `last` − 1, clipped and told by `levels` integers, from the whole. */
export function divergenceWithin(counts: Float64Array, first: number, last: number, levels: number): number {
  const size = last - first;
  const [below, inside, above] = [total(counts, 0, first), total(counts, first, last), total(counts, last, counts.length)];
  const whole = below + inside + above;
  if (inside === 0) return Number.POSITIVE_INFINITY;
  let divergence = 0;
  let empty = 0;
  let emptyShare = 0;
  for (let level = 0; level < levels; level++) {
    const from = first + Math.floor((level * size) / levels);
    const to = first + Math.floor(((level + 1) * size) / levels);
    let sum = 0;
    let holding = 0;
    for (let bin = from; bin < to; bin++) {
      const here = counts[bin] ?? 0;
      sum += here;
      if (here > 0) holding++;
    }
    const even = sum / holding / inside;
    for (let bin = from; bin < to; bin++) {
      const here = counts[bin] ?? 0;
      const p = (here + (bin === first ? below : 0) + (bin === last - 1 ? above : 0)) / whole;
      if (p === 0) continue;
      divergence += p * Math.log(p / (here > 0 ? even : smoothing));
      if (here > 0) continue;
      empty++;
      emptyShare += p;
    }
  }
  // What the smoothed bins were given is taken from all others, so that Q still sums to 1.
  return divergence - (1 - emptyShare) * Math.log(1 - empty * smoothing);
}

function total(counts: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += counts[i] ?? 0;
  return sum;
}
