// The range of least mean square error: what clipping costs outside against what rounding costs inside.
import type { Integers, Range } from './calibrators';
import { binsPerSide, type Histogram } from './histogram';

/** Candidates for each end of the range. */
const candidates = 100;

/**
 * Searches the range low … high around zero for which quantization to `steps` equal steps has the least expected square error.
 * Inside it is step² / 12, that of rounding evenly spread values; outside, the square of the distance to the range (Banner et al. 2019,
 * arXiv:1810.05723, section 4, with the histogram in place of their Laplace distribution). Zeros are exact and cost nothing.
 * Where the integers are symmetric, so is the range that is tried.
 */
export function meanSquareRange(histogram: Histogram, min: number, max: number, { steps, symmetric }: Integers): Range {
  const negative = Moments.of(histogram, -1);
  const positive = Moments.of(histogram, 1);
  const [bottom, top] = [Math.min(0, min), Math.max(0, max)];
  const reach = Math.max(-bottom, top);
  const lows = clippings(negative, symmetric ? reach : -bottom);
  const highs = clippings(positive, symmetric ? reach : top);
  let best = { low: bottom, high: top, error: Number.POSITIVE_INFINITY };
  for (const [i, low] of lows.entries())
    for (const high of symmetric ? highs.slice(i, i + 1) : highs) {
      const step = (low.end + high.end) / steps;
      const error = low.clipped + high.clipped + ((low.inside + high.inside) * step * step) / 12;
      if (error < best.error) best = { low: -low.end, high: high.end, error };
    }
  return { low: Math.max(bottom, best.low), high: Math.min(top, best.high) };
}

interface Clipping {
  /** Distance of the range's end from zero. */
  readonly end: number;
  /** Values of this side inside, and the sum of square distances of those outside. */
  readonly inside: number;
  readonly clipped: number;
}

function clippings(side: Moments, largest: number): Clipping[] {
  if (largest === 0) return [{ end: 0, inside: 0, clipped: 0 }];
  return Array.from({ length: candidates }, (_, i) => side.clippedAt((largest * (candidates - i)) / candidates));
}

/** Sums of powers of the values of one side of zero, from each bin outwards. */
class Moments {
  private constructor(
    private readonly width: number,
    private readonly count: Float64Array,
    private readonly sum: Float64Array,
    private readonly squares: Float64Array,
  ) {}

  static of({ counts, binWidth }: Histogram, sign: 1 | -1): Moments {
    const [count, sum, squares] = [new Float64Array(binsPerSide + 1), new Float64Array(binsPerSide + 1), new Float64Array(binsPerSide + 1)];
    for (let i = binsPerSide - 1; i >= 0; i--) {
      const here = counts[sign === 1 ? binsPerSide + i : binsPerSide - 1 - i] ?? 0;
      const middle = (i + 0.5) * binWidth;
      count[i] = (count[i + 1] ?? 0) + here;
      sum[i] = (sum[i + 1] ?? 0) + here * middle;
      squares[i] = (squares[i + 1] ?? 0) + here * middle * middle;
    }
    return new Moments(binWidth, count, sum, squares);
  }

  clippedAt(end: number): Clipping {
    const first = Math.min(binsPerSide, Math.ceil(end / this.width - 0.5)); // bins whose middle lies outside
    const [outside, sum, squares] = [this.count[first] ?? 0, this.sum[first] ?? 0, this.squares[first] ?? 0];
    return { end, inside: (this.count[0] ?? 0) - outside, clipped: Math.max(0, squares - 2 * end * sum + end * end * outside) };
  }
}
