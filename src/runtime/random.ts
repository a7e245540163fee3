// Seeded random numbers: the same seed gives the same rounds, intervals and inputs on every machine.

/** splitmix32 (Steele et al. 2014, 32-bit finalizer of MurmurHash3): small, fast, passes the usual tests; not for secrets. */
export class SeededRandom {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  private word(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    let hash = this.state ^ (this.state >>> 16);
    hash = Math.imul(hash, 0x21f0aaad);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x735a2d97);
    return (hash ^ (hash >>> 15)) >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.word() / 2 ** 32;
  }

  /** Uniform in 0 … bound − 1. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }
}
