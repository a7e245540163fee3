// Two different weights that share a hash, as someone could make them: the tensor hash is no defence against that.
import { type Tensor, tensorFromArray } from '../../src/tensor/tensor';

const prime1 = 0x9e3779b1;
const prime2 = 0x85ebca77;

/** One step of xxHash32's accumulator (Y. Collet, xxHash specification), which can be undone. */
function step(lane: number, word: number): number {
  const mixed = (lane + Math.imul(word, prime2)) | 0;
  return Math.imul((mixed << 13) | (mixed >>> 19), prime1);
}

/** The inverse of an odd number modulo 2³², by Newton's iteration. */
function inverse(odd: number): number {
  let result = 1;
  for (let i = 0; i < 6; i++) result = Math.imul(result, 2 - Math.imul(odd, result));
  return result;
}

/** The element in which the two differ (so does the one four after it). */
export const collidingElement = 400;

/** Two float32 vectors of 4,096 elements: element 400 differs, and the next of its lane is chosen so that the hash does not. */
export function collidingTensors(first: string, second: string): readonly [Tensor, Tensor] {
  const a = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i));
  const b = a.slice();
  const words = new Int32Array(a.buffer);
  const others = new Int32Array(b.buffer);
  let lane = (prime1 ^ prime2) | 0;
  for (let i = 0; i < collidingElement; i += 4) lane = step(lane, words[i] ?? 0);
  b[collidingElement] = 5;
  const left = step(lane, words[collidingElement] ?? 0);
  const right = step(lane, others[collidingElement] ?? 0);
  const next = collidingElement + 4;
  others[next] = Math.imul((left + Math.imul(words[next] ?? 0, prime2) - right) | 0, inverse(prime2));
  return [tensorFromArray(first, 'float32', [4096], a), tensorFromArray(second, 'float32', [4096], b)];
}
