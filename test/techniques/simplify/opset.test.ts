// Raising the opset: the raised model gives, in the runtime, the numbers of the source, or of what the changelog says the source means.
import { afterAll, describe, expect, it } from 'vitest';
import { float, makeGraph, makeNode, tensorValue } from '../../../src/graph/construct';
import { type AttributeInit, GraphBuilder, type ModuleBuilder, type NodeOptions, type ShapeInit } from '../../../src/graph/builder';
import type { Model } from '../../../src/graph/model';
import { assertValid } from '../../../src/graph/verify';
import { compareModels } from '../../../src/runtime/compare';
import { openSamples } from '../../../src/runtime/data/datasets';
import { raisedOpset, raiseOpset } from '../../../src/techniques/simplify/opset';
import { int64Tensor } from '../../../src/tensor/tensor';
import type { ElementType } from '../../../src/tensor/elementType';
import { refusal } from '../../support/models';
import { header, modelWith } from '../inline/models';
import { sharedRunner, stopRunner } from './support';

afterAll(stopRunner);

interface Init {
  readonly shape?: ShapeInit;
  readonly type?: ElementType;
  /** Element type of the output. */
  readonly out?: ElementType;
  readonly inputs?: (at: ModuleBuilder) => readonly string[];
  readonly node?: NodeOptions;
}

function model(opset: number, opType: string, attributes: AttributeInit = {}, { shape = [1, 1, 4, 5], type = 'float32', out = type, inputs = () => [], node = {} }: Init = {}): Model {
  const builder = new GraphBuilder('old', { opset });
  const x = builder.input('x', type, shape);
  const at = builder.module('');
  builder.output(at.node(opType, [x, ...inputs(at)], attributes, node), out, [], 'y');
  const built = builder.build();
  built.graph.outputs = [tensorValue('y', out)];
  return built;
}

const scales = (...values: readonly number[]): Init => ({ inputs: (at) => [at.float32('scales', values, [values.length])] });
const rowsOf = (count: number, first = 1): readonly number[] => Array.from({ length: count }, (_, i) => first + i);

/** Squeeze in a branch, whose axes become a constant of the branch. */
function branching(): Model {
  const branch = (opType: string) => ({ type: 'graph' as const, value: makeGraph(opType, { nodes: [makeNode({ opType, inputs: ['x'], outputs: [`${opType}.out`], attributes: new Map(opType === 'Neg' ? [] : [['axes', { type: 'ints' as const, value: [0] }]]) })], outputs: [tensorValue(`${opType}.out`, 'float32')] }) });
  const built = model(11, 'If', { then_branch: branch('Squeeze'), else_branch: branch('Neg') }, { shape: [1, 3] });
  const [node] = built.graph.nodes;
  if (node !== undefined) node.inputs = ['flag'];
  built.graph.inputs.push(tensorValue('flag', 'bool', []));
  return built;
}

