// What simplify may take for known: nothing that another caller, or an empty tensor, could make different.
import { afterAll, describe, expect, it } from 'vitest';
import { inferTypes } from '../../../src/analysis/infer';
import { attributes, makeGraph, makeNode, tensorValue } from '../../../src/graph/construct';
import { GraphBuilder, type ModuleBuilder, type ShapeInit } from '../../../src/graph/builder';
import { symbol } from '../../../src/graph/dimension';
import type { Graph, Model } from '../../../src/graph/model';
import type { ElementType } from '../../../src/tensor/elementType';
import { elementCount, float32Tensor, int64Tensor, type Tensor, tensorFromArray } from '../../../src/tensor/tensor';
import { feeding, simplifyAndCompare, stopRunner } from './support';

afterAll(stopRunner);

const data = (dims: readonly number[], value = (i: number): number => i + 1, name = 'x'): Tensor => float32Tensor(name, dims, Array.from({ length: elementCount(dims) }, (_, i) => value(i)));

/** A model from a float32 x through what `body` adds to an int64 or float32 y. */
function model(shape: ShapeInit, type: 'int64' | 'float32' | 'int32', body: (at: ModuleBuilder, x: string, builder: GraphBuilder) => string, output: ShapeInit = ['a']): Model {
  const builder = new GraphBuilder('test', { opset: 13 });
  const x = builder.input('x', 'float32', shape);
  builder.output(body(builder.module(''), x, builder), type, output, 'y');
  return builder.build();
}

const branch = (opType: string, inputs: readonly string[], initializers: readonly Tensor[] = [], extra: Record<string, number> = {}, type: ElementType = 'int64'): Graph =>
  makeGraph(opType, { nodes: [makeNode({ opType, inputs: [...inputs], outputs: [`${opType}.out`], attributes: attributes(extra) })], initializers: new Map(initializers.map((tensor) => [tensor.name, tensor])), outputs: [tensorValue(`${opType}.out`, type)] });

/** If anything is not zero, the least index of such, else −1; what comes out of NonZero is declared as shape tools declare it. */
function guarded(): Model {
  const built = model([4], 'int64', (at, x) => {
    const found = at.node('NonZero', [x]);
    const count = at.node('Gather', [at.node('Shape', [found]), at.int64('one', [1], [])]);
    const any = at.node('Greater', [count, at.int64('nil', [0], [])]);
    return at.node('If', [any], { then_branch: { type: 'graph', value: branch('ReduceMin', [found], [], { keepdims: 0 }) }, else_branch: { type: 'graph', value: branch('Identity', ['minus'], [int64Tensor('minus', [], [-1])]) } });
  }, []);
  built.graph.valueInfo.set('/NonZero_output_0', tensorValue('/NonZero_output_0', 'int64', [1, symbol('NonZero_dim_1')]));
  return built;
}

/** Lengths of a state that doubles in each of three turns, added up. */
function growing(declared: readonly number[] | undefined): Model {
  const body = makeGraph('body', {
    nodes: [
      makeNode({ opType: 'Concat', inputs: ['state', 'state'], outputs: ['next'], attributes: attributes({ axis: 0 }) }),
      makeNode({ opType: 'Shape', inputs: ['state'], outputs: ['length'] }),
      makeNode({ opType: 'Add', inputs: ['length', 'total'], outputs: ['sum'] }),
      makeNode({ opType: 'Identity', inputs: ['more'], outputs: ['goes on'] }),
    ],
    inputs: [tensorValue('turn', 'int64', []), tensorValue('more', 'bool', []), tensorValue('state', 'float32', declared), tensorValue('total', 'int64', [1])],
    outputs: [tensorValue('goes on', 'bool', []), tensorValue('next', 'float32'), tensorValue('sum', 'int64', [1])],
  });
  return model([1], 'int64', (at, x) => at.nodes('Loop', [at.int64('turns', [3], []), '', x, at.int64('start', [0])], { body: { type: 'graph', value: body } }, { outputs: 2 })[1] ?? '', [1]);
}

