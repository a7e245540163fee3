// What is too long for a text is referred to: tensors by where their bytes lie, long strings by a mark of their content.
// The parser finds both again in the model the text was printed from.
import { createHash } from 'node:crypto';
import { basename, dirname, relative, sep } from 'node:path';
import { LatheError } from '../../base/errors';
import type { Attribute, AttributeValue, Model, Node } from '../../graph/model';
import type { Tensor } from '../../tensor/tensor';
import { decodeText } from '../onnx/utf8';
import { type AnyTensor, isSparse, listTensors } from '../weightFiles';
import { quote } from './syntax';
import { shownElements } from './values';

/** Entries of ONNX's external data, and `tensor`, the tensor's place in the model's order, where its bytes lie nowhere in one piece. */
export type ReferenceEntries = readonly (readonly [string, string])[];

/** Says how a tensor that is not printed is referred to. */
export type ReferTo = (tensor: AnyTensor) => ReferenceEntries;

/** Strings longer than this are cut; some models carry whole programs in them. */
const longText = 1000;
/** What is left of a long string. */
const keptText = 200;

/** A quoted string, cut where it is long: what is left out is marked by a hash of the whole and its length. */
export function quoteCut(text: string): string {
  if (text.length <= longText) return quote(text);
  return `${quote(head(text)).slice(0, -1)}\\{${mark(text)}}"`;
}

function head(text: string): string {
  return text.slice(0, keptText);
}

function mark(text: string): string {
  return `${createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 16)}:${text.length}`;
}

/** Lists longer than this are cut: tree ensembles keep whole tables in them. */
const longList = 1000;
const keptItems = 16;

/** A list of an attribute, cut where it is long, as {@link quoteCut}. `values` are the items that identify it. */
export function listCut<T>(values: readonly T[], print: (value: T) => string): string {
  if (values.length <= longList) return `[${values.map(print).join(', ')}]`;
  return `[${values.slice(0, keptItems).map(print).join(', ')}, "\\{${listMark(values)}}"]`;
}

function listMark(values: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const value of values) hash.update(String(value), 'utf16le').update('\0');
  return `${hash.digest('hex').slice(0, 16)}:${values.length}`;
}

/** Where the bytes lie: in the model's own file, named by its base name or as `own` says, or in one beside it. */
export function referToPlaces(model: Model, own = model.path === undefined ? '' : basename(model.path)): ReferTo {
  const folder = model.path === undefined ? '' : dirname(model.path);
  let places: Map<AnyTensor, number> | undefined;
  return (tensor) => {
    const location = isSparse(tensor) ? undefined : tensor.source.location;
    if (location !== undefined && !isSparse(tensor))
      return [
        ['location', location.path === model.path ? own : relative(folder, location.path).split(sep).join('/')],
        ['offset', String(location.offset)],
        ['length', String(tensor.source.byteLength)],
      ];
    places ??= new Map([...listTensors(model)].map((each, place) => [each, place]));
    return [
      ['location', own],
      ['tensor', String(places.get(tensor) ?? -1)],
    ];
  };
}

/** A hash of the content instead of the place: the same weights are the same text wherever they lie. Reads the weights; those in a file that is missing are referred to by their place. */
export function referToContent(places: ReferTo): ReferTo {
  const known = new Map<string, string>();
  /** Tensors that share their bytes are read once. */
  const once = (tensor: AnyTensor): string => {
    if (isSparse(tensor) || tensor.strings !== undefined || tensor.source.location === undefined) return checksum(tensor);
    const { path, offset } = tensor.source.location;
    const place = JSON.stringify([path, offset, tensor.source.byteLength]);
    const sum = known.get(place) ?? checksum(tensor);
    known.set(place, sum);
    return sum;
  };
  return (tensor) => {
    try {
      return [['checksum', once(tensor)]];
    } catch (thrown) {
      // Git hands over the model's file alone, without the one that its external data lie in.
      if (thrown instanceof LatheError && thrown.code === 'not-found') return places(tensor);
      throw thrown;
    }
  };
}

/** Bytes hashed at a time. */
const hashedBytes = 2 ** 22;

function checksum(tensor: AnyTensor): string {
  const hash = createHash('sha1');
  const add = ({ source, strings }: Tensor): void => {
    for (const text of strings ?? []) hash.update(String(text.byteLength)).update(':').update(text);
    for (let at = 0; at < source.byteLength; at += hashedBytes) hash.update(source.read(at, Math.min(hashedBytes, source.byteLength - at)));
  };
  if (isSparse(tensor)) {
    add(tensor.values);
    add(tensor.indices);
  } else add(tensor);
  return hash.digest('hex');
}

/** What a reference must fit. */
export interface WantedTensor {
  readonly name: string;
  readonly elementType: Tensor['elementType'];
  readonly dims: readonly number[];
  readonly sparse: boolean;
}

/** A model that a text may refer to, and the name its own file has in the text where that is not its base name. */
export interface ReferredModel {
  readonly model: Model;
  readonly own?: string;
}

