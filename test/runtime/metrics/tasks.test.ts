// Metrics against worked examples: of scikit-learn's documentation where it has one, else worked by hand in the comment.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MetricSpec } from '../../../src/protocol/taskMetrics';
import type { Label } from '../../../src/runtime/data/samples';
import type { Metric } from '../../../src/runtime/metrics/metric';
import { metrics } from '../../../src/runtime/metrics/table';
import { intersectionOverUnion } from '../../../src/runtime/metrics/tasks/detection';
import { float32Tensor, int64Tensor, type Tensor } from '../../../src/tensor/tensor';

const open = (spec: MetricSpec): Metric => metrics[spec.name].open(spec);

function judged(spec: MetricSpec, answers: readonly (readonly [Tensor, Label | undefined])[], feeds: ReadonlyMap<string, Tensor> = new Map()): Metric {
  const metric = open(spec);
  for (const [output, label] of answers) metric.add(new Map([[output.name, output]]), label, feeds);
  return metric;
}

const value = (spec: MetricSpec, answers: readonly (readonly [Tensor, Label | undefined])[]): number => judged(spec, answers).result().value;
const scores = (...values: number[]): Tensor => float32Tensor('y', [1, values.length], values);
/** One-hot scores of a class out of `classes`. */
const chosen = (index: number, classes = 3): Tensor => scores(...Array.from({ length: classes }, (_, i) => (i === index ? 1 : 0)));

describe('classification', () => {
  // scikit-learn, f1_score: y_true = [0, 1, 2, 0, 1, 2], y_pred = [0, 2, 1, 0, 0, 1] gives macro 0.26…, micro 0.33…;
  // precision_score macro 0.22…, recall_score macro 0.33….
  const [right, found] = [[0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1]];
  const answers = found.map((index, i) => [chosen(index), { index: right[i] ?? 0 }] as const);

  it('agrees with scikit-learn on precision, recall and F1', () => {
    expect(value({ name: 'f1-macro' }, answers)).toBeCloseTo(0.26666, 4);
    expect(value({ name: 'f1-micro' }, answers)).toBeCloseTo(1 / 3, 10);
    expect(value({ name: 'precision' }, answers)).toBeCloseTo(0.22222, 4);
    expect(value({ name: 'recall' }, answers)).toBeCloseTo(1 / 3, 10);
  });

  it('judges one class alone where it is named: 2 of 3 chosen as 0 are right, and both that are 0 are found', () => {
    expect(value({ name: 'precision', positive: 0 }, answers)).toBeCloseTo(2 / 3, 10);
    expect(value({ name: 'recall', positive: 0 }, answers)).toBe(1);
  });

  it('takes the highest score for top-1, the first of equals, the class itself from whole numbers, and NaN for wrong', () => {
    expect(value({ name: 'top1' }, [[scores(1, 3, 3), { index: 1 }], [scores(1, 3, 3), { index: 2 }]])).toBe(0.5);
    expect(value({ name: 'top1' }, [[int64Tensor('label', [1], [7]), { index: 7 }]])).toBe(1);
    expect(value({ name: 'top1' }, [[scores(NaN, 1), { index: 1 }]])).toBe(0);
    expect(value({ name: 'top1' }, [[scores(0.7), { index: 1 }], [scores(0.3), { index: 1 }]])).toBe(0.5);
  });

  it('counts the five highest for top-5', () => {
    const six = scores(6, 5, 4, 3, 2, 1);
    expect(value({ name: 'top5' }, [[six, { index: 4 }], [six, { index: 5 }]])).toBe(0.5);
    expect(() => value({ name: 'top5' }, [[chosen(0), { index: 0 }]])).toThrow('more than 5 classes');
  });

  it('carries Wilson’s interval: 8 of 10 is 0.490 to 0.943', () => {
    const eight = Array.from({ length: 10 }, (_, i) => [chosen(0), { index: i < 8 ? 0 : 1 }] as const);
    const { low, high, samples } = judged({ name: 'top1' }, eight).result();
    expect([low, high, samples]).toEqual([expect.closeTo(0.4902, 3), expect.closeTo(0.9433, 3), 10]);
  });

  it('says which label is missing, and which output was meant', () => {
    expect(() => value({ name: 'top1' }, [[chosen(0), undefined]])).toThrow('top1 needs a class for every sample, and a sample has no label.');
    expect(() => value({ name: 'top1' }, [[chosen(0), { text: 'cat' }]])).toThrow('a label is “cat”');
    expect(() => value({ name: 'top1', output: 'z' }, [[chosen(0), { index: 0 }]])).toThrow('The model has no output z.');
    expect(() => value({ name: 'top1' }, [[float32Tensor('y', [2, 3], [1, 0, 0, 0, 1, 0]), { index: 0 }]])).toThrow('holds 2');
    expect(() => judged({ name: 'top1' }, []).result()).toThrow('There are no samples');
  });
});