/** A sequence whose last element, of two numbers at first, is summed in each of three turns after it was brought to two numbers. */
function summing(): Model {
  const floats = { kind: 'sequence', of: { kind: 'tensor', elementType: 'float32' } } as const;
  const body = makeGraph('body', {
    nodes: [
      makeNode({ opType: 'SequenceAt', inputs: ['parts', 'last'], outputs: ['part'] }),
      makeNode({ opType: 'Expand', inputs: ['part', 'two'], outputs: ['both'] }),
      makeNode({ opType: 'ReduceSum', inputs: ['both'], outputs: ['sum'], attributes: attributes({ keepdims: 1 }) }),
      makeNode({ opType: 'SequenceInsert', inputs: ['parts', 'sum'], outputs: ['more parts'] }),
      makeNode({ opType: 'Identity', inputs: ['more'], outputs: ['goes on'] }),
    ],
    inputs: [tensorValue('turn', 'int64', []), tensorValue('more', 'bool', []), { name: 'parts', type: floats }],
    outputs: [tensorValue('goes on', 'bool', []), { name: 'more parts', type: floats }],
    initializers: new Map([int64Tensor('last', [], [-1]), int64Tensor('two', [1], [2])].map((tensor) => [tensor.name, tensor])),
  });
  return model([2], 'float32', (at, x) => {
    const parts = at.node('Loop', [at.int64('turns', [3], []), '', at.node('SequenceConstruct', [x])], { body: { type: 'graph', value: body } });
    return at.node('SequenceAt', [parts, at.int64('the last', [-1], [])]);
  });
}

const gather = (at: ModuleBuilder, shape: string, i: number): string => at.node('Gather', [shape, at.int64(`i${i}`, [i])]);

/** x [N, H, W] → [N, H·W], sizes read off x. */
function flattened(): Model {
  return model(['N', 'H', 'W'], 'float32', (at, x) => {
    const shape = at.node('Shape', [x]);
    return at.node('Reshape', [x, at.node('Concat', [gather(at, shape, 0), at.node('Mul', [gather(at, shape, 1), gather(at, shape, 2)])], { axis: 0 })]);
  }, ['N', 'K']);
}

interface Row {
  readonly what: string;
  readonly model: () => Model;
  readonly fed: readonly (readonly Tensor[])[];
  /** Operator that must stay; the runtime's own optimizer believes the declaration, so that the outputs do not show it. */
  readonly keeps?: string;
}

const rows: readonly Row[] = [
  { what: 'a declared shape of what the data decides', model: guarded, fed: [[data([4], () => 0)], [data([4])]] },
  { what: 'the shape that the elements of a sequence have in the first turn', model: summing, fed: [[data([2])]], keeps: 'Expand' },
  { what: 'a declared shape of a state that grows', model: () => growing([1]), fed: [[data([1])]], keeps: 'Shape' },
  {
    what: 'a declared output shape of a fed Reshape target',
    model: () => model(['batch', 4], 'float32', (at, x, builder) => at.node('Reshape', [x, builder.input('shape', 'int64', [2])]), ['batch', 'k']),
    fed: [[data([2, 4]), int64Tensor('shape', [2], [8, 1])], [data([2, 4]), int64Tensor('shape', [2], [2, 4])]],
  },
  { what: 'a dimension of the input, which may be 0, in a comparison', model: () => model(['N', 4], 'int32', (at, x) => at.node('Cast', [at.node('Greater', [at.node('Gather', [at.node('Shape', [x]), at.int64('i', [0], [])]), at.int64('nil', [0], [])])], { to: 6 }), []), fed: [[data([0, 4])], [data([2, 4])]] },
  { what: 'a dimension of the input, which may be 0, in a Reshape target', model: flattened, fed: [[data([0, 3, 4])], [data([2, 3, 4])]] },
  {
    what: 'a difference that may be 0, and then copies a dimension, of an input that is not empty',
    model: () => model(['N', 'M'], 'int64', (at, x) => {
      const less = at.node('Sub', [gather(at, at.node('Shape', [x]), 0), at.int64('one', [1])]);
      const flat = at.node('Reshape', [x, at.int64('flat', [0, -1])]);
      const copied = at.node('Reshape', [flat, at.node('Concat', [gather(at, at.node('Shape', [x]), 0), less], { axis: 0 })]);
      return at.node('Neg', [at.node('Sub', [gather(at, at.node('Shape', [copied]), 1), less])]);
    }),
    fed: [[data([1, 3])], [data([3, 2])]],
  },
  {
    what: 'a difference that may be −1, and then is inferred',
    model: () => model(['M'], 'int64', (at, x) => {
      const less = at.node('Sub', [gather(at, at.node('Shape', [x]), 0), at.int64('three', [3])]);
      const inferred = at.node('Reshape', [x, at.node('Concat', [at.int64('one', [1]), less], { axis: 0 })]);
      return at.node('Neg', [at.node('Sub', [gather(at, at.node('Shape', [inferred]), 1), less])]);
    }),
    fed: [[data([2])]],
  },
  {
    what: 'a dimension of the input, which may be 0, beside one that may be 1',
    model: () => model(['N'], 'int64', (at, x, builder) => at.node('Neg', [at.node('Sub', [at.node('Shape', [at.node('Add', [x, builder.input('z', 'float32', ['M'])])]), at.node('Max', [at.node('Shape', [x]), at.node('Shape', ['z'])])])])),
    fed: [[data([0]), data([1], undefined, 'z')], [data([3]), data([1], undefined, 'z')]],
  },
];

