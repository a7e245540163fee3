// What ONNX can say survives reading and writing; protobufjs is the judge.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import { readOnnxBytes, readOnnxModel } from '../../src/formats/onnx/read';
import { readTensorBytes, encodeTensorFile } from '../../src/formats/onnx/tensorFile';
import { encodeOnnxModel, writeOnnxModel } from '../../src/formats/onnx/write';
import { decodeText, encodeText } from '../../src/formats/onnx/utf8';
import { type Tensor, type TensorSource, float32Tensor, int64Tensor } from '../../src/tensor/tensor';
import { arbitraryModel } from '../support/arbitraryModel';
import { asyncRefusal, modelBytes, temporaryFolder } from '../support/models';
import { canonicalModel, decodeProto, encodeProto } from '../support/onnxProto';

describe('a model', () => {
  it('means the same to protobufjs after reading and writing, whatever it says', () => {
    fc.assert(
      fc.property(arbitraryModel, (plain) => {
        const bytes = encodeProto('ModelProto', plain);
        const written = encodeOnnxModel(readOnnxBytes(bytes));
        expect(canonicalModel(written)).toEqual(canonicalModel(bytes));
        expect(Buffer.compare(encodeOnnxModel(readOnnxBytes(written)), written)).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  it('read from a file through the window is the one read from memory', () => {
    fc.assert(
      fc.property(arbitraryModel, (plain) => {
        const bytes = encodeProto('ModelProto', plain);
        const path = join(temporaryFolder(), 'm.onnx');
        writeFileSync(path, bytes);
        const read = readOnnxModel(path);
        expect(Buffer.compare(encodeOnnxModel(read), encodeOnnxModel(readOnnxBytes(bytes)))).toBe(0);
        read.dispose();
      }),
      { numRuns: 60 },
    );
  });

  it('keeps lists that are not packed', () => {
    const unpacked = Uint8Array.from([0x0a, 1, 0x61, 0xa0, 1, 7, 0x40, 5, 0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    const node = [0x0a, 1, 0x78, 0x12, 1, 0x79, 0x2a, unpacked.length, ...unpacked];
    const bytes = Uint8Array.from([0x08, 8, 0x3a, node.length + 2, 0x0a, node.length, ...node]);
    expect(readOnnxBytes(bytes).graph.nodes[0]?.attributes.get('a')).toEqual({ type: 'ints', value: [5, -1] });
  });

  it('keeps integers beyond 2^53 exactly', () => {
    const bytes = modelBytes({ node: [{ op_type: 'Relu', input: ['x'], output: ['y'], attribute: [{ name: 'a', type: 7, ints: ['9223372036854775807', '-9223372036854775808', '9007199254740991', '-9007199254740992'] }] }] });
    const read = readOnnxBytes(bytes);
    expect(read.graph.nodes[0]?.attributes.get('a')).toEqual({ type: 'ints', value: [9223372036854775807n, -9223372036854775808n, 9007199254740991, -9007199254740992n] });
    expect(canonicalModel(encodeOnnxModel(read))).toEqual(canonicalModel(bytes));
  });
});

describe('text', () => {
  it('of any bytes at all is written back byte for byte', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => Buffer.compare(encodeText(decodeText(bytes)), bytes) === 0));
  });

  it('that is UTF-8 is what TextDecoder says it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (string) => decodeText(new TextEncoder().encode(string)) === string));
  });
});

describe('origins', () => {
  it('of nodes that came from others are kept in the file, and those of unchanged nodes are not written', () => {
    const read = readOnnxBytes(modelBytes());
    const [node] = read.graph.nodes;
    expect(node?.origin).toEqual(['relu']);
    expect(Buffer.from(encodeOnnxModel(read)).includes('lathe.origin')).toBe(false);
    if (node !== undefined) node.origin = ['conv1', 'bn1'];
    const again = readOnnxBytes(encodeOnnxModel(read)).graph.nodes[0];
    expect(again?.origin).toEqual(['conv1', 'bn1']);
    expect(again?.metadata).toEqual([]);
  });

  it('that are no list of strings stay plain metadata', () => {
    const node = [{ op_type: 'Relu', name: 'relu', input: ['x'], output: ['y'], metadata_props: [{ key: 'lathe.origin', value: '{"a":1}' }] }];
    const read = readOnnxBytes(modelBytes({ node })).graph.nodes[0];
    expect(read?.origin).toEqual(['relu']);
    expect(read?.metadata).toEqual([['lathe.origin', '{"a":1}']]);
  });
});

describe('a tensor in a file of its own', () => {
  it('is read and written as protobufjs does', () => {
    const bytes = encodeProto('TensorProto', { name: 't', data_type: 1, dims: [2], raw_data: new Uint8Array(Float32Array.of(1, 2).buffer) });
    const read = readTensorBytes(bytes);
    expect(read).toMatchObject({ name: 't', elementType: 'float32', dims: [2] });
    expect(decodeProto('TensorProto', encodeTensorFile(read))).toEqual(decodeProto('TensorProto', bytes));
  });
});

/** Bytes that take no memory until they are read. */
class Zeros implements TensorSource {
  constructor(readonly byteLength: number) {}
  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    return new Uint8Array(length);
  }
}

function modelWith(tensors: readonly Tensor[]): ReturnType<typeof makeModel> {
  const made = makeGraph('g', { inputs: [tensorValue('x', 'float32', [1])], outputs: [tensorValue('y', 'float32', [1])], nodes: [makeNode({ opType: 'Relu', inputs: ['x'], outputs: ['y'] })] });
  for (const each of tensors) made.initializers.set(each.name, each);
  return makeModel(made);
}

describe('external data', () => {
  it('is used on its own from 2 GiB on, for large tensors only, and refused where told never', async () => {
    const large = (key: string): Tensor => ({ name: key, elementType: 'uint8', dims: [3 * 2 ** 29], source: new Zeros(3 * 2 ** 29) });
    const made = modelWith([large('a'), int64Tensor('shape', [2], [1, -1]), large('b')]);
    const written = new Map<string, number>();
    let biggest = 0;
    const path = join(temporaryFolder(), 'm.onnx');
    const result = await writeOnnxModel(made, path, {
      openOutput: async (file) => {
        await Promise.resolve();
        return {
          write: async (bytes, _, length) => {
            biggest = Math.max(biggest, bytes.byteLength);
            written.set(file, (written.get(file) ?? 0) + length);
            return await Promise.resolve({ bytesWritten: length });
          },
          sync: () => Promise.resolve(),
          close: () => Promise.resolve(),
        };
      },
    });
    expect(result.files).toEqual([`${path}.data`, path]);
    expect(written.get(`${path}.data`)).toBe(3 * 2 ** 30);
    expect(written.get(path)).toBeLessThan(1000);
    expect(biggest).toBeLessThanOrEqual(8 * 2 ** 20);
    expect(await asyncRefusal(() => writeOnnxModel(made, path, { externalData: 'never' }))).toMatchObject({ code: 'unsupported', hint: 'Write it with external data.' });
  });

  it('starts at pages for large tensors, shares the place of shared bytes, and stays external when written again', async () => {
    const weight = float32Tensor('a', [2 ** 18], new Float32Array(2 ** 18).fill(2));
    const made = modelWith([float32Tensor('first', [300], new Float32Array(300).fill(1)), weight, { ...weight, name: 'b' }, int64Tensor('shape', [1], [3])]);
    const folder = temporaryFolder();
    const path = join(folder, 'm.onnx');
    await writeOnnxModel(made, path, { externalData: 'always' });
    const read = readOnnxModel(path);
    const place = (key: string): unknown => read.graph.initializers.get(key)?.source.location;
    expect(place('first')).toEqual({ path: `${path}.data`, offset: 0 });
    expect(place('a')).toEqual({ path: `${path}.data`, offset: 4096 });
    expect(place('b')).toEqual(place('a'));
    expect(read.graph.initializers.get('shape')?.storage).toBe('raw');
    const copy = join(folder, 'copy.onnx');
    await writeOnnxModel(read, copy);
    expect(readFileSync(`${copy}.data`).equals(readFileSync(`${path}.data`))).toBe(true);
    expect(statSync(copy).size).toBeLessThan(2000);
    read.dispose();
  });

  it('may be referred to where it lies', async () => {
    const path = join(temporaryFolder(), 'm.onnx');
    writeFileSync(join(path, '../w.bin'), new Uint8Array(Float32Array.of(7, 8, 9).buffer));
    await writeOnnxModel(modelWith([{ name: 'w', elementType: 'float32', dims: [2], source: new Zeros(8) }]), path, { inPlace: () => ({ location: 'w.bin', offset: 4 }) });
    const read = readOnnxModel(path);
    expect(new Float32Array((read.graph.initializers.get('w')?.source.read() ?? new Uint8Array(0)).buffer)).toEqual(Float32Array.of(8, 9));
    read.dispose();
  });
});
