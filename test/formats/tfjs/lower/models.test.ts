// Public TensorFlow.js models, lowered: outputs are those of TensorFlow.js.
import { afterAll, describe, expect, it } from 'vitest';
import { lowerToOnnx } from '../../../../src/formats/tfjs/lower/lower';
import { openTfjsModel } from '../../../../src/formats/tfjs/read';
import { publicTfjsModels } from '../../../support/tfjsModels';
import { compareWithTensorflow, stopRunner } from './lowered';
import { loadStored, onBackend, readStored } from './tensorflow';

afterAll(stopRunner);

/** Largest difference over largest magnitude that another order of summation may make of floats. */
const tolerance = 1e-4;

/** A model of texts and sparse tensors, which ONNX has no operators for. */
const notLowered = 'language detection';
/** The wasm backend cuts a float off at whole numbers when it makes it a bool (0.5 is false): this one asks whether an area is above 0. */
const ofJavaScript = 'handtrack';

const models = publicTfjsModels();
/** Where channels come first, and last again where something other than channels is asked for; between them nothing is moved. */
const transposes: Readonly<Record<string, number>> = { antispoof: 2, blazeface: 5, centernet: 4, emotion: 1, facemesh: 1, faceres: 1, 'handlandmark-lite': 1, iris: 2, liveness: 2, 'movenet-lightning': 4, 'nsfwjs mobilenet_v2': 1, 'nsfwjs mobilenet_v2_mid': 1, 'nsfwjs inception_v3': 1, 'MLPerf Tiny pretrainedResnet': 1, 'MLPerf Tiny vww_96': 1 };

describe('a lowered public model', () => {
  it.each(models.filter(({ name }) => name !== notLowered))('$name gives the outputs of TensorFlow.js', async ({ name, path }) => {
    const source = openTfjsModel(path);
    const compared = await onBackend(name === ofJavaScript ? 'cpu' : 'wasm', async () => compareWithTensorflow(source, await loadStored(readStored(path))));
    for (const [output, difference] of Object.entries(compared.differences)) expect(difference, output).toBeLessThan(tolerance);
    expect(compared.transposes).toBe(transposes[name] ?? compared.transposes);
    source.dispose();
  });

  it('is refused with every operator that stands in the way', () => {
    const source = openTfjsModel(models.find(({ name }) => name === notLowered)?.path ?? '');
    const { model, notLowered: listed } = lowerToOnnx(source);
    expect(model).toBeUndefined();
    expect([...new Set(listed.map(({ op }) => op))].sort()).toEqual(['Bincount', 'SparseFillEmptyRows', 'SparseReshape', 'SparseSegmentMean', 'SparseSegmentSum', 'StringNGrams', 'StringSplit', 'StringToHashBucketFast', 'TensorListFromTensor', 'TensorListReserve']);
    expect(listed.find(({ op }) => op === 'StringNGrams')).toEqual({ node: 'StringNGrams/StringNGrams/StringNGrams', op: 'StringNGrams', reason: 'ONNX has no operator that does this to texts' });
    source.dispose();
  });
});
