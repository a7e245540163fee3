// Equalization and SmoothQuant: the float model computes what it did, ranges are what the papers' formulas make them, int8 comes closer.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../../src/graph/builder';
import { cloneModel, tensorValue } from '../../../../src/graph/construct';
import type { Model } from '../../../../src/graph/model';
import { assertValid } from '../../../../src/graph/verify';
import { toFloat32Array } from '../../../../src/tensor/decode';
import { tensorFromArray } from '../../../../src/tensor/tensor';
import { equalizeLayers, smoothActivations } from '../../../../src/techniques/quantize/recover/rescale';
import { rescaleSites } from '../../../../src/techniques/quantize/recover/rescaleSites';
import { quantizeStatic, type StaticOptions, staticOptions } from '../../../../src/techniques/quantize/static';
import { contextFor, sqnrBetween, stopWorkbench } from '../support';

afterAll(stopWorkbench);

/** Factors 1 … 1000 in no order. */
const spread = (channel: number): number => 10 ** ((channel * 7) % 4);

/** Multiplies the elements of an initializer by the factor of their channel. */
function multiply(model: Model, name: string, channelOf: (element: number) => number, power = 1): void {
  const tensor = model.graph.initializers.get(name);
  if (tensor === undefined) throw new Error(name);
  model.graph.initializers.set(name, tensorFromArray(name, 'float32', tensor.dims, toFloat32Array(tensor).map((value, i) => value * spread(channelOf(i)) ** power)));
}

/** Conv → Relu → depthwise Conv → Relu → MaxPool → Conv with 16 channels between, whose ranges lie three orders apart. */
function unequal(): Model {
  const builder = new GraphBuilder('unequal', { seed: 4, opset: 13 });
  const root = builder.module('');
  const conv = (name: string, input: string, dims: number[], group = 1): string => {
    const module = root.module(name);
    return module.node('Conv', [input, module.weight('weight', dims, { standardDeviation: 0.3 }), module.weight('bias', [dims[0] ?? 1], { standardDeviation: 0.3 })], { kernel_shape: dims.slice(2), group });
  };
  const x = builder.input('x', 'float32', [1, 8, 12, 12]);
  const first = root.node('Relu', [conv('first', x, [16, 8, 1, 1])]);
  const deep = root.node('Relu', [conv('deep', first, [16, 1, 3, 3], 16)]);
  const pooled = root.node('MaxPool', [deep], { kernel_shape: [2, 2] });
  builder.output(conv('last', pooled, [6, 16, 1, 1]), 'float32', [1, 6, 9, 9], 'y');
  const model = builder.build();
  multiply(model, 'first.weight', (i) => Math.floor(i / 8));
  multiply(model, 'first.bias', (i) => i);
  multiply(model, 'deep.weight', (i) => Math.floor(i / 9), -1);
  return model;
}

/** LayerNormalization with outlier channels → two products that read it, one of them a Gemm's like. */
function outliers(opset: number): Model {
  const builder = new GraphBuilder('outliers', { seed: 4, opset });
  const root = builder.module('');
  const x = builder.input('x', 'float32', [1, 10, 16]);
  const ones = root.weight('scale', [16], { standardDeviation: 0.3 });
  const normal = root.node('LayerNormalization', [x, ones, root.weight('shift', [16], { standardDeviation: 0.3 })], { axis: -1 });
  const [q, k] = ['q', 'k'].map((name) => root.node('MatMul', [normal, root.weight(name, [16, 12], { standardDeviation: 0.3 })]));
  builder.output(root.node('Add', [q ?? '', k ?? '']), 'float32', [1, 10, 12], 'y');
  const model = builder.build();
  multiply(model, 'scale', (i) => i);
  multiply(model, 'shift', (i) => i);
  for (const name of ['q', 'k']) multiply(model, name, (i) => Math.floor(i / 12), -0.9);
  return model;
}

const int8 = async (model: Model, options: Partial<StaticOptions>): Promise<Model> => {
  const { model: result } = await quantizeStatic.apply(model, staticOptions.parse({ preset: 'all', reduceRange: false, ...options }), await contextFor(model));
  assertValid(result);
  return result;
};

