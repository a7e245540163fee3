// Float16 storage: the runtime's own rounding, half the bytes, the same arithmetic.
import { afterAll, describe, expect, it } from 'vitest';
import { attributes, makeGraph, makeModel, makeNode, tensorValue } from '../../../src/graph/construct';
import { GraphBuilder } from '../../../src/graph/builder';
import type { Graph } from '../../../src/graph/model';
import { assertValid } from '../../../src/graph/verify';
import { weightBytes } from '../../../src/recipes/source';
import { float16, float16Options } from '../../../src/techniques/float16/float16';
import { toHalfBits } from '../../../src/techniques/float16/halfWeight';
import { elementTypeCode } from '../../../src/tensor/elementType';
import { float32Tensor } from '../../../src/tensor/tensor';
import { contextFor, smallNetwork, sqnrBetween, stopWorkbench } from '../quantize/support';

afterAll(stopWorkbench);

describe('rounding to float16', () => {
  it('equals the runtime’s Cast over normals, subnormals, ties, infinities and the largest values', async () => {
    const special = [0, -0, 1, -1, 65504, 65519, 65520, 65536, 1e9, -1e9, Infinity, -Infinity, 2 ** -14, 2 ** -15, 2 ** -24, 2 ** -25, 3 * 2 ** -26, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 6.1e-5, 6.0e-5, 1e-8];
    const many = Array.from({ length: 4000 }, (_, i) => Math.sin(i) * 10 ** ((i % 16) - 10));
    const values = Float32Array.from([...special, ...many]);
    const graph = makeGraph('cast', {
      inputs: [tensorValue('x', 'float32', [values.length])],
      outputs: [tensorValue('y', 'float16', [values.length])],
      nodes: [makeNode({ opType: 'Cast', inputs: ['x'], outputs: ['y'], attributes: attributes({ to: elementTypeCode('float16') }) })],
    });
    const context = await contextFor(smallNetwork());
    const results = await context.runModel(makeModel(graph), new Map([['x', float32Tensor('x', [values.length], values)]]), ['y']);
    const expected = new Uint16Array(results.get('y')?.source.read().slice().buffer ?? new ArrayBuffer(0));
    const ours = new Uint16Array(values.length);
    toHalfBits(values, ours);
    expect([...ours]).toEqual([...expected]);
  });
});

describe('float16 storage', () => {
  it('halves the weights, runs, and differs by float16 rounding only', async () => {
    const model = smallNetwork();
    const result = await float16.apply(model, float16Options.parse({ leastElements: 1 }), await contextFor(model));
    assertValid(result.model);
    expect(weightBytes(result.model) / weightBytes(model)).toBeCloseTo(0.5, 2);
    expect(await sqnrBetween(model, result.model)).toBeGreaterThan(55);
  });

  it('keeps a weight that float16 cannot hold', async () => {
    const model = smallNetwork();
    model.graph.initializers.set('classifier.bias', float32Tensor('classifier.bias', [10], [1e6, ...Array.from({ length: 9 }, () => 0)]));
    const { kept } = await float16.apply(model, float16Options.parse({ leastElements: 1 }), await contextFor(model));
    expect(kept).toEqual([{ layer: 'classifier.bias', reason: 'holds values beyond float16 (65504), NaN or infinite' }]);
  });

  it('leaves float32 what float16 cannot hold well: values that are all tiny, scales of quantization, divisors', async () => {
    const builder = new GraphBuilder('exact', { opset: 13 });
    const at = builder.module('');
    const x = builder.input('x', 'float32', [2, 4]);
    const tiny = at.node('Mul', [x, at.float32('tiny', [1e-6, 2e-6, -1e-6, 3e-7], [4])]);
    const divided = at.node('Div', [tiny, at.float32('divisor', [1e-9, 1, 2, 3], [4])]);
    builder.output(at.node('Add', [divided, at.float32('plain', [1, 2, 3, 4], [4])]), 'float32', [2, 4], 'y');
    const model = builder.build();
    const result = await float16.apply(model, float16Options.parse({ leastElements: 1 }), await contextFor(model));
    expect([...result.model.graph.initializers].filter(([, tensor]) => tensor.elementType === 'float32').map(([name]) => name)).toEqual(['tiny', 'divisor']);
    expect(result.kept).toEqual([{ layer: 'tiny', reason: 'holds values below the normal range of float16 (6.1e-5) only' }]);
    expect(await sqnrBetween(model, result.model)).toBeGreaterThan(55);
  });

  it('does so for Constant nodes, and for divisors that only a branch reads', async () => {
    const branch = (name: string): Graph => makeGraph(name, { nodes: [makeNode({ opType: 'Div', inputs: ['x', 'outer'], outputs: [`${name}.y`] })], outputs: [tensorValue(`${name}.y`, 'float32', [2, 4])] });
    const builder = new GraphBuilder('branches', { opset: 13 });
    const at = builder.module('');
    const x = builder.input('x', 'float32', [2, 4]);
    builder.initializer(float32Tensor('outer', [4], [1e-7, 1, 2, 3]));
    const divisor = at.node('Constant', [], { value: { type: 'tensor', value: float32Tensor('', [4], [1e-7, 1, 2, 3]) } });
    const chosen = at.node('If', [at.node('Greater', [at.node('Size', [x]), at.int64('limit', [5], [])])], { then_branch: { type: 'graph', value: branch('then') }, else_branch: { type: 'graph', value: branch('else') } });
    builder.output(at.node('Div', [chosen, divisor]), 'float32', [2, 4], 'y');
    const model = builder.build();
    const result = await float16.apply(model, float16Options.parse({ leastElements: 1 }), await contextFor(model));
    expect(result.unchanged).toBe(true);
    expect(result.model.graph.nodes.map(({ opType }) => opType)).toEqual(model.graph.nodes.map(({ opType }) => opType));
  });
});
