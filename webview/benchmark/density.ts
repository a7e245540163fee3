// A smooth density of measured latencies (Gaussian kernel, bandwidth by Silverman 1986, rule of thumb).
export interface Density {
  readonly x: number[];
  readonly y: number[];
}

const gridPoints = 160;

/** Value below which a share of the sorted samples lies, linear in between. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const from = sorted[low] ?? Number.NaN;
  return from + ((sorted[Math.min(low + 1, sorted.length - 1)] ?? from) - from) * (at - low);
}

/** 0.9·min(σ, IQR/1.34)·n^(−1/5); a constant sample gets a sliver, so that it still shows. */
export function bandwidth(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const deviation = Math.sqrt(samples.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, samples.length - 1));
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.34;
  const scale = Math.min(...[deviation, spread].filter((value) => value > 0));
  return Number.isFinite(scale) ? 0.9 * scale * samples.length ** -0.2 : Math.max(Math.abs(mean) * 0.005, 1e-6);
}

/** The range shown: all but the outermost hundredth of every series, with room around. */
export function sharedRange(series: readonly (readonly number[])[]): readonly [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const samples of series) {
    if (samples.length === 0) continue;
    const sorted = [...samples].sort((a, b) => a - b);
    const wide = bandwidth(samples) * 3;
    low = Math.min(low, quantile(sorted, 0.005) - wide);
    high = Math.max(high, quantile(sorted, 0.985) + wide);
  }
  return [Math.max(0, low), high];
}

export function density(samples: readonly number[], [low, high]: readonly [number, number]): Density {
  const wide = bandwidth(samples);
  const x = Array.from({ length: gridPoints }, (_, index) => low + ((high - low) * index) / (gridPoints - 1));
  const factor = 1 / (samples.length * wide * Math.sqrt(2 * Math.PI));
  return { x, y: x.map((at) => samples.reduce((sum, sample) => sum + Math.exp(-(((at - sample) / wide) ** 2) / 2), 0) * factor) };
}
