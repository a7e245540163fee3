// Keras's dense layers, embeddings, normalisations and activations as TensorFlow's nodes.
import { float } from '../../../graph/construct';
import { toFloat32Array } from '../../../tensor/decode';
import { activated } from './activations';
import type { Layer, LayerRule, LayerRules } from './layer';
import type { Dims } from './writer';

/** A product of matrices; more axes than two are taken for rows. */
function dense(layer: Layer): string {
  const dims = layer.dims();
  const [features = 0, units = 0] = layer.tensor(0).dims;
  const product = (x: string, rows: number | undefined): string => layer.biased(layer.emit('MatMul', [x, layer.weight(0)], [rows, units], { transpose_a: off, transpose_b: off }), 1);
  if (dims.length === 2) return activated(layer, product(layer.x, dims[0]));
  const middle = dims.slice(1, -1);
  if (dims.length < 2 || middle.some((size) => size === undefined)) layer.refuse('the sizes of its input are not all known');
  const rows = layer.emit('Reshape', [layer.x, layer.graph.ints('rows', [-1, features])], [undefined, features]);
  const shaped: Dims = [dims[0], ...middle, units];
  return activated(layer, layer.emit('Reshape', [product(rows, undefined), layer.graph.ints('shape', [-1, ...middle.map((size) => size ?? 0), units])], shaped));
}

const off = { type: 'int', value: 0 } as const;

function embedding(layer: Layer): string {
  if (layer.flag('mask_zero')) layer.refuse('the mask it makes changes later layers');
  const dims = layer.dims();
  const indices = layer.emit('Cast', [layer.x], dims, { SrcT: 'DT_FLOAT', DstT: 'DT_INT32' });
  return layer.emit('GatherV2', [layer.weight(0), indices, layer.graph.ints('axis', [0], [])], [...dims, layer.tensor(0).dims[1]], { Tindices: 'DT_INT32', Taxis: 'DT_INT32', batch_dims: 0 });
}

/** Of images TensorFlow's own operator, of anything else the scale and the shift it comes to. Weights that are left out count as ones or zeros. */
function batchNormalization(layer: Layer): string {
  const { graph } = layer;
  const dims = layer.dims();
  const [axis = -1] = layer.ints('axis') ?? [-1];
  if (axis !== -1 && axis !== dims.length - 1) layer.refuse(`its axis ${axis}`);
  const epsilon = layer.float('epsilon', 0.001);
  const given = [layer.flag('scale', true), layer.flag('center', true)] as const;
  const mean = given.filter(Boolean).length;
  const [length = 0] = layer.tensor(mean).dims;
  if (dims.length === 4) {
    const gamma = given[0] ? layer.weight(0) : graph.floats('scale', new Float32Array(length).fill(1), [length]);
    const beta = given[1] ? layer.weight(mean - 1) : graph.floats('offset', new Float32Array(length), [length]);
    return layer.emit('FusedBatchNormV3', [layer.x, gamma, beta, layer.weight(mean), layer.weight(mean + 1)], dims, { epsilon: float(epsilon), data_format: 'NHWC', is_training: off, U: 'DT_FLOAT' });
  }
  const gamma = given[0] ? toFloat32Array(layer.tensor(0)) : undefined;
  const beta = given[1] ? toFloat32Array(layer.tensor(mean - 1)) : undefined;
  const [means, variances] = [toFloat32Array(layer.tensor(mean)), toFloat32Array(layer.tensor(mean + 1))];
  const scale = Float64Array.from(variances, (variance, c) => (gamma?.[c] ?? 1) / Math.sqrt(variance + epsilon));
  const shift = Float64Array.from(means, (value, c) => (beta?.[c] ?? 0) - value * (scale[c] ?? 0));
  return layer.emit('AddV2', [layer.emit('Mul', [layer.x, graph.floats('scale', scale, [length])], dims), graph.floats('shift', shift, [length])], dims);
}

function relu(layer: Layer): string {
  const { graph } = layer;
  const dims = graph.dimsOf(layer.x);
  if (layer.float('negative_slope', 0) !== 0 || layer.float('threshold', 0) !== 0) layer.refuse('a threshold or slope');
  if (!layer.node.attributes.has('max_value')) return layer.emit('Relu', [layer.x], dims);
  const most = layer.float('max_value', 0);
  return most === 6 ? layer.emit('Relu6', [layer.x], dims) : layer.emit('Minimum', [layer.emit('Relu', [layer.x], dims), graph.floats('most', [most])], dims);
}

const leakyRelu: LayerRule = (layer) => {
  const alpha = layer.node.attributes.has('negative_slope') ? layer.float('negative_slope', 0.3) : layer.float('alpha', 0.3);
  return layer.emit('LeakyRelu', [layer.x], layer.graph.dimsOf(layer.x), { alpha: float(alpha) });
};

const elu: LayerRule = (layer) => {
  if (layer.float('alpha', 1) !== 1) layer.refuse(`its slope ${layer.float('alpha', 1)}`);
  return layer.emit('Elu', [layer.x], layer.graph.dimsOf(layer.x));
};

const softmax: LayerRule = (layer) => {
  const dims = layer.dims();
  const [axis = -1] = layer.ints('axis') ?? [-1];
  if (axis !== -1 && axis !== dims.length - 1) layer.refuse(`its axis ${axis}`);
  return layer.emit('Softmax', [layer.x], dims);
};

export const coreRules: LayerRules = {
  Dense: dense,
  Embedding: embedding,
  BatchNormalization: batchNormalization,
  BatchNormalizationV1: batchNormalization,
  BatchNormalizationV2: batchNormalization,
  Activation: (layer) => activated(layer, layer.x),
  ReLU: relu,
  LeakyReLU: leakyRelu,
  PReLU: (layer) => layer.emit('Prelu', [layer.x, layer.weight(0)], layer.graph.dimsOf(layer.x)),
  ELU: elu,
  Softmax: softmax,
};
