// What counts as a parameter, what a node costs, what lies in memory: small models whose figures are worked out by hand.
import { describe, expect, it } from 'vitest';
import { analyzeModel } from '../../src/analysis/analyze';
import { inferTypes } from '../../src/analysis/infer';
import { attributes, makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import { formatShape, symbol } from '../../src/graph/dimension';
import type { FunctionBody, Graph, Model } from '../../src/graph/model';
import { seededTensor } from '../../src/tensor/seeded';
import { float32Tensor, int64Tensor, tensorFromArray } from '../../src/tensor/tensor';
import type { Tensor } from '../../src/tensor/tensor';

const node = (opType: string, inputs: string[], outputs: string[], values: Parameters<typeof attributes>[0] = {}, name = '') => makeNode({ name, opType, inputs, outputs, attributes: attributes(values) });
const weights = (...tensors: readonly Tensor[]) => new Map(tensors.map((tensor) => [tensor.name, tensor]));

function modelOf(graph: Partial<Graph>, init: Partial<Model> = {}): Model {
  return makeModel(makeGraph('test', graph), init);
}

function shapes(model: Model, name: string, bindings: Record<string, number> = {}): string {
  const type = inferTypes(model, { bindings }).typeOf(model.graph, name);
  return type?.kind === 'tensor' ? `${type.elementType}${formatShape(type.shape)}` : (type?.kind ?? 'unknown');
}

describe('parameters', () => {
  it('leave out running statistics and shapes, and count a shared weight once', () => {
    const model = modelOf({
      inputs: [tensorValue('x', 'float32', [1, 8, 4, 4])],
      outputs: [tensorValue('y', 'float32')],
      initializers: weights(
        seededTensor('w', [8, 8, 1, 1], 1),
        ...['scale', 'shift', 'mean', 'variance'].map((name) => float32Tensor(name, [8], new Array<number>(8).fill(1))),
        int64Tensor('flat', [2], [1, -1]),
      ),
      nodes: [
        node('Conv', ['x', 'w'], ['a'], {}, 'first'),
        node('Conv', ['a', 'w'], ['b'], {}, 'second'),
        node('BatchNormalization', ['b', 'scale', 'shift', 'mean', 'variance'], ['c'], {}, 'bn'),
        node('Reshape', ['c', 'flat'], ['y'], {}, 'flatten'),
      ],
    });
    const { layers, totals } = analyzeModel(model);
    expect(totals.parameters).toBe(64 + 16);
    expect(totals.weightBytes).toBe(4 * (64 + 4 * 8));
    expect(layers.map(({ key, parameters, hasWeights }) => [key, parameters, hasWeights])).toEqual([
      ['first', 64, true],
      ['second', 0, true],
      ['bn', 16, true],
      ['flatten', 0, false],
    ]);
  });

  it('are found through transposes, casts and dequantising, which cost nothing as they are folded', () => {
    const model = modelOf({
      inputs: [tensorValue('x', 'float32', [1, 4])],
      outputs: [tensorValue('y', 'float32')],
      initializers: weights(tensorFromArray('q', 'int8', [3, 4], new Int8Array(12)), float32Tensor('s', [3], [1, 1, 1]), tensorFromArray('z', 'int8', [3], new Int8Array(3))),
      nodes: [node('DequantizeLinear', ['q', 's', 'z'], ['w'], { axis: 0 }, 'dq'), node('Transpose', ['w'], ['t'], { perm: [1, 0] }, 'turn'), node('MatMul', ['x', 't'], ['y'], {}, 'product')],
    });
    const { layers, totals } = analyzeModel(model);
    expect(totals).toMatchObject({ parameters: 12, weightBytes: 12 + 12 + 3, macs: 12, flops: 24 });
    expect(layers.map(({ folded, flops }) => [folded, flops])).toEqual([[true, 0], [true, 0], [false, 24]]);
  });

  it('are those a packed 4-bit weight stands for', () => {
    const product = makeNode({ opType: 'MatMulNBits', domain: 'com.microsoft', inputs: ['x', 'b', 's'], outputs: ['y'], attributes: attributes({ K: 64, N: 32, bits: 4, block_size: 32 }) });
    const model = modelOf(
      { inputs: [tensorValue('x', 'float32', [2, 64])], outputs: [tensorValue('y', 'float32')], initializers: weights(tensorFromArray('b', 'uint8', [32, 2, 16], new Uint8Array(1024)), float32Tensor('s', [64], new Array<number>(64).fill(1))), nodes: [product] },
      { opsetImports: new Map([['', 17], ['com.microsoft', 1]]) },
    );
    expect(analyzeModel(model).totals).toMatchObject({ parameters: 2048, weightBytes: 1024 + 256, macs: 2 * 64 * 32 });
    expect(shapes(model, 'y')).toBe('float32[2, 32]');
  });

  it('leave out lone scalars of arithmetic but not learned vectors', () => {
    const model = modelOf({
      inputs: [tensorValue('x', 'float32', [2, 8])],
      outputs: [tensorValue('y', 'float32')],
      initializers: weights(float32Tensor('half', [], [0.5]), float32Tensor('gain', [8], new Array<number>(8).fill(1))),
      nodes: [node('Mul', ['x', 'half'], ['a']), node('Mul', ['a', 'gain'], ['y'])],
    });
    expect(analyzeModel(model).totals.parameters).toBe(8);
  });
});

describe('activation memory', () => {
  const chain = (ops: readonly (readonly [string, readonly string[], string])[]): Model =>
    modelOf({ inputs: [tensorValue('x', 'float32', [256])], outputs: [tensorValue('y', 'float32')], nodes: ops.map(([op, inputs, output]) => node(op, [...inputs], [output])) });

  it('is one buffer for a chain that works in place', () => {
    expect(analyzeModel(chain([['Relu', ['x'], 'a'], ['Sigmoid', ['a'], 'b'], ['Tanh', ['b'], 'y']])).totals.peakActivationBytes).toBe(1024);
  });

  it('keeps what a later node still reads', () => {
    // x is read again by the sum, so the first node needs a buffer of its own: two alive.
    expect(analyzeModel(chain([['Relu', ['x'], 'a'], ['Tanh', ['a'], 'b'], ['Add', ['b', 'x'], 'y']])).totals.peakActivationBytes).toBe(2048);
  });

  it('counts no bytes for a view and frees after the last reader', () => {
    const model = modelOf({
      inputs: [tensorValue('x', 'float32', [16, 16])],
      outputs: [tensorValue('y', 'float32')],
      nodes: [node('Flatten', ['x'], ['a'], { axis: 0 }), node('Transpose', ['a'], ['b']), node('Transpose', ['b'], ['c']), node('Transpose', ['c'], ['y'])],
    });
    const { memory, totals } = analyzeModel(model);
    expect(totals.peakActivationBytes).toBe(2048);
    expect(memory.reused).toBe(1);
  });
});

describe('control flow', () => {
  const branch = (name: string, inner: string, width: number): Graph =>
    makeGraph(name, { outputs: [tensorValue(`${name}_y`, 'float32')], initializers: weights(seededTensor(inner, [8, width], 3)), nodes: [node('MatMul', ['x', inner], [`${name}_y`], {}, `${name}/product`)] });

  function choice(condition: Tensor | undefined): Model {
    const choose = node('If', ['c'], ['y'], {}, 'choose');
    choose.attributes.set('then_branch', { type: 'graph', value: branch('yes', 'w1', 4) });
    choose.attributes.set('else_branch', { type: 'graph', value: branch('no', 'w2', 16) });
    const inputs = [tensorValue('x', 'float32', [2, 8])];
    if (condition === undefined) inputs.push(tensorValue('c', 'bool', []));
    return modelOf({ inputs, outputs: [tensorValue('y', 'float32')], nodes: [choose], ...(condition === undefined ? {} : { initializers: weights(condition) }) });
  }

  it('counts the weights of both branches, and the arithmetic of the costlier one', () => {
    const model = choice(undefined);
    expect(analyzeModel(model).totals).toMatchObject({ parameters: 8 * 4 + 8 * 16, macs: 2 * 8 * 16 });
    expect(shapes(model, 'y')).toBe('float32[2, ?]');
  });

  it('follows a condition that is constant', () => {
    const model = choice(tensorFromArray('c', 'bool', [], new Uint8Array([1])));
    expect(analyzeModel(model).totals.macs).toBe(2 * 8 * 4);
    expect(shapes(model, 'y')).toBe('float32[2, 4]');
  });

  it('carries the elements that the branch taken makes on into shapes', () => {
    const made = (name: string, size: number): Graph => makeGraph(name, { outputs: [tensorValue(`${name}_y`, 'int64')], initializers: weights(int64Tensor(`${name}_size`, [2], [size, -1])), nodes: [node('Identity', [`${name}_size`], [`${name}_y`])] });
    const choose = node('If', ['c'], ['target']);
    choose.attributes.set('then_branch', { type: 'graph', value: made('yes', 4) });
    choose.attributes.set('else_branch', { type: 'graph', value: made('no', 8) });
    const nodes = [node('Shape', ['x'], ['s']), node('Size', ['s'], ['rank']), node('Equal', ['rank', 'two'], ['c']), choose, node('Reshape', ['x', 'target'], ['y'])];
    const model = modelOf({ inputs: [tensorValue('x', 'float32', [2, 8])], outputs: [tensorValue('y', 'float32')], initializers: weights(int64Tensor('two', [], [2])), nodes });
    expect(shapes(model, 'y')).toBe('float32[4, 4]');
  });

  it('takes a guarded Squeeze that cannot fit for the branch not taken', () => {
    const guarded = (name: string, op: string): Graph => makeGraph(name, { outputs: [tensorValue(`${name}_y`, 'float32')], nodes: [node(op, ['x'], [`${name}_y`], op === 'Squeeze' ? { axes: [0] } : {})] });
    const choose = node('If', ['c'], ['y']);
    choose.attributes.set('then_branch', { type: 'graph', value: guarded('yes', 'Squeeze') });
    choose.attributes.set('else_branch', { type: 'graph', value: guarded('no', 'Identity') });
    const model = modelOf({ inputs: [tensorValue('x', 'float32', [2, 8]), tensorValue('c', 'bool', [])], outputs: [tensorValue('y', 'float32')], nodes: [choose] }, { opsetImports: new Map([['', 11]]) });
    expect(shapes(model, 'y')).toBe('float32[2, 8]');
    expect(inferTypes(model).contradictions).toEqual([]);
  });

  it('counts a loop as often as it runs', () => {
    const body = makeGraph('body', {
      inputs: [tensorValue('i', 'int64', []), tensorValue('go', 'bool', []), tensorValue('h', 'float32')],
      outputs: [tensorValue('go2', 'bool'), tensorValue('h2', 'float32'), tensorValue('step', 'float32')],
      nodes: [node('Identity', ['go'], ['go2']), node('MatMul', ['h', 'w'], ['h2']), node('Identity', ['h2'], ['step'])],
    });
    const loop = node('Loop', ['trips', '', 'x'], ['last', 'all']);
    loop.attributes.set('body', { type: 'graph', value: body });
    const model = modelOf({ inputs: [tensorValue('x', 'float32', [1, 8])], outputs: [tensorValue('last', 'float32'), tensorValue('all', 'float32')], initializers: weights(int64Tensor('trips', [], [5]), seededTensor('w', [8, 8], 1)), nodes: [loop] });
    expect(analyzeModel(model).totals).toMatchObject({ parameters: 64, macs: 5 * 64 });
    expect(shapes(model, 'last')).toBe('float32[1, 8]');
    expect(shapes(model, 'all')).toBe('float32[5, 1, 8]');
  });

  it.each([
    ['along its first axis', 17, [5, 1, 8], {}, 5],
    ['along an axis counted from the end', 17, [1, 5, 8], { scan_input_axes: [-2] }, 5],
    ['of opset 8, over each sequence of the batch', 8, [3, 5, 1, 8], {}, 15],
  ] as const)('counts a scan %s as often as it steps', (_, opset, shape, axes, steps) => {
    const body = makeGraph('body', { inputs: [tensorValue('slice', 'float32', [1, 8])], outputs: [tensorValue('step', 'float32', [1, 8])], nodes: [node('MatMul', ['slice', 'w'], ['step'])] });
    const scan = node('Scan', opset === 8 ? ['', 'x'] : ['x'], ['all'], { num_scan_inputs: 1, ...axes });
    scan.attributes.set('body', { type: 'graph', value: body });
    const model = modelOf({ inputs: [tensorValue('x', 'float32', shape)], outputs: [tensorValue('all', 'float32')], initializers: weights(seededTensor('w', [8, 8], 1)), nodes: [scan] }, { opsetImports: new Map([['', opset]]) });
    expect(analyzeModel(model).totals.macs).toBe(steps * 64);
  });

  it('sees through the model\'s own functions, attributes of the call included', () => {
    const inner = node('Gemm', ['a', 'b'], ['c']);
    inner.attributes.set('transB', { type: 'int', value: 0, reference: 'turned' });
    const body: FunctionBody = { name: 'Product', domain: 'own', overload: '', inputs: ['a', 'b'], outputs: ['c'], attributes: ['turned'], attributeDefaults: new Map(), nodes: [inner], opsetImports: new Map([['', 17]]), docString: '', valueInfo: [], metadata: [], unknownFields: [] };
    const call = makeNode({ opType: 'Product', domain: 'own', inputs: ['x', 'w'], outputs: ['y'], attributes: attributes({ turned: 1 }) });
    const model = modelOf({ inputs: [tensorValue('x', 'float32', [3, 8])], outputs: [tensorValue('y', 'float32')], initializers: weights(seededTensor('w', [5, 8], 1)), nodes: [call] }, { functions: [body], opsetImports: new Map([['', 17], ['own', 1]]) });
    expect(shapes(model, 'y')).toBe('float32[3, 5]');
    expect(analyzeModel(model).totals).toMatchObject({ parameters: 40, macs: 3 * 8 * 5 });
  });
});

describe('shapes', () => {
  it('follow symbols through the arithmetic exporters write', () => {
    const model = modelOf({
      inputs: [tensorValue('x', 'float32', [symbol('batch'), symbol('seq'), 768])],
      outputs: [tensorValue('y', 'float32')],
      initializers: weights(int64Tensor('zero', [], [0]), int64Tensor('axis', [1], [0]), int64Tensor('tail', [2], [12, 64]), int64Tensor('minus', [1], [-1])),
      nodes: [
        node('Shape', ['x'], ['s']),
        node('Gather', ['s', 'zero'], ['b']),
        node('Unsqueeze', ['b', 'axis'], ['b1']),
        node('Concat', ['b1', 'minus', 'tail'], ['target'], { axis: 0 }),
        node('Reshape', ['x', 'target'], ['heads']),
        node('Transpose', ['heads'], ['y'], { perm: [0, 2, 1, 3] }),
      ],
    });
    expect(shapes(model, 'y')).toBe('float32[batch, 12, seq, 64]');
    expect(shapes(model, 'y', { batch: 2, seq: 7 })).toBe('float32[2, 12, 7, 64]');
  });

  it('name the node and both shapes when they contradict each other', () => {
    const model = modelOf({ inputs: [tensorValue('a', 'float32', [2, 3]), tensorValue('b', 'float32', [4, 5])], outputs: [tensorValue('y', 'float32')], nodes: [node('MatMul', ['a', 'b'], ['y'], {}, 'clash')] });
    const [found] = inferTypes(model).contradictions;
    expect(found?.message).toContain('clash');
    expect(found?.message).toContain('a[2, 3]');
    expect(found?.message).toContain('b[4, 5]');
  });

  it('of a declared value that its inputs make otherwise are told, not believed', () => {
    const model = modelOf({ inputs: [tensorValue('a', 'float32', [2, 3])], outputs: [tensorValue('y', 'float32', [3, 3])], nodes: [node('Relu', ['a'], ['y'], {}, 'relu')] });
    expect(inferTypes(model).contradictions[0]?.message).toContain('y is declared [3, 3], but its inputs make it [2, 3]');
    expect(shapes(model, 'y')).toBe('float32[2, 3]');
  });

  it('are not known where the inputs are too small for the model, and neither are costs', () => {
    const model = modelOf({
      inputs: [tensorValue('x', 'float32', [1, symbol('n')])],
      outputs: [tensorValue('y', 'float32')],
      initializers: weights(int64Tensor('step', [], [160]), float32Tensor('window', [400], new Array<number>(400).fill(1)), float32Tensor('w', [201, 8], new Array<number>(1608).fill(1)), int64Tensor('real', [1], [0]), int64Tensor('axis', [1], [-1])),
      nodes: [node('STFT', ['x', 'step', 'window'], ['s']), node('Gather', ['s', 'real'], ['g'], { axis: 3 }), node('Squeeze', ['g', 'axis'], ['q']), node('MatMul', ['q', 'w'], ['y'])],
    }, { opsetImports: new Map([['', 17]]) });
    expect(shapes(model, 'y', { n: 1040 })).toBe('float32[1, 5, 8]');
    expect(shapes(model, 'y', { n: 1 })).toBe('float32[1, ?, 8]');
    expect(analyzeModel(model, { bindings: { n: 1 } }).totals.macs).toBeNull();
  });

  it('of an unknown operator are those declared', () => {
    const model = modelOf({ inputs: [tensorValue('a', 'float32', [2])], outputs: [tensorValue('y', 'float32', [7])], nodes: [makeNode({ opType: 'Mystery', domain: 'acme', inputs: ['a'], outputs: ['y'] })] });
    const { layers } = analyzeModel(model);
    expect(shapes(model, 'y')).toBe('float32[7]');
    expect(layers[0]).toMatchObject({ unknownOperator: true, macs: null });
  });

  it('end where functions or subgraphs nest without end', () => {
    const recursive: FunctionBody = { name: 'F', domain: 'own', overload: '', inputs: ['a'], outputs: ['c'], attributes: [], attributeDefaults: new Map(), nodes: [makeNode({ opType: 'F', domain: 'own', inputs: ['a'], outputs: ['b'] }), makeNode({ opType: 'F', domain: 'own', inputs: ['b'], outputs: ['c'] })], opsetImports: new Map(), docString: '', valueInfo: [], metadata: [], unknownFields: [] };
    const model = modelOf({ inputs: [tensorValue('x', 'float32', [1])], outputs: [tensorValue('y', 'float32')], nodes: [makeNode({ opType: 'F', domain: 'own', inputs: ['x'], outputs: ['y'] })] }, { functions: [recursive] });
    expect(() => analyzeModel(model)).not.toThrow();
  });
});
