// Keras layers as TensorFlow.js itself builds and saves them, each alone in a model: what rules of layers are held against.
import { seededRandom } from './lower/random';
import { type StoredModel, tf } from './lower/tensorflow';

type Layer = tf.layers.Layer;
export type Shape = readonly (number | null)[];
export type Row = readonly [name: string, inputs: readonly Shape[], layer: () => Layer];

const { layers } = tf;
export const image: Shape = [6, 7, 4];
const sequence: Shape = [5, 3];
const one = (name: string, input: Shape, layer: () => Layer): Row => [name, [input], layer];

const activations = ['elu', 'hardSigmoid', 'linear', 'relu', 'relu6', 'selu', 'sigmoid', 'softmax', 'softplus', 'softsign', 'tanh', 'swish', 'mish', 'gelu', 'gelu_new'] as const;
/** A name, the shapes of the inputs without their batch, and the layer. */
export const rows: readonly Row[] = [
  one('Dense', [5], () => layers.dense({ units: 3, activation: 'relu' })),
  one('Dense without bias', [5], () => layers.dense({ units: 3, useBias: false })),
  one('Dense on time steps', sequence, () => layers.dense({ units: 4, activation: 'softmax' })),
  ...activations.map((activation) => one(`Activation ${activation}`, image, () => layers.activation({ activation }))),
  one('ReLU', image, () => layers.reLU({})),
  one('ReLU up to 6', image, () => layers.reLU({ maxValue: 0.5 })),
  one('LeakyReLU', image, () => layers.leakyReLU({ alpha: 0.1 })),
  one('PReLU', image, () => layers.prelu({ sharedAxes: [1, 2] })),
  one('ELU', image, () => layers.elu({ alpha: 1 })),
  one('ThresholdedReLU', image, () => layers.thresholdedReLU({ theta: 0.3 })),
  one('Softmax', image, () => layers.softmax({ axis: -1 })),
  one('Embedding', [4], () => layers.embedding({ inputDim: 300, outputDim: 5 })),
  one('BatchNormalization', image, () => layers.batchNormalization({})),
  one('BatchNormalization without scale', [5], () => layers.batchNormalization({ scale: false })),
  one('BatchNormalization without center', sequence, () => layers.batchNormalization({ center: false, epsilon: 0.1 })),
  one('LayerNormalization', sequence, () => layers.layerNormalization({})),
  ...(['same', 'valid'] as const).flatMap((padding) => [
    one(`Conv1D ${padding}`, sequence, () => layers.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding, activation: 'relu' })),
    one(`Conv2D ${padding}`, image, () => layers.conv2d({ filters: 5, kernelSize: [3, 2], strides: 2, padding, activation: 'softmax' })),
    one(`Conv3D ${padding}`, [4, 5, 6, 2], () => layers.conv3d({ filters: 3, kernelSize: 2, padding })),
    one(`Conv2DTranspose ${padding}`, image, () => layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding })),
    one(`Conv2DTranspose ${padding}, kernel below stride`, image, () => layers.conv2dTranspose({ filters: 3, kernelSize: 2, strides: 3, padding })),
    one(`SeparableConv2D ${padding}`, image, () => layers.separableConv2d({ filters: 3, kernelSize: 3, depthMultiplier: 2, padding })),
    one(`DepthwiseConv2D ${padding}`, image, () => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, strides: 2, padding })),
    one(`MaxPooling1D ${padding}`, sequence, () => layers.maxPooling1d({ poolSize: 2, padding })),
    one(`MaxPooling2D ${padding}`, image, () => layers.maxPooling2d({ poolSize: 3, strides: 2, padding })),
    one(`MaxPooling3D ${padding}`, [4, 5, 6, 2], () => layers.maxPooling3d({ poolSize: 2, padding })),
    one(`AveragePooling1D ${padding}`, sequence, () => layers.averagePooling1d({ poolSize: 2, strides: 1, padding })),
    one(`AveragePooling2D ${padding}`, image, () => layers.averagePooling2d({ poolSize: [3, 2], padding })),
    one(`AveragePooling3D ${padding}`, [4, 5, 6, 2], () => layers.averagePooling3d({ poolSize: 2, padding })),
  ]),
  one('Conv2D dilated', image, () => layers.conv2d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same' })),
  one('Conv2D of any size', [null, null, 3], () => layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' })),
  one('GlobalMaxPooling1D', sequence, () => layers.globalMaxPooling1d({})),
  one('GlobalMaxPooling2D', image, () => layers.globalMaxPooling2d({})),
  one('GlobalAveragePooling1D', sequence, () => layers.globalAveragePooling1d({})),
  one('GlobalAveragePooling2D', image, () => layers.globalAveragePooling2d({})),
  ...(['add', 'multiply', 'average', 'maximum', 'minimum'] as const).flatMap((merge): Row[] => [
    [`${merge} of three`, [image, image, image], () => layers[merge]({})],
    [`${merge} of one row`, [image, [4]], () => layers[merge]({})],
  ]),
  ['concatenate', [image, [6, 7, 2]], () => layers.concatenate({})],
  ['concatenate along the height', [image, image], () => layers.concatenate({ axis: 1 })],
  one('Flatten', image, () => layers.flatten({})),
  one('Reshape', image, () => layers.reshape({ targetShape: [-1, 8] })),
  one('Permute', image, () => layers.permute({ dims: [3, 1, 2] })),
  one('RepeatVector', [5], () => layers.repeatVector({ n: 3 })),
  one('ZeroPadding2D', image, () => layers.zeroPadding2d({ padding: [[1, 2], [0, 3]] })),
  one('ZeroPadding2D on all sides', image, () => layers.zeroPadding2d({ padding: 2 })),
  one('Cropping2D', image, () => layers.cropping2D({ cropping: [[1, 2], [0, 3]] })),
  one('UpSampling2D', image, () => layers.upSampling2d({ size: [2, 3] })),
  one('UpSampling2D bilinear', image, () => layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' })),
  one('Rescaling', image, () => layers.rescaling({ scale: 0.25, offset: -1 })),
  one('Dropout', image, () => layers.dropout({ rate: 0.5 })),
  one('SpatialDropout1D', sequence, () => layers.spatialDropout1d({ rate: 0.5 })),
  one('GaussianNoise', image, () => layers.gaussianNoise({ stddev: 1 })),
  one('GaussianDropout', image, () => layers.gaussianDropout({ rate: 0.5 })),
  one('AlphaDropout', image, () => layers.alphaDropout({ rate: 0.5 })),
  ...[{}, { returnSequences: true }, { goBackwards: true }, { goBackwards: true, returnSequences: true, useBias: false }].flatMap((settings) => [
    one(`SimpleRNN ${JSON.stringify(settings)}`, sequence, () => layers.simpleRNN({ units: 4, ...settings })),
    one(`GRU ${JSON.stringify(settings)}`, sequence, () => layers.gru({ units: 4, recurrentActivation: 'sigmoid', ...settings })),
    one(`LSTM ${JSON.stringify(settings)}`, sequence, () => layers.lstm({ units: 4, recurrentActivation: 'hardSigmoid', ...settings })),
  ]),
  one('LSTM of any length', [null, 3], () => layers.lstm({ units: 4, returnSequences: true })),
  ...(['concat', 'sum', 'mul', 'ave'] as const).flatMap((mergeMode) => [false, true].map((returnSequences) => one(`Bidirectional LSTM ${mergeMode}${returnSequences ? ', all steps' : ''}`, sequence, () => layers.bidirectional({ layer: layers.lstm({ units: 4, returnSequences }), mergeMode })))),
  one('TimeDistributed Dense', sequence, () => layers.timeDistributed({ layer: layers.dense({ units: 4, activation: 'relu' }) })),
  one('TimeDistributed Conv2D', [3, 6, 7, 4], () => layers.timeDistributed({ layer: layers.conv2d({ filters: 2, kernelSize: 3 }) })),
];

/** Random weights in place of the zeros and ones that layers begin with. */
function randomWeights(model: tf.LayersModel): void {
  model.setWeights(model.getWeights().map((weight, i) => tf.randomUniform(weight.shape, 0.05, 0.8, 'float32', i + 1)));
  const signed = seededRandom(5);
  model.setWeights(model.getWeights().map((weight, i) => (/variance/.test(model.weights[i]?.name ?? '') ? weight : weight.mul(signed() < 0.5 ? -1 : 1))));
}

/** What TensorFlow.js saves of a model. */
export async function saved(model: tf.LayersModel): Promise<StoredModel> {
  let stored: StoredModel | undefined;
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      const { modelTopology, weightSpecs = [], weightData = new ArrayBuffer(0) } = artifacts;
      const bytes = Array.isArray(weightData) ? Buffer.concat(weightData.map((part) => new Uint8Array(part))) : new Uint8Array(weightData);
      stored = { json: { format: 'layers-model', modelTopology: modelTopology ?? {}, weightsManifest: [{ paths: ['w.bin'], weights: weightSpecs }] }, weights: new Uint8Array(bytes) };
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
  );
  if (stored === undefined) throw new Error('TensorFlow.js saved nothing');
  return stored;
}

/** A model of one layer; `pooled` puts a pooling of size 1 before it, after which channels come first. */
export function modelOf(inputs: readonly Shape[], layer: () => Layer, pooled: boolean): tf.LayersModel {
  const fed = inputs.map((shape) => tf.input({ shape: [...shape] }));
  const read = fed.map((input) => (pooled && input.rank === 4 ? layers.maxPooling2d({ poolSize: 1, strides: 1 }).apply(input) : input)) as tf.SymbolicTensor[];
  const made = layer().apply(read.length === 1 ? (read[0] ?? read) : read) as tf.SymbolicTensor;
  const model = tf.model({ inputs: fed, outputs: made });
  randomWeights(model);
  return model;
}
