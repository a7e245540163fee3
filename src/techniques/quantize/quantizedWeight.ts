// An int8 weight that is computed from the float weight when it is written: a model of any size quantizes without being held in memory.
import { elementCount, type Tensor, type TensorSource } from '../../tensor/tensor';
import { type ChannelScales, forEachFloat32, largestInteger } from './channelScales';

/** Adding and taking away 1.5 · 2^23 in float32 rounds to the nearest integer, ties to even, three times faster than Math.round. */
const roundingConstant = 12582912;

/** The int8 bytes of a float32 tensor, in the same element order. */
class QuantizedSource implements TensorSource {
  readonly byteLength: number;
  private readonly inverse: Float32Array;

  constructor(
    private readonly weight: Tensor,
    private readonly scales: ChannelScales,
  ) {
    this.byteLength = elementCount(weight.dims);
    this.inverse = scales.scales.map((scale) => 1 / scale);
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    const out = new Int8Array(length);
    forEachFloat32(this.weight, offset, offset + length, (stretch, first) => {
      const values = this.scales.clipped === true ? saturated(stretch, first, this.scales) : stretch;
      const target = out.subarray(first - offset, first - offset + values.length);
      if (this.scales.inner === 1) roundColumns(values, first, this.inverse, target);
      else roundRows(values, first, this.scales, this.inverse, target);
    });
    return new Uint8Array(out.buffer);
  }
}

/** The values kept within ±127 scales. */
function saturated(values: Float32Array, first: number, { scales, channels, inner }: ChannelScales): Float32Array {
  return values.map((value, i) => {
    const most = largestInteger * (scales[Math.floor((first + i) / inner) % channels] ?? 0);
    return Math.min(most, Math.max(-most, value));
  });
}

/** The stretch may begin within a row and end within another. */
function roundColumns(values: Float32Array, first: number, inverse: Float32Array, out: Int8Array): void {
  const channels = inverse.length;
  for (let start = 0, channel = first % channels; start < values.length; start += channels - channel, channel = 0) {
    const end = Math.min(values.length, start + channels - channel);
    const shift = channel - start;
    // No magnitude leaves the range: the scale was made from the largest, or the values were saturated.
    for (let i = start; i < end; i++) out[i] = (Math.fround((values[i] ?? 0) * (inverse[i + shift] ?? 0) + roundingConstant) - roundingConstant) | 0;
  }
}

function roundRows(values: Float32Array, first: number, scales: ChannelScales, inverse: Float32Array, out: Int8Array): void {
  for (let i = 0; i < values.length; ) {
    const position = first + i;
    const factor = inverse[Math.floor(position / scales.inner) % scales.channels] ?? 0;
    const end = Math.min(values.length, i + scales.inner - (position % scales.inner));
    for (; i < end; i++) out[i] = (Math.fround((values[i] ?? 0) * factor + roundingConstant) - roundingConstant) | 0;
  }
}

/** Rows and columns exchanged; computed whole at the first read and let go once the end was read. */
class TransposedBytes implements TensorSource {
  readonly byteLength: number;
  private transposed: Uint8Array | undefined;

  constructor(
    private readonly source: TensorSource,
    private readonly rows: number,
    private readonly columns: number,
  ) {
    this.byteLength = source.byteLength;
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    this.transposed ??= transpose(this.source.read(), this.rows, this.columns);
    const view = this.transposed.subarray(offset, offset + length);
    if (offset + length === this.byteLength) this.transposed = undefined;
    return view;
  }
}

function transpose(bytes: Uint8Array, rows: number, columns: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const block = 64; // a 64 × 64 block of bytes stays in the first-level cache
  for (let top = 0; top < rows; top += block)
    for (let left = 0; left < columns; left += block)
      for (let row = top; row < Math.min(rows, top + block); row++)
        for (let column = left; column < Math.min(columns, left + block); column++) out[column * rows + row] = bytes[row * columns + column] ?? 0;
  return out;
}

/** The int8 form of a float32 weight, same dims. Nothing is computed until its bytes are read. */
export function quantizedWeight(name: string, weight: Tensor, scales: ChannelScales): Tensor {
  return { name, elementType: 'int8', dims: weight.dims, source: new QuantizedSource(weight, scales) };
}

/** A 2-D one-byte tensor with its axes exchanged. */
export function transposedBytes(tensor: Tensor): Tensor {
  const [rows = 1, columns = 1] = tensor.dims;
  return { ...tensor, dims: [columns, rows], source: new TransposedBytes(tensor.source, rows, columns) };
}
