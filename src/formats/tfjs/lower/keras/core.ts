// Keras's dense layers, embeddings, normalisations and activations.
import { float } from '../../../../graph/construct';
import type { Layout, NodeContext, Rule, Rules } from '../context';
import { fixedDims } from '../context';
import { layoutOf, positiveAxes } from '../axes';
import { float32Tensor } from '../../../../tensor/tensor';
import { product } from '../tensorflow/matmul';
import { prelu } from '../tensorflow/convolution';
import { activated } from './layer';

function dense(c: NodeContext): void {
  c.set(0, activated(c, product(c, false, false, c.flag('use_bias', true) ? 2 : undefined), 'last'));
}

function embedding(c: NodeContext): void {
  if (c.flag('mask_zero')) c.refuse('the mask it makes changes later layers');
  c.set(0, c.emit('Gather', [c.value(1), c.onnx.cast(c.value(0), 'int32')], { axis: 0 }));
}

/** Weights that are left out count as ones or zeros. */
function parameters(c: NodeContext, length: number): { readonly gamma: string; readonly beta: string; readonly next: number } {
  let next = 1;
  const taken = (attribute: string, fallback: number): string => {
    if (c.flag(attribute, true)) return c.value(next++);
    return c.onnx.constant(float32Tensor(`${c.node.name}/${attribute}`, [length], new Float32Array(length).fill(fallback)));
  };
  const gamma = taken('scale', 1);
  const beta = taken('center', 0);
  return { gamma, beta, next };
}

function batchNormalization(c: NodeContext): void {
  const rank = c.rank(0);
  const [axis = rank - 1] = positiveAxes(c, c.ints('axis') ?? [-1], rank);
  if (axis !== rank - 1 && axis !== 1) c.refuse(`its axis ${axis}`);
  const channelsLast = axis === rank - 1 && rank > 2;
  const [length = 0] = fixedDims(c.shape(c.inputCount - 1)) ?? c.refuse('the shape of its statistics is unknown');
  const { gamma, beta, next } = parameters(c, length);
  const y = c.emit('BatchNormalization', [channelsLast ? c.first(0) : c.value(0), gamma, beta, c.value(next), c.value(next + 1)], { epsilon: float(c.float('epsilon', 0.001)) });
  c.set(0, y, channelsLast ? 'first' : 'last');
}

function layerNormalization(c: NodeContext): void {
  const rank = c.rank(0);
  const axes = positiveAxes(c, c.ints('axis') ?? [-1], rank);
  const [axis = 0] = axes;
  if (axes.length !== 1 || axis !== rank - 1) c.refuse(`its axes ${axes.join(', ')}`);
  const length = c.shape(0)?.[axis];
  if (typeof length !== 'number') return c.refuse('the length of its axis is unknown');
  const { gamma, beta } = parameters(c, length);
  c.set(0, c.emit('LayerNormalization', [c.value(0), gamma, beta], { axis: -1, epsilon: float(c.float('epsilon', 0.001)) }));
}

/** An activation layer, in whatever layout its input is. */
const activation =
  (write: (c: NodeContext, x: string, layout: Layout) => string): Rule =>
  (c) => {
    const layout = layoutOf(c);
    c.set(0, write(c, c.in(0, layout), layout), layout);
  };

function relu(c: NodeContext, x: string): string {
  const [slope, threshold] = [c.float('negative_slope', 0), c.float('threshold', 0)];
  if (slope !== 0 || threshold !== 0) c.refuse('a threshold or slope');
  return c.node.attributes.has('max_value') ? c.emit('Clip', [x, c.onnx.scalar(0), c.onnx.scalar(c.float('max_value', 0))]) : c.emit('Relu', [x]);
}

function softmax(c: NodeContext): void {
  const rank = c.rank(0);
  const [axis = rank - 1] = positiveAxes(c, c.ints('axis') ?? [-1], rank);
  const first = c.isFirst(0) && axis === rank - 1;
  c.set(0, c.emit('Softmax', [c.in(0, first ? 'first' : 'last')], { axis: first ? 1 : axis }), first ? 'first' : 'last');
}

/** The slope has the shape of one example, axes that share it have size 1. */
function slope(c: NodeContext): void {
  const layout = layoutOf(c);
  c.set(0, prelu(c, c.in(0, layout), layout, 1), layout);
}

export const coreRules: Rules = {
  Dense: dense,
  Embedding: embedding,
  BatchNormalization: batchNormalization,
  BatchNormalizationV1: batchNormalization,
  BatchNormalizationV2: batchNormalization,
  LayerNormalization: layerNormalization,
  Activation: activation((c, x, layout) => activated(c, x, layout)),
  ReLU: activation(relu),
  LeakyReLU: activation((c, x) => c.emit('LeakyRelu', [x], { alpha: float(c.node.attributes.has('negative_slope') ? c.float('negative_slope', 0.3) : c.float('alpha', 0.3)) })),
  PReLU: slope,
  ELU: activation((c, x) => c.emit('Elu', [x], { alpha: float(c.float('alpha', 1)) })),
  ThresholdedReLU: activation((c, x) => c.emit('ThresholdedRelu', [x], { alpha: float(c.float('theta', 1)) })),
  Softmax: softmax,
};
