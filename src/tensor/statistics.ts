// What a weight's numbers are like: range, moments, histogram, what int8 would lose; and a content hash to find duplicates. All streamed.
import type { WeightStatistics } from '../protocol/view';
import { LatheError } from '../base/errors';
import { forEachChunk } from './decode';
import { elementCount, MemorySource, readPart, type Tensor } from './tensor';

/** Bars of the histogram. */
const binCount = 64;
/** Stays in a core's own cache between being read and being hashed. */
const hashChunkBytes = 2 ** 18;
/** A fingerprint takes this much from so many places, evenly spread. */
const sampleBytes = 1024;
const samplePlaces = 8;

export interface StatisticsOptions {
  /** Axis of the output channels: then the int8 signal-to-noise ratio is computed too. */
  readonly channelAxis?: number;
}

interface Moments {
  min: number;
  max: number;
  sum: number;
  squares: number;
  finite: number;
  zeros: number;
  notFinite: number;
}

/**
 * Statistics over the finite elements, streamed in two passes (range and moments, then histogram); complex and string have none.
 * Of a tensor without a finite element, min, max, mean and deviation are 0.
 * @throws LatheError `unsupported` for string and complex tensors, `io` where the bytes cannot be read.
 */
export function weightStatistics(tensor: Tensor, options: StatisticsOptions = {}): WeightStatistics {
  const moments = weightMoments(tensor);
  const { min, max, zeros, notFinite, finite } = moments;
  const none = finite === 0;
  const mean = none ? 0 : moments.sum / finite;
  const variance = none ? 0 : Math.max(0, moments.squares / finite - mean * mean);
  const bins = none ? [] : histogram(tensor, min, max);
  const int8SqnrDb = options.channelAxis === undefined || none ? undefined : perChannelSqnr(tensor, options.channelAxis);
  return {
    min: none ? 0 : min,
    max: none ? 0 : max,
    mean,
    standardDeviation: Math.sqrt(variance),
    zeros,
    notFinite,
    bins,
    ...(int8SqnrDb === undefined ? {} : { int8SqnrDb }),
  };
}

/** One pass: range, sums, zeros and elements that are NaN or infinite. @throws as {@link weightStatistics}. */
export function weightMoments(tensor: Tensor): Moments {
  const result: Moments = { min: Infinity, max: -Infinity, sum: 0, squares: 0, finite: 0, zeros: 0, notFinite: 0 };
  forEachChunk(tensor, (chunk) => {
    const { notFinite, zeros } = exceptions(chunk);
    const finite = notFinite === 0 ? chunk : chunk.filter((value) => value - value === 0);
    // Math.min and Math.max compile to two instructions; comparing and branching takes five times as long.
    let { min, max } = result;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < finite.length; i++) {
      const value = finite[i] ?? 0;
      min = Math.min(min, value);
      max = Math.max(max, value);
      sum += value;
      squares += value * value;
    }
    result.min = min;
    result.max = max;
    result.sum += sum;
    result.squares += squares;
    result.zeros += zeros;
    result.notFinite += notFinite;
    result.finite += finite.length;
  });
  return result;
}

/** Number of NaN and infinite elements, one pass. @throws as {@link weightStatistics}. */
export function countNotFinite(tensor: Tensor): number {
  let count = 0;
  forEachChunk(tensor, (chunk) => {
    if (!allFinite(chunk)) count += notFiniteIn(chunk);
  });
  return count;
}

/** Zeros, and elements that are NaN or infinite: those have all eight exponent bits set. */
function exceptions(chunk: Float32Array): { notFinite: number; zeros: number } {
  const words = new Int32Array(chunk.buffer, chunk.byteOffset, chunk.length);
  // One bit tells whether a chunk has any at all, which it nearly never does.
  let carries = 0;
  let zeros = 0;
  for (let i = 0; i < words.length; i++) {
    const magnitude = (words[i] ?? 0) & 0x7fffffff;
    carries |= magnitude + 0x00800000;
    if (magnitude === 0) zeros++;
  }
  return { notFinite: carries >= 0 ? 0 : notFiniteIn(chunk), zeros };
}

