// Attributes as TensorFlow's AttrValue in JSON: the counterpart of attributeValues.ts.
// The model keeps less than the file says (a bool is an int there, a type a string): the file's own form of an attribute goes before the forms TensorFlow's operators have.
import { LatheError } from '../../../base/errors';
import type { Attribute, ValueType } from '../../../graph/model';
import type { Tensor } from '../../../tensor/tensor';
import { encodeText } from '../../onnx/utf8';
import { field, isList, isObject, type JsonObject } from '../context';
import { dataTypeOf } from '../dataTypes';

/** Which field of AttrValue, or of its list, holds the value. */
export interface AttributeForm {
  readonly kind: string;
  readonly list: boolean;
}

const kinds = ['s', 'i', 'f', 'b', 'type', 'shape', 'tensor', 'func', 'placeholder'];

/** The form of an AttrValue as it stands; undefined for one without a value. */
export function formOf(value: unknown): AttributeForm | undefined {
  if (!isObject(value)) return undefined;
  const kind = kinds.find((name) => value[name] !== undefined && value[name] !== null);
  if (kind !== undefined) return { kind, list: false };
  const list = field(value, 'list');
  if (!isObject(list)) return undefined;
  const ofList = kinds.find((name) => isList(list[name]) && list[name].length > 0);
  return ofList === undefined ? undefined : { kind: ofList, list: true };
}

/** Attributes that are no numbers though they stand as such. Source: tensorflow/core/ops, REGISTER_OP … .Attr("name: bool"). */
const flags: ReadonlySet<string> = new Set([
  'transpose_a', 'transpose_b', 'adj_x', 'adj_y', 'grad_a', 'grad_b', 'keep_dims', 'exclusive', 'reverse', 'is_training', 'half_pixel_centers', 'align_corners', 'Truncate', 'validate_shape', 'validate_indices',
  'use_locking', 'narrow_range', 'sorted', 'clear_after_read', 'identical_element_shapes', 'dynamic_size', 'pad_to_max_output_size', 'use_cudnn_on_gpu', 'preserve_cardinality', 'extrapolate', 'binary_output', 'use_node_name_sharing',
]);
const shapes: ReadonlySet<string> = new Set(['shape', 'element_shape', '_output_shapes', 'output_shapes']);
const functions: ReadonlySet<string> = new Set(['cond', 'body', 'then_branch', 'else_branch', 'branches', 'f']);

/** What an operator says an attribute is, by its name and what its values look like. */
function usualForm(key: string, { type, value }: Attribute): AttributeForm | undefined {
  const list = type === 'ints' || type === 'strings';
  if (type === 'int' || type === 'ints') {
    if (flags.has(key)) return { kind: 'b', list };
    return type === 'ints' && shapes.has(key) ? { kind: 'shape', list: false } : undefined;
  }
  if (type !== 'string' && type !== 'strings') return undefined;
  if (functions.has(key)) return { kind: 'func', list };
  if (shapes.has(key)) return { kind: 'shape', list };
  const texts = type === 'string' ? [value] : value;
  return texts.length > 0 && texts.every((text) => text.startsWith('DT_')) ? { kind: 'type', list } : undefined;
}

/**
 * The AttrValue of an attribute.
 * @param form how the file writes attributes of this name, where it has one
 * @throws LatheError `unsupported` for attributes that only ONNX has
 */
export function encodeAttribute(key: string, attribute: Attribute, form = usualForm(key, attribute)): JsonObject {
  const kind = form?.kind;
  switch (attribute.type) {
    case 'int':
      return kind === 'b' ? { b: attribute.value === 1 } : { i: String(attribute.value) };
    case 'float':
      return { f: encodeFloat(attribute.value) };
    case 'string':
      return encodeWord(kind, attribute.value);
    case 'ints':
      if (kind === 'shape' && form?.list === false) return { shape: encodeShape(attribute.value.map(Number)) };
      if (attribute.value.length === 0) return { list: {} };
      return { list: kind === 'b' ? { b: attribute.value.map((value) => value === 1) } : { i: attribute.value.map(String) } };
    case 'floats':
      return { list: { f: attribute.value.map(encodeFloat) } };
    case 'strings':
      return { list: encodeWords(kind, attribute.value) };
    case 'tensor':
      return { tensor: encodeTensor(attribute.value) };
    case 'tensors':
      return { list: { tensor: attribute.value.map(encodeTensor) } };
    case 'graph':
    case 'graphs':
    case 'sparseTensor':
    case 'sparseTensors':
    case 'type':
    case 'types':
      throw new LatheError('unsupported', `The attribute ${key} is of a kind that TensorFlow does not have.`, { item: key });
    default:
      return attribute satisfies never;
  }
}

function encodeWord(kind: string | undefined, value: string): JsonObject {
  if (kind === 'type') return { type: value };
  if (kind === 'func') return { func: { name: value } };
  if (kind === 'placeholder') return { placeholder: value };
  return { s: encodeBytes(encodeText(value)) };
}

function encodeWords(kind: string | undefined, values: readonly string[]): JsonObject {
  if (values.length === 0) return {};
  if (kind === 'shape') return { shape: values.map(encodeShapeText) };
  if (kind === 'type') return { type: values };
  if (kind === 'func') return { func: values.map((name) => ({ name })) };
  return { s: values.map((value) => encodeBytes(encodeText(value))) };
}

/** Protobuf's JSON has what is no JSON number as a text. */
function encodeFloat(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** TensorShapeProto; −1 stands for an open dimension, undefined for an unknown rank. */
function encodeShape(dims: readonly number[] | undefined): JsonObject {
  if (dims === undefined) return { unknownRank: true };
  return dims.length === 0 ? {} : { dim: dims.map((size) => ({ size: String(size) })) };
}

/** What is declared of an input or output: its type, where TensorFlow has it, and its shape. */
export function encodeDeclared(type: ValueType | undefined): { readonly dtype: string | undefined; readonly shape: JsonObject } {
  if (type?.kind !== 'tensor') return { dtype: undefined, shape: encodeShape(undefined) };
  return { dtype: dataTypeOf(type.elementType), shape: encodeShape(type.shape?.map((size) => (typeof size === 'number' ? size : -1))) };
}

/** A shape of a list as the reader has it: `1,2`, '' for a scalar, `?` for an unknown rank. */
function encodeShapeText(text: string): JsonObject {
  if (text === '?') return encodeShape(undefined);
  return encodeShape(text === '' ? [] : text.split(',').map(Number));
}

/** A TensorProto with its data. */
function encodeTensor(tensor: Tensor): JsonObject {
  const data = tensor.strings === undefined ? { tensorContent: encodeBytes(tensor.source.read()) } : { stringVal: tensor.strings.map(encodeBytes) };
  return { ...encodeTensorType(tensor), ...data };
}

/** Type and shape of a tensor, as a constant has them whose data are in the shards. @throws LatheError `unsupported` for a type TensorFlow does not have */
export function encodeTensorType({ name, elementType, dims }: Tensor): JsonObject {
  const dtype = dataTypeOf(elementType);
  if (dtype === undefined) throw new LatheError('unsupported', `The tensor is ${elementType}, which TensorFlow does not have.`, { item: name });
  return { dtype, tensorShape: encodeShape(dims) };
}