const toThirteen: Readonly<Record<string, () => Model>> = {
  'Upsample of opset 9': () => model(9, 'Upsample', { mode: 'nearest' }, scales(1, 1, 2, 2)),
  'Upsample of opset 7': () => model(7, 'Upsample', { mode: 'nearest', scales: { type: 'floats', value: [1, 1, 2, 2] } }),
  'Upsample, linear': () => model(9, 'Upsample', { mode: 'linear' }, scales(1, 1, 2, 2)),
  'Resize of opset 10 that grows': () => model(10, 'Resize', { mode: 'nearest' }, scales(1, 1, 2.5, 2.5)),
  'Resize of opset 10 that shrinks': () => model(10, 'Resize', { mode: 'nearest' }, scales(1, 1, 0.6, 0.6)),
  'Resize of opset 10, linear': () => model(10, 'Resize', { mode: 'linear' }, scales(1, 1, 2, 0.5)),
  'Clip of opset 6': () => model(10, 'Clip', { min: float(-0.5), max: float(0.25) }),
  'Clip of opset 6 with one bound': () => model(10, 'Clip', { max: float(0.25) }),
  'Pad of opset 2, float64': () => model(10, 'Pad', { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: float(0.5) }, { type: 'float64' }),
  'Pad of opset 2': () => model(10, 'Pad', { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: float(0.5) }),
  'Slice of opset 1': () => model(9, 'Slice', { starts: [1, -3], ends: [3, 2 ** 40], axes: [2, 3] }),
  'TopK of opset 1': () => model(9, 'TopK', { k: 2 }, { node: { outputs: 2 } }),
  'Scatter of opset 9': () => model(9, 'Scatter', { axis: 1 }, { shape: [1, 5], inputs: (at) => [at.int64('at', [1, 3], [1, 2]), at.float32('with', [1.5, 2.5], [1, 2])] }),
  'Dropout of opset 7': () => model(7, 'Dropout', { ratio: float(0.3) }),
  'BatchNormalization of opset 7': () => model(7, 'BatchNormalization', {}, { inputs: (at) => ['s', 'b', 'm', 'v'].map((name, i) => at.float32(name, [i + 0.5], [1])) }),
  'Softmax over the last axis': () => model(11, 'Softmax', { axis: 3 }),
  'Softmax over all but the first axis': () => model(11, 'Softmax', {}, { shape: [2, 3, 4] }),
  'LogSoftmax over two axes, counted from the end': () => model(11, 'LogSoftmax', { axis: -2 }, { shape: [2, 3, 4] }),
  'Hardmax over all axes': () => model(11, 'Hardmax', { axis: 0 }, { shape: [2, 3, 4] }),
  'ReduceSum of opset 11': () => model(11, 'ReduceSum', { axes: [1, -1], keepdims: 0 }),
  'ReduceSum over all axes': () => model(11, 'ReduceSum', { keepdims: 0 }),
  'Split of opset 2': () => model(12, 'Split', { axis: 3, split: [2, 3] }, { node: { outputs: 2 } }),
  'Unsqueeze of opset 1': () => model(9, 'Unsqueeze', { axes: [0, 3] }),
  'Squeeze in a branch': branching,
};

/** The runtime has no kernel of RoiAlign 22. */
const toTwentyOne: Readonly<Record<string, () => Model>> = {
  'RoiAlign, whose default changed in 16': () => model(10, 'RoiAlign', { output_height: 2, output_width: 2, sampling_ratio: 2 }, { shape: [1, 1, 8, 8], inputs: (at) => [at.float32('rois', [0.4, 0.6, 5.3, 6.1], [1, 4]), at.int64('batch', [0])] }),
};

const toNewest: Readonly<Record<string, () => Model>> = {
  'ReduceMean over two axes': () => model(13, 'ReduceMean', { axes: [2, 3], keepdims: 0 }),
  'ReduceMax over all axes': () => model(13, 'ReduceMax', { keepdims: 1 }),
  'ReduceL2 of opset 1': () => model(10, 'ReduceL2', { axes: [1] }),
  'Split in equal parts': () => model(13, 'Split', { axis: 1 }, { shape: [1, 6], node: { outputs: 3 } }),
  'Split in equal parts, of opset 11': () => model(11, 'Split', { axis: 1 }, { shape: [1, 6], node: { outputs: 3 } }),
  'DFT along the axis it takes by default': () => model(17, 'DFT', {}, { shape: [1, 8, 3, 1] }),
  'DFT along another axis': () => model(17, 'DFT', { axis: 2, onesided: 1 }, { shape: [1, 3, 8, 1] }),
  'GridSample, bilinear by default': () => model(16, 'GridSample', {}, { inputs: (at) => [at.float32('grid', [-0.9, -0.3, 0.2, 0.7, 0.1, 1.1], [1, 1, 3, 2])] }),
  'GridSample, bicubic': () => model(16, 'GridSample', { mode: 'bicubic', padding_mode: 'border' }, { inputs: (at) => [at.float32('grid', [-0.9, -0.3, 0.2, 0.7, 0.1, 1.1], [1, 1, 3, 2])] }),
  'LSTM of opset 7': () => model(7, 'LSTM', { hidden_size: 2 }, { shape: [3, 1, 4], inputs: (at) => [at.weight('w', [1, 8, 4], {}), at.weight('r', [1, 8, 2], {})] }),
  ...Object.fromEntries(
    [
      [7, 5],
      [3, 2],
      [4, 4],
      [12, 9],
    ].map(([height = 0, width = 0]) => [
      `Resize of opset 11 by the coordinates of TensorFlow to ${height} × ${width}`,
      () => model(11, 'Resize', { mode: 'nearest', nearest_mode: 'floor', coordinate_transformation_mode: 'tf_half_pixel_for_nn' }, { inputs: (at) => [at.float32('roi', [], [0]), at.float32('none', [], [0]), at.int64('sizes', [1, 1, height, width])] }),
    ]),
  ),
  'Resize of opset 11 to sizes': () => model(11, 'Resize', { mode: 'linear' }, { inputs: (at) => [at.float32('roi', [], [0]), at.float32('none', [], [0]), at.int64('sizes', [1, 1, 6, 7])] }),
  'AveragePool that hangs over the edge': () => model(10, 'AveragePool', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, pads: [1, 1, 1, 1], count_include_pad: 1 }),
  'Softmax of opset 11 over three axes': () => model(11, 'Softmax', { axis: 1 }, { shape: [2, 3, 4, 2] }),
};

