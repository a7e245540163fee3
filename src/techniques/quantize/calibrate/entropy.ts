// The range of least Kullback-Leibler divergence between an activation's distribution and its quantized one: TensorRT's calibration.
import type { Integers, Range } from './calibrators';
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
export function entropyRange(histogram: Histogram, min: number, max: number, { steps, symmetric }: Integers): Range {
  const { counts, binWidth } = histogram;
  const bins = (end: number): number => Math.min(binsPerSide, Math.ceil(Math.max(0, end) / binWidth));
  const reach = Math.max(bins(-min), bins(max));
  const [below, above] = symmetric ? [reach, reach] : [bins(-min), bins(max)];
  const told = new Divergence(counts);
  let best = { below, above, divergence: Number.POSITIVE_INFINITY };
  // With fewer bins than integers every distribution would be told whole.
  for (let threshold = reach; threshold > 0; threshold -= thresholdStep) {
    const [first, last] = [binsPerSide - Math.min(below, threshold), binsPerSide + Math.min(above, threshold)];
    if (last - first <= steps) break;
    const divergence = told.within(first, last, steps);
    if (divergence < best.divergence) best = { below: binsPerSide - first, above: last - binsPerSide, divergence };
  }
  return { low: Math.max(min, -best.below * binWidth), high: Math.min(max, best.above * binWidth) };
}

/**
 * Running sums over a histogram's bins, by which a threshold costs one step per integer instead of one per bin:
 * Σ p log p − Σ p log q, where q is the same for all bins that an integer stands for.
 */
export class Divergence {
  private readonly count: Float64Array;
  /** Bins that hold anything. */
  private readonly holding: Float64Array;
  /** Σ n log n. */
  private readonly entropy: Float64Array;

  constructor(private readonly counts: Float64Array) {
    const size = counts.length + 1;
    [this.count, this.holding, this.entropy] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
    counts.forEach((here, bin) => {
      this.count[bin + 1] = (this.count[bin] ?? 0) + here;
      this.holding[bin + 1] = (this.holding[bin] ?? 0) + (here > 0 ? 1 : 0);
      this.entropy[bin + 1] = (this.entropy[bin] ?? 0) + logTimes(here);
    });
  }

  /** KL divergence of the counts in bins `first` … `last` − 1, clipped and told by `levels` integers, from the whole. */
  within(first: number, last: number, levels: number): number {
    const size = last - first;
    const [below, inside, above] = [between(this.count, 0, first), between(this.count, first, last), between(this.count, last, this.counts.length)];
    const whole = below + inside + above;
    if (inside === 0) return Number.POSITIVE_INFINITY;
    // Outliers stand in the outermost bins, which Q knows nothing of: where such a bin holds nothing of its own, Q is smoothed there.
    const edges = [
      { own: this.counts[first] ?? 0, outliers: below, level: 0 },
      { own: this.counts[last - 1] ?? 0, outliers: above, level: levels - 1 },
    ].filter(({ outliers }) => outliers > 0);
    const smoothed = edges.filter(({ own }) => own === 0);
    const kept = Math.log(1 - smoothed.length * smoothing);
    // Σ n log n over P's counts n, which share the divisor `whole`.
    const entropy = between(this.entropy, first, last) + edges.reduce((sum, { own, outliers }) => sum + logTimes(own + outliers) - logTimes(own), 0);
    let cross = smoothed.reduce((sum, { outliers }) => sum + outliers * Math.log(smoothing), 0);
    for (let level = 0; level < levels; level++) {
      const [from, to] = [first + Math.floor((level * size) / levels), first + Math.floor(((level + 1) * size) / levels)];
      const held = between(this.count, from, to);
      if (held === 0) continue;
      const outliers = edges.reduce((sum, edge) => (edge.level === level && edge.own > 0 ? sum + edge.outliers : sum), 0);
      cross += (held + outliers) * (Math.log(held / between(this.holding, from, to) / inside) + kept);
    }
    return (entropy - cross) / whole - Math.log(whole);
  }
}

function logTimes(count: number): number {
  return count === 0 ? 0 : count * Math.log(count);
}

function between(sums: Float64Array, from: number, to: number): number {
  return (sums[to] ?? 0) - (sums[from] ?? 0);
}
