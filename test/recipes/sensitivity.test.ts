// Sensitivity of layers to int8: measured as static int8 itself would do to each alone, predicted, and used to give up as few as needed.
import { afterAll, describe, expect, it } from 'vitest';
import { cloneModel } from '../../src/graph/construct';
import type { Model } from '../../src/graph/model';
import { nodeKeys } from '../../src/graph/traverse';
import { backOff, giveUpSchedule } from '../../src/recipes/backOff';
import { Builder, type Built, DoesNotApply } from '../../src/recipes/build';
import { measureSensitivity } from '../../src/recipes/sensitivity/measure';
import { compareOutputs } from '../../src/runtime/compare';
import { rankCorrelation } from '../../src/runtime/metrics/statistics';
import { toFloat32Array } from '../../src/tensor/decode';
import { float32Tensor } from '../../src/tensor/tensor';
import { quantizeStatic, staticOptions } from '../../src/techniques/quantize/static';
import type { Tensor } from '../../src/tensor/tensor';
import type { TechniqueContext } from '../../src/techniques/technique';
import { contextFor, smallNetwork, stopWorkbench, twoProducts } from '../techniques/quantize/support';

afterAll(stopWorkbench);

const options = staticOptions.parse({ preset: 'all', reduceRange: true });
const samples = 4;

async function outputsOf(model: Model, context: TechniqueContext): Promise<Map<string, Tensor>[]> {
  const found: Map<string, Tensor>[] = [];
  await context.runSamples(model, context.data, samples, model.graph.outputs.map(({ name }) => name), (outputs) => void found.push(outputs));
  return found;
}

/** SQNR over all samples of a model with one output, against static int8 asked for that layer only. */
async function aloneDb(model: Model, layer: string, context: TechniqueContext, chosen = options): Promise<number> {
  const { model: variant } = await quantizeStatic.apply(model, { ...chosen, only: [layer] }, context);
  const [references, others] = [await outputsOf(model, context), await outputsOf(variant, context)];
  let signal = 0;
  let noise = 0;
  for (const [i, reference] of references.entries())
    for (const [name, tensor] of reference) {
      const other = others[i]?.get(name);
      if (other === undefined) continue;
      const [a, b] = [toFloat32Array(tensor), toFloat32Array(other)];
      a.forEach((value, j) => {
        signal += value ** 2;
        noise += (value - (b[j] ?? 0)) ** 2;
      });
      expect(compareOutputs(reference, others[i] ?? new Map())).toHaveLength(1);
    }
  return 10 * Math.log10(signal / noise);
}