describe('cross-layer equalization', () => {
  it('gives both sides of a value the same range per channel, and computes what the model did', async () => {
    const model = unequal();
    const equal = cloneModel(model);
    expect(equalizeLayers(equal)).toBe(2);
    assertValid(equal);
    expect(await sqnrBetween(model, equal)).toBeGreaterThan(110);
    // Nagel et al. 2019, equation 9: r1 = r2 for every channel.
    const [site] = rescaleSites(equal);
    const range = (side: 'makers' | 'readers', channel: number): number => {
      const constant = site?.[side].find(({ weight }) => weight);
      return constant === undefined ? NaN : toFloat32Array(constant.tensor).reduce((most, value, i) => (constant.channelOf(i) === channel ? Math.max(most, Math.abs(value)) : most), 0);
    };
    for (let channel = 0; channel < 16; channel++) expect(range('makers', channel) / range('readers', channel)).toBeCloseTo(1, 2);
  });

  it('makes one tensor of each constant, however many rounds it takes', () => {
    const model = unequal();
    equalizeLayers(model);
    expect([...model.graph.initializers.keys()].filter((name) => name.includes('_rescaled')).sort()).toEqual(['deep.bias_rescaled', 'deep.weight_rescaled', 'first.bias_rescaled', 'first.weight_rescaled', 'last.weight_rescaled']);
  });

  it('brings int8 closer to float where channels lie far apart', async () => {
    const model = unequal();
    expect(await sqnrBetween(model, await int8(model, { equalize: true }))).toBeGreaterThan((await sqnrBetween(model, await int8(model, {}))) + 6);
  });

  it('leaves alone what a Clip, a second reader or the model’s output stands behind', () => {
    const build = (between: (root: ReturnType<GraphBuilder['module']>, value: string, builder: GraphBuilder) => string): Model => {
      const builder = new GraphBuilder('guarded', { seed: 4, opset: 13 });
      const root = builder.module('');
      const conv = (name: string, input: string): string => root.node('Conv', [input, root.weight(name, [4, 4, 1, 1], { standardDeviation: 0.3 })], { kernel_shape: [1, 1] });
      const value = between(root, conv('a', builder.input('x', 'float32', [1, 4, 5, 5])), builder);
      builder.output(conv('b', value), 'float32', [1, 4, 5, 5], 'y');
      return builder.build();
    };
    const clipped = build((root, value) => root.node('Clip', [value, root.float32('low', [0]), root.float32('high', [6])]));
    const readTwice = build((root, value, builder) => {
      builder.output(root.node('Sigmoid', [value]), 'float32', [1, 4, 5, 5], 'other');
      return value;
    });
    expect(equalizeLayers(build((_, value) => value))).toBe(1);
    expect(equalizeLayers(clipped)).toBe(0);
    expect(equalizeLayers(readTwice)).toBe(0);
  });

  it.each([{ dims: [4, 1, 1], sites: 1 }, { dims: [1, 4, 1, 1], sites: 1 }, { dims: [1, 4, 1], sites: 0 }, { dims: [4], sites: 0 }])('takes a constant of dims $dims added to a map 4 × 4 for a bias where broadcasting puts it along the channels', async ({ dims, sites }) => {
    const builder = new GraphBuilder('added', { seed: 4, opset: 13 });
    const root = builder.module('');
    const conv = (name: string, input: string): string => root.node('Conv', [input, root.weight(name, [4, 4, 1, 1], { standardDeviation: 0.3 })], { kernel_shape: [1, 1] });
    const added = root.node('Add', [conv('a', builder.input('x', 'float32', [1, 4, 4, 4])), root.weight('shift', dims, { standardDeviation: 0.3 })]);
    builder.output(conv('b', root.node('Relu', [added])), 'float32', [1, 4, 4, 4], 'y');
    const model = builder.build();
    multiply(model, 'a', (i) => Math.floor(i / 4));
    const equal = cloneModel(model);
    expect(equalizeLayers(equal)).toBe(sites);
    expect(await sqnrBetween(model, equal)).toBeGreaterThan(110);
  });

  it('survives a dead channel and a weight that two layers share', async () => {
    const model = unequal();
    const dead = toFloat32Array(model.graph.initializers.get('deep.weight') ?? tensorFromArray('', 'float32', [0], new Float32Array(0))).slice();
    dead.fill(0, 0, 9);
    model.graph.initializers.set('deep.weight', tensorFromArray('deep.weight', 'float32', [16, 1, 3, 3], dead));
    const equal = cloneModel(model);
    equalizeLayers(equal);
    expect(await sqnrBetween(model, equal)).toBeGreaterThan(110);
  });
});

describe('SmoothQuant', () => {
  it.each([17, 18])('computes what the model did, at opset %d', async (opset) => {
    const model = outliers(opset);
    const smooth = cloneModel(model);
    expect(await smoothActivations(smooth, 0.5, 8, await contextFor(model))).toBe(1);
    assertValid(smooth);
    expect(await sqnrBetween(model, smooth)).toBeGreaterThan(110);
  });

  it('makes the ranges of activations those of the weights at alpha 0.5', async () => {
    const smooth = outliers(17);
    const context = await contextFor(smooth);
    await smoothActivations(smooth, 0.5, 8, context);
    // With s = √(max|X| / max|W|), max|X| / s = √(max|X| · max|W|) = max|W| · s (Xiao et al. 2023, section 4).
    const weights = ['q', 'k'].map((name) => [...smooth.graph.initializers].find(([key]) => key.startsWith(`${name}_rescaled`))?.[1]);
    const largest = new Float64Array(16);
    for (const weight of weights) if (weight !== undefined) toFloat32Array(weight).forEach((value, i) => (largest[Math.floor(i / 12)] = Math.max(largest[Math.floor(i / 12)] ?? 0, Math.abs(value))));
    const normal = smooth.graph.nodes.find((node) => node.opType === 'LayerNormalization')?.outputs[0] ?? '';
    const seen = new Float64Array(16);
    const probe = cloneModel(smooth);
    probe.graph.outputs = [tensorValue(normal, 'float32', [1, 10, 16])];
    await context.runSamples(probe, context.data, 8, [normal], (results) => toFloat32Array([...results.values()][0] ?? tensorFromArray('', 'float32', [0], new Float32Array(0))).forEach((value, i) => (seen[i % 16] = Math.max(seen[i % 16] ?? 0, Math.abs(value)))));
    seen.forEach((range, channel) => expect(range / (largest[channel] ?? 0)).toBeCloseTo(1, 2));
  });

  it('brings int8 closer to float where few channels hold the outliers', async () => {
    const model = outliers(17);
    expect(await sqnrBetween(model, await int8(model, { smooth: 0.5 }))).toBeGreaterThan((await sqnrBetween(model, await int8(model, {}))) + 6);
  });
});
