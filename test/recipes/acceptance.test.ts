// What is accepted by goal: the rules of the design, at their edges.
import { describe, expect, it } from 'vitest';
import { formatVerdict } from '../../src/base/format';
import { belowFloor, floorFor, inaccuracy, rejection, score } from '../../src/recipes/acceptance';
import { conclude } from '../../src/recipes/conclusion';
import { judge } from '../../src/runtime/verdict';
import { worstOutput } from '../../src/recipes/laboratory';
import { benchmarkOf, comparisonOf, measuredOf } from './support';

describe('a variant optimized for latency', () => {
  it('is accepted only when the upper end of the interval lies below 1', () => {
    expect(rejection('latency', measuredOf({ benchmark: benchmarkOf([0.9, 0.95, 0.99]) }))).toBeUndefined();
    expect(rejection('latency', measuredOf({ benchmark: benchmarkOf([0.9, 0.95, 1.01]) }))).toMatch(/^no difference shown: 0.90–1.01/);
  });

  it('is said to be slower in words', () => expect(rejection('latency', measuredOf({ benchmark: benchmarkOf([1.2, 1.27, 1.3]) }))).toBe('1.27× slower'));

  it('is not accepted from a busy machine', () => {
    const benchmark = { ...benchmarkOf([0.8, 0.95, 0.99]), verdict: 'inconclusive' as const, reason: 'machine busy' };
    expect(rejection('latency', measuredOf({ benchmark }))).toBe('inconclusive: machine busy');
  });
});

describe('one verdict', () => {
  // 0.985–0.996: clear of 1, but by less than two processes of one model differ.
  const close = { ...benchmarkOf([0.985, 0.991, 0.996]), ...judge({ value: 0.991, low: 0.985, high: 0.996 }, 0, 20) };

  it('decides acceptance', () => expect(rejection('latency', measuredOf({ benchmark: close }))).toMatch(/^no difference shown/));

  it('is what every sentence says', () => {
    expect(formatVerdict('no-difference', 0.991)).toBe('no difference in speed shown');
    expect(formatVerdict('faster', 0.5)).toBe('2.00× faster');
    const variant = { id: 'a', title: 'X', status: 'accepted', steps: [], reason: '', uncalibrated: false } as const;
    expect(conclude('size', [variant], 'a', close)).toMatch(/^X: no difference in speed shown/);
  });

  it('says of the best that did not hold on the test part that it was rejected, not that nothing was faster', () => {
    const other = { id: 'b', title: 'Y', status: 'not-chosen', steps: [], reason: '', uncalibrated: false } as const;
    const best = { ...other, id: 'a', title: 'Int8 everywhere', status: 'rejected', reason: 'On the test part it loses 3 points.' } as const;
    expect(conclude('latency', [best, other], undefined, undefined, 'a')).toBe('Leave it as it is: of what was tried int8 everywhere did best, and was rejected. On the test part it loses 3 points.');
  });
});

describe('a variant optimized for size', () => {
  it('needs 5 % fewer weight bytes', () => {
    expect(rejection('size', measuredOf({ benchmark: benchmarkOf([0.9, 0.95, 0.99]), weightRatio: 0.96 }))).toMatch(/its weights take 96.0 %/);
    expect(rejection('size', measuredOf({ benchmark: benchmarkOf([0.9, 0.95, 0.99]), weightRatio: 0.25 }))).toBeUndefined();
  });

  it('may be slower by at most 5 %, unless the person allows it', () => {
    const slow = measuredOf({ benchmark: benchmarkOf([1.06, 1.1, 1.2]), weightRatio: 0.25 });
    expect(rejection('size', slow)).toBe('1.10× slower');
    expect(rejection('size', { ...slow, allowSlower: true })).toBeUndefined();
    expect(rejection('size', measuredOf({ benchmark: benchmarkOf([0.98, 1.01, 1.05]), weightRatio: 0.25 }))).toBeUndefined();
  });
});

describe('a variant optimized for memory', () => {
  it('needs 5 % less peak memory', () => {
    expect(rejection('memory', measuredOf({ benchmark: benchmarkOf([0.9, 1, 1.04], 0.8) }))).toBeUndefined();
    expect(rejection('memory', measuredOf({ benchmark: benchmarkOf([0.9, 1, 1.04], 0.97) }))).toMatch(/peak memory is 97.0 %/);
  });
});

