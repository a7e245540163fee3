// Per-channel symmetric scales of a weight, found in one streamed pass: the largest magnitude of each channel over the integer range.
import { elementCount, type Tensor } from '../../tensor/tensor';

/** Element `i` of a tensor belongs to channel `floor(i / inner) % channels`. */
export interface ChannelLayout {
  readonly channels: number;
  readonly inner: number;
}

export interface ChannelScales extends ChannelLayout {
  /** One scale per channel: value ≈ scale × integer, integers −127 … 127. */
  readonly scales: Float32Array;
  /** False when an element is NaN or infinite: such a weight must stay as it is. */
  readonly finite: boolean;
  /** True when scales were lowered below the largest magnitude, so that integers saturate. */
  readonly clipped?: boolean;
}

/**
 * How far a channel may use the integer range. `full`: all of it. `pairs`: no two weights that are multiplied side by side
 * may sum beyond ±128, because kernels without VNNI add such pairs in 16 signed bits (255 · 128 = 32640 fits, more saturates).
 */
export type WeightRange = 'full' | 'pairs';

/** Elements read at a time: 1 Mi float32 are 4 MB, large enough for full disk speed, small against any budget. */
export const chunkElements = 1 << 20;

/** Largest integer used; −128 is left out so that the range is symmetric. */
export const largestInteger = 127;

/** A channel whose weights are all zero (or so small that 1/scale would overflow) still needs a scale that can be divided by. */
const scaleOfZeros = 1;
const smallestPeak = 1e-30;

export function channelLayout(dims: readonly number[], axis: number): ChannelLayout {
  return { channels: dims[axis] ?? 1, inner: elementCount(dims.slice(axis + 1)) };
}

/** Calls back with consecutive stretches of a float32 tensor as aligned arrays; the array is only valid during the call. */
export function forEachFloat32(tensor: Tensor, from: number, to: number, use: (values: Float32Array, first: number) => void, multipleOf = 1): void {
  const step = Math.max(1, Math.floor(chunkElements / multipleOf)) * multipleOf;
  for (let first = from; first < to; first += step) {
    const count = Math.min(step, to - first);
    use(asFloat32(tensor.source.read(first * 4, count * 4)), first);
  }
}

/** Bytes as float32, copied only where they are not aligned. */
export function asFloat32(bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}

/**
 * Scans a float32 weight once: a convolution's [M, C/g, …] or a product's [N, K] by axis 0, a product's [K, N] by axis 1.
 * Symmetric quantization after Jacob et al. 2018 (arXiv:1712.05877), per channel after Krishnamoorthi 2018
 * (arXiv:1806.08342): scale = max |w| / 127, or more where `pairs` asks for it.
 * @param depthwise as many groups as output channels: that kernel widens its products first and cannot saturate. One input
 * channel per group alone is not enough: such a convolution runs as a matrix product over its kernel positions.
 */
export function scanChannelScales(tensor: Tensor, axis: number, range: WeightRange, depthwise = false): ChannelScales {
  const layout = channelLayout(tensor.dims, axis);
  const peaks = new Float32Array(layout.channels);
  let finite = true;
  const scanner = axis === 0 ? scanRows(tensor.dims, peaks, range === 'pairs' && !depthwise) : scanColumns(peaks, range);
  forEachFloat32(
    tensor,
    0,
    elementCount(tensor.dims),
    (values, first) => {
      const clean = scanner.scan(values, first);
      finite &&= clean;
    },
    scanner.multipleOf,
  );
  const scales = peaks.map((peak) => (peak < smallestPeak ? scaleOfZeros : peak / largestInteger));
  return { ...layout, scales, finite };
}

interface Scanner {
  /** Stretches are whole multiples of this many elements. */
  readonly multipleOf: number;
  /** Raises the peaks by one stretch; false when an element is not finite. */
  readonly scan: (values: Float32Array, first: number) => boolean;
}

/** [K, N]: the channel changes with every element; pairs are rows 2k and 2k + 1, and a last odd row stands alone. */
function scanColumns(peaks: Float32Array, range: WeightRange): Scanner {
  const channels = peaks.length;
  const scan = (values: Float32Array): boolean => {
    const paired = range === 'pairs' ? values.length - (values.length % (2 * channels)) : 0;
    let poison = 0; // x × 0 is NaN exactly when x is NaN or infinite
    for (let row = 0; row < paired; row += 2 * channels) {
      for (let channel = 0; channel < channels; channel++) {
        const first = values[row + channel] ?? 0;
        const second = values[row + channels + channel] ?? 0;
        let peak = Math.abs(first);
        const other = Math.abs(second);
        if (other > peak) peak = other;
        // Two weights of one sign sum to more than either; those of different signs never do. Rounding adds at most 1 to 127.
        const sum = Math.abs(first + second);
        if (sum > peak) peak = sum;
        if (peak > (peaks[channel] ?? 0)) peaks[channel] = peak;
        poison += (first + second) * 0;
      }
    }
    for (let row = paired; row < values.length; row += channels) {
      for (let channel = 0; channel < channels; channel++) {
        const value = values[row + channel] ?? 0;
        const peak = Math.abs(value);
        if (peak > (peaks[channel] ?? 0)) peaks[channel] = peak;
        poison += value * 0;
      }
    }
    return poison === 0;
  };
  return { multipleOf: 2 * channels, scan };
}

/**
 * [M, C, …]: a channel's weights lie together. The int8 kernel multiplies them position by position with the input channels
 * innermost, so pairs are channels 2c and 2c + 1 of one position; with an odd number of channels the parity changes from
 * position to position, and every two neighbours count.
 */
function scanRows(dims: readonly number[], peaks: Float32Array, paired: boolean): Scanner {
  const inner = elementCount(dims.slice(1));
  const inputChannels = dims[1] ?? 1;
  const positions = elementCount(dims.slice(2));
  const shifting = inputChannels % 2 === 1 && positions > 1;
  const scan = (values: Float32Array, first: number): boolean => {
    let poison = 0;
    for (let start = 0; start < values.length; start += inner) {
      const channel = Math.floor((first + start) / inner) % peaks.length;
      let peak = peaks[channel] ?? 0;
      for (let i = start; i < start + inner; i++) {
        const value = values[i] ?? 0;
        const magnitude = value < 0 ? -value : value;
        if (magnitude > peak) peak = magnitude;
        poison += value * 0;
      }
      peaks[channel] = peak;
      for (let c = 0; paired && c + 1 < inputChannels; c += shifting ? 1 : 2)
        for (let position = 0; position < positions; position++) raise(peaks, channel, (values[start + c * positions + position] ?? 0) + (values[start + (c + 1) * positions + position] ?? 0));
      for (let position = 0; paired && shifting && position + 1 < positions; position++) raise(peaks, channel, (values[start + (inputChannels - 1) * positions + position] ?? 0) + (values[start + position + 1] ?? 0));
    }
    return poison === 0;
  };
  return { multipleOf: Math.max(1, inner), scan };
}

/** See the sums in {@link scanColumns}. */
function raise(peaks: Float32Array, channel: number, sum: number): void {
  const magnitude = sum < 0 ? -sum : sum;
  if (magnitude > (peaks[channel] ?? 0)) peaks[channel] = magnitude;
}
