// Techniques on models whose layers lie in functions: they see into them, which they did not where calls stayed calls.
import { afterAll, describe, expect, it } from 'vitest';
import type { Model } from '../../../src/graph/model';
import { seededTensor } from '../../../src/tensor/seeded';
import { quantizeDynamic } from '../../../src/techniques/quantize/dynamic';
import { quantizeStatic } from '../../../src/techniques/quantize/static';
import { simplifyAndCompare, stopRunner, techniqueContext } from '../simplify/support';
import { header, modelWith } from './models';

afterAll(stopRunner);

/** Two linear layers, each a call; what the first is reshaped to is computed. */
function layers(): Model {
  const source = modelWith(
    '["one"] h = own.linear (x, w1)\n["two"] y = own.linear (h, w2)',
    `${header()} linear (a, w) => (b) { s = Shape (a) f = Reshape (a, s) p = MatMul (f, w) t = Transpose <perm = [1, 0]> (p) b = Transpose <perm = [1, 0]> (t) }`,
    { weights: ['float[3,8] w1', 'float[8,4] w2'], outputs: 'float[2,4] y' },
  );
  source.graph.initializers = new Map([['w1', seededTensor('w1', [3, 8], 1)], ['w2', seededTensor('w2', [8, 4], 2)]]);
  source.graph.inputs = source.graph.inputs.slice(0, 1);
  return source;
}

describe('a model whose layers lie in functions', () => {
  it('is simplified within them, with equal outputs', async () => {
    const { outputs, operators, notes } = await simplifyAndCompare(layers());
    expect(operators).toEqual(['MatMul', 'MatMul']);
    expect(outputs.map(({ bitEqual }) => bitEqual)).toEqual([true]);
    expect(notes).toContain("2 calls of the model's functions replaced by their bodies");
  });

  it('keeps its functions where simplify is told to', async () => {
    const { operators } = await simplifyAndCompare(layers(), {}, { without: ['inline-function'] });
    expect(operators).toEqual(['linear', 'linear']);
  });

  it('has layers that go to int8', async () => {
    const source = layers();
    expect(quantizeStatic.applies(source)).toBeUndefined();
    expect(quantizeDynamic.applies(source)).toBeUndefined();
    const { model, unchanged } = await quantizeDynamic.apply(source, quantizeDynamic.options.parse({ reduceRange: false, leastElements: 1 }), await techniqueContext(source));
    expect(unchanged).toBe(false);
    expect(model.graph.nodes.filter(({ opType }) => opType === 'MatMulInteger')).toHaveLength(2);
  });
});
