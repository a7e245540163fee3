// TensorFlow's attribute values and shapes as JSON has them. Source: tensorflow/core/framework/attr_value.proto and tensor_shape.proto, in protobuf's JSON mapping.
import type { Attribute } from '../../graph/model';
import { field, type TfjsContext } from './context';
import { dataTypeName } from './dataTypes';
import { readFloat, readInt, readShape, readString } from './protoValues';
import { readTensorValue } from './tensorValue';

type ReadValue = (context: TfjsContext, value: unknown, where: string) => Attribute | undefined;

/** By the field of AttrValue that is set. */
const readers: ReadonlyMap<string, ReadValue> = new Map<string, ReadValue>([
  ['i', (context, value, where) => ({ type: 'int', value: readInt(context, value, where) })],
  ['f', (context, value, where) => ({ type: 'float', value: readFloat(context, value, where) })],
  ['b', (_, value) => ({ type: 'int', value: isTrue(value) ? 1 : 0 })],
  ['s', (context, value, where) => ({ type: 'string', value: readString(context, value, where) })],
  ['type', (_, value) => ({ type: 'string', value: dataTypeName(value) })],
  ['shape', readShapeValue],
  ['tensor', (context, value, where) => ({ type: 'tensor', value: readTensorValue(context, value, where, '') })],
  ['func', (context, value, where) => ({ type: 'string', value: functionName(context, value, where) })],
  ['placeholder', (context, value, where) => ({ type: 'string', value: context.text(value, where) })],
  ['list', readList],
]);

/**
 * The attribute an AttrValue stands for; undefined for a shape of unknown rank and for one without a value.
 * @throws LatheError `malformed`
 */
export function readAttributeValue(context: TfjsContext, value: unknown, where: string): Attribute | undefined {
  const object = context.object(value, where);
  for (const key of Object.keys(object)) {
    const read = readers.get(key);
    if (read !== undefined && object[key] !== null) return read(context, object[key], where);
  }
  return undefined;
}

function readShapeValue(context: TfjsContext, value: unknown, where: string): Attribute | undefined {
  const dims = readShape(context, value, where);
  return dims === undefined ? undefined : { type: 'ints', value: dims };
}

/** The kinds of a list, in the order of AttrValue.ListValue. */
const listReaders: ReadonlyMap<string, (context: TfjsContext, values: readonly unknown[], where: string) => Attribute> = new Map<string, (context: TfjsContext, values: readonly unknown[], where: string) => Attribute>([
  ['s', (context, values, where) => ({ type: 'strings', value: values.map((value) => readString(context, value, where)) })],
  ['i', (context, values, where) => ({ type: 'ints', value: values.map((value) => readInt(context, value, where)) })],
  ['f', (context, values, where) => ({ type: 'floats', value: values.map((value) => readFloat(context, value, where)) })],
  ['b', (_, values) => ({ type: 'ints', value: values.map((value) => (isTrue(value) ? 1 : 0)) })],
  ['type', (_, values) => ({ type: 'strings', value: values.map(dataTypeName) })],
  ['shape', (context, values, where) => ({ type: 'strings', value: values.map((value) => readShape(context, value, where)?.join(',') ?? '?') })],
  ['tensor', (context, values, where) => ({ type: 'tensors', value: values.map((value) => readTensorValue(context, value, where, '')) })],
  ['func', (context, values, where) => ({ type: 'strings', value: values.map((value) => functionName(context, value, where)) })],
]);

/** An empty list does not say of what: it stands as `ints`. */
function readList(context: TfjsContext, value: unknown, where: string): Attribute {
  const object = context.object(value, where);
  for (const [key, read] of listReaders) {
    const values = context.list(field(object, key), where);
    if (values.length > 0) return read(context, values, where);
  }
  return { type: 'ints', value: [] };
}

function functionName(context: TfjsContext, value: unknown, where: string): string {
  return context.text(field(context.object(value, where), 'name'), where);
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === 1;
}
