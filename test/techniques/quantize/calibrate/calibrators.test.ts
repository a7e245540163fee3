// The calibrators against the formulas they come from, computed the long way.
import { describe, expect, it } from 'vitest';
import { type Calibration, calibrations, calibrators, percentileRange, type Statistics } from '../../../../src/techniques/quantize/calibrate/calibrators';
import { Divergence } from '../../../../src/techniques/quantize/calibrate/entropy';
import { binsPerSide, Histogram } from '../../../../src/techniques/quantize/calibrate/histogram';
import { rangesOf } from '../../../../src/techniques/quantize/calibrate/observe';

/** Mulberry32. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const random = uniform(1);
const gaussian = Float32Array.from({ length: 50_000 }, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
const even = Float32Array.from({ length: 50_000 }, () => random() * 2 - 1);
const laplace = Float32Array.from({ length: 50_000 }, () => (random() < 0.5 ? -1 : 1) * -Math.log(1 - random()));
const rectified = gaussian.map((value) => Math.max(0, value));

function seen(...samples: Float32Array[]): Statistics {
  const histogram = new Histogram();
  for (const sample of samples) histogram.add(sample);
  const extremes = samples.map((sample) => ({ min: sample.reduce((a, b) => Math.min(a, b)), max: sample.reduce((a, b) => Math.max(a, b)) }));
  const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
  const [mins, maxs] = [extremes.map(({ min }) => min), extremes.map(({ max }) => max)];
  return { min: Math.min(...mins), max: Math.max(...maxs), meanMin: mean(mins), meanMax: mean(maxs), histogram, shape: [1] };
}

const range = (calibration: Calibration, statistics: Statistics, percentile = 99.99) => calibrators[calibration].range(statistics, { calibration, percentile, steps: 255, symmetric: false });

describe('a histogram', () => {
  it('counts the same whether its range was right from the start or grew', () => {
    const [grown, whole] = [new Histogram(), new Histogram()];
    grown.add(laplace.map((value) => value / 1000));
    grown.add(laplace);
    whole.add(Float32Array.from([...laplace, ...laplace.map((value) => value / 1000)]));
    expect(grown.binWidth).toBe(whole.binWidth);
    expect(grown.counts).toEqual(whole.counts);
    expect(grown.total).toBe(2 * laplace.length);
  });

  it('puts a power of two inside its range, and counts zeros apart', () => {
    const histogram = new Histogram();
    histogram.add(Float32Array.of(0, 4, -4, 0));
    expect(histogram.binWidth).toBe(8 / binsPerSide);
    expect(histogram.zeros).toBe(2);
    expect(histogram.counts[binsPerSide + binsPerSide / 2]).toBe(1);
    expect(histogram.counts[binsPerSide - binsPerSide / 2]).toBe(1);
  });

  it('counts NaN and infinite values, and the finite ones beside them', () => {
    const histogram = new Histogram();
    histogram.add(Float32Array.of(1, NaN, Infinity, -2));
    expect(histogram.notFinite).toBe(2);
    expect(histogram.total).toBe(2);
  });

  it('takes the smallest and the largest floats', () => {
    const histogram = new Histogram();
    histogram.add(Float32Array.of(1e-45, 3.4e38, -3.4e38));
    expect(histogram.total).toBe(3);
    expect(Number.isFinite(histogram.binWidth)).toBe(true);
  });
});

describe('the calibrators', () => {
  it('min-max and moving average are the extremes and their means over samples', () => {
    const statistics = seen(Float32Array.of(-1, 2), Float32Array.of(-3, 8));
    expect(range('minmax', statistics)).toEqual({ low: -3, high: 8 });
    expect(range('moving-average', statistics)).toEqual({ low: -2, high: 5 });
  });

  it.each([99, 99.9, 99.99])('percentile %d is that of the sorted values, to a bin', (percentile) => {
    const statistics = seen(laplace);
    const sorted = laplace.slice().sort();
    const outside = ((100 - percentile) / 200) * sorted.length;
    const { low, high } = percentileRange(statistics, percentile);
    expect(Math.abs(low - (sorted[Math.floor(outside)] ?? 0))).toBeLessThan(2 * statistics.histogram.binWidth);
    expect(Math.abs(high - (sorted[sorted.length - 1 - Math.floor(outside)] ?? 0))).toBeLessThan(2 * statistics.histogram.binWidth);
  });

  it('percentile counts zeros', () => {
    const values = new Float32Array(1000);
    values[3] = 100;
    expect(range('percentile', seen(values), 99)).toEqual({ low: 0, high: 0 });
  });

  const distributions = new Map([
    ['gaussian', gaussian],
    ['laplace', laplace],
    ['even', even],
    ['rectified', rectified],
  ]);

  it.each([...distributions.keys()])('mse finds for %s values a range whose true error no other symmetric cut beats by more than 2 percent', (name) => {
    const values = distributions.get(name) ?? even;
    const statistics = seen(values);
    const error = (low: number, high: number): number => {
      const scale = (high - low) / 255;
      const zero = Math.round(-low / scale);
      return values.reduce((sum, value) => sum + ((Math.min(255, Math.max(0, Math.round(value / scale) + zero)) - zero) * scale - value) ** 2, 0);
    };
    const { low, high } = range('mse', statistics);
    const found = error(low, high);
    for (let part = 0.2; part <= 1; part += 0.02) expect(found).toBeLessThan(1.02 * error(statistics.min * part, statistics.max * part));
  });

  it.each([...distributions.keys()])('mse for symmetric int8 finds for %s values a range whose true error no other beats by more than 2 percent', (name) => {
    const values = distributions.get(name) ?? even;
    const statistics = seen(values);
    const error = (end: number): number => {
      const scale = end / 127;
      return values.reduce((sum, value) => sum + (Math.min(127, Math.max(-127, Math.round(value / scale))) * scale - value) ** 2, 0);
    };
    const { low, high } = calibrators.mse.range(statistics, { calibration: 'mse', percentile: 100, steps: 254, symmetric: true });
    const found = error(Math.max(-low, high));
    for (let part = 0.2; part <= 1; part += 0.02) expect(found).toBeLessThan(1.02 * error(Math.max(-statistics.min, statistics.max) * part));
  });

  it('entropy for symmetric int8 takes for values of one sign what it takes for them and their mirror image', () => {
    const mirrored = Float32Array.from([...laplace.map(Math.abs), ...laplace.map((value) => -Math.abs(value))]);
    const settings = { calibration: 'entropy', percentile: 100, steps: 254, symmetric: true } as const;
    expect(calibrators.entropy.range(seen(laplace.map(Math.abs)), settings).high).toBe(calibrators.entropy.range(seen(mirrored), settings).high);
  });

  it('the divergence of entropy calibration is that of the two distributions written out', () => {
    const { counts } = seen(laplace).histogram;
    const [first, last, levels] = [binsPerSide - 700, binsPerSide + 700, 128];
    // Migacz 2017: P with the outliers in its last bins; Q from what lies inside, spread over bins that hold anything.
    const inside = [...counts.subarray(first, last)];
    const p = [...inside];
    p[0] = (p[0] ?? 0) + counts.subarray(0, first).reduce((a, b) => a + b, 0);
    p[p.length - 1] = (p.at(-1) ?? 0) + counts.subarray(last).reduce((a, b) => a + b, 0);
    const q = inside.map(() => 0);
    for (let level = 0; level < levels; level++) {
      const bins = inside.map((_, i) => i).slice(Math.floor((level * inside.length) / levels), Math.floor(((level + 1) * inside.length) / levels));
      const holding = bins.filter((bin) => (inside[bin] ?? 0) > 0);
      for (const bin of holding) q[bin] = bins.reduce((sum, each) => sum + (inside[each] ?? 0), 0) / holding.length;
    }
    const [sumP, sumQ] = [p.reduce((a, b) => a + b), q.reduce((a, b) => a + b)];
    const expected = p.reduce((sum, value, i) => (value === 0 ? sum : sum + (value / sumP) * Math.log(value / sumP / ((q[i] ?? 0) / sumQ))), 0);
    expect(inside[0]).toBeGreaterThan(0); // else smoothing would come in
    expect(inside.at(-1)).toBeGreaterThan(0);
    expect(new Divergence(counts).within(first, last, levels)).toBeCloseTo(expected, 10);
  });

  it('entropy keeps nearly all of evenly spread values and cuts the tails of others', () => {
    expect(range('entropy', seen(even)).high).toBeGreaterThan(0.95);
    const tailed = seen(laplace);
    expect(range('entropy', tailed).high).toBeLessThan(0.95 * tailed.max);
    expect(range('entropy', tailed).high).toBeGreaterThan(3);
  });

  it.each(calibrations)('%s gives a constant, a single value and values of one sign a range within what was seen', (calibration) => {
    for (const values of [Float32Array.of(3, 3, 3), Float32Array.of(-2), Float32Array.of(5, 6, 7), new Float32Array(4)]) {
      const statistics = seen(values);
      const { low, high } = range(calibration, statistics);
      expect(low).toBeLessThanOrEqual(high);
      expect(low).toBeGreaterThanOrEqual(Math.min(0, statistics.min));
      expect(high).toBeLessThanOrEqual(Math.max(0, statistics.max));
    }
  });

  it('give no range to an activation that held NaN', () => {
    const observed = rangesOf(new Map([['x', seen(Float32Array.of(1, NaN, 2))]]), { calibration: 'minmax', percentile: 100, steps: 255, symmetric: false });
    expect(observed.get('x')?.low).toBeNaN();
  });
});
