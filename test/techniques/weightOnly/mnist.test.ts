// Few bits on a trained model: MNIST's t10k read nearly as well by 4-bit and 2-bit weights that were rounded by training digits.
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { accuracyOf, digitSamples, testDigits, trainingDigits } from '../../../bench/quantization/mnist';
import { readOnnxModel } from '../../../src/formats/onnx/read';
import { simplify } from '../../../src/techniques/simplify/simplify';
import { quantizeWeights } from '../../../src/techniques/weightOnly/weightOnly';
import { contextFor, stopWorkbench } from '../quantize/support';

afterAll(stopWorkbench);

const data = '../shared/data';
const path = `${data}/models/mnist-8-cntk.onnx`;
const digits = testDigits(data);
if (!existsSync(path) || digits === undefined) console.log('Skipped: the MNIST model and test digits are not beside the checkout (../shared/data).');

describe.skipIf(!existsSync(path) || digits === undefined)('mnist-8', () => {
  it('loses at most 0.2 pp in 4 bits and 1.5 pp in 2 bits, all weights of it', async () => {
    const stored = readOnnxModel(path);
    const test = digits ?? { images: [], labels: [] };
    const context = { ...(await contextFor(stored)), data: digitSamples(stored, trainingDigits(500)) };
    // The last weight stands behind a Reshape.
    const { model: source } = await simplify.apply(stored, simplify.options.parse({}), context);
    const accuracy = async (bits: number): Promise<number> => {
      const options = { bits, rounding: 'gptq', samples: 500, storage: true, leastElements: 0 };
      const { model, notes } = await quantizeWeights.apply(source, quantizeWeights.options.parse(options), context);
      expect(notes.at(-1)).toMatch(/^3 weights rounded/);
      return accuracyOf(model, test, context);
    };
    const float = await accuracyOf(source, test, context);
    expect(float).toBeCloseTo(0.9891, 4);
    expect(float - (await accuracy(4))).toBeLessThanOrEqual(0.002);
    expect(float - (await accuracy(2))).toBeLessThanOrEqual(0.015);
  }, 240_000);
});
