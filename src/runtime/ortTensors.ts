// Tensors between the wire and onnxruntime's own class; used inside the runner only.
import { Tensor as OrtTensor } from 'onnxruntime-node';
import type { NamedTensors, WireTensor } from './messages';
import { packedByteLength } from '../tensor/elementType';

type ArrayMaker = (buffer: ArrayBuffer, offset: number, length: number) => OrtTensor['data'];

interface OrtTypeRow {
  readonly bytes: number;
  readonly make: ArrayMaker;
}

/** Element types whose tensors cross onnxruntime-node's border. Others (int4, bfloat16, float8 …) live inside graphs only. */
const ortTypes = {
  float32: { bytes: 4, make: (buffer, offset, length) => new Float32Array(buffer, offset, length) },
  float64: { bytes: 8, make: (buffer, offset, length) => new Float64Array(buffer, offset, length) },
  float16: { bytes: 2, make: (buffer, offset, length) => new Uint16Array(buffer, offset, length) },
  int8: { bytes: 1, make: (buffer, offset, length) => new Int8Array(buffer, offset, length) },
  uint8: { bytes: 1, make: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
  int16: { bytes: 2, make: (buffer, offset, length) => new Int16Array(buffer, offset, length) },
  uint16: { bytes: 2, make: (buffer, offset, length) => new Uint16Array(buffer, offset, length) },
  int32: { bytes: 4, make: (buffer, offset, length) => new Int32Array(buffer, offset, length) },
  uint32: { bytes: 4, make: (buffer, offset, length) => new Uint32Array(buffer, offset, length) },
  int64: { bytes: 8, make: (buffer, offset, length) => new BigInt64Array(buffer, offset, length) },
  uint64: { bytes: 8, make: (buffer, offset, length) => new BigUint64Array(buffer, offset, length) },
  bool: { bytes: 1, make: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
} satisfies Record<string, OrtTypeRow>;

type OrtType = keyof typeof ortTypes;

function isOrtType(type: string): type is OrtType {
  return Object.hasOwn(ortTypes, type);
}

/** @throws Error when the type cannot cross, or the bytes do not fill the shape. */
export function toOrtTensor(name: string, tensor: WireTensor): OrtTensor {
  const { type, dims, data } = tensor;
  if (type === 'string') {
    if (data instanceof Uint8Array) throw new Error(`Input ${name}: a string tensor without texts.`);
    return new OrtTensor('string', [...data], dims);
  }
  if (!isOrtType(type)) throw new Error(`Input ${name}: onnxruntime-node cannot be given a ${type} tensor.`);
  if (!(data instanceof Uint8Array)) throw new Error(`Input ${name}: no bytes.`);
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (data.byteLength !== packedByteLength(type, count)) throw new Error(`Input ${name}: ${data.byteLength} bytes do not fill ${type}[${dims.join(',')}].`);
  const row = ortTypes[type];
  const aligned = data.byteOffset % row.bytes === 0 && data.buffer instanceof ArrayBuffer ? data : new Uint8Array(data);
  const array = row.make(aligned.buffer as ArrayBuffer, aligned.byteOffset, count);
  // The runtime's typings allow one array class per type; the table above pairs them rightly.
  return new OrtTensor(...([type, asHalf(type, array), dims] as unknown as ['float32', Float32Array, readonly number[]]));
}

/** Where the JavaScript engine has a Float16Array, onnxruntime-common wants that rather than a Uint16Array. */
function asHalf(type: OrtType, array: OrtTensor['data']): OrtTensor['data'] {
  if (type !== 'float16' || !(array instanceof Uint16Array)) return array;
  const half = (globalThis as { Float16Array?: new (buffer: ArrayBufferLike, offset: number, length: number) => OrtTensor['data'] }).Float16Array;
  return half === undefined ? array : new half(array.buffer, array.byteOffset, array.length);
}

/** @throws Error for values that are no tensors or whose type cannot cross. */
export function fromOrtTensor(name: string, value: OrtTensor): WireTensor {
  const { type, dims, data } = value;
  if (type === 'string') return { type: 'string', dims, data: data as string[] };
  if (!isOrtType(type) || !ArrayBuffer.isView(data)) throw new Error(`Output ${name}: a ${type} tensor cannot be read from onnxruntime-node.`);
  return { type, dims, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

export function toOrtFeeds(feeds: NamedTensors): Record<string, OrtTensor> {
  return Object.fromEntries(feeds.map(([name, tensor]) => [name, toOrtTensor(name, tensor)]));
}
