// Tensors between the wire and TensorFlow.js; used inside the runner only.
import * as tf from '@tensorflow/tfjs-core';
import { toFloat64Array } from '../../tensor/decode';
import { type ElementType, elementKind, packedByteLength } from '../../tensor/elementType';
import type { WireTensor } from '../messages';
import { fromWire } from '../wireTensors';

/** TensorFlow.js's own types are all it takes and gives. */
const elementTypes = { float32: 'float32', int32: 'int32', bool: 'bool', complex64: 'complex64', string: 'string' } satisfies Record<keyof tf.DataTypeMap, ElementType>;

export function elementTypeOf(dtype: string): ElementType | undefined {
  return Object.hasOwn(elementTypes, dtype) ? elementTypes[dtype as keyof tf.DataTypeMap] : undefined;
}

/** What TensorFlow.js has no type for it takes as int32 or float32, as it does in graphs. @throws Error when it cannot, or the bytes do not fill the shape */
export function toTensor(name: string, { type, dims, data }: WireTensor): tf.Tensor {
  const shape = [...dims];
  if (!(data instanceof Uint8Array)) return tf.tensor([...data], shape, 'string');
  const count = shape.reduce((product, dim) => product * dim, 1);
  if (data.byteLength !== packedByteLength(type, count)) throw new Error(`Input ${name}: ${data.byteLength} bytes do not fill ${type}[${shape.join(',')}].`);
  // A copy: the tensor keeps the array, and views need an aligned start.
  const { buffer } = new Uint8Array(data);
  const make = makers.get(type);
  if (make !== undefined) return make(buffer, shape);
  const kind = elementKind(type);
  if (kind === 'complex' || kind === 'string') throw new Error(`Input ${name}: TensorFlow.js has no ${type} tensors.`);
  const values = toFloat64Array(fromWire(name, { type, dims, data }));
  return kind === 'float' ? tf.tensor(Float32Array.from(values), shape, 'float32') : tf.tensor(Int32Array.from(values), shape, 'int32');
}

const makers: ReadonlyMap<ElementType, (buffer: ArrayBuffer, shape: number[]) => tf.Tensor> = new Map([
  ['float32', (buffer, shape) => tf.tensor(new Float32Array(buffer), shape, 'float32')],
  ['int32', (buffer, shape) => tf.tensor(new Int32Array(buffer), shape, 'int32')],
  ['bool', (buffer, shape) => tf.tensor(new Uint8Array(buffer), shape, 'bool')],
  ['complex64', complexTensor],
]);

function complexTensor(buffer: ArrayBuffer, shape: number[]): tf.Tensor {
  const pairs = new Float32Array(buffer);
  const part = (at: 0 | 1): tf.Tensor => tf.tensor(pairs.filter((_, i) => i % 2 === at), shape, 'float32');
  return tf.tidy(() => tf.complex(part(0), part(1)));
}

/** Reads a tensor's data, which is what a run waits for. */
export function fromTensor(name: string, tensor: tf.Tensor): WireTensor {
  return wireTensor(name, tensor, tensor.dataSync<keyof tf.DataTypeMap>());
}

/** A tensor whose data were read. */
export function wireTensor(name: string, tensor: tf.Tensor, data: tf.DataTypeMap[keyof tf.DataTypeMap]): WireTensor {
  const type = elementTypeOf(tensor.dtype);
  if (type === undefined) throw new Error(`Output ${name}: a ${tensor.dtype} tensor cannot be read from TensorFlow.js.`);
  if (Array.isArray(data)) return { type: 'string', dims: tensor.shape, data };
  return { type, dims: tensor.shape, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
