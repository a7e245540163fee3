// Each rewrite rule on a small model that calls for it: applied, verified, run beside the source, compared.
import { afterAll, describe, expect, it } from 'vitest';
import { float, makeGraph, makeNode, tensorValue } from '../../../src/graph/construct';
import { GraphBuilder, type ModuleBuilder } from '../../../src/graph/builder';
import type { Model } from '../../../src/graph/model';
import { elementCount, float32Tensor, int64Tensor, tensorFromArray } from '../../../src/tensor/tensor';
import type { Distribution } from '../../../src/tensor/seeded';
import { readOnnxBytes } from '../../../src/formats/onnx/read';
import { modelBytes } from '../../support/models';
import { feeding, lowestSqnr, simplifyAndCompare, simplifyOnly, stopRunner } from './support';

afterAll(stopRunner);

const random: Distribution = {};
const positive: Distribution = { mean: 1, standardDeviation: 0.1 };
const picture = [1, 8, 9, 9] as const;

/** A model from a picture x through what `body` adds. */
function model(body: (at: ModuleBuilder, x: string) => string, opset = 13, output: readonly (number | string)[] = ['a', 'b', 'c', 'd']): Model {
  const builder = new GraphBuilder('test', { opset });
  const x = builder.input('x', 'float32', picture);
  builder.output(body(builder.module(''), x), 'float32', output, 'y');
  return builder.build();
}

const conv = (at: ModuleBuilder, x: string, name: string, { pads = 0, kernel = 3, group = 1, outputs = 8 } = {}): string =>
  at.node('Conv', [x, at.weight(`${name}.w`, [outputs, 8 / group, kernel, kernel], random), at.weight(`${name}.b`, [outputs], random)], { kernel_shape: [kernel, kernel], pads: [pads, pads, pads, pads], group });

const batchNorm = (at: ModuleBuilder, x: string, name: string): string =>
  at.node('BatchNormalization', [x, at.weight(`${name}.s`, [8], random), at.weight(`${name}.bb`, [8], random), at.weight(`${name}.m`, [8], random), at.weight(`${name}.v`, [8], positive)]);

const upsample = (at: ModuleBuilder, x: string, name: string, inputs: number, outputs: number, { kernel = 2, stride = 2 } = {}): string =>
  at.node('ConvTranspose', [x, at.weight(`${name}.w`, [inputs, outputs, kernel, kernel], random), at.weight(`${name}.b`, [outputs], random)], { kernel_shape: [kernel, kernel], strides: [stride, stride] });

const hardSwish = (at: ModuleBuilder, x: string): string => {
  const shifted = at.node('Add', [x, at.float32('three', [3])]);
  const clipped = at.node('Clip', [shifted, at.float32('zero', [0]), at.float32('six', [6])]);
  return at.node('Div', [at.node('Mul', [x, clipped]), at.float32('by', [6])]);
};

interface Row {
  readonly what: string;
  readonly model: () => Model;
  readonly left: readonly string[];
  /** Rounding may differ; everything else must be equal bit for bit. */
  readonly rounds?: true;
}

