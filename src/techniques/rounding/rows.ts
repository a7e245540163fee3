// A layer's weight as a matrix of rows: one row per output channel, K weights along it, whatever way it is stored.
import { elementCount, type Tensor } from '../../tensor/tensor';
import { asFloat32 } from '../quantize/channelScales';

/** Rows lie along one axis: row r is every element whose index on that axis is r, in stored order. */
export interface RowLayout {
  readonly rows: number;
  /** K: weights per row. */
  readonly size: number;
  /** Elements of a row that lie side by side: K for axis 0, 1 for the columns of a product's [K, N]. */
  readonly inner: number;
}

/** Float32 elements read at once at most, where a row is not longer: 16 MB. */
const elementsAtOnce = 1 << 22;
/** Square of elements that stays in the cache while its axes are exchanged. */
const transposedBlock = 32;

export function rowLayout({ dims }: Pick<Tensor, 'dims'>, axis: number): RowLayout {
  const rows = dims[axis] ?? 1;
  return { rows, size: elementCount(dims.filter((_, i) => i !== axis)), inner: elementCount(dims.slice(axis + 1)) };
}

/** Rows that are worked on at once. */
export function rowsAtOnce({ rows, size }: RowLayout): number {
  return Math.max(1, Math.min(rows, Math.floor(elementsAtOnce / Math.max(1, size))));
}

/** Calls back with consecutive rows [count, K] of a float32 weight; the array is only valid during the call. */
export function forEachRows(tensor: Tensor, layout: RowLayout, use: (values: Float32Array, first: number) => void): void {
  const step = rowsAtOnce(layout);
  for (let first = 0; first < layout.rows; first += step) use(readRows(tensor, layout, first, Math.min(step, layout.rows - first)), first);
}

/** Some rows [count, K] of a float32 weight; those of axis 0 may be a view on what is stored. */
export function readRows(tensor: Tensor, { rows, size, inner }: RowLayout, first: number, count: number): Float32Array {
  const read = (from: number, elements: number): Float32Array => asFloat32(tensor.source.read(from * 4, elements * 4));
  if (inner === size) return read(first * size, count * size);
  const out = new Float32Array(count * size);
  const lines = size / inner;
  // Whole lines of all rows can be read together; of some rows, one line's part at a time.
  const together = count === rows ? Math.max(1, Math.floor(elementsAtOnce / (rows * inner))) : 1;
  for (let line = 0; line < lines; line += together) {
    const here = Math.min(together, lines - line);
    gather(read((line * rows + first) * inner, here * count * inner), here, count, inner, out, line, size);
  }
  return out;
}

/** Writes stored [lines, count, inner] to out [count, size], from line `line` on. */
function gather(stored: Float32Array, lines: number, count: number, inner: number, out: Float32Array, line: number, size: number): void {
  if (inner > 1) {
    for (let i = 0; i < lines; i++) for (let row = 0; row < count; row++) out.set(stored.subarray((i * count + row) * inner, (i * count + row + 1) * inner), row * size + (line + i) * inner);
    return;
  }
  for (let top = 0; top < lines; top += transposedBlock)
    for (let left = 0; left < count; left += transposedBlock)
      for (let row = left; row < Math.min(count, left + transposedBlock); row++)
        for (let i = top; i < Math.min(lines, top + transposedBlock); i++) out[row * size + line + i] = stored[i * count + row] ?? 0;
}

type Integers = Int16Array | Int8Array | Uint8Array;

/** Integers in rows [rows, K] brought back into the order of the stored weight. */
export function fromRows<T extends Integers>(values: T, { rows, size, inner }: RowLayout): T {
  if (inner === size) return values;
  const out = values.slice() as T;
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < size; k += inner) for (let i = 0; i < inner; i++) out[((k / inner) * rows + row) * inner + i] = values[row * size + k + i] ?? 0;
  return out;
}
