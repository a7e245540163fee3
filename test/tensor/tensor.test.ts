// Element types as numbers, packing, conversions, statistics and hashes. Values come from the formats' own specifications.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forEachChunk, toBigInts, toFloat32Array, toFloat64Array, toIntegers } from '../../src/tensor/decode';
import type { ElementType } from '../../src/tensor/elementType';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../../src/tensor/float16';
import { packBits, unpackBits } from '../../src/tensor/packing';
import { countNotFinite, fingerprintTensor, hashTensor, sameContent, weightStatistics } from '../../src/tensor/statistics';
import { float32Tensor, int64Tensor, MemorySource, type Tensor } from '../../src/tensor/tensor';

function tensor(elementType: ElementType, dims: readonly number[], bytes: readonly number[]): Tensor {
  return { name: 't', elementType, dims, source: new MemorySource(Uint8Array.from(bytes)) };
}

describe('element types', () => {
  // Bit patterns and values: IEEE 754 (float16), the bfloat16 definition, and the tables of ONNX's float8 and float4 pages.
  it.each<[ElementType, number[], number[]]>([
    ['float16', [0x00, 0x3c, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x80, 0x00, 0xfc], [1, 65504, 2 ** -24, -0, -Infinity]],
    ['bfloat16', [0x80, 0x3f, 0x7f, 0x7f, 0x80, 0xff], [1, 3.3895313892515355e38, -Infinity]],
    ['float8e4m3fn', [0x7e, 0x7f, 0x08, 0x01, 0x80, 0xfe], [448, NaN, 2 ** -6, 2 ** -9, -0, -448]],
    ['float8e4m3fnuz', [0x7f, 0x80, 0x08, 0x01], [240, NaN, 2 ** -7, 2 ** -10]],
    ['float8e5m2', [0x7b, 0x7c, 0x7d, 0x04, 0x01, 0xfc], [57344, Infinity, NaN, 2 ** -14, 2 ** -16, -Infinity]],
    ['float8e5m2fnuz', [0x7f, 0x80, 0x04, 0x01], [57344, NaN, 2 ** -15, 2 ** -17]],
    ['float8e8m0', [0x00, 0x7f, 0xfe, 0xff], [2 ** -127, 1, 2 ** 127, NaN]],
    ['float4e2m1', [0x10, 0x32, 0x54, 0x76, 0x98, 0xfe], [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -4, -6]],
    ['int4', [0x21, 0xf8], [1, 2, -8, -1]],
    ['uint4', [0x21, 0xf8], [1, 2, 8, 15]],
    ['int2', [0b11100100], [0, 1, -2, -1]],
    ['uint2', [0b11100100], [0, 1, 2, 3]],
    ['int16', [0xff, 0xff, 0x00, 0x80], [-1, -32768]],
    ['uint32', [0xff, 0xff, 0xff, 0xff], [4294967295]],
    ['int64', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0x80], [9007199254740991, -(2 ** 63)]],
    ['bool', [0, 1], [0, 1]],
  ])('%s is decoded as its specification says', (type, bytes, values) => {
    expect([...toFloat64Array(tensor(type, [values.length], bytes))]).toEqual(values);
  });

  it('float32 and float64 at odd addresses, in a Buffer, are read right', () => {
    const pool = Buffer.concat([Buffer.from([9]), Buffer.from(Float32Array.of(1.5, -2).buffer)]).subarray(1);
    expect([...toFloat32Array({ name: 't', elementType: 'float32', dims: [2], source: new MemorySource(pool) })]).toEqual([1.5, -2]);
  });

  it('int64 beyond 2^53 is exact as bigint and refused as an integer', () => {
    const big = tensor('int64', [1], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    expect(toBigInts(big)).toEqual([9223372036854775807n]);
    expect(() => toIntegers(big)).toThrow('is not an integer within ±2^53');
    expect(toIntegers(int64Tensor('t', [2], [-5, 7]))).toEqual([-5, 7]);
  });

  it('string and complex have no numbers', () => {
    expect(() => toFloat64Array(tensor('complex64', [1], [0, 0, 0, 0, 0, 0, 0, 0]))).toThrow('A complex64 tensor has no numbers to work with.');
  });

  it('come in chunks that together are the whole', () => {
    const packed = tensor('int4', [4001], Array.from({ length: 2001 }, (_, i) => (i * 37) % 256));
    const seen: number[] = [];
    forEachChunk(packed, (chunk, offset) => {
      expect(offset).toBe(seen.length);
      seen.push(...chunk);
    }, 1000);
    expect(seen).toEqual([...toFloat32Array(packed)]);
  });
});

describe('16-bit floats', () => {
  it('widen and narrow back to the same bits, all 65,536 of them (NaN stays NaN)', () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    for (const [widen, narrow] of [
      [float16ToFloat32, float32ToFloat16],
      [bfloat16ToFloat32, float32ToBfloat16],
    ] as const) {
      const wide = new Float32Array(65536);
      const back = new Uint16Array(65536);
      widen(bits, wide);
      narrow(wide, back);
      for (let i = 0; i < 65536; i++) if (!Number.isNaN(wide[i])) expect(back[i]).toBe(i);
      const again = new Float32Array(65536);
      widen(back, again);
      expect(again.map((value) => (Number.isNaN(value) ? 1 : 0))).toEqual(wide.map((value) => (Number.isNaN(value) ? 1 : 0)));
    }
  });

  it('round to the nearest, halves to even', () => {
    // Between 1 (0x3c00) and the next value 1 + 2^-10 (0x3c01); above 65504 half a step is infinity (IEEE 754).
    const cases = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20, 65519, 65520, -65520, 2 ** -25, 2 ** -24 * 1.5, 2 ** -14 - 2 ** -26];
    const half = new Uint16Array(cases.length);
    float32ToFloat16(Float32Array.from(cases), half);
    expect([...half]).toEqual([0x3c00, 0x3c02, 0x3c01, 0x7bff, 0x7c00, 0xfc00, 0x0000, 0x0002, 0x0400]);
  });
});

