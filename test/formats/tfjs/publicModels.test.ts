// Public TensorFlow.js models open, and their weights are what TensorFlow.js itself makes of them.
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../src/formats/open';
import { tfjsContents, weightElements } from '../../../src/formats/tfjs/contents';
import { storedWeight } from '../../../src/formats/tfjs/manifest';
import { toFloat64Array } from '../../../src/tensor/decode';
import { decodedByTfjs, loadedByTfjs, publicTfjsModels } from '../../support/tfjsModels';

const models = publicTfjsModels();

describe.each(models)('$name', ({ path }) => {
  it('opens, with the weights TensorFlow.js decodes, element by element', () => {
    const model = openModel(path);
    const decoded = decodedByTfjs(path);
    const contents = tfjsContents(model);
    if (contents === undefined) throw new Error('nothing was kept beside the model');
    expect(weightElements(contents)).toBe([...decoded.values()].reduce((sum, { size }) => sum + size, 0));
    expect([...contents.weights.tensors.keys()]).toEqual([...decoded.keys()]);
    for (const [name, tensor] of contents.weights.tensors) {
      const theirs = decoded.get(name);
      expect(tensor.dims, name).toEqual(theirs?.shape);
      if (tensor.strings !== undefined) expect(tensor.strings.map((bytes) => Buffer.from(bytes).toString('utf8'))).toEqual([...(theirs?.dataSync<'string'>() ?? [])]);
      else expect(Buffer.compare(Buffer.from(toFloat64Array(tensor).buffer), Buffer.from(Float64Array.from(theirs?.dataSync() ?? []).buffer)), name).toBe(0);
      expect(storedWeight(tensor)?.bytes.byteLength, name).toBeGreaterThanOrEqual(0);
    }
    for (const tensor of decoded.values()) tensor.dispose();
    model.dispose();
  });

  it('reads a part of a weight as it stands in the whole', () => {
    const model = openModel(path);
    for (const { source } of model.graph.initializers.values()) {
      if (source.byteLength < 16) continue;
      const whole = source.read();
      expect(Buffer.compare(source.read(5, 9), whole.subarray(5, 14))).toBe(0);
    }
    model.dispose();
  });
});

describe.each(models.filter(({ name }) => name.startsWith('MLPerf') || /mobilenet_v2$|inception/.test(name)))('$name', ({ path }) => {
  it('has as many elements in its weights as TensorFlow.js counts', async () => {
    const model = openModel(path);
    const theirs = await loadedByTfjs(path);
    const contents = tfjsContents(model);
    expect(contents === undefined ? NaN : weightElements(contents)).toBe(theirs.countParams());
    expect(model.graph.nodes.map(({ name }) => name).sort()).toEqual(theirs.layers.filter((layer) => layer.getClassName() !== 'InputLayer').map(({ name }) => name).sort());
    for (const layer of theirs.layers) {
      const node = model.graph.nodes.find(({ name }) => name === layer.name);
      // In the order of the layer's own weights.
      expect((node?.inputs ?? []).filter((input) => model.graph.initializers.has(input)).map((input) => model.graph.initializers.get(input)?.dims), layer.name).toEqual(layer.weights.map(({ shape }) => shape));
    }
    theirs.dispose();
    model.dispose();
  });
});
