// Keras's activation functions as TensorFlow's nodes, by the name a layer gives them.
import { activationKey } from '../lower/activations';
import type { Layer } from './layer';

type Activation = (layer: Layer, x: string) => string;

const plain =
  (op: string): Activation =>
  (layer, x) =>
    layer.emit(op, [x], layer.graph.dimsOf(x));

/** TensorFlow.js's own: the slope and the middle of its hard sigmoid. Source: tfjs-layers, activations.ts. */
const hardSigmoid: Activation = (layer, x) => {
  const { graph } = layer;
  const dims = graph.dimsOf(x);
  const sum = layer.emit('AddV2', [layer.emit('Mul', [x, graph.floats('slope', [0.2])], dims), graph.floats('middle', [0.5])], dims);
  return layer.emit('Minimum', [layer.emit('Maximum', [sum, graph.floats('low', [0])], dims), graph.floats('high', [1])], dims);
};

const swish: Activation = (layer, x) => {
  const dims = layer.graph.dimsOf(x);
  return layer.emit('Mul', [x, layer.emit('Sigmoid', [x], dims)], dims);
};

/** By {@link activationKey}. */
const activations: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['linear', (_, x) => x],
  ['relu', plain('Relu')],
  ['relu6', plain('Relu6')],
  ['elu', plain('Elu')],
  ['selu', plain('Selu')],
  ['sigmoid', plain('Sigmoid')],
  ['hardsigmoid', hardSigmoid],
  ['tanh', plain('Tanh')],
  ['softplus', plain('Softplus')],
  ['softmax', plain('Softmax')],
  ['logsoftmax', plain('LogSoftmax')],
  ['swish', swish],
  ['silu', swish],
]);

/** Applies the activation that a layer names. @throws NotExpressed for one TensorFlow has no nodes for here */
export function activated(layer: Layer, x: string): string {
  const name = layer.text('activation') ?? 'linear';
  const activation = activations.get(activationKey(name));
  return activation === undefined ? layer.refuse(`the activation ${name}`) : activation(layer, x);
}
