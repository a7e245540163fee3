// All recovery at once on models that give it nothing to hold on to: it leaves them as they are, says why, and never throws.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../../src/graph/builder';
import type { Model } from '../../../../src/graph/model';
import { assertValid } from '../../../../src/graph/verify';
import { tensorFromArray } from '../../../../src/tensor/tensor';
import { quantizeStatic, staticOptions } from '../../../../src/techniques/quantize/static';
import type { TechniqueResult } from '../../../../src/techniques/technique';
import { contextFor, smallNetwork, sqnrBetween, stopWorkbench } from '../support';

afterAll(stopWorkbench);

async function recovered(model: Model): Promise<TechniqueResult> {
  const options = staticOptions.parse({ preset: 'all+between', calibration: 'mse', equalize: true, smooth: 0.5, correctBias: true, clipWeights: true, reduceRange: false });
  const result = await quantizeStatic.apply(model, options, await contextFor(model));
  assertValid(result.model);
  return result;
}

function withDenseWeight(change: (weight: Float32Array) => void): Model {
  const model = smallNetwork();
  const weight = Float32Array.from({ length: 32 * 32 * 9 }, (_, i) => 0.1 * Math.sin(i));
  change(weight);
  model.graph.initializers.set('dense.weight', tensorFromArray('dense.weight', 'float32', [32, 32, 3, 3], weight));
  return model;
}

describe('recovery', () => {
  it('leaves a layer with NaN weights float, and every layer whose activations they reach', async () => {
    const { kept } = await recovered(withDenseWeight((weight) => weight.fill(NaN, 5, 6)));
    expect(kept.find(({ layer }) => layer === '/dense/Conv')?.reason).toMatch(/NaN/);
  });

  it('quantizes output channels that are zero throughout', async () => {
    const model = withDenseWeight((weight) => weight.fill(0, 0, 2 * 32 * 9));
    const { model: result } = await recovered(model);
    expect(await sqnrBetween(model, result)).toBeGreaterThan(20);
  });

  it.each([7, 9, 12])('takes a model of opset %d', async (opset) => {
    const builder = new GraphBuilder('old', { seed: 2, opset });
    const root = builder.module('');
    const x = builder.input('x', 'float32', [1, 8, 6, 6]);
    const conv = (name: string, input: string): string => root.node('Conv', [input, root.weight(name, [8, 8, 1, 1], { standardDeviation: 0.3 })], { kernel_shape: [1, 1] });
    builder.output(conv('second', root.node('Relu', [conv('first', x)])), 'float32', [1, 8, 6, 6], 'y');
    const model = builder.build();
    const { model: result, unchanged } = await recovered(model);
    expect(unchanged).toBe(false);
    expect(result.opsetImports.get('')).toBeGreaterThanOrEqual(13);
    expect(await sqnrBetween(model, result)).toBeGreaterThan(20);
  });

  it('does nothing to a model without layers', async () => {
    const builder = new GraphBuilder('empty', { seed: 2, opset: 13 });
    const root = builder.module('');
    builder.output(root.node('Relu', [builder.input('x', 'float32', [1, 4])]), 'float32', [1, 4], 'y');
    expect((await recovered(builder.build())).unchanged).toBe(true);
  });
});
