// Embeddings in few bits: the kernel looks up what its specification says is stored.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/graph/builder';
import type { Model } from '../../../src/graph/model';
import { intAttribute } from '../../../src/graph/traverse';
import { assertValid } from '../../../src/graph/verify';
import { toFloat32Array } from '../../../src/tensor/decode';
import { unpackBits } from '../../../src/tensor/packing';
import { float32Tensor, int64Tensor } from '../../../src/tensor/tensor';
import { contextFor, stopWorkbench } from '../quantize/support';
import { initializer, only, quantize } from './support';

afterAll(stopWorkbench);

function tableModel(rows: number, width: number, table?: ArrayLike<number>, axis = 0): Model {
  const builder = new GraphBuilder('table', { seed: width, opset: 13 });
  const root = builder.module('');
  const ids = builder.input('ids', 'int64', [2, 3]);
  const data = table === undefined ? root.weight('table', [rows, width], { standardDeviation: 0.3 }) : builder.initializer(float32Tensor('table', [rows, width], table));
  builder.output(root.node('Gather', [data, ids], { axis }), 'float32', axis === 0 ? [2, 3, width] : [rows, 2, 3], 'y');
  return builder.build();
}

/**
 * The table of a GatherBlockQuantized node by its specification (onnxruntime, ContribOperators.md): uint8 data hold 8 / bits
 * elements each along the last axis, the first in the low bits; the zero point is 2^(bits − 1) where none is given.
 */
function storedTable(model: Model, rows: number, width: number): Float32Array {
  const node = only(model, 'GatherBlockQuantized');
  const [bits, block] = [intAttribute(node, 'bits', 0), intAttribute(node, 'block_size', 0)];
  const blocks = Math.ceil(width / block);
  const unpack = (bytes: Uint8Array, count: number): number[] => (bits === 8 ? [...bytes] : [...unpackBits(bytes, count, bits === 4 ? 4 : 2, false)]);
  const data = unpack(initializer(model, node.inputs[0])?.source.read() ?? new Uint8Array(0), rows * width);
  const scales = toFloat32Array(initializer(model, node.inputs[2]) ?? float32Tensor('', [0], []));
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const zeros = initializer(model, node.inputs[3])?.source.read();
  const zeroAt = (row: number, at: number): number => (zeros === undefined ? 2 ** (bits - 1) : (unpack(zeros.subarray(row * zeroBytes, (row + 1) * zeroBytes), blocks)[at] ?? 0));
  return Float32Array.from(data, (code, i) => {
    const [row, at] = [Math.floor(i / width), Math.floor((i % width) / block)];
    return Math.fround((code - zeroAt(row, at)) * (scales[row * blocks + at] ?? 0));
  });
}

const ids = [0, 5, 3, -1, 4, 5];

describe('an embedding', () => {
  it.each([2, 4, 8])('in %i bits gives the rows it stores, to the bit', async (bits) => {
    for (const width of [32, 40, 12])
      for (const symmetric of [true, false]) {
        const source = tableModel(6, width);
        const { model, notes } = await quantize(source, { bits, symmetric, blockSize: 16 });
        assertValid(model);
        expect(notes[0]).toMatch(/^1 embeddings to/);
        const context = await contextFor(source);
        const feeds = new Map([['ids', int64Tensor('ids', [2, 3], ids)]]);
        const found = (await context.runModel(model, feeds, ['y'])).get('y');
        const table = storedTable(model, 6, width);
        const expected = ids.flatMap((id) => [...table.subarray(((id + 6) % 6) * width, (((id + 6) % 6) + 1) * width)]);
        expect(found === undefined ? [] : [...toFloat32Array(found)]).toEqual(expected);
      }
  }, 60_000);

  it('stays float where its rows are no whole bytes, along another axis, or where that is asked', async () => {
    expect((await quantize(tableModel(6, 33))).kept).toEqual([{ layer: '/Gather', reason: 'a row of 33 weights of 4 bits is no whole number of bytes' }]);
    expect((await quantize(tableModel(6, 32, undefined, 1))).unchanged).toBe(true);
    expect((await quantize(tableModel(6, 32), { embeddings: false })).unchanged).toBe(true);
    const bad = Float32Array.from({ length: 192 }, (_, i) => (i === 100 ? Number.NaN : 1));
    expect((await quantize(tableModel(6, 32, bad))).kept).toEqual([{ layer: '/Gather', reason: 'its weights hold NaN or infinite values' }]);
  });
});
