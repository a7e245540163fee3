// TensorProto and SparseTensorProto: shape, type and where the data lie; the data themselves are not read.
import { LatheError } from '../../base/errors';
import { type Int, maxRank } from '../../graph/model';
import { type ElementType, elementBits, packedByteLength } from '../../tensor/elementType';
import { elementCount, MemorySource, type SparseTensor, type Tensor, type TensorSource, type TensorStorage } from '../../tensor/tensor';
import type { ReadContext } from './readContext';
import { readElementType } from './readType';
import { showName } from './utf8';
import { TypedSource, type TypedField, typedFieldOf, typedFields } from './typedData';
import { checkSparse } from './sparse';

const emptySource = new MemorySource(new Uint8Array(0));

/** Reads the current field as a TensorProto; `where` names it in errors. */
export function readTensor(context: ReadContext, where: string): Tensor {
  context.wire.enter(where);
  const tensor = readTensorFields(context, where);
  context.wire.leave();
  return tensor;
}

/** Reads the fields of a TensorProto up to the end of the current message. */
export function readTensorFields(context: ReadContext, where: string): Tensor {
  const { wire, integers } = context;
  const dimsFrom = integers.height;
  let code = 0;
  let name = '';
  let docString = '';
  let raw: TensorSource | undefined;
  let location = 0;
  let typed: Map<TypedField, TensorSource[]> | undefined;
  let strings: Uint8Array[] | undefined;
  let external: (readonly [string, string])[] | undefined;
  let metadata: (readonly [string, string])[] | undefined;
  let unknownFields: Uint8Array[] | undefined;
  wire.charge(400);
  while (wire.next()) {
    switch (wire.field) {
      case 1:
        wire.int64s(integers);
        break;
      case 2:
        code = wire.int32();
        break;
      case 3:
        throw new LatheError('unsupported', 'The tensor is stored in segments, which no runtime reads.', wire.where());
      case 4:
      case 5:
      case 7:
      case 10:
      case 11: {
        const field = typedFields[wire.field];
        const source = wire.wire === 2 ? wire.source() : new MemorySource(wire.scalar());
        if (source.byteLength > 0) addRun((typed ??= new Map<TypedField, TensorSource[]>()), field, source);
        break;
      }
      case 6:
        (strings ??= []).push(wire.bytes());
        break;
      case 8:
        name = context.name();
        break;
      case 9:
        raw = wire.source();
        break;
      case 12:
        docString = wire.text();
        break;
      case 13:
        context.entry((external ??= []));
        break;
      case 14:
        location = wire.int32();
        break;
      case 16:
        context.entry((metadata ??= []));
        break;
      default:
        context.keep((unknownFields ??= []));
    }
  }
  const fail = (what: string, hint?: string): LatheError => new LatheError('malformed', what, { ...wire.where(hint), item: name === '' ? wire.place() || where : showName(name) });
  if (code === 0) throw fail('The tensor has no element type.');
  const elementType = readElementType(context, code);
  const dims = checkDims(integers.take(dimsFrom), elementType, fail);
  const data = { raw, typed: typed ?? noRuns, strings: strings ?? noStrings, external: location === 1 ? (external ?? []) : undefined };
  if (location !== 0 && location !== 1) throw fail(`The data location ${location} is not one of ONNX's.`);
  const { source, storage } = findData(context, name, elementType, elementCount(dims), data, fail);
  const tensor: Tensor = { name, elementType, dims, source, storage };
  if (elementType !== 'string' && docString === '' && metadata === undefined && unknownFields === undefined) return tensor;
  return {
    ...tensor,
    ...(elementType === 'string' ? { strings: data.strings } : {}),
    ...(docString === '' ? {} : { docString }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(unknownFields === undefined ? {} : { unknownFields }),
  };
}

const noRuns: ReadonlyMap<TypedField, TensorSource[]> = new Map();
const noStrings: readonly Uint8Array[] = [];

/** A list that is not packed comes value by value: each is a run of its own. */
function addRun(typed: Map<TypedField, TensorSource[]>, field: TypedField, source: TensorSource): void {
  const runs = typed.get(field);
  if (runs === undefined) typed.set(field, [source]);
  else runs.push(source);
}

type Fail = (what: string, hint?: string) => LatheError;

/** Dims as numbers. @throws LatheError where one is negative, there are too many, or the bytes would not be countable. */
export function checkDims(dims: readonly Int[], elementType: ElementType, fail: Fail): readonly number[] {
  if (dims.length > maxRank) throw fail(`The tensor has rank ${dims.length}; ${maxRank} is the most.`);
  let product = 1;
  for (const dim of dims) {
    if (dim < 0) throw fail(`The tensor has the negative dimension ${dim}.`);
    if (typeof dim === 'bigint') throw fail(`The dimension ${dim} is over 2^53.`);
    // A zero makes the product zero, but must not hide an overflow of the others: they are the size some reader allocates.
    if (dim !== 0) product *= dim;
  }
  if (product * Math.max(1, elementBits(elementType) / 8) > Number.MAX_SAFE_INTEGER) throw fail(`The shape ${dims.join('×')} has more than 2^53 elements or bytes.`);
  return dims as readonly number[];
}

interface TensorData {
  readonly raw: TensorSource | undefined;
  readonly typed: ReadonlyMap<TypedField, TensorSource[]>;
  readonly strings: readonly Uint8Array[];
  readonly external: readonly (readonly [string, string])[] | undefined;
}

function findData(context: ReadContext, name: string, elementType: ElementType, count: number, data: TensorData, fail: Fail): { source: TensorSource; storage: TensorStorage } {
  const raw = data.raw !== undefined && data.raw.byteLength > 0 ? data.raw : undefined;
  const places = Number(raw !== undefined) + data.typed.size + Number(data.strings.length > 0) + Number(data.external !== undefined);
  if (places > 1) throw fail(`The tensor has its data twice: in ${filledFields(data).join(' and in ')}.`);
  if (elementType === 'string') return findStrings(count, data, filledFields(data), fail);
  const expected = packedByteLength(elementType, count);
  if (data.external !== undefined) {
    if (context.external === undefined) throw fail('The tensor lies in another file, but this model was not read from a folder.');
    return { source: context.external.resolve(data.external, expected, name, (code, message) => context.warn(code, message, name)), storage: 'external' };
  }
  const [entry] = data.typed;
  if (entry !== undefined) {
    const [field, runs] = entry;
    const wanted = typedFieldOf(elementType);
    if (field !== wanted) throw fail(`The ${elementType} tensor has its data in ${field}; ${wanted} is the field for it.`);
    return { source: TypedSource.make(runs, field, elementType, count, fail), storage: 'typed' };
  }
  if (data.strings.length > 0) throw fail(`The ${elementType} tensor has its data in string_data.`);
  const length = raw?.byteLength ?? 0;
  if (length !== expected) throw fail(`The ${elementType} tensor needs ${expected} bytes for its ${count} elements, but raw_data has ${length}.`);
  return { source: raw ?? emptySource, storage: 'raw' };
}

/** Where the tensor has data, in ONNX's words. */
function filledFields({ raw, typed, strings, external }: TensorData): string[] {
  return [...(raw === undefined || raw.byteLength === 0 ? [] : ['raw_data']), ...typed.keys(), ...(strings.length === 0 ? [] : ['string_data']), ...(external === undefined ? [] : ['external data'])];
}

function findStrings(count: number, data: TensorData, filled: readonly string[], fail: Fail): { source: TensorSource; storage: TensorStorage } {
  const [only] = filled;
  if (only !== undefined && only !== 'string_data') throw fail(`The string tensor has its data in ${only}; string_data is the field for it.`);
  if (data.strings.length !== count) throw fail(`The string tensor has ${data.strings.length} strings for its ${count} elements.`);
  return { source: emptySource, storage: 'typed' };
}

export function readSparseTensor(context: ReadContext): SparseTensor {
  const { wire } = context;
  let values: Tensor | undefined;
  let indices: Tensor | undefined;
  const dimsFrom = context.integers.height;
  wire.enter('sparse tensor');
  while (wire.next()) {
    if (wire.field === 1) values = readTensor(context, 'values');
    else if (wire.field === 2) indices = readTensor(context, 'indices');
    else if (wire.field === 3) wire.int64s(context.integers);
    else throw wire.malformed(`Field ${wire.field} in a sparse tensor`);
  }
  const fail: Fail = (what) => new LatheError('malformed', what, { ...wire.where(), item: values === undefined || values.name === '' ? wire.place() : showName(values.name) });
  if (values === undefined || indices === undefined) throw fail('The sparse tensor has no values or no indices.');
  const sparse = { values, indices, dims: checkDims(context.integers.take(dimsFrom), values.elementType, fail) };
  checkSparse(sparse, fail);
  wire.leave();
  return sparse;
}
