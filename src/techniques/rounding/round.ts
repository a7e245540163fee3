// Rounds a layer's weights to a grid so that its outputs change least on what it was calibrated with: GPTQ, then coordinate descent.
import { factorHessian, type HessianFactor } from './hessianFactor';

/** The numbers a weight may take: scale × (integer − zero point), the integers from `lowest` to `highest`. */
export interface RoundingGrid {
  readonly lowest: number;
  readonly highest: number;
  /** Consecutive weights of a row that share a scale; K or more: one scale per row. */
  readonly blockSize: number;
  /** [rows, ⌈K / blockSize⌉]; not zero, any sign. */
  readonly scales: Float32Array;
  /** Like `scales`; all zero where absent. */
  readonly zeroPoints?: Uint8Array;
}

export interface RoundingRequest {
  /** [rows, K]: one row per output channel. Not changed. */
  readonly weight: Float32Array;
  readonly grid: RoundingGrid;
}

export interface HessianRoundingRequest extends RoundingRequest {
  /** XᵀX [K, K] of the layer's inputs, both halves filled. Layers that share it should pass the same array: it is factored once. */
  readonly hessian: Float64Array;
  /** Rounds of coordinate descent behind GPTQ; each lowers the error or leaves it. */
  readonly sweeps?: number;
}

/** Rows rounded together: they fit the cache, and the factor is read once for all of them. */
const rowsTogether = 16;
const usualSweeps = 3;

/** Integers [rows, K] of a weight, each rounded to the nearest of the grid (ties to even). */
export function roundToNearest({ weight, grid }: RoundingRequest, size: number): Int16Array {
  const out = new Int16Array(weight.length);
  const blocks = blocksOf(grid, size);
  for (let row = 0; row * size < weight.length; row++) for (let k = 0; k < size; k++) out[row * size + k] = nearest(weight[row * size + k] ?? 0, grid, row * blocks + Math.floor(k / grid.blockSize));
  return out;
}

/**
 * Integers [rows, K] that keep (w − ŵ)ᵀ H (w − ŵ) small for every row: GPTQ (Frantar et al. 2022, arXiv:2210.17323, with the
 * order of its `act_order`). It is computed as Babai's nearest plane in the basis R of H = RᵀR, which gives the same integers
 * (Chen et al. 2025, arXiv:2507.18553) and needs no inverse: from the last weight to the first,
 * ŵᵢ = round(wᵢ + Σ_{j>i} Rᵢⱼ (wⱼ − ŵⱼ) / Rᵢᵢ). Then coordinate descent on the integers (as Nair and Suggala 2024, arXiv:2406.17542).
 * A Hessian that is not finite is left out of account: every weight goes to the nearest.
 */
export function roundWithHessian(request: HessianRoundingRequest): Int16Array {
  const size = Math.round(Math.sqrt(request.hessian.length));
  const factor = factorHessian(request.hessian, size);
  if (factor === undefined) return roundToNearest(request, size);
  const out = new Int16Array(request.weight.length);
  const rows = size === 0 ? 0 : request.weight.length / size;
  for (let first = 0; first < rows; first += rowsTogether) {
    const batch = new Batch(request, size, first, Math.min(rows, first + rowsTogether), out);
    batch.nearestPlane(factor);
    for (let sweep = 0; sweep < (request.sweeps ?? usualSweeps); sweep++) if (!batch.descend()) break;
  }
  return out;
}

function blocksOf(grid: RoundingGrid, size: number): number {
  return Math.ceil(size / grid.blockSize);
}

/** 1.5 · 2^52: adding and taking it away rounds a float64 to the nearest integer, ties to even. */
export const roundingConstant = 6755399441055744;

function nearest(value: number, grid: RoundingGrid, block: number): number {
  const integer = value / (grid.scales[block] ?? 1) + roundingConstant - roundingConstant + (grid.zeroPoints?.[block] ?? 0);
  return integer < grid.lowest ? grid.lowest : integer > grid.highest ? grid.highest : integer;
}

/** Some rows of a weight while they are rounded. */
class Batch {
  /** w − ŵ, [rows, K]; of the factor's order in `nearestPlane`, of the weight's own in `descend`. */
  private readonly error: Float64Array;
  private gradient: Float64Array | undefined;
  private readonly blocks: number;

  constructor(
    private readonly request: HessianRoundingRequest,
    private readonly size: number,
    private readonly first: number,
    private readonly last: number,
    private readonly out: Int16Array,
  ) {
    this.error = new Float64Array((last - first) * size);
    this.blocks = blocksOf(request.grid, size);
  }

  nearestPlane({ order, upper }: HessianFactor): void {
    const { request, size, error } = this;
    for (let i = size - 1; i >= 0; i--) {
      const column = order[i] ?? 0;
      const start = i * size;
      const pivot = upper[start + i] ?? 1;
      for (let row = this.first; row < this.last; row++) {
        const base = (row - this.first) * size;
        let carried = 0;
        for (let j = i + 1; j < size; j++) carried += (upper[start + j] ?? 0) * (error[base + j] ?? 0);
        const at = row * size + column;
        const weight = request.weight[at] ?? 0;
        error[base + i] = weight - this.choose(at, row, column, weight + carried / pivot);
      }
    }
    for (let row = this.first; row < this.last; row++) {
      const base = (row - this.first) * size;
      const own = error.slice(base, base + size);
      for (let i = 0; i < size; i++) error[base + (order[i] ?? 0)] = own[i] ?? 0;
    }
  }

  /** Writes the integer nearest to `target` and returns the number it stands for. */
  private choose(at: number, row: number, column: number, target: number): number {
    const { grid } = this.request;
    const block = row * this.blocks + Math.floor(column / grid.blockSize);
    const integer = nearest(target, grid, block);
    this.out[at] = integer;
    return (integer - (grid.zeroPoints?.[block] ?? 0)) * (grid.scales[block] ?? 1);
  }

  /** One pass over all weights, each moved to the integer that is best while all others stand; false when none moved. */
  descend(): boolean {
    const { request, size, error } = this;
    const { hessian } = request;
    const gradient = (this.gradient ??= this.products());
    let moved = false;
    for (let row = this.first; row < this.last; row++) {
      const base = (row - this.first) * size;
      for (let k = 0; k < size; k++) {
        const curvature = hessian[k * size + k] ?? 0;
        if (!(curvature > 0)) continue;
        const at = row * size + k;
        const before = (request.weight[at] ?? 0) - (error[base + k] ?? 0);
        const old = this.out[at] ?? 0;
        const now = this.choose(at, row, k, before + (gradient[base + k] ?? 0) / curvature);
        if (this.out[at] === old) continue;
        moved = true;
        const change = before - now;
        error[base + k] = (error[base + k] ?? 0) + change;
        for (let j = 0; j < size; j++) gradient[base + j] = (gradient[base + j] ?? 0) + change * (hessian[k * size + j] ?? 0);
      }
    }
    return moved;
  }

  /** H (w − ŵ) of each row. */
  private products(): Float64Array {
    const { size, error } = this;
    const { hessian } = this.request;
    const out = new Float64Array(error.length);
    for (let k = 0; k < size; k++) {
      for (let base = 0; base < error.length; base += size) {
        const factor = error[base + k] ?? 0;
        for (let j = 0; j < size; j++) out[base + j] = (out[base + j] ?? 0) + factor * (hessian[k * size + j] ?? 0);
      }
    }
    return out;
  }
}
