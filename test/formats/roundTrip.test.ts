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
import { asyncRefusal, modelBytes, temporaryFolder } from '../support/models';
import { canonicalModel, decodeProto, encodeProto } from '../support/onnxProto';

type Fields = Record<string, unknown>;

// ---- Arbitrary models, as plain objects of ONNX's messages ----
const name = fc.stringMatching(/^[a-z][a-z0-9_./]{0,12}$/);
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => value.toString());
const float = fc.float({ noNaN: true });
const entries = fc.array(fc.record({ key: text, value: text }), { maxLength: 2 });

const tensor: fc.Arbitrary<Fields> = fc.oneof(
  fc.array(float, { maxLength: 9 }).map((values) => ({ data_type: 1, dims: [values.length], float_data: values })),
  fc.array(int64, { maxLength: 9 }).map((values) => ({ data_type: 7, dims: [values.length], int64_data: values })),
  fc.array(fc.integer({ min: -128, max: 127 }), { maxLength: 9 }).map((values) => ({ data_type: 3, dims: [values.length], int32_data: values })),
  fc.array(fc.integer({ min: 0, max: 65535 }), { maxLength: 9 }).map((values) => ({ data_type: 10, dims: [values.length], int32_data: values })),
  fc.array(fc.double({ noNaN: true }), { maxLength: 9 }).map((values) => ({ data_type: 11, dims: [values.length], double_data: values })),
  fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 9 }).map((values) => ({ data_type: 13, dims: [values.length], uint64_data: values.map(String) })),
  fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 4 }).map((values) => ({ data_type: 8, dims: [values.length], string_data: values })),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ data_type: 2, dims: [bytes.length, 1], raw_data: bytes })),
  fc.tuple(fc.nat(9), fc.uint8Array({ minLength: 5, maxLength: 5 })).map(([count, bytes]) => ({ data_type: 22, dims: [count], raw_data: bytes.subarray(0, Math.ceil(count / 2)) })),
);

const dimension = fc.oneof(
  fc.nat().map((value): Fields => ({ dim_value: value })),
  name.map((param): Fields => ({ dim_param: param })),
  fc.constant<Fields>({}),
  fc.constant<Fields>({ dim_value: 3, denotation: 'DATA_CHANNEL' }),
);
const tensorType = fc.record({ elem_type: fc.integer({ min: 1, max: 26 }), shape: fc.record({ dim: fc.array(dimension, { maxLength: 4 }) }) }, { requiredKeys: ['elem_type'] });
const { type } = fc.letrec<{ type: Fields }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3 },
    tensorType.map((inner): Fields => ({ tensor_type: inner, denotation: 'IMAGE' })),
    tensorType.map((inner): Fields => ({ sparse_tensor_type: inner })),
    tie('type').map((inner): Fields => ({ sequence_type: { elem_type: inner } })),
    tie('type').map((inner): Fields => ({ optional_type: { elem_type: inner } })),
    tie('type').map((inner): Fields => ({ map_type: { key_type: 7, value_type: inner } })),
    fc.constant<Fields>({ opaque_type: { domain: 'd', name: 'n' } }),
  ),
}));

/** Exporters that declare an output by its name and shape alone write element type 0, UNDEFINED. */
const untyped = fc.record({ elem_type: fc.constant(0), shape: fc.record({ dim: fc.array(dimension, { maxLength: 4 }) }) }).map((inner): Fields => ({ tensor_type: inner, denotation: 'IMAGE' }));
const value = fc.record({ name, type: fc.oneof({ weight: 4, arbitrary: type }, { weight: 1, arbitrary: untyped }), doc_string: text, metadata_props: entries }, { requiredKeys: ['name'] });

