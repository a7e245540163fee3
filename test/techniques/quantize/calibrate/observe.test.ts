// Observing activations: several sizes of input, and activations that give no scale.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../../src/graph/builder';
import type { Model } from '../../../../src/graph/model';
import type { SampleSource } from '../../../../src/runtime/data/samples';
import { tensorFromArray } from '../../../../src/tensor/tensor';
import { observe, rangesOf } from '../../../../src/techniques/quantize/calibrate/observe';
import { quantizeStatic, staticOptions } from '../../../../src/techniques/quantize/static';
import type { TechniqueContext } from '../../../../src/techniques/technique';
import { contextFor, stopWorkbench, twoProducts } from '../support';

afterAll(stopWorkbench);

const width = 6;
let sources = 0;

/** rows × 6 → MatMul → Relu → MatMul, of any number of rows. */
function anyRows(): Model {
  const builder = new GraphBuilder('rows', { seed: 5, opset: 13 });
  const root = builder.module('');
  const x = builder.input('x', 'float32', ['rows', width]);
  const hidden = root.node('Relu', [root.node('MatMul', [x, root.weight('first', [width, 32], { standardDeviation: 0.3 })])]);
  builder.output(root.node('MatMul', [hidden, root.weight('second', [32, 4], { standardDeviation: 0.3 })]), 'float32', ['rows', 4], 'y');
  return builder.build();
}

/** One sample per array, as many rows as it fills. */
async function contextWith(model: Model, ...samples: readonly Float32Array[]): Promise<TechniqueContext> {
  const context = await contextFor(model);
  const data: SampleSource = {
    description: { ...context.data.description, path: `made up ${++sources}` },
    real: true,
    async *samples(limit = samples.length) {
      for (const values of samples.slice(0, limit)) yield await Promise.resolve(new Map([['x', tensorFromArray('x', 'float32', [values.length / width, width], values)]]));
    },
  };
  return { ...context, data };
}

const wave = (length: number, height: number): Float32Array => Float32Array.from({ length }, (_, i) => height * Math.sin(i));

describe('calibration', () => {
  it('takes inputs of several sizes in one pass, small and large ones alike', async () => {
    const model = anyRows();
    const context = await contextWith(model, wave(width, 1), wave(width * 5000, 3), wave(width * 40, 2));
    const seen = (await observe(model, ['x'], 32, context)).get('x');
    // Extremes of three waves; their means as onnxruntime's moving average has them.
    expect(seen?.max).toBeCloseTo(3, 4);
    expect(seen?.min).toBeCloseTo(-3, 4);
    expect(seen?.meanMax).toBeCloseTo((Math.max(...wave(width, 1)) + 3 + Math.max(...wave(width * 40, 2))) / 3, 4);
    expect(seen?.shape).toEqual([1, width]);
    expect(seen?.histogram.total).toBe(3 * 4096);
  });

  it('reads places that follow no column, so that a histogram of a large activation is that of all its values', async () => {
    const model = anyRows();
    const rows = 40_000;
    // Column c holds the value c + 1: six values, equally often.
    const values = Float32Array.from({ length: rows * width }, (_, i) => (i % width) + 1);
    const seen = (await observe(model, ['x'], 32, await contextWith(model, values))).get('x');
    const counts = [...(seen?.histogram.counts ?? [])].filter((count) => count > 0);
    expect(counts).toHaveLength(width);
    for (const count of counts) expect(count / 4096).toBeCloseTo(1 / width, 2);
  });

  it('leaves a layer float whose activations held NaN, were zero throughout or infinite, and says so', async () => {
    const model = anyRows();
    const reasonFor = async (values: Float32Array): Promise<string> => {
      const { kept, unchanged } = await quantizeStatic.apply(model, staticOptions.parse({}), await contextWith(model, values));
      expect(unchanged).toBe(true);
      return kept.map(({ reason }) => reason).join('\n');
    };
    expect(await reasonFor(wave(width * 4, 1).fill(NaN, 3, 4))).toMatch(/NaN or infinite/);
    expect(await reasonFor(wave(width * 4, 1).fill(Infinity, 3, 4))).toMatch(/NaN or infinite/);
    expect(await reasonFor(new Float32Array(width * 4))).toMatch(/zero throughout/);
  });

  it('quantizes constant activations that are not zero', async () => {
    const model = anyRows();
    const { unchanged } = await quantizeStatic.apply(model, staticOptions.parse({}), await contextWith(model, new Float32Array(width * 4).fill(2.5)));
    expect(unchanged).toBe(false);
  });

  it('runs once for all calibrators', async () => {
    const model = twoProducts();
    const context = await contextFor(model);
    let runs = 0;
    const counting: TechniqueContext = { ...context, runSamples: (...given) => (runs++, context.runSamples(...given)) };
    for (const calibration of ['minmax', 'percentile', 'entropy', 'mse', 'moving-average'] as const) await quantizeStatic.apply(model, staticOptions.parse({ calibration }), counting);
    expect(runs).toBe(1);
  });

  it('finds ranges inside those of min-max', async () => {
    const model = twoProducts();
    const seen = await observe(model, ['tokens'], 8, await contextFor(model));
    const whole = rangesOf(seen, { calibration: 'minmax', percentile: 100, steps: 255, symmetric: false }).get('tokens');
    const cut = rangesOf(seen, { calibration: 'percentile', percentile: 90, steps: 255, symmetric: false }).get('tokens');
    expect(cut?.high).toBeLessThan(whole?.high ?? 0);
    expect(cut?.low).toBeGreaterThan(whole?.low ?? 0);
  });
});
