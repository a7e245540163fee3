// Bias correction and weight clipping: what they do to errors that can be computed by hand or measured in the runtime.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../../src/graph/builder';
import type { Model } from '../../../../src/graph/model';
import { assertValid } from '../../../../src/graph/verify';
import { toFloat32Array } from '../../../../src/tensor/decode';
import { tensorFromArray } from '../../../../src/tensor/tensor';
import { scanChannelScales } from '../../../../src/techniques/quantize/channelScales';
import { quantizedWeight } from '../../../../src/techniques/quantize/quantizedWeight';
import { quantizeStatic, type StaticOptions, staticOptions } from '../../../../src/techniques/quantize/static';
import { clipChannels } from '../../../../src/techniques/quantize/weightClipping';
import { contextFor, smallNetwork, sqnrBetween, stopWorkbench, twoProducts } from '../support';

afterAll(stopWorkbench);

async function quantized(model: Model, options: Partial<StaticOptions>): Promise<{ model: Model; notes: readonly string[] }> {
  const result = await quantizeStatic.apply(model, staticOptions.parse({ reduceRange: false, ...options }), await contextFor(model));
  assertValid(result.model);
  return result;
}

/** Mean over samples and positions of the difference of the first outputs, per channel of the last axis. */
async function meanErrors(float: Model, other: Model, channels: number): Promise<number[]> {
  const context = await contextFor(float);
  const sums = new Float64Array(channels);
  const outputsOf = async (model: Model): Promise<Float32Array[]> => {
    const found: Float32Array[] = [];
    const names = model.graph.outputs.map(({ name }) => name);
    await context.runSamples(model, context.data, 8, names, (results) => void found.push(...[...results.values()].slice(0, 1).map(toFloat32Array)));
    return found;
  };
  const [before, after] = [await outputsOf(float), await outputsOf(other)];
  before.forEach((values, sample) => values.forEach((value, i) => (sums[i % channels] = (sums[i % channels] ?? 0) + (after[sample]?.[i] ?? 0) - value)));
  return [...sums].map((sum) => Math.abs(sum));
}

/** Inputs of one product from a Relu: all of one sign, so that clipping them has a mean. */
function oneProduct(): Model {
  const builder = new GraphBuilder('one', { seed: 8, opset: 13 });
  const root = builder.module('');
  const x = root.node('Relu', [builder.input('x', 'float32', [1, 40, 16])]);
  const product = root.node('MatMul', [x, root.weight('w', [16, 6], { standardDeviation: 0.3 })]);
  builder.output(root.node('Add', [product, root.weight('b', [6], { standardDeviation: 0.3 })]), 'float32', [1, 40, 6], 'y');
  return builder.build();
}

describe('bias correction', () => {
  it('takes the mean error out of every channel', async () => {
    const model = oneProduct();
    const options = { percentile: 90 }; // clipping makes an error with a mean
    const [plain, corrected] = [await quantized(model, options), await quantized(model, { ...options, correctBias: true })];
    const [before, after] = [await meanErrors(model, plain.model, 6), await meanErrors(model, corrected.model, 6)];
    expect(Math.max(...before)).toBeGreaterThan(1);
    expect(Math.max(...after)).toBeLessThan(Math.max(...before) / 50);
    expect(corrected.notes.join()).toContain('biases of 1 layers corrected');
  });

  it.each([
    ['convolutions, a depthwise one and a classifier', smallNetwork()],
    ['products with and without a bias', twoProducts()],
    ['a Gemm with an integer bias', twoProducts([6])],
  ])('brings the outputs of %s closer to the float ones', async (_, model) => {
    const [plain, corrected] = [await quantized(model, { preset: 'all' }), await quantized(model, { preset: 'all', correctBias: true })];
    expect(await sqnrBetween(model, corrected.model)).toBeGreaterThan(await sqnrBetween(model, plain.model));
  });
});

describe('weight clipping', () => {
  const values = Float32Array.from({ length: 4 * 64 }, (_, i) => (i % 64 === 5 ? 3 : Math.sin(i * 7.3)));
  const weight = tensorFromArray('w', 'float32', [4, 64], values);

  /** Integers as the model will hold them, and their square error. */
  function errorOf(scales: ReturnType<typeof scanChannelScales>): number {
    const integers = new Int8Array(quantizedWeight('q', weight, scales).source.read().slice().buffer);
    return values.reduce((sum, value, i) => sum + ((integers[i] ?? 0) * (scales.scales[Math.floor(i / 64)] ?? 0) - value) ** 2, 0);
  }

  it('never raises the square error, and lowers it where one weight in many stands far out', () => {
    const found = scanChannelScales(weight, 0, 'full');
    expect(errorOf(clipChannels(weight, found))).toBeLessThanOrEqual(errorOf(found));
    const many = Float32Array.from({ length: 5000 }, (_, i) => (i === 17 ? 1.3 : Math.sin(i * 7.3)));
    const wide = tensorFromArray('wide', 'float32', [1, 5000], many);
    const full = scanChannelScales(wide, 0, 'full');
    expect(clipChannels(wide, full).scales[0]).toBeLessThan(full.scales[0] ?? 0);
  });

  it('saturates rows and columns alike at ±127', () => {
    for (const axis of [0, 1]) {
      const dims = axis === 0 ? [2, 3] : [3, 2];
      const tensor = tensorFromArray('w', 'float32', dims, Float32Array.of(1, -2, 0.5, 4, -4, 1));
      const scales = { ...scanChannelScales(tensor, axis, 'full'), scales: Float32Array.of(0.01, 0.01), clipped: true };
      expect([...new Int8Array(quantizedWeight('q', tensor, scales).source.read().slice().buffer)]).toEqual([100, -127, 50, 127, -127, 100]);
    }
  });

  it('gives way to the reduced range', async () => {
    const { notes } = await quantized(twoProducts(), { clipWeights: true, reduceRange: true });
    expect(notes.join()).toContain('not clipped');
  });
});
