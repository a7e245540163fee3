// A layer's weight as a matrix of rows: one row per output channel, K weights along it, whatever way it is stored.
import { elementCount, type Tensor } from '../../tensor/tensor';
import { asFloat32 } from '../quantize/channelScales';

/** Where the rows lie: axis 0 of [M, …], or axis 1 of a product's [K, N]. */
export interface RowLayout {
  readonly rows: number;
  /** K: weights per row. */
  readonly size: number;
  readonly axis: number;
}

/** Float32 elements read at once at most, where a stored row is not longer: 16 MB. */
const elementsAtOnce = 1 << 22;
/** Square of elements that stays in the cache while its axes are exchanged. */
const transposedBlock = 32;

export function rowLayout(tensor: Pick<Tensor, 'dims'>, axis: number): RowLayout {
  const rows = tensor.dims[axis] ?? 1;
  return { rows, size: rows === 0 ? 0 : elementCount(tensor.dims) / rows, axis };
}

/** Calls back with consecutive rows [count, K] of a float32 weight; the array is only valid during the call. */
export function forEachRows(tensor: Tensor, layout: RowLayout, use: (values: Float32Array, first: number) => void): void {
  const step = Math.max(1, Math.floor(elementsAtOnce / Math.max(1, layout.size)));
  for (let first = 0; first < layout.rows; first += step) use(readRows(tensor, layout, first, Math.min(step, layout.rows - first)), first);
}

/** Some rows [count, K] of a float32 weight: those of axis 0 as they are stored, those of a product's [K, N] transposed. */
export function readRows(tensor: Tensor, { rows, size, axis }: RowLayout, first: number, count: number): Float32Array {
  if (axis === 0) return asFloat32(tensor.source.read(first * size * 4, count * size * 4));
  const out = new Float32Array(count * size);
  const together = Math.max(1, Math.floor(elementsAtOnce / rows));
  for (let k = 0; k < size; k += count === rows ? together : 1) {
    const lines = count === rows ? Math.min(together, size - k) : 1;
    const stored = asFloat32(tensor.source.read((k * rows + first) * 4, lines * count * 4));
    transposeInto(stored, lines, count, out, k, size);
  }
  return out;
}

/** Writes stored [lines, count] to columns `column` … of out [count, size]. */
function transposeInto(stored: Float32Array, lines: number, count: number, out: Float32Array, column: number, size: number): void {
  for (let top = 0; top < lines; top += transposedBlock)
    for (let left = 0; left < count; left += transposedBlock)
      for (let row = left; row < Math.min(count, left + transposedBlock); row++)
        for (let line = top; line < Math.min(lines, top + transposedBlock); line++) out[row * size + column + line] = stored[line * count + row] ?? 0;
}

/** Numbers in rows [rows, K] brought back into the order of the stored weight. */
export function fromRows<T extends Int16Array | Int8Array | Uint8Array>(values: T, { rows, size, axis }: RowLayout): T {
  if (axis === 0) return values;
  const out = values.slice() as T;
  for (let top = 0; top < rows; top += transposedBlock)
    for (let left = 0; left < size; left += transposedBlock)
      for (let row = top; row < Math.min(rows, top + transposedBlock); row++)
        for (let k = left; k < Math.min(size, left + transposedBlock); k++) out[k * rows + row] = values[row * size + k] ?? 0;
  return out;
}
