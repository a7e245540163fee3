// Every Keras layer there is a rule for, alone in a model that TensorFlow.js itself builds and saves, gives what TensorFlow.js gives.
import { afterAll, describe, expect, it } from 'vitest';
import { kerasRules } from '../../../../src/formats/tfjs/lower/keras/index';
import { lowerToOnnx } from '../../../../src/formats/tfjs/lower/lower';
import { float32Tensor } from '../../../../src/tensor/tensor';
import { image, modelOf, rows, saved, type Shape } from '../layerRows';
import { compareWithTensorflow, relativeDifference, runOnnx, stopRunner } from './lowered';
import { seededRandom } from './random';
import { fromTensorflow, onBackend, openStored, seededFeeds, type StoredModel, tf, toTensorflow } from './tensorflow';

afterAll(stopRunner);

const isImage = (shapes: readonly Shape[]): boolean => shapes.some((shape) => shape.length === 3);
const named = rows.flatMap(([name, inputs, layer]) => [false, ...(isImage(inputs) ? [true] : [])].map((pooled) => ({ title: `${name} of ${inputs.map((shape) => `[${shape.map((size) => size ?? '?').join(', ')}]`).join(' ')}${pooled ? ', channels first' : ''}`, inputs, layer, pooled })));

const tested = new Set<string>();

type Reference = (x: tf.Tensor, weights: readonly tf.Tensor[]) => tf.Tensor;

interface KerasRow {
  readonly className: string;
  readonly input: readonly number[];
  readonly config: object;
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly reference: Reference;
}

const kerasRow = (className: string, input: readonly number[], config: object, weights: Readonly<Record<string, readonly number[]>>, reference: Reference): KerasRow => ({ className, input, config, weights, reference });

/** Something of no height made something of height 1, for operators that TensorFlow.js has for images only. */
const flat = (tensor: tf.Tensor | undefined): tf.Tensor4D => (tensor ?? tf.scalar(0)).expandDims<tf.Tensor4D>(1);
const kernelOf = (tensor: tf.Tensor | undefined): tf.Tensor4D => (tensor ?? tf.scalar(0)).expandDims<tf.Tensor4D>(0);

/** Layers that Keras saves and TensorFlow.js does not have, or does not run; what they do is written in TensorFlow.js's own operators. */
const ofKeras: readonly KerasRow[] = [
  kerasRow('Conv1D', [5, 3], { filters: 4, kernel_size: [3], strides: [1], dilation_rate: [2], padding: 'causal', use_bias: false }, { kernel: [3, 3, 4] }, (x, [kernel]) => tf.conv1d(tf.pad(x as tf.Tensor3D, [[0, 0], [4, 0], [0, 0]]), (kernel ?? tf.scalar(0)) as tf.Tensor3D, 1, 'valid', 'NWC', 2)),
  kerasRow('Conv1DTranspose', [5, 3], { filters: 4, kernel_size: [3], strides: [2], padding: 'same', use_bias: false }, { kernel: [3, 4, 3] }, (x, [kernel]) => tf.conv2dTranspose(flat(x), kernelOf(kernel), [1, 1, 10, 4], [1, 2], 'same').squeeze([1])),
  kerasRow('Conv3DTranspose', [3, 4, 5, 2], { filters: 3, kernel_size: [2, 2, 2], strides: [2, 2, 2], padding: 'valid', use_bias: false }, { kernel: [2, 2, 2, 3, 2] }, (x, [kernel]) => tf.conv3dTranspose(x as tf.Tensor5D, (kernel ?? tf.scalar(0)) as tf.Tensor5D, [1, 6, 8, 10, 3], 2, 'valid')),
  kerasRow('SeparableConv1D', [5, 3], { filters: 4, kernel_size: [3], strides: [1], padding: 'same', use_bias: false }, { depthwise_kernel: [3, 3, 2], pointwise_kernel: [1, 6, 4] }, (x, [depthwise, pointwise]) => tf.separableConv2d(flat(x), kernelOf(depthwise), kernelOf(pointwise), 1, 'same').squeeze([1])),
  kerasRow('GlobalAveragePooling3D', [3, 4, 5, 2], {}, {}, (x) => x.mean([1, 2, 3])),
  kerasRow('GlobalMaxPooling3D', [3, 4, 5, 2], {}, {}, (x) => x.max([1, 2, 3])),
  kerasRow('ZeroPadding1D', [5, 3], { padding: [1, 2] }, {}, (x) => tf.pad(x, [[0, 0], [1, 2], [0, 0]])),
  kerasRow('ZeroPadding3D', [2, 3, 4, 2], { padding: [[1, 0], [0, 2], [1, 1]] }, {}, (x) => tf.pad(x, [[0, 0], [1, 0], [0, 2], [1, 1], [0, 0]])),
  kerasRow('Cropping1D', [5, 3], { cropping: [1, 2] }, {}, (x) => x.slice([0, 1, 0], [1, 2, 3])),
  kerasRow('Cropping3D', [4, 5, 6, 2], { cropping: [[1, 0], [0, 2], [1, 1]] }, {}, (x) => x.slice([0, 1, 0, 1, 0], [1, 3, 3, 4, 2])),
  kerasRow('UpSampling1D', [5, 3], { size: 2 }, {}, (x) => tf.image.resizeNearestNeighbor(flat(x), [1, 10]).squeeze([1])),
  kerasRow('Resizing', [6, 7, 3], { height: 9, width: 5, interpolation: 'bilinear' }, {}, (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [9, 5], false, true)),
  kerasRow('Resizing', [6, 7, 3], { height: 3, width: 9, interpolation: 'nearest' }, {}, (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [3, 9], false, true)),
  kerasRow('Subtract', [4, 3], {}, {}, (x) => tf.sub(x, x.square())),
];

