// Random weights that need no memory: any element can be computed from the seed and its index, so a file of any size streams out.
import { packedByteLength } from './elementType';
import { type Tensor, type TensorSource, elementCount } from './tensor';

export interface Distribution {
  readonly mean?: number;
  readonly standardDeviation?: number;
}

/** Standard deviation of the sum of four independent bytes and one uniform jitter of width 1. */
const sumDeviation = Math.sqrt((4 * (256 ** 2 - 1)) / 12 + 1 / 12);
const sumMean = 510;

/** The 32-bit finalizer of MurmurHash3 (Appleby, public domain): each input bit flips each output bit with probability ½. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Odd, near 2³²/φ: neighbouring indices land far apart (Knuth, The Art of Computer Programming 6.4). */
const golden = 0x9e3779b1;

/** Elements `first` … of the standard sequence of `seed`: mean 0, deviation 1, bell-shaped (Irwin–Hall of four), within ±3.5. */
function fillNormal(values: Float32Array, first: number, seed: number, mean: number, deviation: number): void {
  const scale = deviation / sumDeviation;
  for (let i = 0; i < values.length; i++) {
    const hash = mix(Math.imul(first + i, golden) + seed);
    const sum = (hash & 255) + ((hash >>> 8) & 255) + ((hash >>> 16) & 255) + (hash >>> 24);
    const jitter = Math.imul(hash, golden) / 2 ** 32;
    values[i] = mean + scale * (sum - sumMean + jitter);
  }
}

/** A 32-bit seed from a base seed and a name, so that each weight has a sequence of its own. */
export function seedOf(base: number, name: string): number {
  let hash = mix(base);
  for (let i = 0; i < name.length; i++) hash = mix(hash ^ name.charCodeAt(i));
  return hash;
}

/** Float32 elements computed when they are read. */
class SeededSource implements TensorSource {
  readonly byteLength: number;

  constructor(
    count: number,
    private readonly seed: number,
    private readonly mean: number,
    private readonly deviation: number,
  ) {
    this.byteLength = packedByteLength('float32', count);
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    const first = Math.floor(offset / 4);
    const last = Math.ceil((offset + length) / 4);
    const values = new Float32Array(last - first);
    fillNormal(values, first, this.seed, this.mean, this.deviation);
    return new Uint8Array(values.buffer, offset - first * 4, length);
  }
}

/** A float32 tensor of seeded random numbers (mean 0, deviation 1 by default) that takes no memory until it is read. */
export function seededTensor(name: string, dims: readonly number[], seed: number, distribution: Distribution = {}): Tensor {
  const { mean = 0, standardDeviation = 1 } = distribution;
  return { name, elementType: 'float32', dims, source: new SeededSource(elementCount(dims), seedOf(seed, name), mean, standardDeviation) };
}
