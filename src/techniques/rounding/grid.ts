// The grid a weight is rounded to: scales and zero points per row or block, from the range, or clipped where that loses least.
import { type RoundingGrid, roundingConstant } from './round';
import type { RowLayout } from './rows';

export interface GridSettings {
  readonly bits: number;
  /** Weights of a row that share a scale; absent: the whole row. */
  readonly blockSize?: number;
  /** The zero point is the middle, 2^(bits − 1); else one is chosen for each block. */
  readonly symmetric: boolean;
  /** Scales may be negative: the range of the integers reaches one step further at one end, and this puts the largest weight there. */
  readonly mirrored?: boolean;
  /** Try smaller ranges too, and keep the one with the least squared error. */
  readonly clip?: boolean;
}

/** A grid of integers 0 … 2^bits − 1. */
export interface FittedGrid extends RoundingGrid {
  readonly zeroPoints: Uint8Array;
  readonly bits: number;
  /** Scales per row. */
  readonly blocks: number;
}

/** A block of zeros (or of weights so small that 1/scale would overflow) still needs a scale that can be divided by. */
const scaleOfZeros = 1;
const smallestPeak = 1e-30;

/**
 * Shares of the full range that clipping tries. With few levels the rare large weights cost most by stretching the range; with
 * 2 bits the best range is often near half (for Gaussian and Laplacian weights: Banner et al. 2019, arXiv:1810.05723).
 */
const clippedShares = (bits: number): readonly number[] => (bits <= 3 ? [1.3, 0.85, 0.72, 0.6, 0.5, 0.4] : bits <= 5 ? [1.07, 0.93, 0.86, 0.79] : [0.97, 0.94, 0.9]);

export function emptyGrid({ rows, size }: RowLayout, { bits, blockSize = size, symmetric }: GridSettings): FittedGrid {
  const width = Math.max(1, blockSize);
  const blocks = Math.max(1, Math.ceil(size / width));
  return { bits, blocks, lowest: 0, highest: 2 ** bits - 1, blockSize: width, scales: new Float32Array(rows * blocks).fill(scaleOfZeros), zeroPoints: new Uint8Array(rows * blocks).fill(symmetric ? 2 ** (bits - 1) : 0) };
}

/**
 * Fills the scales and zero points of some rows.
 * @param values [count, K], rows `first` … of the weight.
 * @param importance What an error costs by column: the diagonal of the Hessian; equal where absent. Counts in clipping only.
 * @returns false where an element is NaN or infinite.
 */
export function fitRows(values: Float32Array, first: number, size: number, grid: FittedGrid, settings: GridSettings, importance?: ArrayLike<number>): boolean {
  let poison = 0; // x × 0 is NaN exactly when x is NaN or infinite
  const fitter = new BlockFitter(grid, settings, importance);
  for (let row = 0; row * size < values.length; row++)
    for (let block = 0; block < grid.blocks; block++) {
      const from = row * size + block * grid.blockSize;
      poison += fitter.fit(values, from, Math.min(from + grid.blockSize, (row + 1) * size), block * grid.blockSize, (first + row) * grid.blocks + block);
    }
  return poison === 0;
}

class BlockFitter {
  private readonly shares: readonly number[];
  private readonly half: number;
  private readonly highest: number;
  private readonly symmetric: boolean;
  private readonly mirrored: boolean;

  constructor(
    private readonly grid: FittedGrid,
    settings: GridSettings,
    private readonly importance: ArrayLike<number> | undefined,
  ) {
    const shares = settings.clip === true ? clippedShares(grid.bits) : [];
    this.symmetric = settings.symmetric;
    this.mirrored = settings.mirrored === true;
    this.half = 2 ** (grid.bits - 1);
    this.highest = grid.highest;
    // With few levels the step more at one end is half the range: both ends are tried for it.
    this.shares = this.symmetric && this.mirrored && grid.bits <= 3 ? [...shares, ...shares.map((share) => -share)] : shares;
  }

  /** Fits elements from … to; `column` is the first's. Returns 0, or NaN where one is not finite. */
  fit(values: Float32Array, from: number, to: number, column: number, at: number): number {
    let low = 0;
    let high = 0;
    let poison = 0;
    for (let i = from; i < to; i++) {
      const value = values[i] ?? 0;
      if (value < low) low = value;
      if (value > high) high = value;
      poison += value * 0;
    }
    if (high - low < smallestPeak || poison !== 0) return poison;
    let scale = this.scaleOf(low, high);
    let zeroPoint = this.zeroPointOf(low, scale);
    if (this.shares.length > 0) {
      let least = this.error(values, from, to, column, scale, zeroPoint);
      const whole = scale;
      for (const share of this.shares) {
        const narrowed = Math.fround(whole * share);
        const middle = this.zeroPointOf(low * share, narrowed);
        const error = this.error(values, from, to, column, narrowed, middle);
        if (error >= least) continue;
        least = error;
        scale = narrowed;
        zeroPoint = middle;
      }
    }
    this.grid.scales[at] = scale;
    this.grid.zeroPoints[at] = zeroPoint;
    return 0;
  }

  /** The scale at which the integers reach over the whole range. */
  private scaleOf(low: number, high: number): number {
    if (!this.symmetric) return Math.fround((high - low) / this.highest);
    const peak = high > -low ? high : -low;
    // They reach from −half to half − 1: a negative scale puts the largest weight at −half where it is positive.
    if (!this.mirrored) return Math.fround(peak / (this.half - 1));
    return Math.fround((high > -low ? -peak : peak) / this.half);
  }

  private zeroPointOf(low: number, scale: number): number {
    return this.symmetric ? this.half : Math.min(this.highest, Math.max(0, Math.round(-low / scale)));
  }

  /** Squared error of the elements on a grid. */
  private error(values: Float32Array, from: number, to: number, column: number, scale: number, zeroPoint: number): number {
    const inverse = 1 / scale;
    const top = this.highest - zeroPoint;
    const { importance } = this;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const value = values[i] ?? 0;
      let step = value * inverse;
      step = step < -zeroPoint ? -zeroPoint : step > top ? top : step;
      const error = value - (step + roundingConstant - roundingConstant) * scale;
      sum += importance === undefined ? error * error : error * error * (importance[column + i - from] ?? 0);
    }
    return sum;
  }
}

/** The integers [count, K] nearest to some rows of a weight, `first` … of the grid. */
export function nearestCodes(values: Float32Array, first: number, size: number, grid: FittedGrid): Uint8Array {
  const { scales, zeroPoints, highest, blockSize, blocks } = grid;
  const out = new Uint8Array(values.length);
  for (let row = 0; row * size < values.length; row++)
    for (let block = 0; block < blocks; block++) {
      const at = (first + row) * blocks + block;
      const inverse = 1 / (scales[at] ?? 1);
      const shifted = (zeroPoints[at] ?? 0) + 0.5;
      const from = row * size + block * blockSize;
      const to = Math.min(from + blockSize, (row + 1) * size);
      for (let i = from; i < to; i++) {
        const code = (values[i] ?? 0) * inverse + shifted;
        out[i] = code < 0.5 ? 0 : code > highest ? highest : code;
      }
    }
  return out;
}
