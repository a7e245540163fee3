// Rounds one layer's whole weight by its Hessians: rows in, rows out, each group of a convolution by its own.
import type { LayerHessian } from './collect';
import { roundToNearest, roundWithHessian, type RoundingGrid } from './round';

/** Integers [rows, K] of a weight's rows; without a Hessian each to the nearest. */
export function roundRows(rows: Float32Array, grid: RoundingGrid, size: number, hessian: LayerHessian | undefined): Int16Array {
  if (hessian === undefined) return roundToNearest({ weight: rows, grid }, size);
  const count = hessian.groups.length;
  const perGroup = rows.length / size / count;
  const blocks = Math.ceil(size / grid.blockSize);
  const out = new Int16Array(rows.length);
  for (const [group, matrix] of hessian.groups.entries()) {
    const [first, last] = [group * perGroup, (group + 1) * perGroup];
    const part: RoundingGrid = {
      ...grid,
      scales: grid.scales.subarray(first * blocks, last * blocks),
      ...(grid.zeroPoints === undefined ? {} : { zeroPoints: grid.zeroPoints.subarray(first * blocks, last * blocks) }),
    };
    out.set(roundWithHessian({ weight: rows.subarray(first * size, last * size), hessian: matrix, grid: part }), first * size);
  }
  return out;
}