const rows: readonly Row[] = [
  { what: 'removes Identity, Dropout and a Cast to the same type', model: () => model((at, x) => at.node('Relu', [at.node('Cast', [at.node('Dropout', [at.node('Identity', [x])])], { to: 1 })])), left: ['Relu'] },
  { what: 'removes multiplication by one, addition of −0 and subtraction of 0', model: () => model((at, x) => at.node('Relu', [at.node('Sub', [at.node('Add', [at.node('Mul', [x, at.float32('one', [1])]), at.float32('minus', [-0])]), at.float32('nil', [0])])])), left: ['Relu'] },
  { what: 'removes an addition of zero to integers', model: () => { const built = model((at, x) => at.node('Neg', [at.node('Add', [at.node('Cast', [x], { to: 7 }), at.int64('nil', [0])])])); built.graph.outputs = [tensorValue('y', 'int64')]; return built; }, left: ['Cast', 'Neg'] },
  { what: 'keeps an addition of zero that broadcasts', model: () => model((at, x) => at.node('Relu', [at.node('Add', [x, at.float32('nil', new Array<number>(2).fill(0), [2, 1, 1, 1])])])), left: ['Add', 'Relu'] },
  { what: 'keeps an Identity between a graph input and a graph output', model: () => model((at, x) => at.node('Identity', [x])), left: ['Identity'] },
  { what: 'joins nodes that compute the same', model: () => model((at, x) => at.node('Add', [at.node('Exp', [x]), at.node('Exp', [x])])), left: ['Exp', 'Add'] },
  { what: 'removes two transposes that cancel', model: () => model((at, x) => at.node('Relu', [at.node('Transpose', [at.node('Transpose', [x], { perm: [0, 2, 3, 1] })], { perm: [0, 3, 1, 2] })])), left: ['Relu'] },
  { what: 'joins two transposes', model: () => model((at, x) => at.node('Transpose', [at.node('Transpose', [x], { perm: [0, 2, 3, 1] })], { perm: [0, 2, 1, 3] })), left: ['Transpose'] },
  { what: 'removes Squeeze of what Unsqueeze added', model: () => model((at, x) => at.node('Relu', [at.node('Squeeze', [at.node('Unsqueeze', [x, at.int64('axes', [1])]), at.int64('axes2', [1])])])), left: ['Relu'] },
  { what: 'joins Reshape with Reshape', model: () => model((at, x) => at.node('Reshape', [at.node('Reshape', [x, at.int64('s1', [8, 81])]), at.int64('s2', [2, 4, 9, 9])])), left: ['Reshape'] },
  { what: 'folds BatchNormalization into the convolution before it', model: () => model((at, x) => batchNorm(at, conv(at, x, 'c', { pads: 1 }), 'bn')), left: ['Conv'], rounds: true },
  { what: 'folds BatchNormalization into a grouped transposed convolution', model: () => model((at, x) => batchNorm(at, at.node('ConvTranspose', [x, at.weight('w', [8, 4, 2, 2], random)], { group: 2, kernel_shape: [2, 2] }), 'bn')), left: ['ConvTranspose'], rounds: true },
  { what: 'folds scalars after a depthwise convolution into it', model: () => model((at, x) => at.node('Sub', [at.node('Div', [conv(at, x, 'c', { group: 8 }), at.float32('d', [2.5])]), at.float32('s', [0.3])])), left: ['Conv'], rounds: true },
  { what: 'folds scale and shift before an unpadded convolution into it', model: () => model((at, x) => conv(at, at.node('Add', [at.node('Mul', [at.node('Relu', [x]), at.float32('m', [1.7])]), at.float32('a', [0.2])]), 'c', { outputs: 4 })), left: ['Relu', 'Conv'], rounds: true },
  { what: 'folds a per-channel affine before an unpadded grouped convolution into it', model: () => model((at, x) => conv(at, batchNorm(at, at.node('Relu', [x]), 'bn'), 'c', { group: 2 })), left: ['Relu', 'Conv'], rounds: true },
  { what: 'keeps a shift before a padded convolution, which zeros of the padding do not see', model: () => model((at, x) => conv(at, at.node('Add', [at.node('Relu', [x]), at.float32('a', [0.2])]), 'c', { pads: 1 })), left: ['Relu', 'Add', 'Conv'] },
  { what: 'folds the scale, not the shift, before a padded convolution', model: () => model((at, x) => conv(at, at.node('Add', [at.node('Mul', [at.node('Relu', [x]), at.float32('m', [1.7])]), at.float32('a', [0.2])]), 'c', { pads: 1 })), left: ['Relu', 'Add', 'Conv'], rounds: true },
  { what: 'writes a spelled-out HardSwish as x · HardSigmoid(x)', model: () => model((at, x) => hardSwish(at, conv(at, x, 'c'))), left: ['Conv', 'HardSigmoid', 'Mul'], rounds: true },
  { what: 'writes HardSwish after a convolution as x · HardSigmoid(x)', model: () => model((at, x) => at.node('HardSwish', [conv(at, x, 'c')]), 14), left: ['Conv', 'HardSigmoid', 'Mul'], rounds: true },
  { what: 'joins upsampling layers, with what is folded into them, into pointwise ones', model: () => model((at, x) => at.node('Sigmoid', [at.node('Add', [upsample(at, at.node('Relu', [batchNorm(at, upsample(at, conv(at, x, 'c', { outputs: 24 }), 'u', 24, 8), 'bn')]), 'v', 8, 1), at.float32('a', [0.2])])])), left: ['Conv', 'Conv', 'Relu', 'Conv', 'DepthToSpace', 'Sigmoid'], rounds: true },
  { what: 'joins upsampling layers of other strides and several channels', model: () => model((at, x) => upsample(at, at.node('Tanh', [at.node('LeakyRelu', [upsample(at, conv(at, x, 'c', { outputs: 72 }), 'u', 72, 3, { kernel: 3, stride: 3 })], { alpha: float(0.2) })]), 'v', 3, 2)), left: ['Conv', 'Conv', 'LeakyRelu', 'Tanh', 'Conv', 'DepthToSpace'], rounds: true },
  { what: 'keeps upsampling layers whose joined weights would be more work than they save', model: () => model((at, x) => upsample(at, at.node('Relu', [upsample(at, x, 'u', 8, 4)]), 'v', 4, 1)), left: ['ConvTranspose', 'Relu', 'ConvTranspose'] },
  { what: 'keeps an upsampling layer whose windows overlap', model: () => model((at, x) => upsample(at, at.node('Relu', [upsample(at, conv(at, x, 'c', { outputs: 24 }), 'u', 24, 8, { kernel: 3, stride: 2 })]), 'v', 8, 1)), left: ['Conv', 'ConvTranspose', 'Relu', 'ConvTranspose'] },
  { what: 'keeps upsampling layers where the value between them is read elsewhere', model: () => model((at, x) => { const inner = at.node('Relu', [upsample(at, conv(at, x, 'c', { outputs: 24 }), 'u', 24, 8)]); return at.node('Mul', [at.node('ReduceMax', [inner], { keepdims: 1 }), upsample(at, inner, 'v', 8, 1)]); }), left: ['Conv', 'ConvTranspose', 'Relu', 'ReduceMax', 'ConvTranspose', 'Mul'] },
  { what: 'adds a residual at its gate, one number per channel', model: () => model((at, x) => { const gate = at.node('Sigmoid', [at.node('ReduceMax', [x], { axes: [2, 3], keepdims: 1 })]); return at.node('Add', [x, at.node('Mul', [x, gate])]); }), left: ['ReduceMax', 'Sigmoid', 'Add', 'Mul'], rounds: true },
  { what: 'keeps a residual whose gate is as large as it is', model: () => model((at, x) => at.node('Add', [at.node('Mul', [at.node('Tanh', [x]), x]), x])), left: ['Tanh', 'Mul', 'Add'] },
  { what: 'folds zero padding into the convolution after it', model: () => model((at, x) => conv(at, at.node('Pad', [x, at.int64('p', [0, 0, 1, 2, 0, 0, 0, 1])]), 'c')), left: ['Conv'] },
  { what: 'writes a computed Reshape target as a constant', model: () => model((at, x) => at.node('Reshape', [x, at.node('Concat', [at.node('Slice', [at.node('Shape', [x]), at.int64('b', [0]), at.int64('e', [2])]), at.int64('rest', [-1])], { axis: 0 })]), 13, ['a', 'b', 'c']), left: ['Reshape'] },
  { what: 'folds slices and joins of weights along the first axis', model: () => model((at, x) => { const w = at.weight('w', [6, 9], random); const cut = (name: string, from: number, to: number): string => at.node('Slice', [w, at.int64(`${name}.s`, [from]), at.int64(`${name}.e`, [to]), at.int64(`${name}.a`, [0])]); return at.node('MatMul', [x, at.node('Transpose', [at.node('Concat', [cut('p', -2, 2 ** 40), cut('q', 1, 3)], { axis: 0 })], { perm: [1, 0] })]); }), left: ['MatMul'] },
  { what: 'leaves a product with the largest int64 as it is', model: () => { const built = model((at, x) => at.node('Mul', [at.node('Cast', [x], { to: 7 }), 'most'])); built.graph.initializers.set('most', tensorFromArray('most', 'int64', [1], BigInt64Array.of(9223372036854775807n))); built.graph.outputs = [tensorValue('y', 'int64')]; return built; }, left: ['Cast', 'Mul'] },
  { what: 'folds float arithmetic on constants', model: () => model((at, x) => at.node('Add', [x, at.node('Sqrt', [at.node('Exp', [at.weight('k', [9], random)])])])), left: ['Add'] },
  { what: 'keeps the product and the sum that the runtime fuses itself', model: () => model((at, x) => at.node('Add', [at.node('MatMul', [x, at.weight('w', [9, 5], random)]), at.weight('b', [5], random)])), left: ['MatMul', 'Add'] },
];

