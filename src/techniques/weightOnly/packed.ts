// Weights packed in few bits, computed from the float weight when they are written: a model of any size is never held in memory.
import { packBits } from '../../tensor/packing';
import type { Tensor, TensorSource } from '../../tensor/tensor';
import { type FittedGrid, nearestCodes } from '../rounding/grid';
import { readRows, type RowLayout, rowsAtOnce } from '../rounding/rows';
import type { Width } from './options';

/** How a packed row lies: `width` codes of which the last are padding, in whole bytes. */
export interface PackedRow {
  readonly bits: Width;
  readonly width: number;
}

export function bytesPerRow({ bits, width }: PackedRow): number {
  return (width * bits) / 8;
}

/** Codes [count, size] as packed rows, the first code in the low bits of a byte, padded with zeros. */
export function packRows(codes: Uint8Array, size: number, row: PackedRow): Uint8Array {
  const { bits, width } = row;
  const padded = width === size ? codes : padRows(codes, size, width);
  if (bits === 8) return padded;
  return bits === 4 ? packPairs(padded) : packBits(padded, bits);
}

function padRows(codes: Uint8Array, size: number, width: number): Uint8Array {
  const count = size === 0 ? 0 : codes.length / size;
  const out = new Uint8Array(count * width);
  for (let row = 0; row < count; row++) out.set(codes.subarray(row * size, (row + 1) * size), row * width);
  return out;
}

/** Two codes to a byte, the common case, without a loop over bits. */
function packPairs(codes: Uint8Array): Uint8Array {
  const out = new Uint8Array(codes.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = (codes[2 * i] ?? 0) | ((codes[2 * i + 1] ?? 0) << 4);
  return out;
}

/** Packed rows of a float32 weight, each weight rounded to the nearest; one stretch of rows is kept between reads. */
export class PackedSource implements TensorSource {
  readonly byteLength: number;
  private readonly step: number;
  private stretch: { readonly index: number; readonly bytes: Uint8Array } | undefined;

  constructor(
    private readonly weight: Tensor,
    private readonly layout: RowLayout,
    private readonly grid: FittedGrid,
    private readonly row: PackedRow,
  ) {
    this.byteLength = layout.rows * bytesPerRow(row);
    this.step = rowsAtOnce(layout);
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    const perStretch = this.step * bytesPerRow(this.row);
    const out = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const part = this.bytesOf(Math.floor(at / perStretch)).subarray(at % perStretch, (at % perStretch) + length - done);
      out.set(part, done);
      done += part.length;
    }
    // Nobody reads on from the end.
    if (offset + length === this.byteLength) this.stretch = undefined;
    return out;
  }

  private bytesOf(index: number): Uint8Array {
    if (this.stretch?.index === index) return this.stretch.bytes;
    const first = index * this.step;
    const values = readRows(this.weight, this.layout, first, Math.min(this.step, this.layout.rows - first));
    const bytes = packRows(nearestCodes(values, first, this.layout.size, this.grid), this.layout.size, this.row);
    this.stretch = { index, bytes };
    return bytes;
  }
}
