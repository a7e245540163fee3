// Weights multiplied per channel, computed when they are read, so that folding a scale into 100 MB of weights costs no memory.
import { LatheError } from '../../base/errors';
import { MemorySource, type Tensor, type TensorSource, elementCount, tensorFromArray } from '../../tensor/tensor';

/** Element i of a tensor is multiplied by `factors[floor(i / inner) % factors.length]`. */
export interface ChannelFactors {
  readonly inner: number;
  readonly factors: Float64Array;
}

/** Below this many elements the product is computed at once. */
const lazyFrom = 1 << 14;

class ScaledSource implements TensorSource {
  readonly byteLength: number;
  constructor(
    readonly base: TensorSource,
    readonly patterns: readonly ChannelFactors[],
  ) {
    this.byteLength = base.byteLength;
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    const first = Math.floor(offset / 4);
    const last = Math.ceil((offset + length) / 4);
    const values = readFloats(this.base, first, last - first);
    this.multiply(values, first);
    return new Uint8Array(values.buffer, offset - first * 4, length);
  }

  private multiply(values: Float32Array, first: number): void {
    if (this.patterns.length === 1) {
      multiplyBy(values, first, this.patterns[0]);
      return;
    }
    const product = Float64Array.from(values);
    for (const pattern of this.patterns) multiplyBy(product, first, pattern);
    values.set(product);
  }
}

function multiplyBy(values: Float32Array | Float64Array, first: number, pattern: ChannelFactors | undefined): void {
  if (pattern === undefined) return;
  const { inner, factors } = pattern;
  for (let i = 0; i < values.length; ) {
    const at = first + i;
    const channel = Math.floor(at / inner);
    const factor = factors[channel % factors.length] ?? 1;
    const end = Math.min(values.length, i + (channel + 1) * inner - at);
    for (; i < end; i++) values[i] = (values[i] ?? 0) * factor;
  }
}

/** A fresh, aligned copy of `count` float32 elements from element `first`. */
function readFloats(source: TensorSource, first: number, count: number): Float32Array {
  const copy = new Uint8Array(count * 4);
  copy.set(source.read(first * 4, count * 4));
  return new Float32Array(copy.buffer);
}

/** The float32 tensor multiplied by channel factors; one rounding however many factors pile up. */
export function scaleTensor(tensor: Tensor, by: ChannelFactors): Tensor {
  if (tensor.elementType !== 'float32') throw new LatheError('internal', `Only float32 weights are scaled, not ${tensor.elementType}.`, { item: tensor.name });
  const base = tensor.source;
  const source = base instanceof ScaledSource ? new ScaledSource(base.base, join(base.patterns, by)) : new ScaledSource(base, [by]);
  return { name: tensor.name, elementType: 'float32', dims: tensor.dims, source: elementCount(tensor.dims) < lazyFrom ? new MemorySource(source.read()) : source };
}

function join(patterns: readonly ChannelFactors[], added: ChannelFactors): readonly ChannelFactors[] {
  const same = patterns.findIndex((pattern) => pattern.inner === added.inner && pattern.factors.length === added.factors.length);
  if (same < 0) return [...patterns, added];
  return patterns.map((pattern, i) => (i === same ? { inner: pattern.inner, factors: pattern.factors.map((factor, c) => factor * (added.factors[c] ?? 1)) } : pattern));
}

/** Elements read at a time: few enough to stay in the cache, many enough that reading is not the work. */
const chunkElements = 1 << 18;

/** Sum over the last `inner` elements of each of the tensor's rows: float32 `[rows, inner]` → rows. Read in chunks of whole rows. */
export function rowSums(tensor: Tensor, inner: number): Float64Array {
  const rows = elementCount(tensor.dims) / inner;
  const sums = new Float64Array(rows);
  const rowsPerChunk = Math.max(1, Math.floor(chunkElements / inner));
  for (let first = 0; first < rows; first += rowsPerChunk) {
    const count = Math.min(rowsPerChunk, rows - first);
    const values = readFloats(tensor.source, first * inner, count * inner);
    for (let row = 0, i = 0; row < count; row++) {
      let sum = 0;
      for (const end = i + inner; i < end; i++) sum += values[i] ?? 0;
      sums[first + row] = sum;
    }
  }
  return sums;
}

export function floatTensor(dims: readonly number[], values: Float64Array): Tensor {
  return tensorFromArray('', 'float32', dims, Float32Array.from(values));
}