describe('AUC', () => {
  it('is 0.75 on scikit-learn’s example', () => {
    // scikit-learn, roc_auc_score's user guide: y = [0, 0, 1, 1], scores = [0.1, 0.4, 0.35, 0.8].
    const answers = [0.1, 0.4, 0.35, 0.8].map((score, i) => [scores(score), { index: i < 2 ? 0 : 1 }] as const);
    expect(value({ name: 'auc' }, answers)).toBe(0.75);
    expect(value({ name: 'auc' }, answers.map(([, label], i) => [scores(1 - ([0.1, 0.4, 0.35, 0.8][i] ?? 0), [0.1, 0.4, 0.35, 0.8][i] ?? 0), label] as const))).toBe(0.75);
  });

  it('counts equal scores half, and is the mean of the classes against the rest', () => {
    expect(value({ name: 'auc' }, [[scores(0.5), { index: 0 }], [scores(0.5), { index: 1 }]])).toBe(0.5);
    // Class 0 and 1 are told apart wholly; class 2's sample scores 0.3 against 0.1 and 0.4: 1 of 2 pairs. (1 + 1 + 0.5) / 3.
    const three = [[scores(0.8, 0.1, 0.1), { index: 0 }], [scores(0.2, 0.4, 0.4), { index: 1 }], [scores(0.35, 0.35, 0.3), { index: 2 }]] as const;
    expect(value({ name: 'auc' }, three)).toBeCloseTo(2.5 / 3, 10);
  });

  it('has no value where there is one class alone', () => {
    expect(value({ name: 'auc' }, [[scores(0.5), { index: 1 }]])).toBeNaN();
  });
});

describe('regression', () => {
  it('agrees with scikit-learn: 0.375', () => {
    // scikit-learn, mean_squared_error: y_true = [3, -0.5, 2, 7], y_pred = [2.5, 0.0, 2, 8].
    const expected = new Map([['', float32Tensor('', [4], [3, -0.5, 2, 7])]]);
    expect(value({ name: 'mse' }, [[float32Tensor('y', [1, 4], [2.5, 0, 2, 8]), { values: expected }]])).toBe(0.375);
  });

  it('gives PSNR against the peak: an error of 1 of 255 everywhere is 20·log10(255) dB', () => {
    const expected = new Map([['y', float32Tensor('y', [2], [10, 20])]]);
    expect(value({ name: 'psnr', peak: 255 }, [[float32Tensor('y', [2], [11, 19]), { values: expected }]])).toBeCloseTo(20 * Math.log10(255), 6);
    expect(value({ name: 'psnr', peak: 255 }, [[float32Tensor('y', [2], [10, 20]), { values: expected }]])).toBe(150);
    expect(() => value({ name: 'mse' }, [[float32Tensor('y', [3], [1, 2, 3]), { values: expected }]])).toThrow('not as many numbers');
  });
});

describe('boxes', () => {
  it('overlap by intersection over union: 25 of 175', () => {
    expect(intersectionOverUnion([0, 0, 10, 10], [5, 5, 15, 15])).toBeCloseTo(25 / 175, 10);
    expect(intersectionOverUnion([0, 0, 1, 1], [2, 2, 3, 3])).toBe(0);
  });

  it('give average precision under the envelope', () => {
    // Two boxes of class 0. In order of score: found, not found, found: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1.
    // The envelope is 1 up to recall 1/2 and 2/3 beyond: 1/2 · 1 + 1/2 · 2/3 = 5/6. Class 1's one box is never found: 0. Mean 5/12.
    const boxes = [{ corners: [0, 0, 10, 10], category: 0 }, { corners: [20, 20, 30, 30], category: 0 }, { corners: [50, 50, 60, 60], category: 1 }] as const;
    const rows = [0, 0, 10, 10, 0.9, 0, 40, 40, 45, 45, 0.8, 0, 20, 20, 30, 29, 0.7, 0, 0, 0, 0, 0, 0, 0];
    expect(value({ name: 'map50' }, [[float32Tensor('boxes', [1, 4, 6], rows), { boxes }]])).toBeCloseTo(5 / 12, 6);
  });

  it('are found once: a second detection of the same box is a mistake', () => {
    const rows = [0, 0, 10, 10, 0.9, 0, 0, 0, 10, 10, 0.8, 0];
    const boxes = [{ corners: [0, 0, 10, 10], category: 0 }, { corners: [20, 20, 30, 30], category: 0 }] as const;
    expect(value({ name: 'map50' }, [[float32Tensor('b', [2, 6], rows), { boxes }]])).toBeCloseTo(0.5, 10);
    expect(() => value({ name: 'map50' }, [[float32Tensor('b', [2, 5], rows.slice(2)), { boxes }]])).toThrow('no output is such');
  });
});

