// Arbitrary models, as plain objects of ONNX's messages: everything ONNX can say.
import fc from 'fast-check';

type Fields = Record<string, unknown>;

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

/** A ModelProto as a plain object. */
export const arbitraryModel = fc.record(
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