describe('simplify', () => {
  it.each(rows)('$what', async ({ model: build, left, rounds }) => {
    const result = await simplifyAndCompare(build());
    expect(result.operators).toEqual(left);
    if (rounds === true) expect(lowestSqnr(result.outputs)).toBeGreaterThan(110);
    else expect(result.outputs.map(({ bitEqual }) => bitEqual)).toEqual(result.outputs.map(() => true));
  });

  it.each([
    ['an addition of zero, which makes 0 of −0', (at: ModuleBuilder, x: string) => at.node('Reciprocal', [at.node('Add', [x, at.float32('nil', [0])])]), ['Add', 'Reciprocal']],
    ['an average of single elements, which makes 0 of −0', (at: ModuleBuilder, x: string) => at.node('Reciprocal', [at.node('AveragePool', [x], { kernel_shape: [1, 1] })]), ['AveragePool', 'Reciprocal']],
    ['a sum of single elements, which makes 0 of −0', (at: ModuleBuilder, x: string) => at.node('Reciprocal', [at.node('ReduceSum', [at.node('Reshape', [x, at.int64('long', [-1, 1])]), at.int64('axis', [1])])]), ['Reshape', 'ReduceSum', 'Reciprocal']],
    ['a maximum of single elements, which is no NaN', (at: ModuleBuilder, x: string) => at.node('Relu', [at.node('MaxPool', [x], { kernel_shape: [1, 1] })]), ['MaxPool', 'Relu']],
    ['Abs after Relu, which leaves −0', (at: ModuleBuilder, x: string) => at.node('Reciprocal', [at.node('Abs', [at.node('Relu', [x])])]), ['Relu', 'Abs', 'Reciprocal']],
  ] as const)('keeps %s', async (_, body, left) => {
    const built = model(body);
    built.graph.outputs = [tensorValue('y', 'float32')];
    const values = Array.from({ length: elementCount(picture) }, (__, i) => [-0, NaN, 1, -1][i % 4] ?? 0);
    const result = await simplifyAndCompare(built, {}, {}, feeding(float32Tensor('x', picture, values)));
    expect(result.operators).toEqual(left);
    expect(result.outputs[0]?.bitEqual).toBe(true);
  });

  it('leaves a Reshape alone whose target is not of whole numbers: the runtime refuses it', async () => {
    const built = model((at, x) => at.node('Reshape', [x, at.node('Concat', [at.float32('a', [Number.NaN], [1]), at.float32('b', [-1], [1])], { axis: 0 })]), 13, ['a', 'b']);
    expect((await simplifyOnly(built)).graph.nodes.map(({ opType }) => opType)).toContain('Reshape');
  });

  it('keeps Relu after Abs of integers, whose lowest has no absolute value', async () => {
    const builder = new GraphBuilder('integers', { opset: 14 });
    const at = builder.module('');
    builder.output(at.node('Relu', [at.node('Abs', [builder.input('x', 'int32', [2])])]), 'int32', [2], 'y');
    const result = await simplifyAndCompare(builder.build(), {}, {}, feeding(tensorFromArray('x', 'int32', [2], Int32Array.of(-(2 ** 31), -1))));
    expect(result.operators).toEqual(['Abs', 'Relu']);
    expect(result.outputs[0]?.bitEqual).toBe(true);
  });

  it('keeps a Dropout that trains, of a constant: every run draws anew', async () => {
    const built = model((at, x) => at.node('Mul', [x, at.node('Dropout', [at.float32('ones', new Array<number>(9).fill(1), [9]), at.float32('ratio', [0.5]), 'training'])]));
    built.graph.initializers.set('training', tensorFromArray('training', 'bool', [], Uint8Array.of(1)));
    expect((await simplifyAndCompare(built)).operators).toEqual(['Dropout', 'Mul']);
  });

  it('keeps scales that only quantization annotations name', async () => {
    const built = model((at, x) => at.node('Relu', [x]));
    for (const name of ['scale', 'other']) built.graph.initializers.set(name, float32Tensor(name, [], [0.1]));
    built.graph.initializers.set('dead', float32Tensor('dead', [], [0.1]));
    built.graph.quantizationAnnotations = [{ tensorName: 'y', parameters: [['SCALE_TENSOR', 'scale']] }, { tensorName: 'x', parameters: [['SCALE_TENSOR', 'other']] }];
    const result = await simplifyAndCompare(built);
    expect([...result.model.graph.initializers.keys()]).toEqual(['scale', 'other']);
  });

  it('keeps every initializer of a model with training information, which binds them by name', async () => {
    const source = readOnnxBytes(modelBytes({ initializer: [{ name: 'a', data_type: 1, dims: [1], float_data: [1] }, { name: 'b', data_type: 1, dims: [1], float_data: [1] }] }, { training_info: [{ initialization_binding: [{ key: 'a', value: 'b' }] }] }));
    const result = await simplifyAndCompare(source);
    expect([...result.model.graph.initializers.keys()]).toEqual(['a', 'b']);
  });

  it('does not take an operand spread along an axis, as until opset 6, for one that broadcasts', async () => {
    const builder = new GraphBuilder('spread', { opset: 6 });
    const x = builder.input('x', 'float32', [3, 4]);
    const at = builder.module('');
    const product = at.node('MatMul', [x, at.weight('w', [4, 3], random)]);
    const scaled = at.node('Mul', [product, at.float32('rows', [1, 2, 3], [3])], { broadcast: 1, axis: 0 });
    builder.output(at.node('Cast', [scaled], { to: 'FLOAT' }), 'float32', [3, 3], 'y');
    expect((await simplifyOnly(builder.build())).graph.nodes.map(({ opType }) => opType)).toEqual(['MatMul', 'Mul']);
  });

  it('turns Constant nodes into initializers and drops what nobody reads', async () => {
    const built = model((at, x) => at.node('Add', [x, at.node('Constant', [], { value: { type: 'tensor', value: float32Tensor('', [9], new Array<number>(9).fill(2)) } })]));
    built.graph.initializers.set('dead', float32Tensor('dead', [3], [1, 2, 3]));
    const result = await simplifyAndCompare(built);
    expect(result.operators).toEqual(['Add']);
    expect([...result.model.graph.initializers.keys()]).toHaveLength(1);
    expect(result.outputs[0]?.bitEqual).toBe(true);
  });

  it('takes the branch of an If whose condition is known, captures and all', async () => {
    const branch = (name: string, opType: string) =>
      makeGraph(name, { nodes: [makeNode({ name: `${name}.1`, opType, inputs: ['h'], outputs: ['inner'] }), makeNode({ name: `${name}.2`, opType: 'Add', inputs: ['inner', 'k'], outputs: [`${name}.out`] })], initializers: new Map([['k', float32Tensor('k', [], [name === 'then' ? 2 : 3])]]), outputs: [tensorValue(`${name}.out`, 'float32')] });
    const built = model((at, x) => at.node('If', [at.node('Greater', [at.node('Size', [x]), at.int64('limit', [5], [])])], { then_branch: { type: 'graph', value: branch('then', 'Exp') }, else_branch: { type: 'graph', value: branch('else', 'Neg') } }));
    built.graph.nodes.unshift(makeNode({ name: 'h', opType: 'Relu', inputs: ['x'], outputs: ['h'] }));
    const result = await simplifyAndCompare(built);
    expect(result.operators).toEqual(['Relu', 'Exp', 'Add']);
    expect(result.outputs[0]?.bitEqual).toBe(true);
  });

  it('keeps a weight that is also an input settable, as newer IR versions mean it', async () => {
    const built = model((at, x) => at.node('Mul', [conv(at, x, 'c'), at.float32('scale', [1])]));
    built.graph.inputs.push(tensorValue('scale', 'float32', []));
    const result = await simplifyAndCompare(built);
    expect(result.operators).toEqual(['Conv', 'Mul']);
  });

  it('keeps origins: what was folded together came from all of its sources', async () => {
    const result = await simplifyAndCompare(model((at, x) => batchNorm(at, conv(at, x, 'c'), 'bn')));
    expect(result.model.graph.nodes[0]?.origin).toEqual(['/Conv', '/BatchNormalization']);
  });

  it('does not change the model it is given', async () => {
    const built = model((at, x) => batchNorm(at, conv(at, x, 'c'), 'bn'));
    const before = JSON.stringify([built.graph.nodes.map((node) => [node.opType, node.inputs, node.outputs]), [...built.graph.initializers.keys()]]);
    await simplifyAndCompare(built);
    expect(JSON.stringify([built.graph.nodes.map((node) => [node.opType, node.inputs, node.outputs]), [...built.graph.initializers.keys()]])).toBe(before);
  });

  it('does not blow a generated constant up into the file', async () => {
    const built = model((at, x) => at.node('Add', [x, at.node('ConstantOfShape', [at.int64('big', [64, 8, 9, 9])], { value: { type: 'tensor', value: float32Tensor('', [1], [0.5]) } })]));
    expect((await simplifyAndCompare(built)).operators).toEqual(['ConstantOfShape', 'Add']);
  });

  it('runs only the rules asked for', async () => {
    const built = model((at, x) => batchNorm(at, at.node('Identity', [conv(at, x, 'c')]), 'bn'));
    expect((await simplifyAndCompare(built, {}, { only: ['identity'] })).operators).toEqual(['Conv', 'BatchNormalization']);
    expect((await simplifyAndCompare(built, {}, { without: ['identity'] })).operators).toEqual(['Conv', 'Identity', 'BatchNormalization']);
  });

  it('leaves a chain of integer arithmetic as one constant', async () => {
    const built = model((at, x) => at.node('Slice', [x, at.node('Div', [at.node('Mul', [at.int64('a', [6]), at.int64('b', [2])]), at.int64('c', [4])]), at.int64('e', [9]), at.int64('ax', [2])]));
    built.graph.initializers.set('unused', int64Tensor('unused', [1], [1]));
    const result = await simplifyAndCompare(built);
    expect(result.operators).toEqual(['Slice']);
    expect(result.outputs[0]?.bitEqual).toBe(true);
  });

  it('keeps alpha of HardSigmoid a float32 sixth', async () => {
    const result = await simplifyAndCompare(model((at, x) => hardSwish(at, conv(at, x, 'c'))));
    expect(result.model.graph.nodes[1]?.attributes.get('alpha')).toEqual(float(1 / 6));
  });

  it('leaves a computed bias alone when it folds a BatchNormalization without shift', async () => {
    const built = model((at, x) => {
      const normalised = at.node('BatchNormalization', [x, at.weight('s', [8], random), at.float32('zero', new Array<number>(8).fill(0), [8]), at.float32('mean', new Array<number>(8).fill(0), [8]), at.weight('v', [8], positive)]);
      return at.node('Conv', [normalised, at.weight('w', [8, 8, 3, 3], random), 'bias']);
    });
    built.graph.inputs.push(tensorValue('bias', 'float32', [8]));
    const result = await simplifyAndCompare(built);
    expect(result.operators).toEqual(['Conv']);
    expect(lowestSqnr(result.outputs)).toBeGreaterThan(110);
  });

  it('keeps a scale that makes three channels of one, or four dimensions of three', async () => {
    const grey = (shape: readonly number[], by: readonly number[]): Model => {
      const builder = new GraphBuilder('grey', { opset: 13 });
      const x = builder.input('x', 'float32', shape);
      const at = builder.module('');
      builder.output(at.node('Conv', [at.node('Mul', [x, at.weight('by', by, random)]), at.weight('w', [4, 3, 3, 3], random)]), 'float32', ['a', 'b', 'c', 'd'], 'y');
      return builder.build();
    };
    for (const built of [grey([1, 1, 6, 6], [1, 3, 1, 1]), grey([3, 6, 6], [1, 1, 1, 1])]) {
      const result = await simplifyAndCompare(built);
      expect(result.operators).toEqual(['Mul', 'Conv']);
      expect(result.outputs[0]?.bitEqual).toBe(true);
    }
  });

  it('keeps a HardSwish in float64, which has no kernel, and a HardSigmoid whose constants make the shape longer', async () => {
    const builder = new GraphBuilder('double', { opset: 13 });
    const at = builder.module('');
    const x = builder.input('x', 'float64', [4]);
    const clipped = at.node('Clip', [at.node('Add', [x, at.float64('three', [3])]), at.float64('zero', [0]), at.float64('six', [6])]);
    builder.output(at.node('Div', [at.node('Mul', [x, clipped]), at.float64('by', [6])]), 'float64', [4], 'y');
    expect((await simplifyAndCompare(builder.build())).operators).toEqual(['Add', 'Clip', 'Mul', 'Div']);
    const longer = new GraphBuilder('longer', { opset: 13 });
    const root = longer.module('');
    const data = longer.input('x', 'float32', [4]);
    const shifted = root.node('Add', [data, root.float32('three', [3], [1, 1])]);
    longer.output(root.node('Div', [root.node('Clip', [shifted, root.float32('zero', [0]), root.float32('six', [6])]), root.float32('by', [6])]), 'float32', [1, 4], 'y');
    const result = await simplifyAndCompare(longer.build());
    expect(result.operators).toEqual(['Add', 'Clip', 'Div']);
    expect(result.outputs[0]?.bitEqual).toBe(true);
  });
});
