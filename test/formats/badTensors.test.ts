// Bad input 13–20: shapes and tensor data that break the rules, each with its own words; and the odd cases that are allowed.
import { describe, expect, it } from 'vitest';
import { toFloat32Array, toIntegers } from '../../src/tensor/decode';
import { countNotFinite } from '../../src/tensor/statistics';
import { readOnnxBytes } from '../../src/formats/onnx/read';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { floatType, modelBytes, refusal, tensorModel } from '../support/models';

const bytes = (length: number): Uint8Array => new Uint8Array(length);

type Row = readonly [string, Record<string, unknown>, string];

const refused: readonly Row[] = [
  ['a negative dimension', { data_type: 1, dims: [-1, 3], raw_data: bytes(12) }, 'The tensor has the negative dimension -1.'],
  ['more than 2^53 elements', { data_type: 1, dims: [2 ** 30, 2 ** 30] }, 'The shape 1073741824×1073741824 has more than 2^53 elements or bytes.'],
  ['bytes beyond 2^53, though a zero makes it empty', { data_type: 11, dims: [2 ** 51, 0] }, 'The shape 2251799813685248×0 has more than 2^53 elements or bytes.'],
  ['a rank over 64', { data_type: 1, dims: new Array<number>(65).fill(1), raw_data: bytes(4) }, 'The tensor has rank 65; 64 is the most.'],
  ['raw data of the wrong length', { data_type: 1, dims: [4], raw_data: bytes(15) }, 'The float32 tensor needs 16 bytes for its 4 elements, but raw_data has 15.'],
  ['no data at all', { data_type: 1, dims: [4] }, 'The float32 tensor needs 16 bytes for its 4 elements, but raw_data has 0.'],
  ['too few floats', { data_type: 1, dims: [4], float_data: [1, 2, 3] }, 'The float32 tensor needs 16 bytes for its 4 elements, but float_data has 12.'],
  ['too few integers', { data_type: 7, dims: [4], int64_data: [1, 2, 3] }, 'The int64 tensor of 4 elements has 3 bytes of int64_data, which cannot be 4 values.'],
  ['too many integers', { data_type: 6, dims: [2], int32_data: [1, 2, 3] }, 'The int32 tensor of 2 elements has more values in int32_data than its shape holds.'],
  ['two data fields at once', { data_type: 1, dims: [1], float_data: [1], raw_data: bytes(4) }, 'The tensor has its data twice: in raw_data and in float_data.'],
  ['strings as raw data', { data_type: 8, dims: [1], raw_data: bytes(4) }, 'The string tensor has its data in raw_data; string_data is the field for it.'],
  ['too few strings', { data_type: 8, dims: [2], string_data: [bytes(1)] }, 'The string tensor has 1 strings for its 2 elements.'],
  ['floats in a field for integers', { data_type: 1, dims: [1], int32_data: [1] }, 'The float32 tensor has its data in int32_data; float_data is the field for it.'],
  ['an element type that is none', { data_type: 99, dims: [1], raw_data: bytes(4) }, "Element type 99 is not one of ONNX's."],
  ['no element type', { dims: [1], raw_data: bytes(4) }, 'The tensor has no element type.'],
  ['four-bit data a byte too long', { data_type: 22, dims: [3], raw_data: bytes(3) }, 'The int4 tensor needs 2 bytes for its 3 elements, but raw_data has 3.'],
];

describe('tensors', () => {
  it.each(refused)('with %s are refused by name', (_, tensor, message) => {
    expect(refusal(() => readOnnxBytes(tensorModel(tensor), 'bad.onnx'))).toMatchObject({ code: 'malformed', message, file: 'bad.onnx' });
  });

  it('are named in the error', () => {
    expect(refusal(() => readOnnxBytes(tensorModel({ data_type: 1, dims: [4], raw_data: bytes(15) })))).toMatchObject({ item: 'w' });
  });

  it('of an odd number of four-bit elements are read, and written back the same', () => {
    const model = readOnnxBytes(tensorModel({ data_type: 22, dims: [3], raw_data: Uint8Array.of(0x21, 0x0f) }));
    const tensor = model.graph.initializers.get('w');
    expect(tensor && toIntegers(tensor)).toEqual([1, 2, -1]);
    const again = readOnnxBytes(encodeOnnxModel(model)).graph.initializers.get('w');
    expect(again && toIntegers(again)).toEqual([1, 2, -1]);
  });

  it('without elements, and scalars, are read', () => {
    const empty = readOnnxBytes(tensorModel({ data_type: 1, dims: [0, 3] })).graph.initializers.get('w');
    expect(empty && toFloat32Array(empty)).toEqual(new Float32Array(0));
    const scalar = readOnnxBytes(tensorModel({ data_type: 1, float_data: [2.5] })).graph.initializers.get('w');
    expect(scalar && toFloat32Array(scalar)).toEqual(Float32Array.of(2.5));
  });

  it('with NaN or infinity are read, and the elements counted', () => {
    const tensor = readOnnxBytes(tensorModel({ data_type: 1, dims: [4], float_data: [NaN, 1, Infinity, -Infinity] })).graph.initializers.get('w');
    expect(tensor && countNotFinite(tensor)).toBe(3);
  });
});

describe('declared shapes', () => {
  it('with a negative dimension are refused, naming the value', () => {
    expect(refusal(() => readOnnxBytes(modelBytes({ input: [{ name: 'x', type: floatType(-1, 3) }] })))).toMatchObject({ code: 'malformed', message: 'A shape has the dimension -1.', item: 'x' });
  });

  it('of rank over 64 are refused, naming the value', () => {
    const shape = floatType(...new Array<number>(65).fill(1));
    expect(refusal(() => readOnnxBytes(modelBytes({ output: [{ name: 'y', type: shape }] })))).toMatchObject({ message: 'A shape has rank 65; 64 is the most.', item: 'y' });
  });
});

describe('sparse tensors', () => {
  const sparse = (indices: Record<string, unknown>, dims: readonly number[] = [2, 3]): Uint8Array =>
    modelBytes({ sparse_initializer: [{ values: { name: 's', data_type: 1, dims: [2], float_data: [5, 6] }, indices: { data_type: 7, ...indices }, dims }] });

  it('are read, linear indices or one per axis', () => {
    expect(readOnnxBytes(sparse({ dims: [2], int64_data: [1, 5] })).graph.sparseInitializers.get('s')?.dims).toEqual([2, 3]);
    expect(readOnnxBytes(sparse({ dims: [2, 2], int64_data: [0, 1, 1, 2] })).graph.sparseInitializers.get('s')?.dims).toEqual([2, 3]);
  });

  const rows: readonly Row[] = [
    ['an index out of range', { dims: [2], int64_data: [1, 6] }, "The sparse tensor's index 6 lies outside its shape 2×3."],
    ['a negative index', { dims: [2], int64_data: [-1, 2] }, "The sparse tensor's index -1 lies outside its shape 2×3."],
    ['an index out of range on an axis', { dims: [2, 2], int64_data: [0, 1, 1, 3] }, "The sparse tensor's index 3 on axis 1 lies outside its shape 2×3."],
    ['indices that do not ascend', { dims: [2], int64_data: [4, 4] }, "The sparse tensor's indices are not ascending: 4 follows 4."],
    ['too many indices', { dims: [3], int64_data: [0, 1, 2] }, "The sparse tensor's indices have shape 3; 2 or 2×2 is needed."],
  ];
  it.each(rows)('with %s are refused', (_, indices, message) => {
    expect(refusal(() => readOnnxBytes(sparse(indices)))).toMatchObject({ code: 'malformed', message, item: 's' });
  });
});
