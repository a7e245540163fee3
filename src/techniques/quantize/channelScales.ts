// Per-channel symmetric scales of a weight, found in one streamed pass: the largest magnitude of each channel over the integer range.
import { elementCount, type Tensor } from '../../tensor/tensor';

/** Element `i` of a tensor belongs to channel `floor(i / inner) % channels`. */
export interface ChannelLayout {
  readonly channels: number;
  readonly inner: number;
}

export interface ChannelScales extends ChannelLayout {
  /** One scale per channel: value ≈ scale × integer. */
  readonly scales: Float32Array;
  /** Largest integer magnitude used: 127, or 63 where the int8 kernels add pairs in 16 bits. */
  readonly limit: number;
  /** Elements that are NaN or infinite: such a weight must stay as it is. */
  readonly finite: boolean;
}

/** Elements read at a time: 1 Mi float32 are 4 MB, large enough for full disk speed, small against any budget. */
export const chunkElements = 1 << 20;

/** A channel whose weights are all zero still needs a scale that can be divided by. */
const scaleOfZeros = 1;

export function channelLayout(dims: readonly number[], axis: number): ChannelLayout {
  return { channels: dims[axis] ?? 1, inner: elementCount(dims.slice(axis + 1)) };
}

/** Calls back with consecutive stretches of a float32 tensor as aligned arrays; the array is only valid during the call. */
export function forEachFloat32(tensor: Tensor, from: number, to: number, use: (values: Float32Array, first: number) => void): void {
  for (let first = from; first < to; first += chunkElements) {
    const count = Math.min(chunkElements, to - first);
    use(asFloat32(tensor.source.read(first * 4, count * 4)), first);
  }
}

function asFloat32(bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}

/**
 * Scans a float32 weight once. Symmetric quantization after Jacob et al. 2018 (arXiv:1712.05877), per channel after
 * Krishnamoorthi 2018 (arXiv:1806.08342): scale = max |w| / limit.
 */
export function scanChannelScales(tensor: Tensor, axis: number, limit: number): ChannelScales {
  const layout = channelLayout(tensor.dims, axis);
  const peaks = new Float32Array(layout.channels);
  let finite = true;
  forEachFloat32(tensor, 0, elementCount(tensor.dims), (values, first) => {
    const clean = layout.inner === 1 ? peaksOfColumns(values, first, peaks) : peaksOfRows(values, first, layout, peaks);
    finite &&= clean;
  });
  const scales = peaks.map((peak) => (peak === 0 ? scaleOfZeros : peak / limit));
  return { ...layout, scales, limit, finite };
}

/** Raises `peaks` by one stretch whose channel changes with every element; false when an element is not finite. */
function peaksOfColumns(values: Float32Array, first: number, peaks: Float32Array): boolean {
  const channels = peaks.length;
  let channel = first % channels;
  let poison = 0; // x × 0 is NaN exactly when x is NaN or infinite
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    const magnitude = value < 0 ? -value : value;
    if (magnitude > (peaks[channel] ?? 0)) peaks[channel] = magnitude;
    poison += value * 0;
    if (++channel === channels) channel = 0;
  }
  return poison === 0;
}

function peaksOfRows(values: Float32Array, first: number, layout: ChannelLayout, peaks: Float32Array): boolean {
  let poison = 0;
  for (let i = 0; i < values.length; ) {
    const position = first + i;
    const channel = Math.floor(position / layout.inner) % layout.channels;
    const end = Math.min(values.length, i + layout.inner - (position % layout.inner));
    let peak = peaks[channel] ?? 0;
    for (; i < end; i++) {
      const value = values[i] ?? 0;
      const magnitude = value < 0 ? -value : value;
      if (magnitude > peak) peak = magnitude;
      poison += value * 0;
    }
    peaks[channel] = peak;
  }
  return poison === 0;
}
