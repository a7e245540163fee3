// Int8 weights: equal to the runtime's own rounding, equal however they are read, and safe from saturation.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { attributes, makeGraph, makeModel, makeNode, tensorValue } from '../../../src/graph/construct';
import { scanChannelScales } from '../../../src/techniques/quantize/channelScales';
import { quantizedWeight, transposedBytes } from '../../../src/techniques/quantize/quantizedWeight';
import { float32Tensor, type Tensor, tensorFromArray } from '../../../src/tensor/tensor';
import { contextFor, smallNetwork, stopWorkbench } from './support';

afterAll(stopWorkbench);

const int8 = (tensor: Tensor): Int8Array => new Int8Array(tensor.source.read().slice().buffer);

function noise(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 12.9898) * (1 + (i % 7)));
}

describe('an int8 weight', () => {
  it('equals what the runtime makes of it by QuantizeLinear, save for ties', async () => {
    const weight = float32Tensor('w', [16, 8, 3, 3], noise(16 * 72, 1));
    const scales = scanChannelScales(weight, 0, 'full');
    const graph = makeGraph('quantize', {
      inputs: [tensorValue('w', 'float32', [16, 8, 3, 3])],
      outputs: [tensorValue('q', 'int8', [16, 8, 3, 3])],
      initializers: new Map([
        ['s', tensorFromArray('s', 'float32', [16], scales.scales)],
        ['z', tensorFromArray('z', 'int8', [16], new Int8Array(16))],
      ]),
      nodes: [makeNode({ opType: 'QuantizeLinear', inputs: ['w', 's', 'z'], outputs: ['q'], attributes: attributes({ axis: 0 }) })],
    });
    const context = await contextFor(smallNetwork());
    const results = await context.runModel(makeModel(graph, { opsetImports: new Map([['', 13]]) }), new Map([['w', weight]]), ['q']);
    const expected = results.get('q');
    const ours = int8(quantizedWeight('q', weight, scales));
    const theirs = expected === undefined ? new Int8Array(0) : int8(expected);
    expect(theirs).toHaveLength(ours.length);
    const differing = ours.filter((value, i) => value !== theirs[i]);
    expect(differing.length / ours.length).toBeLessThan(0.005);
  });

  it('is the same read whole or in any pieces', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom(0, 1), fc.integer({ min: 1, max: 40 }), (rows, columns, axis, piece) => {
        const weight = float32Tensor('w', [rows, columns], noise(rows * columns, rows));
        const tensor = quantizedWeight('q', weight, scanChannelScales(weight, axis, 'full'));
        const whole = tensor.source.read();
        const pieces: number[] = [];
        for (let offset = 0; offset < whole.length; offset += piece) pieces.push(...tensor.source.read(offset, Math.min(piece, whole.length - offset)));
        expect(pieces).toEqual([...whole]);
      }),
    );
  });

  it('is transposed by exchanging rows and columns', () => {
    const tensor = transposedBytes(tensorFromArray('w', 'int8', [2, 3], Int8Array.of(1, 2, 3, 4, 5, 6)));
    expect(tensor.dims).toEqual([3, 2]);
    expect([...int8(tensor)]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it('never lets two products that are added in 16 bits overflow, where the kernels saturate', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 24, maxLength: 24 }), fc.constantFrom([4, 6], [4, 3, 2], [2, 3, 4], [2, 2, 6], [4, 1, 6]), (values, dims) => {
        const weight = float32Tensor('w', dims, values);
        const [channels = 1, inputs = 1, positions = 1] = dims;
        const integers = int8(quantizedWeight('q', weight, scanChannelScales(weight, 0, 'pairs')));
        for (let channel = 0; channel < channels; channel++) {
          // The order in which the kernel multiplies: position by position, input channels innermost.
          const order = Array.from({ length: inputs * positions }, (_, k) => integers[channel * inputs * positions + (k % inputs) * positions + Math.floor(k / inputs)] ?? 0);
          for (let k = 0; k + 1 < order.length; k += 2) expect(255 * Math.abs((order[k] ?? 0) + (order[k + 1] ?? 0))).toBeLessThanOrEqual(32767);
        }
      }),
    );
  });

  it('keeps the same promise by columns', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 21, maxLength: 21 }), (values) => {
        const weight = float32Tensor('w', [7, 3], values);
        const integers = int8(quantizedWeight('q', weight, scanChannelScales(weight, 1, 'pairs')));
        for (let column = 0; column < 3; column++) for (let k = 0; k + 1 < 7; k += 2) expect(255 * Math.abs((integers[k * 3 + column] ?? 0) + (integers[(k + 1) * 3 + column] ?? 0))).toBeLessThanOrEqual(32767);
      }),
    );
  });

  it('reports NaN and infinity', () => {
    for (const bad of [NaN, Infinity, -Infinity]) for (const axis of [0, 1]) expect(scanChannelScales(float32Tensor('w', [2, 2], [1, 2, bad, 3]), axis, 'full').finite).toBe(false);
  });
});
