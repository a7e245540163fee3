// Paired comparison of two models against published worked examples.
import { describe, expect, it } from 'vitest';
import { newcombePaired } from '../../../src/runtime/metrics/intervals';
import type { Metric } from '../../../src/runtime/metrics/metric';
import { mcNemarMidP, pairedDifference } from '../../../src/runtime/metrics/significance';
import { metrics } from '../../../src/runtime/metrics/table';
import { float32Tensor } from '../../../src/tensor/tensor';

describe('McNemar’s test', () => {
  it('has mid-p 0.039 where 1 and 7 of 21 pairs differ (Fagerland, Lydersen and Laake 2013, airway hyper-responsiveness)', () => {
    expect(mcNemarMidP(1, 7)).toBeCloseTo(0.0391, 4);
    expect(mcNemarMidP(7, 1)).toBe(mcNemarMidP(1, 7));
  });

  it('has p 1 where as many were lost as gained, and holds for thousands of flips', () => {
    expect(mcNemarMidP(0, 0)).toBe(1);
    expect(mcNemarMidP(40, 40)).toBe(1);
    expect(mcNemarMidP(4000, 4400)).toBeLessThan(1e-4);
    expect(mcNemarMidP(4000, 4400)).toBeGreaterThan(1e-6);
  });

  it('comes with Newcombe’s interval, −0.507 to −0.026 in the same example (Fagerland, Lydersen and Laake 2014)', () => {
    // 1 before and after, 1 before only, 7 after only, 12 never: before − after.
    const { low, high } = newcombePaired({ both: 1, onlyFirst: 7, onlySecond: 1, neither: 12 });
    expect([low, high]).toEqual([expect.closeTo(-0.507, 3), expect.closeTo(-0.026, 3)]);
  });

  it('leaves doubt where no answer changed', () => {
    const { low, high } = newcombePaired({ both: 90, onlyFirst: 0, onlySecond: 0, neither: 10 });
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0);
  });
});

describe('two models', () => {
  const seen = (name: 'top1' | 'mse', values: readonly number[]): Metric => {
    const metric = metrics[name].open({ name });
    for (const value of values) metric.add(new Map([['y', float32Tensor('y', [1, name === 'top1' ? 2 : 1], name === 'top1' ? [1 - value, value] : [value])]]), { index: 1, values: new Map([['', float32Tensor('', [1], [0])]]) }, new Map());
    return metric;
  };

  it('are compared answer by answer where these are right or wrong', () => {
    const before = seen('top1', [...Array<number>(8).fill(1), ...Array<number>(13).fill(0)]);
    const after = seen('top1', [1, ...Array<number>(7).fill(0), 1, ...Array<number>(12).fill(0)]);
    expect(pairedDifference(before, after)).toMatchObject({ test: 'mcnemar-mid-p', lost: 7, gained: 1, p: expect.closeTo(0.0391, 4) as number, difference: { value: expect.closeTo(-6 / 21, 10) as number } });
  });

  it('are compared by a paired bootstrap otherwise: the same error more everywhere is beyond doubt, none is no difference', () => {
    const errors = Array.from({ length: 50 }, (_, i) => 1 + (i % 7));
    const before = seen('mse', errors);
    const worse = pairedDifference(before, seen('mse', errors.map((error) => error + 0.01)));
    expect(worse.difference.low).toBeGreaterThan(0);
    expect(worse).toMatchObject({ test: 'paired-bootstrap' });
    expect(worse.p).toBeLessThan(0.01);
    expect(pairedDifference(before, seen('mse', errors))).toMatchObject({ p: 1, difference: { value: 0, low: 0, high: 0 } });
  });

  it('of other numbers of samples are not paired', () => {
    expect(() => pairedDifference(seen('top1', [1]), seen('top1', [1, 0]))).toThrow('cannot be paired');
  });
});