const { graph, attribute } = fc.letrec<{ graph: Fields; attribute: Fields; node: Fields }>((tie) => ({
  attribute: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'graph' },
    float.map((f): Fields => ({ type: 1, f })),
    int64.map((i): Fields => ({ type: 2, i })),
    fc.uint8Array({ maxLength: 9 }).map((s): Fields => ({ type: 3, s })),
    tensor.map((t): Fields => ({ type: 4, t })),
    fc.array(float).map((floats): Fields => ({ type: 6, floats })),
    fc.array(int64).map((ints): Fields => ({ type: 7, ints })),
    fc.array(fc.uint8Array({ maxLength: 5 })).map((strings): Fields => ({ type: 8, strings })),
    fc.array(tensor, { maxLength: 2 }).map((tensors): Fields => ({ type: 9, tensors })),
    type.map((tp): Fields => ({ type: 13, tp })),
    fc.array(type, { maxLength: 2 }).map((type_protos): Fields => ({ type: 14, type_protos })),
    fc.constant<Fields>({ type: 11, sparse_tensor: { values: { name: 's', data_type: 1, dims: [1], float_data: [1] }, indices: { data_type: 7, dims: [1], int64_data: [2] }, dims: [3] } }),
    tie('graph').map((g): Fields => ({ type: 5, g })),
    fc.array(tie('graph'), { maxLength: 2 }).map((graphs): Fields => ({ type: 10, graphs })),
  ),
  node: fc.record(
    {
      op_type: name,
      name: text,
      domain: name,
      overload: name,
      input: fc.array(fc.oneof(name, fc.constant('')), { maxLength: 3 }),
      output: fc.array(name, { maxLength: 3 }),
      attribute: fc.array(tie('attribute'), { maxLength: 3 }).map((list) => list.map((each, i) => ({ name: `a${i}`, ...each }))),
      doc_string: text,
      metadata_props: entries,
      device_configurations: fc.constant([{ configuration_id: 'c', pipeline_stage: 2, sharding_spec: [{ tensor_name: 't', device: [0, 1], sharded_dim: [{ axis: -1, simple_sharding: [{ num_shards: 2 }] }] }] }]),
    },
    { requiredKeys: ['op_type'] },
  ),
  graph: fc.record(
    {
      name: text,
      node: fc.array(tie('node'), { maxLength: 3 }),
      input: fc.array(value, { maxLength: 2 }),
      output: fc.array(value, { maxLength: 2 }),
      value_info: fc.uniqueArray(value, { maxLength: 2, selector: (each) => each.name }),
      initializer: fc.array(tensor, { maxLength: 2 }).map((list) => list.map((each, i) => ({ name: `w${i}`, ...each }))),
      doc_string: text,
      quantization_annotation: fc.array(fc.record({ tensor_name: name, quant_parameter_tensor_names: entries }), { maxLength: 1 }),
      metadata_props: entries,
    },
    { requiredKeys: ['name'] },
  ),
}));

const model = fc.record(
  {
    ir_version: fc.integer({ min: 1, max: 13 }),
    producer_name: text,
    producer_version: text,
    domain: name,
    model_version: int64,
    doc_string: text,
    graph,
    opset_import: fc.constant([{ version: 26 }, { domain: 'com.microsoft', version: 1 }]),
    metadata_props: entries,
    functions: fc.array(
      fc.record({ name, domain: name, overload: name, input: fc.array(name, { maxLength: 2 }), output: fc.array(name, { maxLength: 2 }), attribute: fc.array(name, { maxLength: 2 }), attribute_proto: attribute.map((each) => [{ name: 'd', ...each }]), doc_string: text, value_info: fc.array(value, { maxLength: 1 }), metadata_props: entries, opset_import: fc.constant([{ version: 26 }]) }),
      { maxLength: 2 },
    ),
    configuration: fc.constant([{ name: 'c', num_devices: 2, device: ['a', 'b'] }]),
  },
  { requiredKeys: ['ir_version', 'graph'] },
);

describe('a model', () => {
  it('means the same to protobufjs after reading and writing, whatever it says', () => {
    fc.assert(
      fc.property(model, (plain) => {
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
      fc.property(model, (plain) => {
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