/** True where every element is finite; four lanes, since this is what a whole model is searched with. */
function allFinite(chunk: Float32Array): boolean {
  const words = new Int32Array(chunk.buffer, chunk.byteOffset, chunk.length);
  const whole = words.length & ~3;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < whole; i += 4) {
    a |= ((words[i] ?? 0) & 0x7fffffff) + 0x00800000;
    b |= ((words[i + 1] ?? 0) & 0x7fffffff) + 0x00800000;
    c |= ((words[i + 2] ?? 0) & 0x7fffffff) + 0x00800000;
    d |= ((words[i + 3] ?? 0) & 0x7fffffff) + 0x00800000;
  }
  for (let i = whole; i < words.length; i++) a |= ((words[i] ?? 0) & 0x7fffffff) + 0x00800000;
  return (a | b | c | d) >= 0;
}

function notFiniteIn(chunk: Float32Array): number {
  return chunk.reduce((count, value) => (value - value === 0 ? count : count + 1), 0);
}

function histogram(tensor: Tensor, min: number, max: number): number[] {
  // Two tables in turn: neighbours often fall into one bin, and a count that was just written is slow to read.
  const even = new Int32Array(binCount + 1);
  const odd = new Int32Array(binCount + 1);
  const scale = max > min ? binCount / (max - min) : 0;
  forEachChunk(tensor, (chunk) => {
    const finite = allFinite(chunk) ? chunk : chunk.filter((value) => value - value === 0);
    for (let i = 0; i + 1 < finite.length; i += 2) {
      const first = (((finite[i] ?? 0) - min) * scale) | 0;
      const second = (((finite[i + 1] ?? 0) - min) * scale) | 0;
      even[first] = (even[first] ?? 0) + 1;
      odd[second] = (odd[second] ?? 0) + 1;
    }
    if (finite.length % 2 === 1) {
      const last = (((finite[finite.length - 1] ?? 0) - min) * scale) | 0;
      even[last] = (even[last] ?? 0) + 1;
    }
  });
  // The largest element falls just past the last bin.
  const counts = Array.from({ length: binCount + 1 }, (_, i) => (even[i] ?? 0) + (odd[i] ?? 0));
  const over = counts.pop() ?? 0;
  return counts.map((count, i) => (i === binCount - 1 ? count + over : count));
}

/**
 * Signal-to-quantization-noise ratio in dB, 10·log10(Σw² / Σ(w − q·s)²), of rounding to q ∈ [−127, 127] with
 * s = max|w| / 127 per channel. Undefined where nothing is lost.
 */
function perChannelSqnr(tensor: Tensor, axis: number): number | undefined {
  const { dims } = tensor;
  const channels = dims[axis];
  if (channels === undefined) throw new LatheError('internal', `Axis ${axis} of a tensor of rank ${dims.length}.`, { item: tensor.name });
  const inner = elementCount(dims.slice(axis + 1));
  const largest = new Float64Array(channels);
  const walk = (use: (value: number, channel: number) => void): void => {
    forEachChunk(tensor, (chunk, start) => {
      for (let i = 0; i < chunk.length; i++) {
        const value = chunk[i] ?? 0;
        if (value - value === 0) use(value, Math.floor((start + i) / inner) % channels);
      }
    });
  };
  walk((value, channel) => {
    const magnitude = Math.abs(value);
    if (magnitude > (largest[channel] ?? 0)) largest[channel] = magnitude;
  });
  let signal = 0;
  let noise = 0;
  walk((value, channel) => {
    const scale = (largest[channel] ?? 0) / 127;
    const error = scale === 0 ? 0 : value - Math.round(value / scale) * scale;
    signal += value * value;
    noise += error * error;
  });
  return noise === 0 ? undefined : 10 * Math.log10(signal / noise);
}

const prime1 = 0x9e3779b1;
const prime2 = 0x85ebca77;
const prime3 = 0xc2b2ae3d;

/**
 * A 128-bit hash of a tensor's type, shape and contents, as hex; streamed, some gigabytes a second. Equal tensors have
 * equal hashes; it is no defence against someone who wants them to collide, so what acts on it compares with {@link sameContent}.
 * Source of the mixing: xxHash32's accumulators (Y. Collet, xxHash specification).
 */
