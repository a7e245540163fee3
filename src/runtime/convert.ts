// Changing a tensor's element type, for data whose type is not the one the model wants.
import { LatheError } from '../base/errors';
import { toFloat64Array } from '../tensor/decode';
import { type ElementType, isFloat } from '../tensor/elementType';
import { float32ToFloat16 } from '../tensor/float16';
import { type Tensor, tensorFromArray } from '../tensor/tensor';

type FromNumbers = (values: Float64Array) => Parameters<typeof tensorFromArray>[3];

const makers = new Map<ElementType, FromNumbers>([
  ['float32', (values) => Float32Array.from(values)],
  ['float64', (values) => values],
  ['float16', toHalf],
  ['int8', (values) => Int8Array.from(values)],
  ['uint8', (values) => Uint8Array.from(values)],
  ['int16', (values) => Int16Array.from(values)],
  ['uint16', (values) => Uint16Array.from(values)],
  ['int32', (values) => Int32Array.from(values)],
  ['uint32', (values) => Uint32Array.from(values)],
  ['int64', (values) => BigInt64Array.from(values, (value) => BigInt(Math.trunc(value)))],
  ['uint64', (values) => BigUint64Array.from(values, (value) => BigInt(Math.trunc(value)))],
  ['bool', (values) => Uint8Array.from(values, (value) => (value === 0 ? 0 : 1))],
]);

function toHalf(values: Float64Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  float32ToFloat16(Float32Array.from(values), halves);
  return halves;
}

/** A tensor of numbers. @throws LatheError `unsupported` for types that cannot be fed, `usage` for numbers the type does not have. */
export function tensorFromNumbers(name: string, elementType: ElementType, dims: readonly number[], values: Float64Array): Tensor {
  const make = makers.get(elementType);
  if (make === undefined) throw new LatheError('unsupported', `Input ${name} is ${elementType}, which cannot be fed to onnxruntime-node.`, { item: name });
  if (!isFloat(elementType) && !values.every(Number.isFinite)) throw new LatheError('usage', `Input ${name} takes ${elementType}, and the data hold NaN or infinity, which no ${elementType} is.`, { item: name, hint: 'Save the data as integers.' });
  return tensorFromArray(name, elementType, dims, make(values));
}

/** The tensor under another name and, where needed, in another type. */
export function convertTensor(tensor: Tensor, name: string, elementType: ElementType): Tensor {
  if (tensor.elementType === elementType) return { ...tensor, name };
  return tensorFromNumbers(name, elementType, tensor.dims, toFloat64Array(tensor));
}
