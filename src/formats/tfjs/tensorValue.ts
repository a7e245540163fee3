// Tensors that stand in the JSON itself. Source: tensorflow/core/framework/tensor.proto.
import type { ElementType } from '../../tensor/elementType';
import { elementBits, packedByteLength } from '../../tensor/elementType';
import { elementCount, MemorySource, type Tensor, type TensorSource } from '../../tensor/tensor';
import { checkDims } from '../onnx/readTensor';
import { anyField, field, type JsonObject, type TfjsContext } from './context';
import { dataTypeElement, dataTypeName } from './dataTypes';
import { readBytes, readFloat, readInt, readShape } from './protoValues';

/** Writes one value at an offset. */
type WriteValue = (view: DataView, at: number, value: unknown, context: TfjsContext, where: string) => void;

const asFloat =
  (write: (view: DataView, at: number, value: number) => void): WriteValue =>
  (view, at, value, context, where) => {
    write(view, at, readFloat(context, value, where));
  };
const asInt =
  (write: (view: DataView, at: number, value: bigint) => void): WriteValue =>
  (view, at, value, context, where) => {
    write(view, at, BigInt(readInt(context, value, where)));
  };

interface ValueField {
  /** Its name in the two spellings of protobuf's JSON. */
  readonly names: readonly [string, string];
  readonly write: WriteValue;
}

const small = (write: (view: DataView, at: number, value: number) => void): ValueField => ({ names: ['intVal', 'int_val'], write: asInt((view, at, value) => { write(view, at, Number(value)); }) });
const byte = small((view, at, value) => { view.setUint8(at, value & 0xff); });
const short = small((view, at, value) => { view.setUint16(at, value & 0xffff, true); });
const half: ValueField = { ...short, names: ['halfVal', 'half_val'] };

/** Which field holds the values of a type that are not packed into `tensorContent`. */
const valueFields: ReadonlyMap<ElementType, ValueField> = new Map<ElementType, ValueField>([
  ['float32', { names: ['floatVal', 'float_val'], write: asFloat((view, at, value) => { view.setFloat32(at, value, true); }) }],
  ['float64', { names: ['doubleVal', 'double_val'], write: asFloat((view, at, value) => { view.setFloat64(at, value, true); }) }],
  ['int32', small((view, at, value) => { view.setInt32(at, value, true); })],
  ['int64', { names: ['int64Val', 'int64_val'], write: asInt((view, at, value) => { view.setBigInt64(at, value, true); }) }],
  ['uint64', { names: ['uint64Val', 'uint64_val'], write: asInt((view, at, value) => { view.setBigUint64(at, value, true); }) }],
  ['uint32', { names: ['uint32Val', 'uint32_val'], write: asInt((view, at, value) => { view.setUint32(at, Number(value), true); }) }],
  ['bool', { names: ['boolVal', 'bool_val'], write: (view, at, value) => { view.setUint8(at, value === true ? 1 : 0); } }],
  ['int8', byte],
  ['uint8', byte],
  ['int16', short],
  ['uint16', short],
  ['float16', half],
  ['bfloat16', half],
]);

/** Bytes that values in the JSON are repeated to; more are taken for a bomb. */
const mostRepeatedBytes = 2 ** 28;
/** Strings that are repeated by a short list; more are taken for a bomb. */
const mostStrings = 1_000_000;

/**
 * A TensorProto. Fewer values than elements mean that the last one is repeated, none at all mean zeros.
 * @throws LatheError `malformed`
 */
export function readTensorValue(context: TfjsContext, value: unknown, where: string, name: string): Tensor {
  const object = context.object(value, where);
  const type = anyField(object, 'dtype');
  const elementType = dataTypeElement(type);
  if (elementType === undefined) throw context.malformed(where, `A tensor of ${context.name(where)} has the type ${dataTypeName(type)}.`);
  const fail = (what: string, hint?: string): Error => context.malformed(where, what, hint);
  const shape = readShape(context, anyField(object, 'tensorShape', 'tensor_shape') ?? {}, where);
  if (shape === undefined) throw fail(`A tensor of ${context.name(where)} has no shape.`);
  const dims = checkDims(shape, elementType, (what, hint) => context.malformed(where, what, hint));
  const count = elementCount(dims);
  if (elementType === 'string') return { name, elementType, dims, source: new MemorySource(new Uint8Array(0)), strings: readStrings(context, object, count, where) };
  const content = anyField(object, 'tensorContent', 'tensor_content');
  const expected = packedByteLength(elementType, count);
  if (content !== undefined) {
    const bytes = readBytes(context, content, where);
    if (bytes.byteLength === expected) return { name, elementType, dims, source: new MemorySource(bytes) };
    if (bytes.byteLength > 0) throw fail(`A tensor of ${context.name(where)} needs ${expected} bytes, but has ${bytes.byteLength}.`);
  }
  return { name, elementType, dims, source: readValues(context, object, elementType, expected, where) };
}

function readStrings(context: TfjsContext, object: JsonObject, count: number, where: string): Uint8Array[] {
  const values = context.list(anyField(object, 'stringVal', 'string_val'), where).map((value) => readBytes(context, value, where));
  if (values.length > count || count > mostStrings) throw context.malformed(where, `A tensor of ${context.name(where)} has ${values.length} strings for its ${count} elements.`);
  const last = values.at(-1) ?? new Uint8Array(0);
  return Array.from({ length: count }, (_, i) => values[i] ?? last);
}

function readValues(context: TfjsContext, object: JsonObject, elementType: ElementType, expected: number, where: string): TensorSource {
  const valueField = valueFields.get(elementType);
  const width = elementBits(elementType) / 8;
  const given = valueField === undefined ? [] : context.list(field(object, valueField.names[0]) ?? field(object, valueField.names[1]), where);
  if (expected > given.length * width && expected > mostRepeatedBytes) throw context.malformed(where, `A tensor of ${context.name(where)} would repeat ${given.length} values to ${expected} bytes; ${mostRepeatedBytes} are the most.`);
  if (given.length * width > expected) throw context.malformed(where, `A tensor of ${context.name(where)} has ${given.length} values for its ${expected / width} elements.`);
  const bytes = new Uint8Array(given.length * width);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of given.entries()) valueField?.write(view, i * width, value, context, where);
  return bytes.byteLength === expected ? new MemorySource(bytes) : new RepeatedSource(bytes, width, expected);
}

/** Values of which the last is repeated to the end. */
class RepeatedSource implements TensorSource {
  constructor(
    private readonly values: Uint8Array,
    private readonly width: number,
    readonly byteLength: number,
  ) {}

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    const bytes = new Uint8Array(length);
    const { values, width } = this;
    for (let i = 0; i < length; i++) {
      const at = offset + i;
      bytes[i] = (at < values.length ? values[at] : values[values.length - width + (at % width)]) ?? 0;
    }
    return bytes;
  }
}
