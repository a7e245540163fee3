// TensorProto and SparseTensorProto on their way out.
import type { Metadata } from '../../graph/model';
import { elementTypeCode } from '../../tensor/elementType';
import { elementCount, type SparseTensor, type Tensor } from '../../tensor/tensor';
import { entryBytes, typedFieldNumbers, typedFieldOf } from './typedData';
import type { WireWriter } from './wireWriter';

/** Where a tensor's bytes lie in another file, relative to the model. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
}

/** Says where a tensor's bytes lie outside the model file; undefined where they go into it. */
export type PlaceTensor = (tensor: Tensor) => ExternalPlace | undefined;

/** Typed fields of more elements than this are written as raw data: the same values, without the detour through varints. */
const typedElements = 65536;

export function encodeEntries(wire: WireWriter, field: number, entries: Metadata | undefined): void {
  for (const [key, value] of entries ?? [])
    wire.message(field, () => {
      wire.textUnlessEmpty(1, key);
      wire.textUnlessEmpty(2, value);
    });
}

export function encodeTensor(wire: WireWriter, field: number, tensor: Tensor, place: PlaceTensor): void {
  wire.message(field, () => encodeTensorBody(wire, tensor, place));
}

/** The fields of one TensorProto, without the tag and length around them. */
export function encodeTensorBody(wire: WireWriter, tensor: Tensor, place: PlaceTensor): void {
  wire.ints(1, tensor.dims);
  wire.int(2, elementTypeCode(tensor.elementType));
  wire.textUnlessEmpty(8, tensor.name);
  wire.textUnlessEmpty(12, tensor.docString);
  const external = tensor.strings === undefined ? place(tensor) : undefined;
  if (tensor.strings !== undefined) for (const text of tensor.strings) wire.bytes(6, text);
  else if (external !== undefined) {
    encodeEntries(wire, 13, [
      ['location', external.location],
      ['offset', String(external.offset)],
      ['length', String(tensor.source.byteLength)],
    ]);
    wire.int(14, 1);
  } else if (tensor.storage === 'typed' && elementCount(tensor.dims) <= typedElements) encodeTyped(wire, tensor);
  else wire.hole(9, tensor.source);
  encodeEntries(wire, 16, tensor.metadata);
  for (const unknown of tensor.unknownFields ?? []) wire.raw(unknown);
}

function encodeTyped(wire: WireWriter, tensor: Tensor): void {
  const { source, elementType } = tensor;
  if (source.byteLength === 0) return;
  const field = typedFieldOf(elementType);
  const number = typedFieldNumbers[field];
  if (field === 'float_data' || field === 'double_data') {
    wire.hole(number, source);
    return;
  }
  const bytes = source.read();
  const width = entryBytes(elementType);
  const signed = elementType.startsWith('int');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  wire.message(number, () => {
    for (let at = 0; at < bytes.byteLength; at += width) {
      if (width === 8) wire.varint(signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
      else if (width === 4) wire.varint(signed ? view.getInt32(at, true) : view.getUint32(at, true));
      else if (width === 2) wire.varint(signed ? view.getInt16(at, true) : view.getUint16(at, true));
      else wire.varint(elementType === 'int8' ? view.getInt8(at) : view.getUint8(at));
    }
  });
}

/** Sparse tensors are never external: onnxruntime refuses that. */
export function encodeSparseTensor(wire: WireWriter, field: number, sparse: SparseTensor): void {
  wire.message(field, () => {
    encodeTensor(wire, 1, sparse.values, () => undefined);
    encodeTensor(wire, 2, sparse.indices, () => undefined);
    wire.ints(3, sparse.dims);
  });
}