describe('texts', () => {
  /** Scores of a path over 4 classes: blank, a, b, c. */
  const path = (...steps: number[]): Tensor => float32Tensor('t', [1, steps.length, 4], steps.flatMap((step) => [0, 1, 2, 3].map((i) => (i === step ? 1 : 0))));
  const charset = join(mkdtempSync(join(tmpdir(), 'charset-')), 'keys.txt');
  writeFileSync(charset, 'a\nb\nc\n');

  it('are read by CTC’s best path: repeats merged, blanks dropped', () => {
    // a a blank a b reads "aab".
    const read = path(1, 1, 0, 1, 2);
    expect(value({ name: 'exact-match', charset }, [[read, { text: 'aab' }], [read, { text: 'ab' }]])).toBe(0.5);
    expect(value({ name: 'exact-match' }, [[read, { text: '1 1 2' }]])).toBe(1);
    expect(() => value({ name: 'exact-match' }, [[read, { text: 'aab' }]])).toThrow('is not known');
  });

  it('give the character error rate over all characters: 1 wrong of 3 and 2 missing of 5 is 3/8', () => {
    const answers = [[path(1, 2, 0, 2), { text: 'abc' }], [path(1, 0, 2, 0, 3), { text: 'abcab' }]] as const;
    expect(value({ name: 'cer', charset }, answers)).toBeCloseTo(3 / 8, 10);
    expect(judged({ name: 'cer', charset }, answers).higherIsBetter).toBe(false);
  });

  it('with one class more than characters have the space last, and a list that does not go with the classes is refused', () => {
    const five = (index: number): Tensor => float32Tensor('t', [1, 3, 5], [1, 4, index].flatMap((step) => [0, 1, 2, 3, 4].map((i) => (i === step ? 1 : 0))));
    expect(value({ name: 'exact-match', charset }, [[five(2), { text: 'a b' }], [five(0), { text: 'a' }]])).toBe(1);
    const seven = float32Tensor('t', [1, 1, 7], [1, 0, 0, 0, 0, 0, 0]);
    expect(() => value({ name: 'exact-match', charset }, [[seven, { text: 'a' }]])).toThrow('7 classes, which do not go with a blank and 3 characters');
  });
});

describe('perplexity', () => {
  const ids = new Map([['input_ids', int64Tensor('input_ids', [1, 3], [2, 0, 1])], ['attention_mask', int64Tensor('attention_mask', [1, 3], [1, 1, 1])]]);

  it('of scores that tell nothing is the size of the vocabulary', () => {
    const metric = judged({ name: 'perplexity' }, [[float32Tensor('logits', [1, 3, 5], Array.from({ length: 15 }, () => 0.25)), undefined]], ids);
    expect(metric.result().value).toBeCloseTo(5, 10);
  });

  it('is the inverse geometric mean of the chances given: 1/2 and 1/8 give 4', () => {
    const row = (...chances: number[]): number[] => chances.map(Math.log);
    const logits = float32Tensor('logits', [1, 3, 3], [...row(0.5, 0.25, 0.25), ...row(0.5, 0.125, 0.375), ...row(1 / 3, 1 / 3, 1 / 3)]);
    expect(judged({ name: 'perplexity' }, [[logits, undefined]], ids).result().value).toBeCloseTo(4, 5);
    const masked = new Map([...ids, ['attention_mask', int64Tensor('attention_mask', [1, 3], [1, 1, 0])] as const]);
    expect(judged({ name: 'perplexity' }, [[logits, undefined]], masked).result().value).toBeCloseTo(2, 5);
  });

  it('needs ids that the output scores', () => {
    const logits = float32Tensor('logits', [1, 3, 1], [0, 0, 0]);
    expect(() => judged({ name: 'perplexity' }, [[logits, undefined]], new Map([['input_ids', int64Tensor('input_ids', [1, 3], [0, 9, 0])]]))).toThrow('The id 9 is none of the 1');
    expect(() => judged({ name: 'perplexity' }, [[logits, undefined]])).toThrow('needs an input of token ids');
  });
});
