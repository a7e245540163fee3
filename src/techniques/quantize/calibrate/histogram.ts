// A histogram of fixed size whose range grows with the data, so that activations are counted as they come: no second pass, no memory per sample.

/** Bins on each side of zero. Between 2048 and 4096 of them hold the larger side: TensorRT takes 2048 for a whole distribution. */
export const binsPerSide = 4096;

/**
 * Counts over −2^k … 2^k in equal bins. A value beyond doubles the range as often as needed and merges neighbouring bins: their
 * edges nest, so that nothing is counted in two places. Zeros are counted apart: they have an integer of their own, whatever the scale.
 */
export class Histogram {
  /** `counts[binsPerSide + i]` is of values from i to i + 1 times {@link binWidth}. */
  readonly counts = new Float64Array(2 * binsPerSide);
  zeros = 0;
  /** NaN and infinite values. */
  notFinite = 0;
  private exponent: number | undefined;

  /** Width of a bin; 1 while only zeros were seen. */
  get binWidth(): number {
    return this.exponent === undefined ? 1 : 2 ** this.exponent / binsPerSide;
  }

  /** Values counted, zeros among them. */
  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, this.zeros);
  }

  add(values: Float32Array): void {
    let largest = 0;
    let poison = 0; // x × 0 is NaN exactly when x is NaN or infinite
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      const magnitude = value < 0 ? -value : value;
      if (magnitude > largest) largest = magnitude;
      poison += value * 0;
    }
    if (poison === 0) this.count(values, largest);
    else {
      const finite = values.filter(Number.isFinite);
      this.notFinite += values.length - finite.length;
      this.add(finite);
    }
  }

  private count(values: Float32Array, largest: number): void {
    this.grow(largest);
    const { counts } = this;
    const perUnit = 1 / this.binWidth;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      if (value === 0) this.zeros++;
      else {
        const bin = binsPerSide + Math.floor(value * perUnit);
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
    }
  }

  /** Widens the range until `magnitude` lies inside it. */
  private grow(magnitude: number): void {
    if (magnitude === 0) return;
    let needed = Math.floor(Math.log2(magnitude)) + 1;
    if (magnitude >= 2 ** needed) needed++; // log2 rounds
    if (this.exponent !== undefined && needed <= this.exponent) return;
    if (this.exponent !== undefined) this.merge(2 ** (needed - this.exponent));
    this.exponent = needed;
  }

  /** Makes one bin of every `factor` bins. */
  private merge(factor: number): void {
    const before = this.counts.slice();
    this.counts.fill(0);
    before.forEach((count, i) => {
      const bin = binsPerSide + Math.floor((i - binsPerSide) / factor);
      this.counts[bin] = (this.counts[bin] ?? 0) + count;
    });
  }
}
