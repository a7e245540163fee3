// Float16 storage: the runtime's own rounding, half the bytes, the same arithmetic.
import { afterAll, describe, expect, it } from 'vitest';
import { attributes, makeGraph, makeModel, makeNode, tensorValue } from '../../../src/graph/construct';
import { GraphBuilder } from '../../../src/graph/builder';
import type { Graph, Node } from '../../../src/graph/model';
import { assertValid } from '../../../src/graph/verify';
import { weightBytes } from '../../../src/recipes/source';
import { float16, float16Options } from '../../../src/techniques/float16/float16';
import { toBfloat16Bits, toHalfBits } from '../../../src/techniques/float16/halfWeight';
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

describe('bfloat16', () => {
  it('rounds as the runtime’s Cast does', async () => {
    const special = [0, -0, 1, -1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 1e-39, 2 ** -126, 3.38e38, 3.3961773e38, -3.4e38, Infinity, -Infinity];
    const values = Float32Array.from([...special, ...Array.from({ length: 4000 }, (_, i) => Math.sin(i) * 10 ** ((i % 60) - 30))]);
    const cast = (input: string, output: string, to: 'bfloat16' | 'float32'): Node => makeNode({ opType: 'Cast', inputs: [input], outputs: [output], attributes: attributes({ to: elementTypeCode(to) }) });
    const graph = makeGraph('cast', { inputs: [tensorValue('x', 'float32', [values.length])], outputs: [tensorValue('y', 'float32', [values.length])], nodes: [cast('x', 'narrow', 'bfloat16'), cast('narrow', 'y', 'float32')] });
    const context = await contextFor(smallNetwork());
    const results = await context.runModel(makeModel(graph), new Map([['x', float32Tensor('x', [values.length], values)]]), ['y']);
    const ours = new Uint16Array(values.length);
    toBfloat16Bits(values, ours);
    const widened = new Float32Array(Uint32Array.from(ours, (bits) => bits << 16).buffer);
    expect([...widened]).toEqual([...new Float32Array(results.get('y')?.source.read().slice().buffer ?? new ArrayBuffer(0))]);
  });

  it('halves the weights too, keeps what float16 cannot, and leaves NaN alone', async () => {
    const model = smallNetwork();
    const [large, bad] = [Array.from({ length: 10 }, (_, i) => 1e6 * i), Array.from({ length: 32 }, () => Number.NaN)];
    model.graph.initializers.set('classifier.bias', float32Tensor('classifier.bias', [10], large));
    model.graph.initializers.set('last.bias', float32Tensor('last.bias', [32], bad));
    const result = await float16.apply(model, float16Options.parse({ type: 'bfloat16', leastElements: 1 }), await contextFor(model));
    assertValid(result.model);
    expect(result.kept).toEqual([{ layer: 'last.bias', reason: 'holds values beyond bfloat16 (3.39e+38), NaN or infinite' }]);
    expect(weightBytes(result.model) / weightBytes(model)).toBeCloseTo(0.5, 2);
    model.graph.initializers.set('last.bias', float32Tensor('last.bias', [32], bad.map(() => 0.1)));
    const finite = await float16.apply(model, float16Options.parse({ type: 'bfloat16', leastElements: 1 }), await contextFor(model));
    expect(await sqnrBetween(model, finite.model)).toBeGreaterThan(35);
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
