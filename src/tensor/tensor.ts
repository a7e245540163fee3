// A tensor whose bytes may still lie in a file: shape and type are known at once, the weights are read when something asks.
import { LatheError } from '../base/errors';
import { type ElementType, packedByteLength } from './elementType';

/**
 * Where a tensor's little-endian, packed (sub-byte types) bytes lie. Reading is synchronous: it happens in the engine
 * process or a worker, never in the extension host. Sources are immutable and may be shared by many tensors and models.
 */
export interface TensorSource {
  /** Bytes in all. */
  readonly byteLength: number;
  /**
   * Reads `length` bytes from `offset`. The result may be a view on shared memory: callers must not write to it.
   * @throws LatheError `io` or `malformed` when the bytes are not there.
   */
  read(offset?: number, length?: number): Uint8Array;
  /** Fills `target` from `offset`, where the source can do so without an allocation of its own. */
  readInto?(target: Uint8Array, offset: number): void;
  /** Set when the bytes lie contiguously in a file, so that a writer or the runtime may refer to them there. */
  readonly location?: { readonly path: string; readonly offset: number };
}

/** One tensor. `strings` is set exactly when the element type is `string`; then `source` is empty. */
export interface Tensor {
  readonly name: string;
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  readonly source: TensorSource;
  readonly strings?: readonly Uint8Array[];
  readonly docString?: string;
  readonly metadata?: readonly (readonly [string, string])[];
  /** How the file stored the data, kept so that an unchanged tensor is written back the same way. */
  readonly storage?: TensorStorage;
  /** Encoded fields this reader does not model, verbatim (tag included). */
  readonly unknownFields?: readonly Uint8Array[];
}

export type TensorStorage = 'raw' | 'typed' | 'external';

/** ONNX's SparseTensorProto: `values` (1-D) at `indices` (NNZ, or NNZ × rank) of a dense tensor of shape `dims`. */
export interface SparseTensor {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly dims: readonly number[];
}

/**
 * Reads part of a source, into `scratch` where the source fills buffers (a file) and as a view where it has its bytes at hand.
 * Streaming over gigabytes this way allocates nothing.
 */
export function readPart(source: TensorSource, offset: number, length: number, scratch: Uint8Array): Uint8Array {
  if (source.readInto === undefined || scratch.byteLength < length) return source.read(offset, length);
  const part = scratch.byteLength === length ? scratch : scratch.subarray(0, length);
  source.readInto(part, offset);
  return part;
}

/** Bytes held in memory. */
export class MemorySource implements TensorSource {
  readonly byteLength: number;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    // A plain array: what is read from here is copied with slice(), which on a Buffer would not copy.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.byteLength = bytes.byteLength;
  }
  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    return this.bytes.subarray(offset, offset + length);
  }
}

/** Number of elements of a shape; 1 for a scalar. Dims are already checked to be non-negative with a product below 2^53. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

type NumberArray = Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** A tensor from a typed array (float32, float64, int8 … uint32; bool and float16 by giving the type and its bytes). */
export function tensorFromArray(name: string, elementType: ElementType, dims: readonly number[], array: NumberArray | BigInt64Array | BigUint64Array): Tensor {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  if (bytes.byteLength !== packedByteLength(elementType, elementCount(dims)))
    throw new LatheError('internal', `Tensor ${name}: ${bytes.byteLength} bytes do not fill ${elementType}[${dims.join(',')}].`, { item: name });
  return { name, elementType, dims, source: new MemorySource(bytes) };
}

/** An int64 tensor from safe integers. */
export function int64Tensor(name: string, dims: readonly number[], values: readonly number[]): Tensor {
  return tensorFromArray(name, 'int64', dims, BigInt64Array.from(values, (value) => BigInt(value)));
}

/** A float32 tensor from numbers. */
export function float32Tensor(name: string, dims: readonly number[], values: ArrayLike<number>): Tensor {
  return tensorFromArray(name, 'float32', dims, Float32Array.from(values));
}