describe('packing', () => {
  it('gives back what was packed, of any length', () => {
    for (const [width, min, max, signed] of [
      [4, -8, 7, true],
      [4, 0, 15, false],
      [2, -2, 1, true],
      [2, 0, 3, false],
    ] as const)
      fc.assert(
        fc.property(fc.array(fc.integer({ min, max })), (values) => {
          const packed = packBits(values, width);
          expect(packed.length).toBe(Math.ceil((values.length * width) / 8));
          expect([...unpackBits(packed, values.length, width, signed)]).toEqual(values);
        }),
      );
  });
});

describe('statistics', () => {
  it('are those of the finite elements', () => {
    const statistics = weightStatistics(float32Tensor('w', [6], [-1, 0, 1, 2, NaN, Infinity]));
    expect(statistics).toMatchObject({ min: -1, max: 2, mean: 0.5, zeros: 1, notFinite: 2 });
    expect(statistics.standardDeviation).toBeCloseTo(Math.sqrt(1.25), 12);
    expect(statistics.bins.reduce((sum, count) => sum + count, 0)).toBe(4);
    expect(statistics.bins[0]).toBe(1);
    expect(statistics.bins.at(-1)).toBe(1);
  });

  it('of nothing, of one value and of NaN alone are defined', () => {
    expect(weightStatistics(float32Tensor('w', [0], []))).toMatchObject({ min: 0, max: 0, mean: 0, bins: [] });
    expect(weightStatistics(float32Tensor('w', [2], [3, 3])).bins[0]).toBe(2);
    expect(weightStatistics(float32Tensor('w', [1], [NaN]))).toMatchObject({ notFinite: 1, bins: [] });
  });

  it('hold whatever the values are: bins add up, range and mean as a plain loop finds them', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1, maxLength: 500, noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }), (values) => {
        const found = weightStatistics(float32Tensor('w', [values.length], values));
        expect(found.min).toBeCloseTo(Math.min(...values), 10);
        expect(found.max).toBeCloseTo(Math.max(...values), 10);
        expect(found.mean).toBeCloseTo(values.reduce((sum, each) => sum + each, 0) / values.length, 6);
        expect(found.bins.reduce((sum, count) => sum + count, 0)).toBe(values.length);
      }),
    );
  });

  it('say what int8 per channel loses: nothing on its own grid, 20·log10(SNR) dB off it', () => {
    expect(weightStatistics(float32Tensor('w', [2, 2], [127, 1, 254, 2]), { channelAxis: 0 }).int8SqnrDb).toBeUndefined();
    // Channel scale 1: 127 is exact, 0.5 rounds to 1 (error 0.5): 10·log10((127² + 0.25) / 0.25).
    expect(weightStatistics(float32Tensor('w', [1, 2], [127, 0.5]), { channelAxis: 0 }).int8SqnrDb).toBeCloseTo(10 * Math.log10((127 ** 2 + 0.25) / 0.25), 10);
  });

  it('count NaN and infinity in halves too', () => {
    expect(countNotFinite(tensor('float16', [3], [0x00, 0x7c, 0x01, 0x7e, 0xff, 0x7b]))).toBe(2);
  });
});

describe('hashes', () => {
  it('are equal for equal tensors, whatever their names, and tell one bit, shape or type apart', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (bytes, at) => {
        const made = tensor('uint8', [bytes.length], [...bytes]);
        expect(hashTensor({ ...made, name: 'other' })).toBe(hashTensor(made));
        const flipped = Uint8Array.from(bytes);
        flipped[at % bytes.length] = (flipped[at % bytes.length] ?? 0) ^ 1;
        const other = tensor('uint8', [bytes.length], [...flipped]);
        expect(hashTensor(other)).not.toBe(hashTensor(made));
        expect(sameContent(made, other)).toBe(false);
        expect(hashTensor({ ...made, dims: [1, bytes.length] })).not.toBe(hashTensor(made));
        expect(hashTensor({ ...made, elementType: 'int8' })).not.toBe(hashTensor(made));
      }),
    );
  });

  it('as fingerprints read only samples, and are equal for equal tensors', () => {
    const large = float32Tensor('w', [2 ** 16], Float32Array.from({ length: 2 ** 16 }, (_, i) => i));
    let read = 0;
    const counting = { byteLength: large.source.byteLength, read: (offset = 0, length = 0) => ((read += length), large.source.read(offset, length)) };
    expect(fingerprintTensor({ ...large, source: counting })).toBe(fingerprintTensor({ ...large, name: 'other' }));
    expect(read).toBeLessThan(10_000);
    expect(fingerprintTensor({ ...large, dims: [2 ** 8, 2 ** 8] })).not.toBe(fingerprintTensor(large));
  });

  it('do not collide over 100,000 small tensors', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 100_000; i++) seen.add(hashTensor(int64Tensor('t', [1], [i])));
    expect(seen.size).toBe(100_000);
  });

  it('of strings depend on where one ends', () => {
    const strings = (...texts: string[]): Tensor => ({ name: 't', elementType: 'string', dims: [texts.length], source: new MemorySource(new Uint8Array(0)), strings: texts.map((text) => Buffer.from(text)) });
    expect(hashTensor(strings('ab', 'c'))).not.toBe(hashTensor(strings('a', 'bc')));
    expect(sameContent(strings('ab', 'c'), strings('ab', 'c'))).toBe(true);
  });
});