/** A Sequential model of one layer; of Subtract, one that takes the square from its input. */
function kerasModel({ className, input, config, weights }: KerasRow): StoredModel {
  const random = seededRandom(9);
  const specs = Object.entries(weights).map(([name, shape]) => ({ name: `layer/${name}`, shape: [...shape], dtype: 'float32' as const }));
  const bytes = specs.map(({ shape }) => Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => random() - 0.5));
  const fed = { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: [null, ...input], dtype: 'float32' }, name: 'x', inbound_nodes: [] };
  const square = { class_name: 'Multiply', config: { name: 'square' }, name: 'square', inbound_nodes: [[['x', 0, 0, {}], ['x', 0, 0, {}]]] };
  const layer = { class_name: className, config: { name: 'layer', ...config }, name: 'layer', inbound_nodes: [className === 'Subtract' ? [['x', 0, 0, {}], ['square', 0, 0, {}]] : [['x', 0, 0, {}]]] };
  const model = { class_name: 'Functional', config: { name: 'm', layers: [fed, ...(className === 'Subtract' ? [square] : []), layer], input_layers: [['x', 0, 0]], output_layers: [['layer', 0, 0]] } };
  return { json: { format: 'layers-model', modelTopology: { keras_version: '2.4.0', model_config: model }, weightsManifest: [{ paths: ['w.bin'], weights: specs }] }, weights: new Uint8Array(Buffer.concat(bytes.map((values) => new Uint8Array(values.buffer)))) };
}

describe('a lowered layer of Keras', () => {
  it.each(ofKeras)('$className does what is written in operators', async (row) => {
    const stored = kerasModel(row);
    const source = openStored(stored);
    const { model } = lowerToOnnx(source);
    if (model === undefined) throw new Error('not lowered');
    const feeds = seededFeeds(model.graph);
    const actual = await runOnnx(model, feeds);
    await onBackend('cpu', async () => {
      const weights = Object.values(tf.io.decodeWeights(stored.weights.slice().buffer, stored.json.weightsManifest.flatMap((group) => [...group.weights])));
      const expected = fromTensorflow('layer', row.reference(toTensorflow(feeds[0] ?? float32Tensor('x', [0], [])), weights));
      expect(relativeDifference(expected, actual.get('layer'))).toBeLessThan(1e-5);
      await Promise.resolve();
    });
    source.dispose();
  });
});

const noWeights = (name: string, className: string, config: object): StoredModel => kerasModel(kerasRow(className, [6, 7, 3], { name, ...config }, {}, (x) => x));

