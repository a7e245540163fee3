// The triangular factor of a layer's Hessian: what rounding one weight costs, and how the weights that follow make good for it.
/** The Hessian of a layer's squared output error in its weights, prepared for rounding. */
export interface HessianFactor {
  /** K: weights per row. */
  readonly size: number;
  /** Rounding goes from the last position to the first; position → column of the weight. The most important column comes last. */
  readonly order: Int32Array;
  /** R of H + λI = RᵀR in that order, upper triangular, K × K row by row. */
  readonly upper: Float64Array;
}

/** λ as a share of the mean of the diagonal (Frantar et al. 2022, arXiv:2210.17323, section 3.3): a Hessian from few samples is singular. */
const damping = 0.01;
/** Rows that are worked on while they stay in the cache. */
const panelRows = 32;
/** How often λ grows tenfold before the Hessian is taken for unusable. */
const attempts = 5;

const known = new WeakMap<Float64Array, HessianFactor>();

/**
 * Factors XᵀX [K, K] (both halves filled); asked again for the same array it answers from memory.
 * @returns undefined where an element is NaN or infinite, or no damping makes it positive definite.
 */
export function factorHessian(hessian: Float64Array, size: number): HessianFactor | undefined {
  const before = known.get(hessian);
  if (before !== undefined) return before;
  let trace = 0;
  let poison = 0; // x × 0 is NaN exactly when x is NaN or infinite
  for (let i = 0; i < size; i++) trace += hessian[i * size + i] ?? 0;
  for (const value of hessian) poison += value * 0;
  if (poison !== 0 || trace < 0) return undefined;
  const order = importanceOrder(hessian, size);
  const mean = trace > 0 ? trace / size : 1;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const upper = permuted(hessian, size, order, mean * damping * 10 ** attempt);
    if (!cholesky(upper, size)) continue;
    const factor = { size, order, upper };
    known.set(hessian, factor);
    return factor;
  }
  return undefined;
}

/** Columns by rising diagonal: those whose error costs most are rounded first, while all others can still make good for it. */
function importanceOrder(hessian: Float64Array, size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => i).sort((a, b) => (hessian[a * size + a] ?? 0) - (hessian[b * size + b] ?? 0));
}

function permuted(hessian: Float64Array, size: number, order: Int32Array, onDiagonal: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = (order[i] ?? 0) * size;
    for (let j = i; j < size; j++) out[i * size + j] = hessian[row + (order[j] ?? 0)] ?? 0;
    out[i * size + i] = (out[i * size + i] ?? 0) + onDiagonal;
  }
  return out;
}

/** Upper Cholesky factor in place (Golub and Van Loan, Matrix Computations, 4.2), panel by panel; false where a pivot is not positive. */
function cholesky(a: Float64Array, size: number): boolean {
  for (let top = 0; top < size; top += panelRows) {
    const bottom = Math.min(size, top + panelRows);
    for (let k = 0; k < top; k++) for (let i = top; i < bottom; i++) subtractRow(a, size, k, i);
    for (let i = top; i < bottom; i++) {
      for (let k = top; k < i; k++) subtractRow(a, size, k, i);
      const pivot = a[i * size + i] ?? 0;
      if (!(pivot > 0)) return false;
      const inverse = 1 / Math.sqrt(pivot);
      for (let j = i * size + i; j < (i + 1) * size; j++) a[j] = (a[j] ?? 0) * inverse;
    }
  }
  return true;
}

/** Row i less its share of the finished row k, from the diagonal on. */
function subtractRow(a: Float64Array, size: number, k: number, i: number): void {
  const factor = a[k * size + i] ?? 0;
  if (factor === 0) return;
  const shift = (k - i) * size;
  for (let j = i * size + i; j < (i + 1) * size; j++) a[j] = (a[j] ?? 0) - factor * (a[j + shift] ?? 0);
}
