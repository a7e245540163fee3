// Rounding with second-order information: the same integers as the published algorithm, and never worse for going on.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RoundingGrid, roundToNearest, roundWithHessian } from '../../../src/techniques/rounding/round';

type Matrix = readonly (readonly number[])[];

const cell = (matrix: Matrix, row: number, column: number): number => matrix[row]?.[column] ?? Number.NaN;

/** XᵀX of seeded samples whose columns are correlated. */
function hessianOf(size: number, samples: number, seed: number): Float64Array {
  const x = Array.from({ length: samples }, (_, row) => Array.from({ length: size }, (_, k) => Math.sin(seed + row * 12.9898 + k * 78.233) + 0.8 * Math.sin(seed * 3 + row * 4.1) * (1 + (k % 3))));
  const out = new Float64Array(size * size);
  for (let a = 0; a < size; a++) for (let b = 0; b < size; b++) out[a * size + b] = x.reduce((sum, row) => sum + (row[a] ?? 0) * (row[b] ?? 0), 0);
  return out;
}

function weights(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 12.345) * (1 + (i % 5) / 4));
}

/** Gauss–Jordan, on matrices small enough for it. */
function inverse(matrix: Matrix): number[][] {
  const size = matrix.length;
  const work = matrix.map((row, i) => [...row, ...Array.from({ length: size }, (_, j) => (i === j ? 1 : 0))]);
  for (let i = 0; i < size; i++) {
    const pivot = work.slice(i).reduce((best, row, at) => (Math.abs(row[i] ?? 0) > Math.abs(cell(work, best, i)) ? at + i : best), i);
    const [a, b] = [work[i] ?? [], work[pivot] ?? []];
    [work[i], work[pivot]] = [b.map((value) => value / (b[i] ?? 1)), pivot === i ? (work[i] ?? []) : a];
    if (pivot === i) work[i] = a.map((value) => value / (a[i] ?? 1));
    const row = work[i] ?? [];
    for (let j = 0; j < size; j++) if (j !== i) work[j] = (work[j] ?? []).map((value, k) => value - cell(work, j, i) * (row[k] ?? 0));
  }
  return work.map((row) => row.slice(size));
}

/** Upper Cholesky factor U with A = UᵀU. */
function upperCholesky(matrix: Matrix): number[][] {
  const size = matrix.length;
  const upper = matrix.map((row) => row.map(() => 0));
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++) {
      let sum = cell(matrix, i, j);
      for (let k = 0; k < i; k++) sum -= cell(upper, k, i) * cell(upper, k, j);
      const row = upper[i] ?? [];
      row[j] = j === i ? Math.sqrt(sum) : sum / (row[i] ?? 1);
    }
  return upper;
}

/**
 * Algorithm 1 of Frantar et al. 2022 (arXiv:2210.17323) without its batching, with `act_order` and 1 % damping: columns by falling
 * diagonal, the error of each divided by the diagonal of the inverse's factor and taken from those that follow.
 */
function published(weight: readonly number[], hessian: Float64Array, size: number, quantize: (value: number, column: number) => number): number[] {
  const diagonal = Array.from({ length: size }, (_, i) => hessian[i * size + i] ?? 0);
  const damp = (0.01 * diagonal.reduce((a, b) => a + b, 0)) / size;
  const order = diagonal.map((_, i) => i).sort((a, b) => (diagonal[b] ?? 0) - (diagonal[a] ?? 0));
  const damped = order.map((i) => order.map((j) => (hessian[i * size + j] ?? 0) + (i === j ? damp : 0)));
  const factor = upperCholesky(inverse(damped));
  const w = order.map((i) => weight[i] ?? 0);
  const out: number[] = [];
  for (let i = 0; i < size; i++) {
    const column = order[i] ?? 0;
    const q = quantize(w[i] ?? 0, column);
    out[column] = q;
    const error = ((w[i] ?? 0) - q) / cell(factor, i, i);
    for (let j = i; j < size; j++) w[j] = (w[j] ?? 0) - error * cell(factor, i, j);
  }
  return out;
}

function costOf(weight: ArrayLike<number>, integers: ArrayLike<number>, hessian: Float64Array, grid: RoundingGrid, size: number): number {
  const blocks = Math.ceil(size / grid.blockSize);
  const rows = weight.length / size;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const error = Array.from({ length: size }, (_, k) => {
      const block = row * blocks + Math.floor(k / grid.blockSize);
      return (weight[row * size + k] ?? 0) - ((integers[row * size + k] ?? 0) - (grid.zeroPoints?.[block] ?? 0)) * (grid.scales[block] ?? 1);
    });
    for (let a = 0; a < size; a++) for (let b = 0; b < size; b++) sum += (error[a] ?? 0) * (hessian[a * size + b] ?? 0) * (error[b] ?? 0);
  }
  return sum;
}

const grid = (bits: number, scales: readonly number[], blockSize = 1e9, zeroPoints?: Uint8Array): RoundingGrid => ({
  lowest: zeroPoints === undefined ? -(2 ** (bits - 1)) : 0,
  highest: zeroPoints === undefined ? 2 ** (bits - 1) - 1 : 2 ** bits - 1,
  blockSize,
  scales: Float32Array.from(scales),
  ...(zeroPoints === undefined ? {} : { zeroPoints }),
});