describe('a layer whose settings are not plain', () => {
  it('takes Keras’s defaults where its configuration leaves them out', () => {
    for (const [className, shape] of [['MaxPooling2D', [3, 3, 3]], ['AveragePooling2D', [3, 3, 3]], ['UpSampling2D', [12, 14, 3]], ['ZeroPadding2D', [8, 9, 3]]] as const) {
      const source = openStored(noWeights('layer', className, {}));
      const { model } = lowerToOnnx(source);
      expect(model?.graph.outputs[0]?.type, className).toMatchObject({ shape: [{ text: 'batch' }, ...shape] });
      source.dispose();
    }
  });

  it.each([
    ['Activation', { activation: { class_name: 'LeakyReLU', config: { alpha: 0.1 } } }, 'the activation LeakyReLU with settings of its own'],
    ['Bidirectional', { merge_mode: null, layer: { class_name: 'LSTM', config: { name: 'l', units: 1 } } }, 'it gives both directions as outputs of their own'],
    ['Bidirectional', { layer: { class_name: 'LSTM', config: { name: 'l', units: 1, go_backwards: true } } }, 'its layer goes backwards'],
  ])('%s is refused with %j, not guessed', (className, config, reason) => {
    const source = openStored(noWeights('layer', className, config));
    expect(lowerToOnnx(source).notLowered).toMatchObject([{ node: 'layer', op: className, reason }]);
    source.dispose();
  });
});

describe('a lowered layer', () => {
  it.each(named)('$title gives what TensorFlow.js gives', async ({ inputs, layer, pooled }) => {
    await onBackend('cpu', async () => {
      const reference = modelOf(inputs, layer, pooled);
      for (const each of reference.layers) tested.add(each.getClassName());
      const source = openStored(await saved(reference));
      // Row numbers of an embedding are fed as floats; any other float will do elsewhere.
      const whole = reference.layers.some((each) => each.getClassName() === 'Embedding');
      const { differences } = await compareWithTensorflow(source, reference, (model) => seededFeeds(model.graph, 8, 3, whole));
      for (const [output, difference] of Object.entries(differences)) expect(difference, output).toBeLessThan(1e-5);
      expect(Object.keys(differences)).toHaveLength(1);
      source.dispose();
      reference.dispose();
    });
  });

  it('is in one of the tables for every rule', () => {
    const aliases = ['BatchNormalizationV1', 'BatchNormalizationV2', 'Convolution1D', 'Convolution2D', 'SpatialDropout2D', 'SpatialDropout3D', 'ActivityRegularization', 'Identity'];
    expect([...kerasRules.keys()].filter((name) => !tested.has(name) && !aliases.includes(name) && !ofKeras.some(({ className }) => className === name))).toEqual([]);
  });

  it.each([
    ['an LSTM', () => tf.layers.lstm({ units: 4, returnSequences: true }), [[5, 3], [4], [4]]],
    ['an LSTM without bias', () => tf.layers.lstm({ units: 4, useBias: false }), [[5, 3], [4], [4]]],
    ['a GRU going backwards', () => tf.layers.gru({ units: 4, goBackwards: true }), [[5, 3], [4]]],
    ['a SimpleRNN', () => tf.layers.simpleRNN({ units: 4 }), [[5, 3], [4]]],
  ] as const)('%s that is called with an initial state starts from it', async (_, layer, inputs) => {
    await onBackend('cpu', async () => {
      const reference = modelOf(inputs, layer, false);
      const source = openStored(await saved(reference));
      const { differences } = await compareWithTensorflow(source, reference, (model) => seededFeeds(model.graph, 2, 3));
      expect(Object.keys(differences)).toHaveLength(1);
      for (const [output, difference] of Object.entries(differences)) expect(difference, output).toBeLessThan(1e-5);
      source.dispose();
      reference.dispose();
    });
  });

  it('has one open batch, however many inputs the model has', async () => {
    const reference = modelOf([image, image], () => tf.layers.concatenate({}), false);
    const source = openStored(await saved(reference));
    const { model } = lowerToOnnx(source);
    const [first, second] = source.graph.inputs;
    const batch = { text: 'batch' };
    expect(model?.graph.inputs).toMatchObject([{ name: first?.name, type: { shape: [batch, 6, 7, 4] } }, { name: second?.name, type: { shape: [batch, 6, 7, 4] } }]);
    expect(model?.graph.outputs).toMatchObject([{ type: { shape: [batch, 6, 7, 8] } }]);
    source.dispose();
  });

  it('is refused where it holds code, with its reason', () => {
    const config = { class_name: 'Sequential', config: { name: 's', layers: [{ class_name: 'Lambda', config: { name: 'code', batch_input_shape: [null, 3], function: ['code'] } }] } };
    const source = openStored({ json: { format: 'layers-model', modelTopology: { keras_version: '2.4.0', model_config: config }, weightsManifest: [{ paths: ['w.bin'], weights: [] }] }, weights: new Uint8Array(0) });
    expect(lowerToOnnx(source).notLowered).toEqual([{ node: 'code', op: 'Lambda', reason: 'it holds code of its own, which is never run' }]);
    source.dispose();
  });
});
