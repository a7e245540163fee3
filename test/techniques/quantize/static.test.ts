// Static int8: what the runtime makes of it, how close it stays, and what is left float.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/graph/builder';
import { assertValid } from '../../../src/graph/verify';
import { tensorFromArray } from '../../../src/tensor/tensor';
import { activationParameters } from '../../../src/techniques/quantize/insert/activationParameters';
import { int8Layers, quantizeStatic, type StaticOptions, staticOptions } from '../../../src/techniques/quantize/static';
import { contextFor, count, optimisedOperators, smallNetwork, sqnrBetween, stopWorkbench, twoProducts } from './support';

afterAll(stopWorkbench);

async function quantized(model = smallNetwork(), options: Partial<StaticOptions> = {}) {
  const result = await quantizeStatic.apply(model, staticOptions.parse(options), await contextFor(model));
  assertValid(result.model);
  return result;
}

describe('the gain that static int8 predicts', () => {
  const low = (options: Partial<StaticOptions>): number | undefined => quantizeStatic.estimate(twoProducts(), staticOptions.parse(options)).weightBytes?.low;

  it('is of the layers it may change alone', () => {
    // Weights of 64×48 and 48×32 floats; three of four bytes go.
    const [first, second] = [64 * 48 * 3, 48 * 32 * 3];
    const [keyOfFirst, keyOfSecond] = twoProducts().graph.nodes.filter((node) => node.opType === 'MatMul').map((node) => node.name);
    expect(low({})).toBe(-(first + second));
    expect(low({ only: [keyOfSecond ?? ''] })).toBe(-second);
    expect(low({ keepFloat: [keyOfFirst ?? ''] })).toBe(-second);
    expect(low({ only: [] })).toBeCloseTo(0);
  });
});

describe('static int8', () => {
  it('with preset all becomes int8 kernels only, activations, shortcut and classifier included', async () => {
    const model = smallNetwork();
    const { model: result } = await quantized(model, { preset: 'all' });
    const operators = await optimisedOperators(result);
    expect(count(operators, 'QLinearConv')).toBe(4);
    expect(count(operators, 'QGemm')).toBe(1);
    expect(count(operators, 'QLinearAdd')).toBe(1);
    for (const float of ['Conv', 'FusedConv', 'Gemm', 'Clip', 'Relu']) expect(count(operators, float)).toBe(0);
    expect(await sqnrBetween(model, result)).toBeGreaterThan(25);
  });

  it('leaves the stem and small depthwise convolutions float, with a reason each, and the runtime does not quantize them by itself', async () => {
    const { model, kept } = await quantized();
    const operators = await optimisedOperators(model);
    expect(count(operators, 'QLinearConv')).toBe(1);
    expect(count(operators, 'Conv') + count(operators, 'FusedConv')).toBe(3);
    const reasons = new Map(kept.map(({ layer, reason }) => [layer, reason]));
    expect(reasons.get('/stem/Conv')).toMatch(/first convolution/);
    expect(reasons.get('/deep/Conv')).toMatch(/depthwise/);
  });

  it('gives up a layer between int8 ones so that it really runs in float', async () => {
    const { model } = await quantized(smallNetwork(), { preset: 'all', keepFloat: ['/dense/Conv'] });
    const operators = await optimisedOperators(model);
    expect(count(operators, 'QLinearConv')).toBe(3);
    expect(count(operators, 'Conv') + count(operators, 'FusedConv')).toBe(1);
  });

  it('reads a HardSwish behind an int8 layer once', async () => {
    const { model } = await quantized(smallNetwork(), { preset: 'all' });
    expect(model.graph.nodes.filter((node) => node.opType === 'HardSwish')).toHaveLength(1);
    expect(model.opsetImports.get('')).toBe(14);
  });

  it('ends products in float, at no cost', async () => {
    const model = twoProducts();
    const { model: result } = await quantized(model);
    const operators = await optimisedOperators(result);
    expect(count(operators, 'MatMulIntegerToFloat')).toBe(2);
    expect(count(operators, 'Gemm')).toBe(0);
    expect(await sqnrBetween(model, result)).toBeGreaterThan(30);
  });

  it('makes a matrix product with a bias one int8 Gemm', async () => {
    const model = twoProducts([6]);
    const { model: result } = await quantized(model);
    const operators = await optimisedOperators(result);
    expect(count(operators, 'QGemm')).toBe(1);
    expect(count(operators, 'MatMulIntegerToFloat')).toBe(1);
    expect(await sqnrBetween(model, result)).toBeGreaterThan(30);
  });

  it('names the layers that could be given up', async () => {
    const model = smallNetwork();
    expect(await int8Layers(model, staticOptions.parse({}), await contextFor(model))).toEqual(['/dense/Conv', '/classifier/Gemm']);
  });

  it('says that it is uncalibrated when the samples are random', async () => {
    expect((await quantized()).uncalibrated).toBe(true);
  });

  it('never quantizes a weight that holds NaN', async () => {
    const model = smallNetwork();
    const weight = new Float32Array(32 * 32 * 9).fill(0.1);
    weight[5] = NaN;
    model.graph.initializers.set('dense.weight', tensorFromArray('dense.weight', 'float32', [32, 32, 3, 3], weight));
    const { kept } = await quantized(model);
    expect(kept.find(({ layer }) => layer === '/dense/Conv')?.reason).toMatch(/NaN|not finite/);
  });

  it('does not change the model it was given', async () => {
    const model = smallNetwork();
    const before = model.graph.nodes.length;
    await quantized(model);
    expect(model.graph.nodes).toHaveLength(before);
    expect(model.opsetImports.get('')).toBe(13);
  });

  it('clips outliers where a percentile is asked for, and stays close', async () => {
    const model = smallNetwork();
    const { model: result } = await quantized(model, { preset: 'all', percentile: 99.9 });
    expect(await sqnrBetween(model, result)).toBeGreaterThan(20);
  });
});

