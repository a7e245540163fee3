// What a variant may lose on labelled data, and what is said of one that loses more.
import { describe, expect, it } from 'vitest';
import type { TaskComparison, TaskLimit } from '../../src/protocol/taskMetrics';
import { inaccuracy } from '../../src/recipes/acceptance';
import { parseRecipe } from '../../src/recipes/recipe';
import { belowLimit, limitOf, readMostLoss } from '../../src/recipes/taskLimit';

function compared(source: number, variant: number, limit: TaskLimit, changes: Partial<TaskComparison> = {}): TaskComparison {
  const figure = (value: number): TaskComparison['source'] => ({ value, low: value, high: value, samples: 1000 });
  return { metric: 'top1', unit: 'share', higherIsBetter: true, source: figure(source), variant: figure(variant), difference: { value: variant - source, low: 0, high: 0 }, p: 1, test: 'mcnemar-mid-p', limit, ...changes };
}

describe('a loss', () => {
  it('is read in points, decibels, shares of the source or the metric’s unit', () => {
    expect(['0.5pp', '0.5 pp', '2 %', '0,3 dB', '0.01'].map(readMostLoss)).toEqual([{ value: 0.005, relative: false }, { value: 0.005, relative: false }, { value: 0.02, relative: true }, { value: 0.3, relative: false }, { value: 0.01, relative: false }]);
    expect(['', 'much', '-1pp', '1 px'].map(readMostLoss)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('of as much as is allowed is accepted, of more refused with both figures', () => {
    const limit = { mostLoss: { value: 0.005, relative: false } };
    expect(belowLimit(compared(0.9, 0.895, limit))).toBeUndefined();
    expect(belowLimit(compared(0.9, 0.894, limit))).toBe('it loses 0.60 pp of top-1 accuracy (89.40 % after 90.00 % on 1000 samples), and at most 0.50 pp is accepted');
  });

  it('counts upwards where less is better, and against the source where it is a share', () => {
    const perplexity = { metric: 'perplexity', unit: 'none', higherIsBetter: false } as const;
    const limit = { mostLoss: { value: 0.02, relative: true } };
    expect(belowLimit(compared(10, 10.19, limit, perplexity))).toBeUndefined();
    expect(belowLimit(compared(10, 10.3, limit, perplexity))).toContain('at most 2.00 % of the source');
    expect(belowLimit(compared(10, 9, limit, perplexity))).toBeUndefined();
  });

  it('may be bounded by the worst figure instead, and what is no number is never good enough', () => {
    expect(belowLimit(compared(0.9, 0.8, { floor: 0.85 }))).toContain('at least 85.00 % is accepted');
    expect(belowLimit(compared(0.9, 0.8, { floor: 0.75 }))).toBeUndefined();
    expect(belowLimit(compared(0.9, NaN, { mostLoss: { value: 1, relative: false } }))).toBe('its top-1 accuracy could not be measured');
    expect(limitOf('top1', {})).toEqual({ mostLoss: { value: 0.01, relative: false } });
  });
});

describe('acceptance', () => {
  it('goes by the task where there is a demand of it, not by agreement', () => {
    const metric = { name: 'agreement-top1', value: 0.5, low: 0.4, high: 0.6, samples: 100 } as const;
    const limit = { mostLoss: { value: 0.01, relative: false } };
    expect(inaccuracy({ outputs: [], metric, task: compared(0.9, 0.9, limit) }, 0.99)).toBeUndefined();
    expect(inaccuracy({ outputs: [], metric, task: compared(0.9, 0.8, limit) }, 0.99)).toContain('it loses 10.00 pp');
    expect(inaccuracy({ outputs: [], metric, task: compared(0.9, 0.8, limit) }, Number.NEGATIVE_INFINITY)).toBeUndefined();
  });
});

describe('a recipe', () => {
  const recipe = (fields: object): string => JSON.stringify({ model: 'm.onnx', ...fields });

  it('describes data, a metric and a loss', () => {
    const parsed = parseRecipe(recipe({ data: { path: 'pictures', pictures: { resize: 'crop', mean: [0.5], std: [0.5] }, split: { calibration: 0.5, test: 0.5 } }, accept: { metric: 'top1', mostLoss: '0.5 pp' } }), 'r');
    expect(parsed.data).toMatchObject({ path: 'pictures', pictures: { resize: 'crop' } });
    expect(parsed.accept).toMatchObject({ metric: { name: 'top1' }, mostLoss: { value: 0.005, relative: false } });
  });

  it('names the field that is off', () => {
    expect(() => parseRecipe(recipe({ accept: { metric: 'best' } }), 'r')).toThrow('accept.metric');
    expect(() => parseRecipe(recipe({ accept: { mostLoss: 'much' } }), 'r')).toThrow('accept.mostLoss');
    expect(() => parseRecipe(recipe({ data: { path: 'x', split: { calibration: 0.9, test: 0.9 } } }), 'r')).toThrow('data');
    expect(() => parseRecipe(recipe({ data: { path: 'x', size: 3 } }), 'r')).toThrow('data');
  });
});