describe('simplify rests nothing on', () => {
  it.each(rows)('$what', async ({ model: build, fed, keeps }) => {
    for (const tensors of fed) {
      const { outputs, operators } = await simplifyAndCompare(build(), {}, {}, feeding(...tensors));
      expect(outputs.map(({ bitEqual }) => bitEqual)).toEqual([true]);
      if (keeps !== undefined) expect(operators).toContain(keeps);
    }
  });

  it('an initializer that a caller may override', async () => {
    const built = model([2], 'float32', (at, x) => {
      const limit = at.node('Add', ['limit', at.int64('one', [1])]);
      return at.node('Slice', [x, at.int64('from', [0]), limit]);
    });
    built.graph.initializers.set('limit', int64Tensor('limit', [1], [0]));
    built.graph.inputs.push(tensorValue('limit', 'int64', [1]));
    const condition = model([2], 'float32', (at, x) => at.node('If', ['flag'], { then_branch: { type: 'graph', value: branch('Neg', [x], [], {}, 'float32') }, else_branch: { type: 'graph', value: branch('Abs', [x], [], {}, 'float32') } }));
    condition.graph.initializers.set('flag', tensorFromArray('flag', 'bool', [], Uint8Array.of(1)));
    condition.graph.inputs.push(tensorValue('flag', 'bool', []));
    expect((await simplifyAndCompare(built)).operators).toEqual(['Add', 'Slice']);
    // What a person is shown does rest on it: models keep their shapes as initializers that are inputs too.
    expect(inferTypes(built).typeOf(built.graph, 'y')).toEqual({ kind: 'tensor', elementType: 'float32', shape: [1] });
    expect((await simplifyAndCompare(condition)).operators).toEqual(['If', 'Neg', 'Abs']);
  });
});

describe('simplify still knows', () => {
  it('that a Reshape which only adds a dimension is an Unsqueeze, whatever is empty', async () => {
    const built = (): Model => model(['N', 'W'], 'float32', (at, x) => at.node('Reshape', [x, at.node('Concat', [gather(at, at.node('Shape', [x]), 0), at.int64('one', [1]), gather(at, at.node('Shape', [x]), 1)], { axis: 0 })]), ['N', 1, 'W']);
    for (const dims of [[0, 3], [2, 3]]) {
      const result = await simplifyAndCompare(built(), {}, {}, feeding(data(dims)));
      expect(result.operators).toEqual(['Unsqueeze']);
      expect(result.outputs[0]?.bitEqual).toBe(true);
    }
  });

  it('that positions cut to the length of a table are as many as there are tokens', async () => {
    const built = model(['N', 6], 'float32', (at, x) => {
      const length = gather(at, at.node('Shape', [x]), 0);
      const sum = at.node('Add', [x, at.node('Slice', [at.weight('table', [9, 6], {}), at.int64('from', [0]), length, at.int64('axis', [0])])]);
      return at.node('Reshape', [sum, at.node('Concat', [gather(at, at.node('Shape', [sum]), 0), at.int64('two', [2]), at.int64('three', [3])], { axis: 0 })]);
    }, ['N', 2, 3]);
    for (const dims of [[0, 6], [4, 6]]) {
      const result = await simplifyAndCompare(built, {}, {}, feeding(data(dims)));
      expect(result.operators.filter((op) => op === 'Concat')).toEqual([]);
      expect(result.outputs[0]?.bitEqual).toBe(true);
    }
  });

  it('that an input is not empty where another Reshape infers a dimension from it', async () => {
    const built = model(['N', 3, 'W'], 'float32', (at, x) => {
      const shape = at.node('Shape', [x]);
      const flat = at.node('Reshape', [at.node('Relu', [x]), at.int64('flat', [0, -1])]);
      return at.node('Add', [flat, at.node('Reshape', [x, at.node('Concat', [gather(at, shape, 0), at.node('Mul', [gather(at, shape, 1), gather(at, shape, 2)])], { axis: 0 })])]);
    }, ['N', 'K']);
    const result = await simplifyAndCompare(built, { N: 2, W: 5 });
    expect([...result.operators].sort()).toEqual(['Add', 'Relu', 'Reshape', 'Reshape']);
    expect(result.outputs[0]?.bitEqual).toBe(true);
  });

  it('that a −1 in a Reshape target leaves no room for a 0 elsewhere', async () => {
    const built = model(['N', 3, 'W'], 'float32', (at, x) => at.node('Reshape', [x, at.node('Concat', [gather(at, at.node('Shape', [x]), 0), at.int64('rest', [-1])], { axis: 0 })]), ['N', 'K']);
    const result = await simplifyAndCompare(built, { N: 2, W: 5 });
    expect(result.operators).toEqual(['Reshape']);
    expect(result.outputs[0]?.bitEqual).toBe(true);
  });
});
