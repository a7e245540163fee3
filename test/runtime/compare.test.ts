// Output comparison by its definitions, and agreement in the terms of the task.
import { describe, expect, it } from 'vitest';
import { AgreementMeter } from '../../src/runtime/metrics/agreement';
import { wilson } from '../../src/runtime/metrics/intervals';
import { compareModels, compareOutputs } from '../../src/runtime/compare';
import { seededSamples } from '../../src/runtime/data/sources/seededSamples';
import { type Tensor, float32Tensor, int64Tensor } from '../../src/tensor/tensor';
import { convolutionModel, matMulModel } from './support';

const output = (values: number[]): Map<string, Tensor> => new Map([['y', float32Tensor('y', [values.length], values)]]);

describe('comparing outputs', () => {
  it('is bit-equal only for the same bits', () => {
    expect(compareOutputs(output([1, 2]), output([1, 2]))).toEqual([{ output: 'y', bitEqual: true, maxAbs: 0, sqnrDb: null, cosine: 1 }]);
    expect(compareOutputs(output([0]), output([-0]))[0]).toMatchObject({ bitEqual: false, maxAbs: 0 });
  });

  it('gives the largest difference, SQNR in decibels and the cosine', () => {
    // Reference (3, 4), difference (0, 1): 10·log10(25 / 1) = 13.979 dB; cosine (9 + 20) / (5·√34).
    const [result] = compareOutputs(output([3, 4]), output([3, 5]));
    expect(result?.maxAbs).toBe(1);
    expect(result?.sqnrDb).toBeCloseTo(13.9794, 4);
    expect(result?.cosine).toBeCloseTo(29 / (5 * Math.sqrt(34)), 12);
  });

  it('says when shapes differ, an output is missing or NaN appears', () => {
    expect(compareOutputs(output([1]), output([1, 2]))[0]).toMatchObject({ maxAbs: null, problem: 'shapes differ: [1] and [2]' });
    expect(compareOutputs(output([1]), new Map())[0]).toMatchObject({ problem: 'the variant does not have this output' });
    expect(compareOutputs(output([1]), output([NaN]))[0]).toMatchObject({ bitEqual: false, maxAbs: null, problem: 'holds NaN' });
    expect(compareOutputs(output([Infinity]), output([Infinity, ].map((x) => x)))[0]).toMatchObject({ bitEqual: true });
  });

  it('compares integers beyond float32 exactly', () => {
    const integers = (value: number): Map<string, Tensor> => new Map([['y', int64Tensor('y', [1], [value])]]);
    expect(compareOutputs(integers(2 ** 40), integers(2 ** 40 + 1))[0]).toMatchObject({ bitEqual: false, maxAbs: 1 });
  });
});

describe('what is not finite', () => {
  it('is a problem of the variant only where the source is finite', () => {
    const [own] = compareOutputs(output([NaN, 1]), output([NaN, 1.5]));
    expect(own).toMatchObject({ maxAbs: 0.5, problem: 'holds NaN', inSource: true });
    expect(own?.sqnrDb).toBeCloseTo(10 * Math.log10(1 / 0.25), 9);
    const [made] = compareOutputs(output([NaN, 1]), output([NaN, NaN]));
    expect(made).toMatchObject({ problem: 'holds NaN' });
    expect(made?.inSource).toBeUndefined();
  });

  it('counts for nothing where both are the same, and is a problem where only one is', () => {
    expect(compareOutputs(output([-Infinity, 3, 4]), output([-Infinity, 3, 5]))[0]?.sqnrDb).toBeCloseTo(13.9794, 4);
    expect(compareOutputs(output([1, 2]), output([1, Infinity]))[0]).toMatchObject({ maxAbs: null, problem: 'one is infinite where the other is not' });
  });
});

