// Products in few bits: what the runtime's kernel computes is the product with the weight that its specification says is stored.
import { afterAll, describe, expect, it } from 'vitest';
import { makeNode } from '../../../src/graph/construct';
import { GraphBuilder } from '../../../src/graph/builder';
import type { Model } from '../../../src/graph/model';
import { assertValid } from '../../../src/graph/verify';
import { toFloat32Array } from '../../../src/tensor/decode';
import { quantizeWeights } from '../../../src/techniques/weightOnly/weightOnly';
import { contextFor, optimisedOperators, stopWorkbench, twoProducts } from '../quantize/support';
import { decibelsBetween, distance, initializer, only, productModel, type ProductShape, quantize, stopRunner, weightOfProduct } from './support';

afterAll(async () => {
  stopWorkbench();
  await stopRunner();
});

/** The source with the weight that the rewritten model stores. */
function withStoredWeight(shape: ProductShape, result: Model): Model {
  const node = only(result, 'MatMulNBits');
  const { k, n, transposed = false } = shape;
  const rows = weightOfProduct(result, node);
  const stored = transposed ? rows : Float32Array.from({ length: k * n }, (_, i) => rows[(i % n) * k + Math.floor(i / n)] ?? 0);
  return productModel(shape, stored);
}

const shapes: readonly (readonly [string, ProductShape])[] = [
  ['of even sizes', { rows: [4], k: 64, n: 48 }],
  ['with one row', { rows: [1], k: 96, n: 32 }],
  ['with a last block that is not full, and an odd number of columns', { rows: [3], k: 83, n: 33 }],
  ['with fewer features than a block', { rows: [2], k: 7, n: 5 }],
  ['with one column', { rows: [2], k: 40, n: 1 }],
  ['of rank 3', { rows: [2, 3], k: 40, n: 16 }],
  ['of a vector', { rows: [], k: 48, n: 8 }],
  ['stored by rows, with a bias', { rows: [3], k: 50, n: 21, transposed: true, bias: [21] }],
  ['stored by columns, with a bias of another shape', { rows: [3], k: 50, n: 21, bias: [3, 1] }],
];

describe.each([2, 4, 8])('a product in %i bits', (bits) => {
  it.each(shapes)('%s computes the product with what it stores', async (_, shape) => {
    const source = productModel(shape);
    for (const symmetric of [true, false])
      for (const blockSize of [16, 32, 128]) {
        const { model } = await quantize(source, { bits, blockSize, symmetric, accuracyLevel: 0 });
        assertValid(model);
        expect(await decibelsBetween(withStoredWeight(shape, model), model), `${symmetric ? 'symmetric' : 'zero points'}, blocks of ${blockSize}`).toBeGreaterThan(100);
      }
  }, 60_000);

  it.each(shapes)('%s is close to that where it multiplies in int8', async (_, shape) => {
    for (const symmetric of [true, false]) {
      const { model } = await quantize(productModel(shape), { bits, symmetric, accuracyLevel: 4 });
      expect(await decibelsBetween(withStoredWeight(shape, model), model)).toBeGreaterThan(30);
    }
  }, 60_000);
});

