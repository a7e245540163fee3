// Packed weights as they are written: the same read whole or in pieces, across stretches of rows, from files beside the model.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readOnnxModel } from '../../../src/formats/onnx/read';
import { writeOnnxModel } from '../../../src/formats/onnx/write';
import { emptyGrid, fitRows, nearestCodes } from '../../../src/techniques/rounding/grid';
import { fromRows, readRows, rowLayout, rowsAtOnce } from '../../../src/techniques/rounding/rows';
import { PackedSource, packRows } from '../../../src/techniques/weightOnly/packed';
import { type Tensor, tensorFromArray } from '../../../src/tensor/tensor';
import { contextFor, stopWorkbench } from '../quantize/support';
import { quantizeWeights } from '../../../src/techniques/weightOnly/weightOnly';
import { decibelsBetween, initializer, only, productModel, stopRunner } from './support';

afterAll(async () => {
  stopWorkbench();
  await stopRunner();
});

function weightOf(dims: readonly number[]): Tensor {
  const values = new Float32Array(dims.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) values[i] = (((i * 7919) % 1009) - 504) * (1 + (i % 7));
  return tensorFromArray('w', 'float32', dims, values);
}

describe('rows of a weight', () => {
  it('are every element of one index on their axis, and go back to where they were', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }), fc.nat(), (dims, pick) => {
        const axis = pick % dims.length;
        const weight = weightOf(dims);
        const layout = rowLayout(weight, axis);
        const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
        const values = new Float32Array(weight.source.read().slice().buffer);
        const expected = Array.from({ length: layout.rows }, (_, row) => [...values].filter((_value, i) => Math.floor(i / inner) % layout.rows === row)).flat();
        expect([...readRows(weight, layout, 0, layout.rows)]).toEqual(expected);
        for (let row = 0; row < layout.rows; row++) expect([...readRows(weight, layout, row, 1)]).toEqual(expected.slice(row * layout.size, (row + 1) * layout.size));
        const numbers = Int16Array.from(values, (_, i) => i);
        const rows = Int16Array.from({ length: numbers.length }, (_, at) => [...numbers].filter((_value, i) => Math.floor(i / inner) % layout.rows === Math.floor(at / layout.size))[at % layout.size] ?? -1);
        expect(fromRows(rows, layout)).toEqual(numbers);
      }),
    );
  });
});

describe('a packed weight', () => {
  it('is the same read whole or in any pieces', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom(0, 1), fc.constantFrom(2, 4, 8), fc.integer({ min: 1, max: 40 }), (a, b, axis, bits, piece) => {
        const weight = weightOf([a, b]);
        const layout = rowLayout(weight, axis);
        const settings = { bits, blockSize: 16, symmetric: true };
        const grid = emptyGrid(layout, settings);
        fitRows(readRows(weight, layout, 0, layout.rows), 0, layout.size, grid, settings);
        const source = new PackedSource(weight, layout, grid, { bits, width: 16 });
        const whole = source.read();
        const pieces: number[] = [];
        for (let offset = 0; offset < whole.length; offset += piece) pieces.push(...source.read(offset, Math.min(piece, whole.length - offset)));
        expect(pieces).toEqual([...whole]);
      }),
    );
  });

  it('goes on from stretch to stretch of a weight that is not read at once', () => {
    for (const axis of [0, 1]) {
      const weight = weightOf([2100, 2300]);
      const layout = rowLayout(weight, axis);
      expect(rowsAtOnce(layout)).toBeLessThan(layout.rows);
      const settings = { bits: 4, blockSize: 128, symmetric: true };
      const grid = emptyGrid(layout, settings);
      const all = readRows(weight, layout, 0, layout.rows);
      fitRows(all, 0, layout.size, grid, settings);
      const row = { bits: 4 as const, width: grid.blocks * 128 };
      const expected = packRows(nearestCodes(all, 0, layout.size, grid), layout.size, row);
      expect(Buffer.compare(new PackedSource(weight, layout, grid, row).read(), expected)).toBe(0);
    }
  });

  it('is made from weights that lie in a file beside the model', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lathe-packed-'));
    try {
      const source = productModel({ rows: [2], k: 64, n: 40 });
      await writeOnnxModel(source, join(folder, 'source.onnx'), { externalData: 'always' });
      const opened = readOnnxModel(join(folder, 'source.onnx'));
      const options = quantizeWeights.options.parse({});
      const [inside, outside] = [await quantizeWeights.apply(source, options, await contextFor(source)), await quantizeWeights.apply(opened, options, await contextFor(source))];
      await writeOnnxModel(outside.model, join(folder, 'new.onnx'));
      const written = readOnnxModel(join(folder, 'new.onnx'));
      const bytes = (model: typeof written): Uint8Array | undefined => initializer(model, only(model, 'MatMulNBits').inputs[1])?.source.read();
      expect(bytes(written)).toEqual(bytes(inside.model));
      expect(await decibelsBetween(inside.model, written)).toBe(Number.POSITIVE_INFINITY);
      for (const model of [opened, written]) model.dispose();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