/** The tensors and long strings of the models that a text refers to: the one it was printed from, as a rule. Indexes are made when first asked for. */
export class SourceModel {
  private tensors: Map<string, AnyTensor> | undefined;
  private texts: Map<string, string> | undefined;
  private lists: Map<string, ListValue> | undefined;

  constructor(private readonly models: readonly ReferredModel[]) {}

  /** The tensor of a reference: the one with the name and shape wanted where several share their bytes. */
  find(entries: ReferenceEntries, wanted: WantedTensor): AnyTensor | undefined {
    this.tensors ??= this.indexTensors();
    for (const key of indexKeys(entries, wanted)) {
      const found = this.tensors.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** See {@link quoteCut}. */
  readonly restore = (textHead: string, textMark: string): string | undefined => {
    this.texts ??= new Map(this.models.flatMap(({ model }) => Array.from(longTexts(model), (text): [string, string] => [mark(text), text])));
    const whole = this.texts.get(textMark);
    return whole !== undefined && head(whole) === textHead ? whole : undefined;
  };

  /** The list that was printed cut, from its mark. See {@link listCut}. */
  list(textMark: string): AttributeValue | undefined {
    this.lists ??= new Map(this.models.flatMap(({ model }) => Array.from(longLists(model), (attribute): [string, ListValue] => [listMark(attribute.value), attribute])));
    const found = this.lists.get(textMark);
    if (found === undefined) return undefined;
    return { type: found.type, value: found.value } as AttributeValue;
  }

  private indexTensors(): Map<string, AnyTensor> {
    const index = new Map<string, AnyTensor>();
    for (const { model, own } of this.models) {
      const refer = referToPlaces(model, own);
      for (const tensor of listTensors(model)) {
        const { elementType } = isSparse(tensor) ? tensor.values : tensor;
        for (const key of indexKeys(refer(tensor), { name: nameOf(tensor), elementType, dims: tensor.dims, sparse: isSparse(tensor) })) if (!index.has(key)) index.set(key, tensor);
      }
    }
    return index;
  }
}

/** What a tensor is found by, the closest first: its place with its shape and name, with its shape, alone. Many may lie at one place. */
function indexKeys(entries: ReferenceEntries, { name, elementType, dims, sparse }: WantedTensor): string[] {
  return [[entries, elementType, sparse, dims, name], [entries, elementType, sparse, dims], [entries]].map((key) => JSON.stringify(key));
}

export function nameOf(tensor: AnyTensor): string {
  return isSparse(tensor) ? tensor.values.name : tensor.name;
}

export function fits(tensor: AnyTensor, wanted: WantedTensor): boolean {
  const { elementType } = isSparse(tensor) ? tensor.values : tensor;
  return isSparse(tensor) === wanted.sparse && elementType === wanted.elementType && tensor.dims.length === wanted.dims.length && tensor.dims.every((dim, i) => dim === wanted.dims[i]);
}

/** The strings that {@link quoteCut} cuts. */
function* longTexts(model: Model): Generator<string> {
  const texts = function* (): Generator<string> {
    yield model.docString;
    yield model.producerName;
    yield model.producerVersion;
    yield model.domain;
    for (const entry of model.metadata) yield* entry;
    for (const body of model.functions) yield body.docString;
    for (const attribute of listAttributes(model)) {
      if (attribute.type === 'string') yield attribute.value;
      else if (attribute.type === 'strings') yield* attribute.value;
    }
    for (const tensor of listTensors(model)) if (!isSparse(tensor) && tensor.strings !== undefined && tensor.strings.length <= shownElements) for (const bytes of tensor.strings) yield decodeText(bytes);
  };
  for (const text of texts()) if (text.length > longText) yield text;
}

type ListValue = Extract<AttributeValue, { type: 'floats' | 'ints' | 'strings' }>;

/** The lists that {@link listCut} cuts. */
function* longLists(model: Model): Generator<ListValue> {
  for (const attribute of listAttributes(model)) if ((attribute.type === 'floats' || attribute.type === 'ints' || attribute.type === 'strings') && attribute.value.length > longList) yield attribute;
}

/** Every attribute of a model, those of nodes in graphs within attributes included. */
function* listAttributes(model: Model): Generator<Attribute> {
  yield* nodeAttributes(model.graph.nodes);
  for (const body of model.functions) {
    yield* withInner(body.attributeDefaults.values());
    yield* nodeAttributes(body.nodes);
  }
}

function* nodeAttributes(nodes: readonly Node[]): Generator<Attribute> {
  for (const node of nodes) yield* withInner(node.attributes.values());
}

function* withInner(attributes: Iterable<Attribute>): Generator<Attribute> {
  for (const attribute of attributes) {
    yield attribute;
    if (attribute.type === 'graph') yield* nodeAttributes(attribute.value.nodes);
    else if (attribute.type === 'graphs') for (const graph of attribute.value) yield* nodeAttributes(graph.nodes);
  }
}
