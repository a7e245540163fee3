// Weights rounded by calibration data: nearer to float in what a layer gives than the nearest integers are, and said to be uncalibrated without data.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/graph/builder';
import type { Model } from '../../../src/graph/model';
import { float32Tensor } from '../../../src/tensor/tensor';
import type { SampleSource } from '../../../src/runtime/data/samples';
import { quantizeWeights } from '../../../src/techniques/weightOnly/weightOnly';
import { toFloat32Array } from '../../../src/tensor/decode';
import { contextFor, stopWorkbench } from '../quantize/support';
import { productModel } from './support';

afterAll(stopWorkbench);

/** Samples whose features go along with one another, as activations do. */
function correlated(dims: readonly number[], from: number, count: number): SampleSource {
  return {
    description: { kind: 'seeded', seed: 0, samples: count },
    real: true,
    async *samples(limit = count) {
      const size = dims.reduce((a, b) => a * b, 1);
      for (let sample = from; sample < from + Math.min(limit, count); sample++)
        yield await Promise.resolve(new Map([['x', float32Tensor('x', dims, Float32Array.from({ length: size }, (_, i) => Math.sin(sample * 7.3 + Math.floor(i / 8)) + 0.2 * Math.sin(sample * 91.7 + i * 12.9898)))]]));
    },
  };
}

function convolution(group: number): Model {
  const builder = new GraphBuilder('convolution', { seed: 8, opset: 13 });
  const root = builder.module('');
  const x = builder.input('x', 'float32', [1, 8, 8, 8]);
  const weight = root.weight('w', [16, 8 / group, 3, 3], { standardDeviation: 0.3 });
  builder.output(root.node('Conv', [x, weight], { group, pads: [1, 1, 1, 1] }), 'float32', [1, 16, 8, 8], 'y');
  return builder.build();
}

/** Squared error of the outputs against the source's on samples that were not calibrated with. */
async function lossOf(source: Model, dims: readonly number[], options: Record<string, unknown>): Promise<number> {
  const context = { ...(await contextFor(source)), data: correlated(dims, 0, 40) };
  const { model, uncalibrated } = await quantizeWeights.apply(source, quantizeWeights.options.parse({ leastElements: 0, storage: true, accuracyLevel: 0, ...options }), context);
  expect(uncalibrated).toBe(false);
  const outputs = async (of: Model): Promise<number[]> => {
    const found: number[] = [];
    await context.runSamples(of, correlated(dims, 1000, 10), 10, ['y'], (results) => {
      const y = results.get('y');
      if (y !== undefined) found.push(...toFloat32Array(y));
    });
    return found;
  };
  const [expected, found] = [await outputs(source), await outputs(model)];
  return expected.reduce((sum, value, i) => sum + (value - (found[i] ?? 0)) ** 2, 0);
}

describe('rounding by data', () => {
  it.each([
    ['a product', productModel({ rows: [4], k: 64, n: 24 }), [4, 64]],
    ['a product stored by rows', productModel({ rows: [4], k: 64, n: 24, transposed: true }), [4, 64]],
    ['a convolution', convolution(1), [1, 8, 8, 8]],
    ['a grouped convolution', convolution(2), [1, 8, 8, 8]],
    ['a depthwise convolution', convolution(8), [1, 8, 8, 8]],
  ] as const)('at most halves what %s loses on other data', async (_, source, dims) => {
    for (const bits of [2, 4]) {
      const [nearest, rounded] = [await lossOf(source, dims, { bits }), await lossOf(source, dims, { bits, rounding: 'gptq' })];
      expect(rounded / nearest).toBeLessThan(0.5);
    }
  }, 60_000);

  it('says that it is uncalibrated on random inputs, and how many layers it rounded', async () => {
    const source = productModel({ rows: [4], k: 64, n: 24 });
    const { uncalibrated, notes } = await quantizeWeights.apply(source, quantizeWeights.options.parse({ rounding: 'gptq', samples: 4 }), await contextFor(source));
    expect(uncalibrated).toBe(true);
    expect(notes).toEqual(['1 matrix products to 4 bits, blocks of 32', '1 weights rounded by GPTQ on 4 samples at most']);
  });

  it('goes to the nearest where the activations are no numbers', async () => {
    const source = productModel({ rows: [4], k: 64, n: 24 });
    const spoiled: SampleSource = { ...correlated([4, 64], 0, 2), samples: async function* () { yield await Promise.resolve(new Map([['x', float32Tensor('x', [4, 64], new Float32Array(256).fill(Number.NaN))]])); } };
    const options = { leastElements: 0 };
    const context = await contextFor(source);
    const rounded = await quantizeWeights.apply(source, quantizeWeights.options.parse({ ...options, rounding: 'gptq' }), { ...context, data: spoiled });
    const nearest = await quantizeWeights.apply(source, quantizeWeights.options.parse(options), context);
    const bytes = (model: Model): Uint8Array | undefined => model.graph.initializers.get('w_int4')?.source.read();
    expect(bytes(rounded.model)).toBeDefined();
    expect(bytes(rounded.model)).toEqual(bytes(nearest.model));
  });
});