async function expectSame(source: Model, raised: Model): Promise<void> {
  const { outputs } = await compareModels(source, raised, await openSamples(undefined, source, { seed: 3, limit: 1 }), { runner: await sharedRunner() });
  expect(outputs.map((output) => output.bitEqual)).toEqual(source.graph.outputs.map(() => true));
}

describe('raising the opset', () => {
  const cases = (to: number, rows: Readonly<Record<string, () => Model>>) => Object.entries(rows).map(([what, make]) => [to, what, make] as const);
  it.each([...cases(13, toThirteen), ...cases(21, toTwentyOne), ...cases(26, { ...toThirteen, ...toNewest })])('to %i changes nothing in what is computed: %s', async (to, _, make) => {
    const source = make();
    const before = JSON.stringify(source.graph.nodes.map(({ opType, inputs }) => [opType, inputs]));
    const raised = raiseOpset(source, to);
    assertValid(raised);
    expect(raised.opsetImports.get('')).toBe(to);
    expect(JSON.stringify(source.graph.nodes.map(({ opType, inputs }) => [opType, inputs]))).toBe(before);
    await expectSame(source, raised);
  });

  it('gives every channel the scale of its group, as GroupNormalization 21 wants it', async () => {
    const grouped = (opset: number, per: readonly number[]): Model => model(opset, 'GroupNormalization', { num_groups: 2 }, { shape: [1, 4, 3, 3], inputs: (at) => [at.float32('s', per, [per.length]), at.float32('b', per, [per.length])] });
    const raised = raiseOpset(grouped(18, [2, 5]), 21);
    await expectSame(grouped(21, [2, 2, 5, 5]), raised);
  });

  it('says which operators were rewritten, by version', () => {
    const { changes } = raisedOpset(model(9, 'Upsample', { mode: 'nearest' }, scales(1, 1, 2, 2)), 13);
    expect(changes).toEqual([{ op: 'Upsample', version: 10, nodes: 1 }, { op: 'Upsample', version: 11, nodes: 1 }]);
    expect(raisedOpset(model(13, 'Relu'), 26).changes).toEqual([]);
  });
});