describe('rounding with a Hessian', () => {
  it('gives the integers of the published GPTQ, for one scale per row and for blocks, with and without zero points', () => {
    for (const size of [5, 8, 12])
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const hessian = hessianOf(size, 40, seed);
        const weight = weights(3 * size, seed);
        const scale = [0.21, 0.34, 0.27];
        const perRow = grid(4, scale);
        const found = roundWithHessian({ weight, hessian, grid: perRow, sweeps: 0 });
        const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
        for (let row = 0; row < 3; row++) {
          const s = Math.fround(scale[row] ?? 1);
          const expected = published([...weight.subarray(row * size, (row + 1) * size)], hessian, size, (value) => s * clamp(Math.round(value / s), -8, 7));
          expect([...found.subarray(row * size, (row + 1) * size)].map((integer) => integer * s + 0)).toEqual(expected.map((value) => value + 0));
        }
        const blocks = Math.ceil(size / 4);
        const scales = Array.from({ length: 3 * blocks }, (_, i) => 0.2 + (i % 4) / 20);
        const zeroPoints = Uint8Array.from({ length: 3 * blocks }, (_, i) => 5 + (i % 5));
        const blocked = grid(4, scales, 4, zeroPoints);
        const byBlock = roundWithHessian({ weight, hessian, grid: blocked, sweeps: 0 });
        for (let row = 0; row < 3; row++) {
          const at = (column: number): number => row * blocks + Math.floor(column / 4);
          const s = (column: number): number => blocked.scales[at(column)] ?? 1;
          const z = (column: number): number => zeroPoints[at(column)] ?? 0;
          const expected = published([...weight.subarray(row * size, (row + 1) * size)], hessian, size, (value, column) => s(column) * (clamp(Math.round(value / s(column)) + z(column), 0, 15) - z(column)));
          expect([...byBlock.subarray(row * size, (row + 1) * size)].map((integer, column) => s(column) * (integer - z(column)) + 0)).toEqual(expected.map((value) => value + 0));
        }
      }
  });

  it('only lowers the error by going on with coordinate descent, to where no single weight can do better', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 1000 }), fc.constantFrom(2, 3, 4, 8), (size, samples, seed, bits) => {
        const hessian = hessianOf(size, samples, seed);
        const weight = weights(2 * size, seed);
        const rule = grid(bits, [1.5 / 2 ** (bits - 1), 1.7 / 2 ** (bits - 1)]);
        const cost = (sweeps: number): number => costOf(weight, roundWithHessian({ weight, hessian, grid: rule, sweeps }), hessian, rule, size);
        const [start, refined] = [cost(0), cost(50)];
        expect(refined).toBeLessThanOrEqual(start * (1 + 1e-9) + 1e-9);
        const integers = roundWithHessian({ weight, hessian, grid: rule, sweeps: 50 });
        for (let k = 0; k < weight.length; k++)
          for (const step of [-1, 1]) {
            const moved = Int16Array.from(integers);
            moved[k] = (moved[k] ?? 0) + step;
            if ((moved[k] ?? 0) < rule.lowest || (moved[k] ?? 0) > rule.highest) continue;
            expect(costOf(weight, moved, hessian, rule, size)).toBeGreaterThanOrEqual(refined - Math.abs(refined) * 1e-9 - 1e-9);
          }
      }),
      { numRuns: 60 },
    );
  });

  it('comes close to the best of all roundings, where all can be tried', () => {
    const size = 6;
    let [ours, best, nearest] = [0, 0, 0];
    for (let seed = 1; seed <= 20; seed++) {
      const hessian = hessianOf(size, 30, seed);
      const weight = weights(size, seed);
      const rule = grid(2, [1]);
      const cost = (integers: ArrayLike<number>): number => costOf(weight, integers, hessian, rule, size);
      let least = Number.POSITIVE_INFINITY;
      for (let code = 0; code < 4 ** size; code++) least = Math.min(least, cost(Int16Array.from({ length: size }, (_, k) => (Math.floor(code / 4 ** k) % 4) - 2)));
      ours += cost(roundWithHessian({ weight, hessian, grid: rule }));
      nearest += cost(roundToNearest({ weight, grid: rule }, size));
      best += least;
    }
    // What the nearest loses against the best shrinks to a quarter at most.
    expect(ours - best).toBeLessThan(0.25 * (nearest - best));
  });

  it('rounds to the nearest where the inputs say nothing: no samples, or numbers that are none', () => {
    const weight = weights(24, 3);
    const rule = grid(4, [0.3, 0.3]);
    const expected = roundToNearest({ weight, grid: rule }, 12);
    expect(roundWithHessian({ weight, grid: rule, hessian: new Float64Array(144) })).toEqual(expected);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) expect(roundWithHessian({ weight, grid: rule, hessian: new Float64Array(144).fill(bad) })).toEqual(expected);
  });

  it('leaves weights whose input is always zero at their nearest', () => {
    const size = 8;
    const hessian = hessianOf(size, 30, 9);
    for (let i = 0; i < size; i++) hessian[3 * size + i] = hessian[i * size + 3] = 0;
    const weight = weights(size, 9);
    const rule = grid(4, [0.3]);
    expect(roundWithHessian({ weight, hessian, grid: rule })[3]).toBe(roundToNearest({ weight, grid: rule }, size)[3]);
  });
});
