// Keras's own layer classes: which weights each has, in Keras's order, and the layers that hold another one.
// Source: keras, `build` methods of keras/src/layers; tfjs-layers, src/layers.
import type { ElementType } from '../../tensor/elementType';
import { anyField, field, isObject, type JsonObject } from './context';

/** Last parts of the names of a layer's weights, in order; undefined where only the manifest knows. */
export type WeightNames = (config: JsonObject) => readonly string[];

const isOn = (config: JsonObject, ...keys: readonly string[]): boolean => anyField(config, ...keys) !== false;
const withBias =
  (...names: readonly string[]): WeightNames =>
  (config) =>
    isOn(config, 'use_bias', 'useBias') ? [...names, 'bias'] : names;
const kernel = withBias('kernel');
const depthwise = withBias('depthwise_kernel');
const separable = withBias('depthwise_kernel', 'pointwise_kernel');
const recurrent = withBias('kernel', 'recurrent_kernel');
const scaleAndCenter = (config: JsonObject): readonly string[] => [...(isOn(config, 'scale') ? ['gamma'] : []), ...(isOn(config, 'center') ? ['beta'] : [])];
const batchNormalization: WeightNames = (config) => [...scaleAndCenter(config), 'moving_mean', 'moving_variance'];
const none: WeightNames = () => [];

const withWeights: readonly (readonly [className: string, names: WeightNames])[] = [
  ['Dense', kernel],
  ['Conv1D', kernel],
  ['Conv2D', kernel],
  ['Conv3D', kernel],
  ['Convolution1D', kernel],
  ['Convolution2D', kernel],
  ['Convolution3D', kernel],
  ['Conv1DTranspose', kernel],
  ['Conv2DTranspose', kernel],
  ['Conv3DTranspose', kernel],
  ['LocallyConnected1D', kernel],
  ['LocallyConnected2D', kernel],
  ['DepthwiseConv1D', depthwise],
  ['DepthwiseConv2D', depthwise],
  ['SeparableConv1D', separable],
  ['SeparableConv2D', separable],
  ['BatchNormalization', batchNormalization],
  ['BatchNormalizationV1', batchNormalization],
  ['BatchNormalizationV2', batchNormalization],
  ['SyncBatchNormalization', batchNormalization],
  ['LayerNormalization', scaleAndCenter],
  ['GroupNormalization', scaleAndCenter],
  ['Embedding', () => ['embeddings']],
  ['PReLU', () => ['alpha']],
  ['SimpleRNN', recurrent],
  ['GRU', recurrent],
  ['LSTM', recurrent],
  ['CuDNNGRU', recurrent],
  ['CuDNNLSTM', recurrent],
];

/** Layers whose weights belong to a layer inside: the manifest's order is theirs. */
const wrappers = 'TimeDistributed Bidirectional Wrapper RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D ConvRNN2D StackedRNNCells SimpleRNNCell GRUCell LSTMCell ConvLSTM2DCell MultiHeadAttention GroupQueryAttention Attention AdditiveAttention Normalization UnitNormalization SpectralNormalization EinsumDense'.split(' ');

/** Layers that do nothing when a model is only run. */
export const idleLayers: readonly string[] = 'Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout ActivityRegularization Identity'.split(' ');

const withoutWeights =
  'InputLayer Activation Flatten Reshape Permute RepeatVector Masking ' +
  'ReLU LeakyReLU ELU ThresholdedReLU Softmax Add Subtract Multiply Average Maximum Minimum Concatenate Dot Merge ' +
  'ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D Rescaling Resizing CenterCrop CategoryEncoding ' +
  'MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D MaxPool1D MaxPool2D MaxPool3D AvgPool1D AvgPool2D AvgPool3D ' +
  'GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalMaxPool1D GlobalMaxPool2D ' +
  'RandomWidth RandomHeight RandomFlip RandomCrop RandomZoom RandomRotation RandomTranslation RandomContrast RandomBrightness';

const classes = new Map<string, WeightNames | undefined>([...withWeights, ...[...withoutWeights.split(' '), ...idleLayers].map((name) => [name, none] as const), ...wrappers.map((name) => [name, undefined] as const)]);

/** Whether Keras itself has this class; others are someone's own code. */
export function isKerasLayer(className: string): boolean {
  return classes.has(className) || isModelClass(className);
}

/** The order of a layer's weights; undefined where the manifest's is taken. */
export function weightNames(className: string, config: JsonObject): readonly string[] | undefined {
  return classes.get(className)?.(config);
}

/** Layers that are models. */
export function isModelClass(className: string): boolean {
  return className === 'Sequential' || className === 'Functional' || className === 'Model' || className === 'Container';
}

/** Layers that hold code: the model file has it as bytecode or Python, which is never run. */
export function holdsCode(className: string): boolean {
  return className === 'Lambda' || className === 'TFOpLambda' || className === 'SlicingOpLambda' || className === 'ClassMethod' || className === 'InstanceMethod' || className === 'InstanceProperty' || className === 'TensorFlowOpLayer';
}

const elementTypes = new Map<unknown, ElementType>((['float16', 'float32', 'float64', 'bfloat16', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'bool', 'string', 'complex64'] as const).map((type) => [type, type]));

/** The element type of a layer's `dtype`: Keras's float32 where it says none, undefined where it says what is not known. */
export function kerasElementType(dtype: unknown): ElementType | undefined {
  if (dtype === undefined) return 'float32';
  if (!isObject(dtype)) return elementTypes.get(dtype);
  const config = field(dtype, 'config'); // Keras 3's DTypePolicy
  return isObject(config) ? elementTypes.get(field(config, 'name')) : undefined;
}