/** What opsets before 7 meant, beside it in words of opset 13; the runtime runs only the latter. */
const ancient: Readonly<Record<string, readonly [old: () => Model, modern: () => Model]>> = {
  'an operand spread from an axis on': [
    () => model(6, 'Mul', { broadcast: 1, axis: 1 }, { shape: [2, 3, 4], inputs: (at) => [at.float32('b', rowsOf(3), [3])] }),
    () => model(13, 'Mul', {}, { shape: [2, 3, 4], inputs: (at) => [at.float32('b', rowsOf(3), [3, 1])] }),
  ],
  'an operand of two axes spread from the first on': [
    () => model(6, 'Add', { broadcast: 1, axis: 0 }, { shape: [2, 3, 4], inputs: (at) => [at.float32('b', rowsOf(6), [2, 3])] }),
    () => model(13, 'Add', {}, { shape: [2, 3, 4], inputs: (at) => [at.float32('b', rowsOf(6), [2, 3, 1])] }),
  ],
  'an operand spread along the last axes': [
    () => model(6, 'Sub', { broadcast: 1 }, { shape: [2, 3, 4], inputs: (at) => [at.float32('b', rowsOf(4), [4])] }),
    () => model(13, 'Sub', {}, { shape: [2, 3, 4], inputs: (at) => [at.float32('b', rowsOf(4), [4])] }),
  ],
  'a slope for each channel': [
    () => model(6, 'PRelu', {}, { shape: [1, 3, 2, 2], inputs: (at) => [at.float32('slope', rowsOf(3), [3])] }),
    () => model(13, 'PRelu', {}, { shape: [1, 3, 2, 2], inputs: (at) => [at.float32('slope', rowsOf(3), [3, 1, 1])] }),
  ],
  'a product with its bias spread': [
    () => model(6, 'Gemm', { broadcast: 1 }, { shape: [2, 3], inputs: (at) => [at.weight('w', [3, 4], {}), at.float32('c', rowsOf(4), [4])] }),
    () => model(13, 'Gemm', {}, { shape: [2, 3], inputs: (at) => [at.weight('w', [3, 4], {}), at.float32('c', rowsOf(4), [4])] }),
  ],
  'a type by its name': [() => model(5, 'Cast', { to: 'INT64' }, { out: 'int64' }), () => model(13, 'Cast', { to: 7 }, { out: 'int64' })],
  'a shape as attribute': [() => model(4, 'Reshape', { shape: [4, -1] }), () => model(13, 'Reshape', {}, { inputs: (at) => [at.int64('shape', [4, -1])] })],
  'an activation that may overwrite its input, with its defaults': [() => model(5, 'Selu', { consumed_inputs: [0] }), () => model(13, 'Selu', { alpha: float(1.6732), gamma: float(1.0507) })],
  'a Concat along the axis it takes by default': [() => model(3, 'Concat', {}, { inputs: () => ['x'] }), () => model(13, 'Concat', { axis: 1 }, { inputs: () => ['x'] })],
  'Upsample with a factor for each side': [() => model(6, 'Upsample', { mode: 'bilinear', height_scale: float(2), width_scale: float(3) }), () => model(9, 'Upsample', { mode: 'linear' }, scales(1, 1, 2, 3))],
  'Dropout that does not train': [() => model(6, 'Dropout', { is_test: 1 }), () => model(13, 'Dropout')],
  'BatchNormalization that does not train': [
    () => model(6, 'BatchNormalization', { is_test: 1 }, { inputs: (at) => ['s', 'b', 'm', 'v'].map((name, i) => at.float32(name, [i + 0.5], [1])) }),
    () => model(13, 'BatchNormalization', {}, { inputs: (at) => ['s', 'b', 'm', 'v'].map((name, i) => at.float32(name, [i + 0.5], [1])) }),
  ],
  'paddings by their old name': [() => model(1, 'Pad', { paddings: [0, 0, 1, 0, 0, 0, 0, 2] }), () => model(13, 'Pad', {}, { inputs: (at) => [at.int64('pads', [0, 0, 1, 0, 0, 0, 0, 2])] })],
};

describe('raising an opset that the runtime has no kernels of', () => {
  it.each(Object.entries(ancient))('makes of %s what the changelog says it means', async (_, [old, modern]) => {
    const raised = raiseOpset(old(), 13);
    assertValid(raised);
    await expectSame(modern(), raised);
  });
});

const refusals: readonly (readonly [what: string, make: () => Model, to: number, item: string, why: RegExp])[] = [
  ['a Resize has coordinates that are gone', () => model(11, 'Resize', { mode: 'nearest', nearest_mode: 'ceil', coordinate_transformation_mode: 'tf_half_pixel_for_nn' }, scales(1, 1, 2, 2)), 13, '/Resize', /version 13.*tf_half_pixel_for_nn/],
  ['a nearest Resize rounds one axis up and another down', () => model(10, 'Resize', { mode: 'nearest' }, scales(1, 1, 2, 0.5)), 13, '/Resize', /version 11.*rounds by its scales/],
  ['a Dropout trains', () => model(6, 'Dropout'), 13, '/Dropout', /version 7.*is_test = 0/],
  ['BatchNormalization works on each activation', () => model(7, 'BatchNormalization', { spatial: 0 }, { inputs: () => ['x', 'x', 'x', 'x'] }), 13, '/BatchNormalization', /version 9.*spatial = 0/],
  ['Tile repeats along one axis', () => model(5, 'Tile', {}, { inputs: (at) => [at.int64('tiles', [2], []), at.int64('axis', [1], [])] }), 13, '/Tile', /version 6/],
  ['scales of a group are fed', () => model(18, 'GroupNormalization', { num_groups: 2 }, { shape: [1, 4, 3, 3], inputs: () => ['x', 'x'] }), 21, '/GroupNormalization', /version 21.*one per channel/],
  ['an operator is not known', () => model(9, 'Frobnicate'), 13, '/Frobnicate', /no operator that is known here/],
];

