// AttributeProto: fourteen kinds of value, the tag that says which, and references to a function's attributes.
import { LatheError } from '../../base/errors';
import { makeGraph } from '../../graph/construct';
import type { Attribute, AttributeValue, Graph, ValueType } from '../../graph/model';
import { MemorySource, type SparseTensor, type Tensor } from '../../tensor/tensor';
import type { ReadContext } from './readContext';
import { readSparseTensor, readTensor } from './readTensor';
import { readType } from './readType';
import { showName } from './utf8';

type Kind = AttributeValue['type'];

/** AttributeProto.AttributeType → kind. */
const kinds: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [1, 'float'],
  [2, 'int'],
  [3, 'string'],
  [4, 'tensor'],
  [5, 'graph'],
  [6, 'floats'],
  [7, 'ints'],
  [8, 'strings'],
  [9, 'tensors'],
  [10, 'graphs'],
  [11, 'sparseTensor'],
  [12, 'sparseTensors'],
  [13, 'type'],
  [14, 'types'],
]);

const codes: ReadonlyMap<Kind, number> = new Map([...kinds].map(([code, kind]) => [kind, code]));

/** The AttributeProto.AttributeType number of a kind. */
export function attributeTypeCode(kind: Kind): number {
  return codes.get(kind) ?? 0;
}

const unsetType: ValueType = { kind: 'opaque', domain: '', name: '' };
const unsetTensor: Tensor = { name: '', elementType: 'float32', dims: [0], source: new MemorySource(new Uint8Array(0)) };

export function readAttribute(context: ReadContext): { name: string; attribute: Attribute } {
  const { wire } = context;
  let name = '';
  let reference = '';
  let docString = '';
  let code = 0;
  let value: AttributeValue | undefined;
  let unknownFields: Uint8Array[] | undefined;
  let lists: Lists | undefined;
  const integersFrom = context.integers.height;
  wire.enter('attribute');
  wire.charge(150);
  while (wire.next()) {
    switch (wire.field) {
      case 1:
        name = context.name();
        break;
      case 2:
        value = joined(context, name, value, { type: 'float', value: wire.float() });
        break;
      case 3:
        value = joined(context, name, value, { type: 'int', value: wire.int64() });
        break;
      case 4:
        value = joined(context, name, value, { type: 'string', value: wire.text() });
        break;
      case 5:
        value = joined(context, name, value, { type: 'tensor', value: readTensor(context, name === '' ? 'tensor' : name) });
        break;
      case 6:
        value = joined(context, name, value, { type: 'graph', value: context.readGraph(context, name === '' ? 'graph' : name) });
        break;
      case 7:
        wire.floats(((lists ??= {}).floats ??= []));
        value = joined(context, name, value, { type: 'floats', value: lists.floats });
        break;
      case 8:
        wire.int64s(context.integers);
        value = joined(context, name, value, unfinishedInts);
        break;
      case 9:
        ((lists ??= {}).strings ??= []).push(wire.text());
        value = joined(context, name, value, { type: 'strings', value: lists.strings });
        break;
      case 10:
        ((lists ??= {}).tensors ??= []).push(readTensor(context, 'tensors'));
        value = joined(context, name, value, { type: 'tensors', value: lists.tensors });
        break;
      case 11:
        ((lists ??= {}).graphs ??= []).push(context.readGraph(context, 'graphs'));
        value = joined(context, name, value, { type: 'graphs', value: lists.graphs });
        break;
      case 13:
        docString = wire.text();
        break;
      case 14:
        value = joined(context, name, value, { type: 'type', value: readType(context, name) ?? unsetType });
        break;
      case 15:
        ((lists ??= {}).types ??= []).push(readType(context, name) ?? unsetType);
        value = joined(context, name, value, { type: 'types', value: lists.types });
        break;
      case 20:
        code = wire.int32();
        break;
      case 21:
        reference = wire.text();
        break;
      case 22:
        value = joined(context, name, value, { type: 'sparseTensor', value: readSparseTensor(context) });
        break;
      case 23:
        ((lists ??= {}).sparseTensors ??= []).push(readSparseTensor(context));
        value = joined(context, name, value, { type: 'sparseTensors', value: lists.sparseTensors });
        break;
      default:
        context.keep((unknownFields ??= []));
    }
  }
  const integers = context.integers.take(integersFrom);
  if (value?.type === 'ints') value = { type: 'ints', value: integers };
  const settled = settle(context, name, value, code, reference !== '');
  wire.leave();
  const plain = docString === '' && reference === '' && unknownFields === undefined;
  if (plain) return { name, attribute: settled };
  return {
    name,
    attribute: {
      ...settled,
      ...(docString === '' ? {} : { docString }),
      ...(reference === '' ? {} : { reference }),
      ...(unknownFields === undefined ? {} : { unknownFields }),
    },
  };
}

/** Lists under construction: a repeated field may come in several pieces. */
interface Lists {
  floats?: number[];
  strings?: string[];
  tensors?: Tensor[];
  graphs?: Graph[];
  sparseTensors?: SparseTensor[];
  types?: ValueType[];
}

/** The kind of value whose items lie on the context's stack until the attribute ends. */
const unfinishedInts: AttributeValue = { type: 'ints', value: [] };

function failed(context: ReadContext, name: string, what: string): LatheError {
  return new LatheError('malformed', what, { ...context.wire.where(), item: `attribute ${showName(name)}` });
}

/** The value after another field: writers of proto2 leave zeros of other kinds behind; only two real values contradict each other. */
function joined(context: ReadContext, name: string, value: AttributeValue | undefined, next: AttributeValue): AttributeValue {
  if (value === undefined || value.type === next.type || isZero(value)) return next;
  if (!isZero(next)) throw failed(context, name, `The attribute has values of two kinds: ${value.type} and ${next.type}.`);
  return value;
}

function isZero(value: AttributeValue): boolean {
  return value.type === 'float' || value.type === 'int' ? value.value === 0 : value.type === 'string' && value.value === '';
}

/** The value under the declared type; absent lists and zeros are what protobuf omits. */
function settle(context: ReadContext, name: string, value: AttributeValue | undefined, code: number, isReference: boolean): AttributeValue {
  const kind = code === 0 ? value?.type : kinds.get(code);
  if (kind === undefined) throw failed(context, name, code === 0 ? 'The attribute has no value.' : `The attribute has the unknown type ${code}.`);
  if (value !== undefined && value.type === kind) return value;
  if (value !== undefined && !isZero(value)) throw failed(context, name, `The attribute says it is of type ${kind}, but has a value of type ${value.type}.`);
  const empty = emptyValue(kind);
  if (!isReference && (kind === 'tensor' || kind === 'graph' || kind === 'sparseTensor')) throw failed(context, name, `The attribute says it is of type ${kind}, but has no value.`);
  return empty;
}

/** The value of a kind that protobuf omits. */
export function emptyValue(kind: Kind): AttributeValue {
  switch (kind) {
    case 'float':
    case 'int':
      return { type: kind, value: 0 };
    case 'string':
      return { type: kind, value: '' };
    case 'tensor':
      return { type: kind, value: unsetTensor };
    case 'graph':
      return { type: kind, value: makeGraph('') };
    case 'sparseTensor':
      return { type: kind, value: { values: unsetTensor, indices: { ...unsetTensor, elementType: 'int64' }, dims: [] } };
    case 'type':
      return { type: kind, value: unsetType };
    case 'floats':
    case 'ints':
    case 'strings':
    case 'tensors':
    case 'graphs':
    case 'sparseTensors':
    case 'types':
      return { type: kind, value: [] };
  }
  kind satisfies never;
}
