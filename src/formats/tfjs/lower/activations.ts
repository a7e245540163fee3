// Activation functions by the names TensorFlow and Keras give them; all are the same in every layout except softmax.
import { float } from '../../../graph/construct';
import type { Emitter } from './emitter';

/** Writes an activation on `x`; `alpha` is a slope where the function has one. */
type Activation = (onnx: Emitter, x: string, alpha: number | undefined) => string;

/** SELU's constants (Klambauer et al., Self-Normalizing Neural Networks, 2017, section 2), as TensorFlow.js has them. */
const selu = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

const clip =
  (low: number, high: number): Activation =>
  (onnx, x) =>
    onnx.emit('Clip', [x, onnx.scalar(low), onnx.scalar(high)]);
const plain =
  (opType: string): Activation =>
  (onnx, x) =>
    onnx.emit(opType, [x]);

const logistic = plain('Sigmoid');
const swish: Activation = (onnx, x) => onnx.emit('Mul', [x, logistic(onnx, x, undefined)]);

/** √(2/π) and the cubic's factor of the approximation (Hendrycks and Gimpel, Gaussian Error Linear Units, 2016). */
const geluRoot = 0.7978845608028654;
const geluCubic = 0.044715;

const approximateGelu: Activation = (onnx, x) => {
  const cubed = onnx.emit('Mul', [onnx.emit('Mul', [x, x]), x]);
  const inner = onnx.emit('Mul', [onnx.emit('Add', [x, onnx.emit('Mul', [cubed, onnx.scalar(geluCubic)])]), onnx.scalar(geluRoot)]);
  return onnx.emit('Mul', [onnx.emit('Mul', [x, onnx.scalar(0.5)]), onnx.emit('Add', [onnx.emit('Tanh', [inner]), onnx.scalar(1)])]);
};
const gelu: Activation = (onnx, x) => {
  const inner = onnx.emit('Mul', [x, onnx.scalar(Math.SQRT1_2)]);
  return onnx.emit('Mul', [onnx.emit('Mul', [x, onnx.scalar(0.5)]), onnx.emit('Add', [onnx.emit('Erf', [inner]), onnx.scalar(1)])]);
};

/** What an activation is found by, however it is written: `Relu6`, `relu6`, `hardSigmoid` and `hard_sigmoid` are one each. */
export function activationKey(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}

/** By {@link activationKey}. */
export const activations: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['linear', (_, x) => x],
  ['relu', plain('Relu')],
  ['relu6', clip(0, 6)],
  ['elu', (onnx, x, alpha = 1) => onnx.emit('Elu', [x], { alpha: float(alpha) })],
  ['selu', (onnx, x) => onnx.emit('Selu', [x], { alpha: float(selu.alpha), gamma: float(selu.gamma) })],
  ['leakyrelu', (onnx, x, alpha = 0.2) => onnx.emit('LeakyRelu', [x], { alpha: float(alpha) })],
  ['sigmoid', logistic],
  ['hardsigmoid', (onnx, x) => onnx.emit('HardSigmoid', [x], { alpha: float(0.2), beta: float(0.5) })],
  ['tanh', plain('Tanh')],
  ['softplus', plain('Softplus')],
  ['softsign', plain('Softsign')],
  ['swish', swish],
  ['silu', swish],
  ['mish', (onnx, x) => onnx.emit('Mul', [x, onnx.emit('Tanh', [onnx.emit('Softplus', [x])])])],
  ['gelu', gelu],
  ['gelunew', approximateGelu],
  ['exponential', plain('Exp')],
]);

export function activationNamed(name: string): Activation | undefined {
  return activations.get(activationKey(name));
}

/** Whether a name is softmax or its logarithm, which run along the channels, and ONNX's operator of it. */
export function softmaxNamed(name: string): 'Softmax' | 'LogSoftmax' | undefined {
  const key = activationKey(name);
  return key === 'softmax' ? 'Softmax' : key === 'logsoftmax' ? 'LogSoftmax' : undefined;
}