describe('sensitivity', () => {
  it.each([
    ['convolutions, an absorbed Clip, a depthwise one and a Gemm', smallNetwork(), 5],
    ['products of matrices', twoProducts(), 2],
  ])('is the damage that static int8 of the layer alone does: %s', async (_, model, layers) => {
    const context = await contextFor(model);
    const report = await measureSensitivity({ model, options, samples, budgetMs: 60_000, context });
    expect(report.layers).toHaveLength(layers);
    expect(report).toMatchObject({ measured: layers, samples });
    for (const { layer, outputDb } of report.layers) expect(outputDb, layer).toBeCloseTo(await aloneDb(model, layer, context), 1);
    const decibels = report.layers.map(({ outputDb }) => outputDb ?? NaN);
    expect(decibels).toEqual([...decibels].sort((a, b) => a - b));
  });

  it('is that of 16 bits for a layer that has them, also where no node has a name', async () => {
    const model = cloneModel(smallNetwork());
    for (const node of model.graph.nodes) node.name = '';
    const layer = [...nodeKeys(model.graph)].filter(([node]) => node.opType === 'Conv').at(-1)?.[1] ?? '';
    const wide = { ...options, int16: [layer] };
    const context = await contextFor(model);
    const { layers } = await measureSensitivity({ model, options: wide, samples, budgetMs: 60_000, context });
    expect(layers.find((found) => found.layer === layer)?.outputDb).toBeCloseTo(await aloneDb(model, layer, context, wide), 1);
  });

  it('puts a layer first whose weight int8 cannot hold, and its own error predicts that', async () => {
    const model = cloneModel(twoProducts());
    const change = (name: string, values: (value: number, i: number) => number): void => {
      const tensor = model.graph.initializers.get(name);
      if (tensor === undefined) throw new Error(`no ${name}`);
      model.graph.initializers.set(name, float32Tensor(name, tensor.dims, toFloat32Array(tensor).map(values)));
    };
    // One row of the second weight is a thousand times the others, so that they round to 0; a bias keeps its input at 0.
    change('second', (value, i) => (i < 32 ? 1000 : value));
    change('bias', (value, i) => (i === 0 ? -1000 : value));
    const { layers } = await measureSensitivity({ model, options, samples, budgetMs: 60_000, context: await contextFor(model) });
    expect(layers[0]?.layer).toBe(model.graph.nodes.findLast((node) => node.opType === 'MatMul')?.name);
    expect(Math.min(...layers.map(({ predictedDb }) => predictedDb))).toBe(layers[0]?.predictedDb);
  });

  it('ranks by prediction what there was no time to measure', async () => {
    const model = smallNetwork();
    const { layers, measured, rankCorrelation: correlation } = await measureSensitivity({ model, options, samples, budgetMs: -1, context: await contextFor(model) });
    expect(measured).toBe(0);
    expect(correlation).toBeUndefined();
    const predicted = layers.map(({ predictedDb }) => predictedDb);
    expect(predicted).toEqual([...predicted].sort((a, b) => a - b));
  });

  it('is judged before a last Softmax, which hides errors until a class flips', async () => {
    const model = cloneModel(twoProducts());
    const [output] = model.graph.outputs;
    const last = model.graph.nodes.at(-1);
    if (output === undefined || last === undefined) throw new Error('no output');
    const plain = await measureSensitivity({ model, options, samples, budgetMs: 60_000, context: await contextFor(model) });
    last.outputs = ['scores'];
    model.graph.nodes.push({ ...last, name: 'softmax', opType: 'Softmax', inputs: ['scores'], outputs: [output.name], attributes: new Map() });
    const squashed = await measureSensitivity({ model, options, samples, budgetMs: 60_000, context: await contextFor(model) });
    expect(squashed.layers.map(({ layer, outputDb }) => [layer, outputDb?.toFixed(3)])).toEqual(plain.layers.map(({ layer, outputDb }) => [layer, outputDb?.toFixed(3)]));
  });
});

describe('rank correlation', () => {
  it("is Spearman's, ties sharing their mean rank", () => {
    // Hours of television and IQ: the worked example of the method, ρ = −29/165.
    const iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
    const hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
    expect(rankCorrelation(iq, hours)).toBeCloseTo(-29 / 165, 12);
    expect(rankCorrelation([1, 1, 2], [1, 1, 5])).toBeCloseTo(1, 12);
    expect(rankCorrelation([1, 1], [1, 2])).toBeNaN();
  });
});

describe('giving up', () => {
  it('doubles, to at most a quarter of the layers', () => {
    expect([...giveUpSchedule(40)]).toEqual([1, 2, 4, 8, 10]);
    expect([...giveUpSchedule(1)]).toEqual([1]);
  });

  it('ends with as few layers as the floor allows, the most sensitive ones', async () => {
    const model = smallNetwork();
    const context = await contextFor(model);
    const built = await new Builder(model, context).build([{ technique: 'quantize-static', options: { ...options } }]);
    if (built instanceof DoesNotApply) throw new Error(built.reason);
    const order = (await measureSensitivity({ model, options, samples, budgetMs: 60_000, context })).layers;
    const keptFloat = (tried: Built): readonly string[] => staticOptions.parse(tried.steps.at(-1)?.options).keepFloat;
    const judged: number[] = [];
    const held = await backOff({
      title: 'x',
      float: model,
      built,
      options: { ...options, calibration: 'minmax', reduceRange: true },
      build: (tried) => Promise.resolve({ ...built, steps: built.steps.map((step) => ({ ...step, options: tried })) }),
      judge: (tried) => {
        judged.push(keptFloat(tried).length);
        return Promise.resolve({ built: tried, comparison: { outputs: [], data: context.data.description }, holds: keptFloat(tried).length >= 2 });
      },
      noise: () => Promise.resolve(1),
      sensitivity: () => Promise.resolve(order),
      context,
    });
    expect(held === undefined ? [] : keptFloat(held.built)).toEqual(order.slice(0, 2).map(({ layer }) => layer));
    expect(judged).toEqual([1, 2]);
  });
});