describe('a simplified variant', () => {
  it('may be slower by at most 2 %', () => {
    expect(rejection('simplification', measuredOf({ benchmark: benchmarkOf([0.98, 1, 1.02]) }))).toBeUndefined();
    expect(rejection('simplification', measuredOf({ benchmark: benchmarkOf([0.98, 1, 1.03]) }))).toMatch(/not shown to be as fast/);
  });
});

describe('an inconclusive benchmark', () => {
  const benchmark = { ...benchmarkOf([1, 1.01, 1.01], 0.5), verdict: 'inconclusive' as const, reason: 'only 1 round fitted into the time given' };

  it.each(['size', 'memory', 'simplification'] as const)('shows nothing for %s either, unless slower is allowed', (goal) => {
    const measured = measuredOf({ benchmark, weightRatio: 0.25 });
    expect(rejection(goal, measured)).toBe('inconclusive: only 1 round fitted into the time given');
    expect(rejection(goal, { ...measured, allowSlower: true })).toBeUndefined();
  });
});

describe('the accuracy floor', () => {
  const metric = { name: 'agreement-top1', value: 0.97, low: 0.9, high: 0.99, samples: 100 } as const;

  it('rejects for every goal, saying how far off it is', () => {
    for (const goal of ['latency', 'size', 'memory', 'simplification'] as const)
      expect(rejection(goal, measuredOf({ benchmark: benchmarkOf([0.4, 0.5, 0.6], 0.5), weightRatio: 0.3, comparison: comparisonOf(metric) }))).toBe('it agrees with the source on 97.0 % of 100 samples, and the floor is 99.0 %');
  });

  it('speaks of decibels where there are no classes', () => expect(belowFloor({ ...metric, name: 'sqnr', value: 12 }, 20)).toMatch(/12.0 dB SQNR, and the floor is 20.0 dB/));
});

describe('a floor that a person gives', () => {
  it('holds for the metric of its unit only', () => {
    expect(floorFor('agreement-top1', 0.999)).toBe(0.999);
    expect(floorFor('sqnr', 0.999)).toBe(20);
    expect(floorFor('sqnr', 1)).toBe(20);
    expect(floorFor('sqnr', 35)).toBe(35);
    expect(floorFor('agreement-sequence', 35)).toBe(0.95);
    expect(floorFor('agreement-top1', 1)).toBe(1);
  });

  it('of 0 is no floor, and none at all is the default', () => {
    expect([floorFor('sqnr', 0), floorFor('agreement-top1', 0), floorFor('sqnr', -10)]).toEqual([0, 0, -10]);
    expect([floorFor('sqnr', undefined), floorFor('agreement-equal', undefined)]).toEqual([20, 0.99]);
  });
});

describe('outputs that cannot stand for the source’s', () => {
  const metric = { name: 'sqnr', value: 74.8, low: 74, high: 75, samples: 8 } as const;
  const boxes = { output: 'boxes', maxAbs: 0.1, sqnrDb: 74.8 };

  it('reject a variant however good its figure is', () => {
    expect(inaccuracy(comparisonOf(metric, [boxes, { output: 'scores', problem: 'holds NaN' }]), 20)).toBe("its output scores cannot stand for the source's: holds NaN");
    expect(rejection('size', measuredOf({ benchmark: benchmarkOf([0.5, 0.6, 0.7]), weightRatio: 0.25, floor: 20, comparison: comparisonOf(metric, [boxes, { problem: 'shapes differ: [1] and [2]' }]) }))).toMatch(/shapes differ/);
  });

  it('are no reason where the source’s are the same', () => expect(inaccuracy(comparisonOf(metric, [boxes, { problem: 'holds NaN', inSource: true }]), 20)).toBeUndefined());

  it('reject where nothing was measured', () => expect(inaccuracy(comparisonOf(undefined), 0)).toMatch(/nothing of its first output could be compared/));

  it('count as the worst where the source gives zero and the variant does not', () => {
    const compared = { ...comparisonOf(metric, [boxes, { output: 'scores', maxAbs: 1 }]), data: { kind: 'seeded', samples: 8 } } as const;
    expect(worstOutput(compared).metric?.value).toBe(-150);
  });
});

describe('the score', () => {
  it('is what the goal minimises', () => {
    const measured = measuredOf({ benchmark: benchmarkOf([0.4, 0.5, 0.6], 0.8), weightRatio: 0.3 });
    expect(score('latency', measured)).toBe(0.5);
    expect(score('size', measured)).toBe(0.3);
    expect(score('memory', measured)).toBeCloseTo(0.8);
  });
});