describe('weight-only products', () => {
  it('are closer to float the more bits and the smaller the blocks', async () => {
    const source = productModel({ rows: [8], k: 256, n: 64 });
    const decibels = async (options: Record<string, unknown>): Promise<number> => decibelsBetween(source, (await quantize(source, { accuracyLevel: 0, ...options })).model);
    const [two, four, eight] = [await decibels({ bits: 2 }), await decibels({ bits: 4 }), await decibels({ bits: 8 })];
    expect(four - two).toBeGreaterThan(9);
    expect(eight - four).toBeGreaterThan(18);
    expect(await decibels({ bits: 4, blockSize: 16 })).toBeGreaterThan(await decibels({ bits: 4, blockSize: 128 }));
    expect(await decibels({ bits: 4, clip: true })).toBeGreaterThan(await decibels({ bits: 4, clip: false }));
    expect(await decibels({ bits: 2, clip: true })).toBeGreaterThan(await decibels({ bits: 2, clip: false }));
  }, 60_000);

  it('never move a weight further than half a step, where no range is clipped', async () => {
    const shape: ProductShape = { rows: [1], k: 70, n: 9, transposed: true };
    const source = productModel(shape);
    const float = toFloat32Array(initializer(source, 'w') ?? (() => { throw new Error('no weight'); })());
    for (const bits of [4, 8]) {
      const { model } = await quantize(source, { bits, symmetric: false, clip: false });
      const node = only(model, 'MatMulNBits');
      const steps = toFloat32Array(initializer(model, node.inputs[2]) ?? (() => { throw new Error('no scales'); })());
      // A zero point is rounded too: half a step more at the ends of the range.
      expect(distance(float, weightOfProduct(model, node))).toBeLessThanOrEqual(Math.max(...steps) * 1.01);
    }
  });

  it('become the runtime’s kernels, and no other layer changes', async () => {
    const model = twoProducts();
    const result = await quantize(model, { only: ['/MatMul_1'] });
    const operators = await optimisedOperators(result.model);
    expect(operators.filter((operator) => operator === 'MatMulNBits')).toHaveLength(1);
    expect(result.kept).toEqual([{ layer: '/MatMul', reason: 'not asked for' }]);
    expect(result.notes).toEqual(['1 matrix products to 4 bits, blocks of 32']);
    expect(result.uncalibrated).toBe(false);
  });

  it('take the width that is said for one layer', async () => {
    const { model, notes } = await quantize(twoProducts(), { layerBits: { '/MatMul_1': 8 } });
    expect(model.graph.nodes.filter((node) => node.opType === 'MatMulNBits').map((node) => node.attributes.get('bits')?.value)).toEqual([4, 8]);
    expect(notes).toEqual(['1 matrix products to 4 bits, blocks of 32', '1 matrix products to 8 bits, blocks of 32']);
  });

  it('store a weight once that two layers read, and leave it float where another needs it so', async () => {
    const build = (reader: boolean): Model => {
      const builder = new GraphBuilder('shared', { opset: 13 });
      const root = builder.module('');
      const w = root.weight('w', [32, 32], { standardDeviation: 0.3 });
      const first = root.node('MatMul', [builder.input('x', 'float32', [2, 32]), w]);
      builder.output(root.node('MatMul', [root.node('Relu', [first]), w]), 'float32', [2, 32], 'y');
      if (reader) builder.output(root.node('ReduceSum', [w], { keepdims: 0 }), 'float32', [], 'sum');
      return builder.build();
    };
    const shared = await quantize(build(false));
    const [first, second] = shared.model.graph.nodes.filter((node) => node.opType === 'MatMulNBits');
    expect(first?.inputs[1]).toBe(second?.inputs[1]);
    expect(shared.model.graph.initializers.has('w')).toBe(false);
    const read = await quantize(build(true));
    expect(read.unchanged).toBe(true);
    expect(read.kept.map((entry) => entry.reason)).toEqual(['its weight is read as float by /ReduceSum too', 'its weight is read as float by /ReduceSum too']);
  });

  it('stay float where the weight is not finite, small, or a caller may set it', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const weight = Float32Array.from({ length: 64 }, (_, i) => (i === 37 ? bad : 0.5));
      const { kept, unchanged } = await quantize(productModel({ rows: [1], k: 8, n: 8 }, weight));
      expect({ kept, unchanged }).toEqual({ kept: [{ layer: '/MatMul', reason: 'its weights hold NaN or infinite values' }], unchanged: true });
    }
    const small = await quantize(productModel({ rows: [1], k: 8, n: 8 }), { leastElements: 65 });
    expect(small.kept).toEqual([{ layer: '/MatMul', reason: 'its weight is small' }]);
    const model = productModel({ rows: [1], k: 8, n: 8 });
    model.graph.inputs.push({ name: 'w' });
    const overridable = await quantize(model);
    expect(overridable.kept).toEqual([{ layer: '/MatMul', reason: 'a caller may set its weight w' }]);
    expect(overridable.unchanged).toBe(true);
  });

  it('do not apply where there is nothing to quantize', () => {
    const builder = new GraphBuilder('none');
    builder.output(builder.module('').node('Relu', [builder.input('x', 'float32', [1])]), 'float32', [1], 'y');
    expect(quantizeWeights.applies(builder.build())).toMatch(/no constant float32 weights/);
  });

  it('stay as they are where the product is scaled or turned', async () => {
    const source = productModel({ rows: [32], k: 32, n: 16, bias: [16] });
    for (const [name, value] of [['transA', { type: 'int', value: 1 }], ['alpha', { type: 'float', value: 0.5 }], ['beta', { type: 'float', value: 2 }]] as const) {
      const model = { ...source, graph: { ...source.graph, nodes: source.graph.nodes.map((node) => makeNode({ ...node, attributes: new Map([...node.attributes, [name, value]]) })) } };
      expect((await quantize(model)).unchanged).toBe(true);
    }
  });

  it('say what they save, within the rounding of zero points', async () => {
    const source = productModel({ rows: [1], k: 256, n: 128 });
    for (const symmetric of [true, false]) {
      const options = quantizeWeights.options.parse({ symmetric, leastElements: 0 });
      const { low = 0, high = 0 } = quantizeWeights.estimate(source, options).weightBytes ?? {};
      const bytes = (model: Model): number => [...model.graph.initializers.values()].reduce((sum, tensor) => sum + tensor.source.byteLength, 0);
      const { model } = await quantizeWeights.apply(source, options, await contextFor(source));
      const saved = bytes(model) - bytes(source);
      expect(saved).toBeGreaterThanOrEqual(low * 1.01);
      expect(saved).toBeLessThanOrEqual(high);
    }
  });
});
