// The benchmark page's pure parts: words for verdicts, the table, densities, the frontier.
import { describe, expect, it } from 'vitest';
import { density, sharedRange } from '../../webview/benchmark/density';
import { comparisonRows, describeFloor, describeInterval, describeVerdict, everythingTried, frontier, lossAndLatency, timeByOperator, type Tried } from '../../webview/benchmark/figures';
import { benchmark, leftAsItIs, report } from './fixtures';

describe('verdicts', () => {
  it('give a factor only where the interval shows a difference', () => {
    expect(describeVerdict(benchmark({ value: 0.5, low: 0.48, high: 0.52 }, 'faster', 1))).toBe('2.00× faster');
    expect(describeVerdict(benchmark({ value: 1.25, low: 1.2, high: 1.3 }, 'slower', 1))).toBe('1.25× slower');
    expect(describeVerdict(benchmark({ value: 0.9, low: 0.8, high: 1.1 }, 'no-difference', 1))).toBe('no difference shown');
    expect(describeVerdict(benchmark({ value: 0.9, low: 0.8, high: 1.1 }, 'inconclusive', 1))).toBe('inconclusive');
  });
  it('give the interval in the same terms', () => {
    expect(describeInterval({ value: 0.5, low: 0.4, high: 0.8 }, true)).toBe('1.25–2.50');
    expect(describeInterval({ value: 1, low: 0.98, high: 1.02 }, false)).toBe('0.98–1.02');
  });
});

describe('the table against the source', () => {
  it('colours nothing that no interval supports', () => {
    const busy = leftAsItIs();
    const rows = comparisonRows(busy, busy.variants[0]);
    expect(rows[0]).toMatchObject({ name: 'Latency, median', change: 'no difference shown', tone: 'none' });
    expect(rows.find(({ name }) => name === 'Latency, p95')?.tone).toBe('none');
  });
  it('takes the winner’s figures from its confirmation', () => {
    const whole = report();
    expect(comparisonRows(whole, whole.variants[0])[0]?.change).toBe('2.08× faster');
  });
});

describe('the floor', () => {
  it('is said in the words and the unit of its metric, and only where something was judged', () => {
    expect(describeFloor({ metric: 'sqnr', minimum: 20 })).toBe('floor: Output SQNR at least 20.0 dB');
    expect(describeFloor({ metric: 'agreement-top1', minimum: 0.99 })).toBe('floor: Same top answer at least 99.0 %');
    expect(describeFloor({ metric: '', minimum: 0 })).toBeUndefined();
  });
});

describe('pictures', () => {
  it('have densities that integrate to one over their range', () => {
    const samples = Array.from({ length: 200 }, (_, index) => 10 + Math.sin(index * 12.9898) * 2);
    const range = sharedRange([samples]);
    const { x, y } = density(samples, range);
    const step = (x[1] ?? 0) - (x[0] ?? 0);
    expect(y.reduce((sum, value) => sum + value * step, 0)).toBeCloseTo(1, 1);
  });
  it('join on the frontier only what may be used and nothing beats', () => {
    expect(frontier(everythingTried(report())).map(({ name }) => name)).toEqual(['static int8, per channel']);
  });
  it('join on the frontier of accuracy what loses or takes least, rejected or not', () => {
    const point = (name: string, accuracy: number, milliseconds: number, kind: Tried['kind']): Tried => ({ id: name, name, bytes: 1, milliseconds, kind, accuracy });
    const points = [point('source', 1, 10, 'source'), point('good', 0.99, 6, 'accepted'), point('fast', 0.9, 4, 'rejected'), point('worse', 0.98, 7, 'accepted')];
    expect(frontier(points, lossAndLatency, true).map(({ name }) => name)).toEqual(['source', 'good', 'fast']);
    expect(frontier(points, lossAndLatency).map(({ name }) => name)).toEqual(['source', 'good']);
  });
  it('sum small operators as one', () => {
    const shares = timeByOperator(report().variants[0]?.layers ?? [], 3);
    expect(shares.map(({ name }) => name)).toEqual(['Conv', 'MatMul', 'Softmax', 'other']);
    expect(shares[0]?.sourceMs).toBeCloseTo(24.1, 9);
  });
});
