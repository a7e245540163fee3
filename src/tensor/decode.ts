// A tensor's elements as numbers, whole or in chunks, whatever their element type.
import { LatheError } from '../base/errors';
import { type ElementType, elementBits, packedByteLength } from './elementType';
import { bfloat16ToFloat32, float16ToFloat32, smallFloatValues } from './float16';
import { unpackBits } from './packing';
import { elementCount, readPart, type Tensor } from './tensor';

type FloatArray = Float32Array | Float64Array;

/** Writes `count` elements decoded from packed little-endian bytes to the start of `target`. */
type Decoder = (bytes: Uint8Array, count: number, target: FloatArray) => void;

/** Elements per chunk where nothing else is asked for: 256 KB as float32, which stays in a core's own cache. */
const defaultChunk = 2 ** 16;

/** A view on the bytes, or on a copy where they are not aligned for it. */
function aligned(bytes: Uint8Array, size: number): { buffer: ArrayBufferLike; offset: number } {
  if (bytes.byteOffset % size === 0) return { buffer: bytes.buffer, offset: bytes.byteOffset };
  const copy = new Uint8Array(bytes); // not slice(): a Buffer's is a view
  return { buffer: copy.buffer, offset: 0 };
}

type ViewConstructor = new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayLike<number>;

/** Element types that a typed array holds as they are. */
function copied(View: ViewConstructor, size: number): Decoder {
  return (bytes, count, target) => {
    const { buffer, offset } = aligned(bytes, size);
    target.set(new View(buffer, offset, count));
  };
}

/** 64-bit integers; beyond 2^53 they round as any float64. */
function wide(signed: boolean): Decoder {
  return (bytes, count, target) => {
    const { buffer, offset } = aligned(bytes, 4);
    const low = new Uint32Array(buffer, offset, count * 2);
    const high = signed ? new Int32Array(buffer, offset, count * 2) : low;
    for (let i = 0; i < count; i++) target[i] = (high[2 * i + 1] ?? 0) * 4294967296 + (low[2 * i] ?? 0);
  };
}

function halves(widen: (source: Uint16Array, target: FloatArray) => void): Decoder {
  return (bytes, count, target) => {
    const { buffer, offset } = aligned(bytes, 2);
    widen(new Uint16Array(buffer, offset, count), target);
  };
}

function packed(width: 2 | 4, signed: boolean): Decoder {
  return (bytes, count, target) => target.set(unpackBits(bytes, count, width, signed));
}

function tabled(type: ElementType): Decoder {
  const table = smallFloatValues(type) ?? new Float32Array(0);
  if (elementBits(type) === 8)
    return (bytes, count, target) => {
      for (let i = 0; i < count; i++) target[i] = table[bytes[i] ?? 0] ?? 0;
    };
  return (bytes, count, target) => {
    const codes = unpackBits(bytes, count, 4, false);
    for (let i = 0; i < count; i++) target[i] = table[codes[i] ?? 0] ?? 0;
  };
}

const decoders: ReadonlyMap<ElementType, Decoder> = new Map<ElementType, Decoder>([
  ['float32', copied(Float32Array, 4)],
  ['float64', copied(Float64Array, 8)],
  ['int8', copied(Int8Array, 1)],
  ['uint8', copied(Uint8Array, 1)],
  ['bool', copied(Uint8Array, 1)],
  ['int16', copied(Int16Array, 2)],
  ['uint16', copied(Uint16Array, 2)],
  ['int32', copied(Int32Array, 4)],
  ['uint32', copied(Uint32Array, 4)],
  ['int64', wide(true)],
  ['uint64', wide(false)],
  ['float16', halves(float16ToFloat32)],
  ['bfloat16', halves(bfloat16ToFloat32)],
  ['int4', packed(4, true)],
  ['uint4', packed(4, false)],
  ['int2', packed(2, true)],
  ['uint2', packed(2, false)],
  ...(['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'float8e8m0', 'float4e2m1'] as const).map((type): [ElementType, Decoder] => [type, tabled(type)]),
]);

function decoderOf(tensor: Tensor): Decoder {
  const decoder = decoders.get(tensor.elementType);
  if (decoder === undefined) throw new LatheError('unsupported', `A ${tensor.elementType} tensor has no numbers to work with.`, { item: tensor.name });
  return decoder;
}

/** Every element as float64 (row-major). Exact for all types but integers beyond 2^53. @throws LatheError `unsupported` for string and complex. */
export function toFloat64Array(tensor: Tensor): Float64Array {
  const count = elementCount(tensor.dims);
  const target = new Float64Array(count);
  decoderOf(tensor)(tensor.source.read(), count, target);
  return target;
}

/** Every element as float32 (row-major). May be a view on shared memory: do not write to it. @throws LatheError `unsupported` for string and complex. */
export function toFloat32Array(tensor: Tensor): Float32Array {
  const count = elementCount(tensor.dims);
  const bytes = tensor.source.read();
  if (tensor.elementType === 'float32' && bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  const target = new Float32Array(count);
  decoderOf(tensor)(bytes, count, target);
  return target;
}

/**
 * Every element as an integer.
 * @throws LatheError `unsupported` for string and complex tensors, and where an element is not an integer that a number holds exactly.
 */
export function toIntegers(tensor: Tensor): number[] {
  return Array.from(toFloat64Array(tensor), (value) => {
    if (Number.isSafeInteger(value)) return value;
    throw new LatheError('unsupported', `${value} is not an integer within ±2^53.`, { item: tensor.name });
  });
}

/** Every element of an integer or bool tensor as bigint, exactly. @throws LatheError `unsupported` for other types. */
export function toBigInts(tensor: Tensor): bigint[] {
  if (tensor.elementType === 'int64' || tensor.elementType === 'uint64') {
    const { buffer, offset } = aligned(tensor.source.read(), 8);
    const count = elementCount(tensor.dims);
    return tensor.elementType === 'int64' ? [...new BigInt64Array(buffer, offset, count)] : [...new BigUint64Array(buffer, offset, count)];
  }
  return toIntegers(tensor).map(BigInt);
}

/**
 * Streams the elements as float32 in order, `chunkElements` at a time; never more than one chunk is in memory.
 * The chunk is reused: copy what is to be kept. Sub-byte types are cut at whole bytes.
 * @throws LatheError `unsupported` for string and complex.
 */
export function forEachChunk(tensor: Tensor, use: (chunk: Float32Array, offset: number) => void, chunkElements = defaultChunk): void {
  const decode = decoderOf(tensor);
  const count = elementCount(tensor.dims);
  const step = Math.max(8, Math.floor(chunkElements / 8) * 8);
  const scratch = new Uint8Array(packedByteLength(tensor.elementType, Math.min(step, count)));
  let target: Float32Array | undefined;
  for (let start = 0; start < count; start += step) {
    const length = Math.min(step, count - start);
    const bytes = readPart(tensor.source, packedByteLength(tensor.elementType, start), packedByteLength(tensor.elementType, length), scratch);
    if (tensor.elementType === 'float32' && bytes.byteOffset % 4 === 0) {
      use(new Float32Array(bytes.buffer, bytes.byteOffset, length), start);
      continue;
    }
    target ??= new Float32Array(Math.min(step, count));
    decode(bytes, length, target);
    use(length === target.length ? target : target.subarray(0, length), start);
  }
}