describe('raising the opset is refused, naming node, operator and version, where', () => {
  it.each(refusals)('%s', (_, make, to, item, why) => {
    const error = refusal(() => raiseOpset(make(), to));
    expect(error).toMatchObject({ code: 'unsupported', item });
    expect(error.message).toMatch(why);
  });

  it('the mask of a Dropout is read', () => {
    const built = model(9, 'Dropout', {}, { node: { outputs: 2 } });
    built.graph.outputs.push(tensorValue(built.graph.nodes[0]?.outputs[1] ?? '', 'float32'));
    expect(refusal(() => raiseOpset(built, 10)).message).toMatch(/version 10.*mask/);
  });

  it('the rank of what a Softmax flattens is not known', () => {
    const built = model(11, 'Softmax');
    built.graph.inputs = [tensorValue('x', 'float32')];
    expect(refusal(() => raiseOpset(built, 13)).message).toMatch(/version 13.*rank/);
  });

  it('a function of the model is written in a newer opset', () => {
    const built = model(13, 'Twice', {}, { node: { domain: 'own' } });
    built.functions = [{ name: 'Twice', domain: 'own', overload: '', inputs: ['a'], outputs: ['b'], attributes: [], attributeDefaults: new Map(), nodes: [makeNode({ opType: 'Add', inputs: ['a', 'a'], outputs: ['b'] })], opsetImports: new Map([['', 21]]), docString: '', valueInfo: [], metadata: [], unknownFields: [] }];
    expect(refusal(() => raiseOpset(built, 18))).toMatchObject({ code: 'unsupported', item: 'own::Twice', message: expect.stringMatching(/is written in version 21 of ai.onnx, its calls stand in version 18/) as unknown });
  });

  it('scales that are initializers may be overridden', () => {
    const built = model(10, 'Resize', { mode: 'nearest' }, scales(1, 1, 2, 2));
    built.graph.inputs.push(tensorValue('scales', 'float32', [4]));
    expect(refusal(() => raiseOpset(built, 13)).message).toMatch(/not constant/);
  });

  it('the opset is not known yet', () => {
    expect(refusal(() => raiseOpset(model(13, 'Relu'), 99)).message).toBe('Opset 99 is not known: the newest is 26.');
  });
});

describe('raising the opset of a model with functions', () => {
  it('inlines them, and raises what they are made of as each call wants it', async () => {
    const source = modelWith('h = own.mean (x)\nt = Transpose <perm = [1, 0]> (h)\ny = own.mean (t)', `${header(11)} mean (a) => (b) { u = Unsqueeze <axes = [0]> (a) m = ReduceMean <axes = [2], keepdims = 1> (u) d = Sub (u, m) s = Squeeze <axes = [0]> (d) b = Softmax <axis = 0> (s) }`, { opset: 11, outputs: 'float[3,2] y' });
    const { model: raised, changes, inlined } = raisedOpset(source, 21);
    assertValid(raised);
    expect(raised.functions).toEqual([]);
    expect(inlined).toEqual([{ function: 'own::mean', calls: 2 }]);
    expect(changes).toMatchObject([{ op: 'Unsqueeze', version: 13, nodes: 2 }, { op: 'ReduceMean', version: 18, nodes: 2 }, { op: 'Squeeze', version: 13, nodes: 2 }, { op: 'Softmax', version: 13, nodes: 2 }]);
    const { outputs } = await compareModels(source, raised, await openSamples(undefined, source, { seed: 2, limit: 2 }), { runner: await sharedRunner() });
    expect(outputs.map(({ bitEqual }) => bitEqual)).toEqual([true]);
  });

  it('leaves functions alone that use nothing of ai.onnx', () => {
    const source = modelWith('h = Neg (x)\ny = own.f (h)', '<domain: "own", opset_import: ["com.microsoft" : 1]> f (a) => (b) { b = com.microsoft.Gelu (a) }');
    expect(raiseOpset(source, 21).functions).toHaveLength(1);
  });
});

describe('raising the opset of a model that lists its weights among the inputs', () => {
  it('frees them, so that the raised model counts on them', () => {
    const built = model(9, 'Scatter', { axis: 1 }, { shape: [1, 5], inputs: () => ['at', 'with'] });
    built.irVersion = 3;
    built.graph.initializers.set('at', int64Tensor('at', [1, 1], [2]));
    built.graph.inputs.push(tensorValue('at', 'int64', [1, 1]), tensorValue('with', 'float32', [1, 1]));
    const raised = raiseOpset(built, 13);
    expect(raised.graph.inputs.map(({ name }) => name)).toEqual(['x', 'with']);
    expect(raised.irVersion).toBe(7);
  });
});
