// The elements of small tensors as plain numbers, and tensors from them.
import { type ElementType, elementKind, packedByteLength } from '../tensor/elementType';
import { elementCount, MemorySource } from '../tensor/tensor';
import type { Tensor } from '../tensor/tensor';
import type { Values } from './row';

/** Largest tensor whose elements shape arithmetic looks at: shapes, axes, scales and the like are far smaller. */
export const maxValueElements = 4096;

type Reader = (view: DataView, at: number) => number | undefined;
type Writer = (view: DataView, at: number, value: number) => void;

/** A 64-bit integer as a number where it is exact. */
const safe = (value: bigint): number | undefined => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
};

const access = new Map<ElementType, { readonly size: number; readonly read: Reader; readonly write: Writer }>([
  ['float32', { size: 4, read: (view, at) => view.getFloat32(at, true), write: (view, at, value) => view.setFloat32(at, value, true) }],
  ['float64', { size: 8, read: (view, at) => view.getFloat64(at, true), write: (view, at, value) => view.setFloat64(at, value, true) }],
  ['int8', { size: 1, read: (view, at) => view.getInt8(at), write: (view, at, value) => view.setInt8(at, value) }],
  ['uint8', { size: 1, read: (view, at) => view.getUint8(at), write: (view, at, value) => view.setUint8(at, value) }],
  ['bool', { size: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1), write: (view, at, value) => view.setUint8(at, value) }],
  ['int16', { size: 2, read: (view, at) => view.getInt16(at, true), write: (view, at, value) => view.setInt16(at, value, true) }],
  ['uint16', { size: 2, read: (view, at) => view.getUint16(at, true), write: (view, at, value) => view.setUint16(at, value, true) }],
  ['int32', { size: 4, read: (view, at) => view.getInt32(at, true), write: (view, at, value) => view.setInt32(at, value, true) }],
  ['uint32', { size: 4, read: (view, at) => view.getUint32(at, true), write: (view, at, value) => view.setUint32(at, value, true) }],
  ['int64', { size: 8, read: (view, at) => safe(view.getBigInt64(at, true)) ?? clamped(view.getBigInt64(at, true)), write: (view, at, value) => view.setBigInt64(at, BigInt(value), true) }],
  ['uint64', { size: 8, read: (view, at) => safe(view.getBigUint64(at, true)), write: (view, at, value) => view.setBigUint64(at, BigInt(value), true) }],
]);

/** INT64_MAX and INT64_MIN say "to the end" in Slice; as infinities they stay what they are and never pass for exact numbers. */
const clamped = (value: bigint): number => (value > 0n ? Infinity : -Infinity);

/** Elements of a small tensor; int64 beyond the safe range come as ±Infinity. Undefined for other types and larger tensors. */
export function tensorValues(tensor: Tensor): Values | undefined {
  const accessor = access.get(tensor.elementType);
  const count = elementCount(tensor.dims);
  if (accessor === undefined || count > maxValueElements || tensor.source.byteLength < count * accessor.size) return undefined;
  const bytes = tensor.source.read();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, i) => accessor.read(view, i * accessor.size));
}

/** A tensor of plain numbers; undefined where an element is symbolic, unknown or not representable. */
export function tensorFromValues(name: string, elementType: ElementType, dims: readonly number[], values: Values): Tensor | undefined {
  const accessor = access.get(elementType);
  if (accessor === undefined || values.length !== elementCount(dims)) return undefined;
  const view = new DataView(new ArrayBuffer(packedByteLength(elementType, values.length)));
  for (const [i, value] of values.entries()) {
    if (typeof value !== 'number') return undefined;
    if (elementKind(elementType) !== 'float' && !Number.isSafeInteger(value)) return undefined;
    accessor.write(view, i * accessor.size, value);
  }
  return { name, elementType, dims, source: new MemorySource(new Uint8Array(view.buffer)) };
}
