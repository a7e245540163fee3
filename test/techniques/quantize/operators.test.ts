// What the runtime makes of each quantized operator: which integer kernel it fuses, and whether conversions are left around it.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder, type ModuleBuilder } from '../../../src/graph/builder';
import { float } from '../../../src/graph/construct';
import type { Model } from '../../../src/graph/model';
import { assertValid } from '../../../src/graph/verify';
import { quantizeStatic, type StaticOptions, staticOptions } from '../../../src/techniques/quantize/static';
import { contextFor, count, optimisedOperators, sqnrBetween, stopWorkbench } from './support';

afterAll(stopWorkbench);

const channels = 24;

/** conv → something with one or two branches → conv, all maps 12 × 12 at first. */
function around(between: (root: ModuleBuilder, first: string, second: string) => string, inputs = channels, opset = 13): Model {
  const builder = new GraphBuilder('around', { seed: 6, opset });
  const root = builder.module('');
  const conv = (name: string, input: string, from: number): string => root.module(name).node('Conv', [input, root.weight(`${name}.weight`, [channels, from, 3, 3], { standardDeviation: 0.1 }), root.weight(`${name}.bias`, [channels], { standardDeviation: 0.1 })], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  const x = builder.input('x', 'float32', [1, channels, 12, 12]);
  const [first, second] = [conv('first', x, channels), conv('second', x, channels)];
  builder.output(conv('last', between(root, first, second), inputs), 'float32', [1, channels, 'h', 'w'], 'y');
  return builder.build();
}

async function quantized(model: Model, options: Partial<StaticOptions> = {}): Promise<{ readonly model: Model; readonly operators: readonly string[] }> {
  const { model: result } = await quantizeStatic.apply(model, staticOptions.parse({ preset: 'all+between', ...options }), await contextFor(model));
  assertValid(result);
  return { model: result, operators: await optimisedOperators(result) };
}

interface Row {
  readonly between: (root: ModuleBuilder, first: string, second: string) => string;
  readonly inputs?: number;
  readonly kernel: string;
}

const rows: Readonly<Record<string, Row>> = {
  Add: { between: (root, a, b) => root.node('Add', [a, b]), kernel: 'QLinearAdd' },
  Mul: { between: (root, a, b) => root.node('Mul', [a, b]), kernel: 'QLinearMul' },
  Concat: { between: (root, a, b) => root.node('Concat', [a, b], { axis: 1 }), inputs: 2 * channels, kernel: 'QLinearConcat' },
  AveragePool: { between: (root, a, b) => root.node('AveragePool', [root.node('Add', [a, b])], { kernel_shape: [2, 2], strides: [2, 2] }), kernel: 'QLinearAveragePool' },
  Sigmoid: { between: (root, a, b) => root.node('Sigmoid', [root.node('Add', [a, b])]), kernel: 'QLinearSigmoid' },
  LeakyRelu: { between: (root, a, b) => root.node('LeakyRelu', [root.node('Add', [a, b])], { alpha: float(0.1) }), kernel: 'QLinearLeakyRelu' },
};

describe('preset all+between', () => {
  it.each(Object.entries(rows))('runs %s as integers between int8 convolutions', async (_, { between, inputs, kernel }) => {
    const model = around(between, inputs);
    const { model: result, operators } = await quantized(model);
    expect(count(operators, kernel)).toBe(1);
    expect(count(operators, 'QLinearConv')).toBe(3);
    // One conversion in, one out: nothing between.
    expect(count(operators, 'QuantizeLinear')).toBe(1);
    expect(count(operators, 'DequantizeLinear')).toBe(1);
    expect(await sqnrBetween(model, result)).toBeGreaterThan(20);
  });

  it.each([
    ['MaxPool', (root: ModuleBuilder, value: string) => root.node('MaxPool', [value], { kernel_shape: [2, 2], strides: [2, 2] }), 'MaxPool'],
    ['a nearest Resize', (root: ModuleBuilder, value: string) => root.node('Resize', [value, '', root.float32('scales', [1, 1, 2, 2], [4])], { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }), 'Resize'],
  ])('moves the integers of %s as they are, with the scale of what made them', async (_, move, kernel) => {
    const model = around((root, a, b) => move(root, root.node('Add', [a, b])));
    const { model: result, operators } = await quantized(model);
    expect(count(operators, kernel)).toBe(1);
    expect(count(operators, 'QuantizeLinear')).toBe(1);
    expect(count(operators, 'DequantizeLinear')).toBe(1);
    expect(await sqnrBetween(model, result)).toBeGreaterThan(20);
  });

  it('multiplies activations by activations in integers and ends in float, with the second side signed', async () => {
    const builder = new GraphBuilder('attention', { seed: 6, opset: 17 });
    const root = builder.module('');
    const x = builder.input('x', 'float32', [1, 12, 32]);
    const project = (name: string): string => root.node('MatMul', [x, root.weight(name, [32, 32], { standardDeviation: 0.2 })]);
    const scores = root.node('Softmax', [root.node('MatMul', [project('q'), root.node('Transpose', [project('k')], { perm: [0, 2, 1] })])], { axis: -1 });
    builder.output(root.node('MatMul', [scores, project('v')]), 'float32', [1, 12, 32], 'y');
    const model = builder.build();
    const { model: result, operators } = await quantized(model);
    expect(count(operators, 'MatMulIntegerToFloat')).toBe(2);
    expect(count(operators, 'QLinearMatMul')).toBe(3);
    expect(await sqnrBetween(model, result)).toBeGreaterThan(15);
  });
});

describe('the other presets', () => {
  it.each(['rule', 'all'] as const)('%s moves integers through a MaxPool without conversions', async (preset) => {
    const { operators } = await quantized(around((root, a, b) => root.node('MaxPool', [root.node('Relu', [root.node('Add', [a, b])])], { kernel_shape: [2, 2], strides: [2, 2] })), { preset });
    expect(count(operators, 'QLinearConv')).toBe(3);
    expect(count(operators, 'QuantizeLinear')).toBe(1);
    expect(count(operators, 'DequantizeLinear')).toBe(1);
  });

  it('name no reason for operators they do not consider', async () => {
    const model = around((root, a, b) => root.node('Mul', [a, b]));
    const { kept } = await quantizeStatic.apply(model, staticOptions.parse({ preset: 'all' }), await contextFor(model));
    expect(kept.map(({ layer }) => layer)).not.toContain('/Mul');
  });
});

describe('types of activations', () => {
  it('int8 is symmetric, without zero points', async () => {
    const model = around((root, a, b) => root.node('Add', [a, b]));
    const { model: result } = await quantized(model, { activations: 'int8' });
    const types = result.graph.nodes.filter((node) => node.opType === 'QuantizeLinear').map((node) => result.graph.initializers.get(node.inputs[2] ?? '')?.elementType);
    expect(new Set(types)).toEqual(new Set(['int8']));
    expect(await sqnrBetween(model, result)).toBeGreaterThan(20);
  });

  it('16 bits for a layer bring its output closer, in a float kernel, and leave its neighbours int8', async () => {
    const model = around((root, a, b) => root.node('Add', [a, b]));
    const [eight, sixteen] = [await quantized(model), await quantized(model, { int16: ['/last/Conv'] })];
    expect(sixteen.model.opsetImports.get('')).toBe(21);
    expect(await sqnrBetween(model, sixteen.model)).toBeGreaterThan(await sqnrBetween(model, eight.model));
    expect(count(sixteen.operators, 'QLinearConv')).toBe(2);
    expect(count(sixteen.operators, 'QLinearAdd')).toBe(1);
  });
});
