// TensorFlow.js keeps channels last, ONNX first: the axes of both, and constants moved between them without being read until they are wanted.
import { packedByteLength } from '../../../tensor/elementType';
import { elementCount, MemorySource, type Tensor, type TensorSource } from '../../../tensor/tensor';

/** For each axis of a value with channels first, the axis it has with channels last: [0, 3, 1, 2] for rank 4. */
export function toFirst(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
}

/** For each axis of a value with channels last, the axis it has with channels first: [0, 2, 3, 1] for rank 4. */
export function toLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** Entries that stand per axis of a value with channels last, in the order of its axes with channels first. */
export function perAxisFirst<T>(entries: readonly T[]): T[] {
  return toFirst(entries.length).map((axis) => entries[axis] as T);
}

/** Bytes that are worked out when they are first read, then kept. */
class LazySource implements TensorSource {
  private made: MemorySource | undefined;

  constructor(
    readonly byteLength: number,
    private readonly make: () => Uint8Array,
  ) {}

  read(offset?: number, length?: number): Uint8Array {
    this.made ??= new MemorySource(this.make());
    return this.made.read(offset, length);
  }
}

/** A tensor made from another by a function over its bytes. */
export function derived(name: string, tensor: Tensor, dims: readonly number[], make: (bytes: Uint8Array) => Uint8Array, elementType = tensor.elementType): Tensor {
  return { name, elementType, dims, source: new LazySource(packedByteLength(elementType, elementCount(dims)), () => make(tensor.source.read())) };
}

/** The same elements under another shape. */
export function reshaped(name: string, { elementType, source }: Tensor, dims: readonly number[]): Tensor {
  return { name, elementType, dims, source };
}

/** A tensor of whole-byte elements with its axes in another order: axis i of the result is axis `order[i]` of the source. */
export function transposed(name: string, tensor: Tensor, order: readonly number[]): Tensor {
  const dims = order.map((axis) => tensor.dims[axis] ?? 1);
  const width = packedByteLength(tensor.elementType, 1);
  return derived(name, tensor, dims, (bytes) => {
    const strides = tensor.dims.map((_, axis) => elementCount(tensor.dims.slice(axis + 1)));
    const steps = order.map((axis) => strides[axis] ?? 1);
    const result = new Uint8Array(bytes.byteLength);
    const aligned = width === 4 && bytes.byteOffset % 4 === 0;
    const from = aligned ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4) : bytes;
    const to = aligned ? new Uint32Array(result.buffer) : result;
    const size = aligned ? 1 : width;
    const last = dims.length - 1;
    const innerStep = (steps[last] ?? 1) * size;
    const innerCount = dims[last] ?? 1;
    const position = new Int32Array(dims.length);
    const total = elementCount(dims);
    let at = 0;
    for (let done = 0; done < total; done += innerCount) {
      let start = 0;
      for (let axis = 0; axis < last; axis++) start += (position[axis] ?? 0) * (steps[axis] ?? 0);
      start *= size;
      for (let i = 0; i < innerCount; i++, start += innerStep) for (let byte = 0; byte < size; byte++) to[at++] = from[start + byte] ?? 0;
      for (let axis = last - 1; axis >= 0; axis--) {
        position[axis] = (position[axis] ?? 0) + 1;
        if ((position[axis] ?? 0) < (dims[axis] ?? 1)) break;
        position[axis] = 0;
      }
    }
    return result;
  });
}