describe('the parameters of an activation', () => {
  // QuantizeLinear of the ONNX specification: y = saturate(round(x / scale) + zero_point).
  it.each([
    [0, 6, 6 / 255, 0],
    [-1, 1, 2 / 255, 128],
    [2, 10, 10 / 255, 0],
    [-5, -1, 5 / 255, 255],
  ])('hold zero exactly for the range %d … %d', (low, high, scale, zeroPoint) => {
    const parameters = activationParameters(low, high);
    expect(parameters.scale).toBeCloseTo(scale, 7);
    expect(Math.abs(parameters.zeroPoint - zeroPoint)).toBeLessThanOrEqual(1);
  });

  it('survive an activation that is always zero', () => expect(activationParameters(0, 0)).toEqual({ scale: 1, zeroPoint: 0 }));

  it('calibrates a model that also adds integers', async () => {
    const builder = new GraphBuilder('integers', { seed: 3, opset: 13 });
    const root = builder.module('');
    const x = builder.input('x', 'float32', [2, 8]);
    builder.output(root.node('MatMul', [x, root.weight('w', [8, 8], {})]), 'float32', [2, 8], 'y');
    const shape = root.node('Shape', [x]);
    const size = (index: number): string => root.node('Gather', [shape, root.int64(`at${index}`, [index])]);
    builder.output(root.node('Add', [size(0), size(1)]), 'int64', [1], 'sum');
    const model = builder.build();
    const { model: result } = await quantized(model, { preset: 'all' });
    expect(count(await optimisedOperators(result), 'MatMulIntegerToFloat')).toBe(1);
  });

  it('keeps the bias of a Gemm column whose weights are next to nothing', async () => {
    const builder = new GraphBuilder('dead', { opset: 13 });
    const root = builder.module('');
    const x = builder.input('x', 'float32', [1, 2]);
    builder.output(root.node('Gemm', [x, root.float32('w', [1, 1e-9, 1, -1e-9], [2, 2]), root.float32('b', [0, 2.5], [2])]), 'float32', [1, 2], 'y');
    const model = builder.build();
    const { model: result } = await quantized(model, { preset: 'all' });
    expect(await sqnrBetween(model, result)).toBeGreaterThan(25);
  });

  it('takes a model of IR 3, whose weights stand among the inputs', async () => {
    const builder = new GraphBuilder('old', { opset: 9 });
    const root = builder.module('');
    const x = builder.input('x', 'float32', [2, 8]);
    builder.input('w', 'float32', [8, 8]);
    builder.output(root.node('MatMul', [x, root.weight('w', [8, 8], {})]), 'float32', [2, 8], 'y');
    const model = { ...builder.build(), irVersion: 3 };
    const { model: result } = await quantized(model, { preset: 'all' });
    expect(result.graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(count(await optimisedOperators(result), 'MatMulIntegerToFloat')).toBe(1);
  });
});