describe('agreement', () => {
  const measure = (dims: number[], a: number[], b: number[], name = 'y') => {
    const meter = new AgreementMeter(name);
    meter.add(float32Tensor('y', dims, a), float32Tensor('y', dims, b));
    return meter.result();
  };

  it('of classes counts equal highest scores', () => {
    expect(measure([2, 3], [1, 5, 2, 9, 0, 0], [0, 3, 1, 1, 2, 0], 'logits')).toMatchObject({ name: 'agreement-top1', value: 0.5, samples: 2 });
  });

  it('takes rows for classes where they are probabilities, are named so or have a usual number of classes, never coordinates or embeddings', () => {
    expect(measure([1, 2], [0.3, 0.7], [0.6, 0.4])).toMatchObject({ name: 'agreement-top1', value: 0 });
    expect(measure([1, 2], [-1, 3], [-1, 2], 'class_scores')).toMatchObject({ name: 'agreement-top1', value: 1 });
    const many = Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    expect(measure([1, 1000], many, many)?.name).toBe('agreement-top1');
    // (100, 1) and (60, 55): 10·log10(10001 / (1600 + 2916)) = 3.45 dB.
    expect(measure([1, 2], [100, 1], [60, 55])?.name).toBe('sqnr');
    expect(measure([1, 2], [100, 1], [60, 55])?.value).toBeCloseTo(3.453, 3);
    expect(measure([1, 384], many.slice(0, 384), many.slice(0, 384))?.name).toBe('sqnr');
  });

  it('of a row that turned to NaN is none', () => {
    expect(measure([2, 3], [5, 1, 0, 5, 1, 0], [NaN, NaN, NaN, 4, 1, 0], 'logits')).toMatchObject({ value: 0.5, samples: 2 });
    expect(measure([1, 3], [NaN, NaN, NaN], [1, 2, 3], 'logits')).toBeUndefined();
  });

  it('of integers and texts is the share of equal elements', () => {
    const labels = new AgreementMeter();
    labels.add(int64Tensor('label', [4], [1, 2, 3, 2 ** 40]), int64Tensor('label', [4], [1, 9, 3, 2 ** 40 + 1]));
    expect(labels.result()).toMatchObject({ name: 'agreement-equal', value: 0.5, samples: 1 });
    const texts = new AgreementMeter();
    const words = (...all: string[]): Tensor => ({ name: 't', elementType: 'string', dims: [all.length], source: { byteLength: 0, read: () => new Uint8Array() }, strings: all.map((word) => Buffer.from(word)) });
    texts.add(words('a', 'b'), words('a', 'c'));
    expect(texts.result()).toMatchObject({ name: 'agreement-equal', value: 0.5 });
  });

  it('of integers in another shape is none', () => {
    const labels = new AgreementMeter();
    labels.add(int64Tensor('label', [2], [1, 2]), int64Tensor('label', [3], [1, 2, 3]));
    expect(labels.result()).toMatchObject({ value: 0 });
  });

  it('of CTC sequences compares what is read, not the frames', () => {
    const frames = (classes: number[]): number[] => classes.flatMap((wanted) => [0, 1, 2].map((index) => (index === wanted ? 0.8 : 0.1)));
    // Blank 0: "1 1 0 2" and "1 0 2 2" both read 1 2; "1 0 1 2" reads 1 1 2, one insertion in three.
    expect(measure([1, 4, 3], frames([1, 1, 0, 2]), frames([1, 0, 2, 2]))).toMatchObject({ name: 'agreement-sequence', value: 1 });
    expect(measure([1, 4, 3], frames([1, 1, 0, 2]), frames([1, 0, 1, 2]))?.value).toBeCloseTo(2 / 3, 9);
  });

  it('of anything else is SQNR', () => {
    expect(measure([1, 2, 2], [3, 4, 0, 0], [3, 5, 0, 0])?.name).toBe('sqnr');
    expect(measure([1, 2, 2], [3, 4, 0, 0], [3, 5, 0, 0])?.value).toBeCloseTo(13.9794, 4);
  });

  it('carries Wilson’s interval', () => {
    // Wilson (1927) for 8 of 10, as tabulated: 0.490 to 0.943.
    expect(wilson(0.8, 10).low).toBeCloseTo(0.4902, 3);
    expect(wilson(0.8, 10).high).toBeCloseTo(0.9433, 3);
  });
});

describe('comparing models', () => {
  it('runs both on the samples and says what those were', async () => {
    const source = matMulModel(16, 2);
    const comparison = await compareModels(source, matMulModel(16, 2), seededSamples(source, { limit: 3, seed: 7 }));
    expect(comparison.data).toEqual({ kind: 'seeded', samples: 3, seed: 7 });
    expect(comparison.outputs).toMatchObject([{ output: 'y', bitEqual: true }]);
    expect(comparison.metric).toMatchObject({ name: 'sqnr', value: 150, samples: 3 });
  });

  it('is cancelled at once by its signal', async () => {
    const model = convolutionModel();
    const controller = new AbortController();
    const work = compareModels(model, model, seededSamples(model, { limit: 1_000_000 }), { signal: controller.signal });
    setTimeout(() => controller.abort(), 300);
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
  });
});