export function hashTensor(tensor: Tensor): string {
  const lanes = Int32Array.of(prime1 ^ prime2, prime2, 0, -prime1);
  if (tensor.strings !== undefined) for (const text of tensor.strings) absorbBytes(lanes, Buffer.concat([Buffer.from(`${text.byteLength}:`), text]));
  const { source } = tensor;
  const scratch = new Uint8Array(Math.min(hashChunkBytes, source.byteLength));
  for (let at = 0; at < source.byteLength; at += hashChunkBytes) absorbBytes(lanes, readPart(source, at, Math.min(hashChunkBytes, source.byteLength - at), scratch));
  absorbBytes(lanes, Buffer.from(`${tensor.elementType}[${tensor.dims.join(',')}]${source.byteLength}`));
  return [...lanes].map((_, i) => avalanche(lanes, i).toString(16).padStart(8, '0')).join('');
}

/**
 * A hash of a tensor's type, shape and of samples of its contents: reads a few kilobytes of a tensor of any size.
 * Tensors that differ in it are different; those that do not may still be.
 */
export function fingerprintTensor(tensor: Tensor): string {
  const { source } = tensor;
  if (source.byteLength <= sampleBytes * samplePlaces) return hashTensor(tensor);
  const step = Math.floor((source.byteLength - sampleBytes) / (samplePlaces - 1));
  const samples = Array.from({ length: samplePlaces }, (_, i) => source.read(i * step, sampleBytes));
  return hashTensor({ ...tensor, source: new MemorySource(Buffer.concat(samples)) });
}

/** Whole 16-byte blocks in four independent lanes, the rest padded with zeros. */
function absorbBytes(lanes: Int32Array, bytes: Uint8Array): void {
  const whole = bytes.byteLength >>> 4;
  const source = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Int32Array(source.buffer, source.byteOffset, whole * 4);
  let [a = 0, b = 0, c = 0, d = 0] = lanes;
  for (let i = 0; i < words.length; i += 4) {
    a = round(a, words[i] ?? 0);
    b = round(b, words[i + 1] ?? 0);
    c = round(c, words[i + 2] ?? 0);
    d = round(d, words[i + 3] ?? 0);
  }
  const rest = bytes.byteLength - whole * 16;
  if (rest > 0) {
    const tail = new Uint8Array(16);
    tail.set(bytes.subarray(whole * 16));
    const [e = 0, f = 0, g = 0, h = 0] = new Int32Array(tail.buffer);
    a = round(a, e ^ rest);
    b = round(b, f);
    c = round(c, g);
    d = round(d, h);
  }
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
}

function round(lane: number, word: number): number {
  const mixed = (lane + Math.imul(word, prime2)) | 0;
  return Math.imul((mixed << 13) | (mixed >>> 19), prime1);
}

/** One output word: every lane rotated in, then xxHash32's final mix. */
function avalanche(lanes: Int32Array, first: number): number {
  let hash = first + 1;
  for (let i = 0; i < 4; i++) {
    const lane = lanes[(first + i) % 4] ?? 0;
    const turn = [1, 7, 12, 18][i] ?? 0;
    hash = Math.imul(hash ^ ((lane << turn) | (lane >>> (32 - turn))), prime3);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 15), prime2);
  hash = Math.imul(hash ^ (hash >>> 13), prime3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** True where two tensors have the same type, shape and bytes; streamed. */
export function sameContent(a: Tensor, b: Tensor): boolean {
  if (a.elementType !== b.elementType || a.dims.length !== b.dims.length || a.dims.some((dim, i) => dim !== b.dims[i])) return false;
  if (a.strings !== undefined || b.strings !== undefined)
    return a.strings?.length === b.strings?.length && (a.strings ?? []).every((text, i) => Buffer.compare(text, b.strings?.[i] ?? new Uint8Array(0)) === 0);
  if (a.source === b.source) return true;
  const { byteLength } = a.source;
  if (byteLength !== b.source.byteLength) return false;
  const scratch = new Uint8Array(Math.min(hashChunkBytes, byteLength));
  const other = new Uint8Array(scratch.byteLength);
  for (let at = 0; at < byteLength; at += hashChunkBytes) {
    const length = Math.min(hashChunkBytes, byteLength - at);
    if (Buffer.compare(readPart(a.source, at, length, scratch), readPart(b.source, at, length, other)) !== 0) return false;
  }
  return true;
}
