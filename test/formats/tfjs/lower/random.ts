// Numbers that look random and are the same every time.

/** Numbers in [0, 1) by xorshift32 (Marsaglia, Xorshift RNGs, 2003). */
export function seededRandom(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
