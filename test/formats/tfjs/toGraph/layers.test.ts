// Every Keras layer there is a rule for, written as a graph model, gives in TensorFlow.js what the layers model gives there.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTfjsModel } from '../../../../src/formats/tfjs/read';
import { layerRules, layersToGraph } from '../../../../src/formats/tfjs/toGraph/toGraph';
import { writeTfjsModel } from '../../../../src/formats/tfjs/write';
import type { Model } from '../../../../src/graph/model';
import { temporaryFolder } from '../../../support/models';
import { layersDocument, publicTfjsModels, tfjsFile, weight } from '../../../support/tfjsModels';
import { modelOf, type Row, rows, saved } from '../layerRows';
import { relativeDifference } from '../lower/lowered';
import { loadStored, openStored, readStored, runTensorflow, seededFeeds, startTensorflow, type StoredModel, type tf } from '../lower/tensorflow';

/** Rounding: the layers' own kernels may add the bias in another order. */
const tolerance = 1e-6;

/** What keeps a layer of a class there is a rule for from being written. */
const refused: ReadonlyMap<string, RegExp> = new Map([
  ['Activation softsign', /the activation softsign/],
  ['Activation mish', /the activation mish/],
  ['Activation gelu', /the activation gelu/],
  ['Activation gelu_new', /the activation gelu/],
  ['add of one row', /different ranks/], ['multiply of one row', /different ranks/], ['average of one row', /different ranks/], ['maximum of one row', /different ranks/], ['minimum of one row', /different ranks/],
]);

/** Writes a graph model and reads it with TensorFlow.js. */
async function reloaded(model: Model): Promise<StoredModel> {
  const path = join(temporaryFolder(), 'model.json');
  await writeTfjsModel(model, path);
  return readStored(path);
}

async function differences(layers: tf.GraphModel | tf.LayersModel, source: Model, graph: Model): Promise<number[]> {
  const written = await loadStored(await reloaded(graph));
  const feeds = seededFeeds(source.graph, 2);
  const names = source.graph.outputs.map(({ name }) => name);
  expect(graph.graph.outputs.map(({ name }) => name)).toEqual(names);
  const expected = await runTensorflow(layers, feeds, names);
  const actual = await runTensorflow(written, feeds, names);
  layers.dispose();
  written.dispose();
  return names.map((name) => relativeDifference(expected.get(name), actual.get(name)));
}

const withRule = ([, , layer]: Row): boolean => layerRules.has(layer().getClassName());

describe('a layer written as nodes', () => {
  it.each(rows.filter(withRule).map(([name, inputs, layer]) => ({ name, inputs, layer })))('$name does what it does in the layers model', async ({ name, inputs, layer }) => {
    await startTensorflow();
    const reference = modelOf(inputs, layer, false);
    const source = openStored(await saved(reference));
    const { model, notExpressed } = layersToGraph(source);
    const reason = refused.get(name);
    if (reason !== undefined) expect(notExpressed[0]?.reason).toMatch(reason);
    else {
      expect(notExpressed).toEqual([]);
      if (model === undefined) throw new Error('not written');
      for (const difference of await differences(reference, source, model)) expect(difference).toBeLessThan(tolerance);
    }
    source.dispose();
  });
});

describe('a layers model written as a graph model', () => {
  const layersModels = publicTfjsModels().filter(({ name }) => /mobilenet_v2$|inception|MLPerf/.test(name));
  it.each(layersModels)('$name gives what TensorFlow.js gives of its layers', async ({ path }) => {
    const source = openTfjsModel(path);
    const { model } = layersToGraph(source);
    if (model === undefined) throw new Error('not written');
    expect(model.graph.inputs).toEqual(source.graph.inputs);
    for (const difference of await differences(await loadStored(readStored(path)), source, model)) expect(difference).toBeLessThan(1e-5);
    source.dispose();
  });

  it('is refused with every layer that stands in the way, custom ones and those that hold code too', () => {
    const layers = [
      { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: [null, 4] } },
      { class_name: 'Lambda', config: { name: 'code' } },
      { class_name: 'Dense', config: { name: 'd', units: 2 } },
      { class_name: 'Mine', config: { name: 'mine' } },
    ];
    const source = openTfjsModel(tfjsFile(layersDocument(layers, [weight('d/kernel', [4, 2]), weight('d/bias')]), { 'w.bin': new Uint8Array(40) }));
    const { model, notExpressed } = layersToGraph(source);
    expect(model).toBeUndefined();
    expect(notExpressed).toEqual([
      { node: 'code', className: 'Lambda', reason: 'there is no rule for it' },
      { node: 'mine', className: 'Mine', reason: 'there is no rule for it' },
    ]);
    source.dispose();
  });
});
