// Nodes as NodeDefs: what the file said of a node stays as it was written, what was changed is encoded anew.
import { isDeepStrictEqual } from 'node:util';
import { sameAttribute, sameTensor } from '../../../graph/sameAttributes';
import type { Attribute, Node, ValueInfo } from '../../../graph/model';
import type { Tensor } from '../../../tensor/tensor';
import { readAttributeValue } from '../attributeValues';
import { field, isList, isObject, type JsonObject, type TfjsContext } from '../context';
import { constantOf, controlAttribute } from '../graphModel';
import { valueName, type ValueReference } from '../outputNames';
import { type AttributeForm, encodeAttribute, encodeDeclared, encodeTensorType, formOf } from './attributes';
import type { WeightList } from './weightList';

/** What the node definitions of a file are compared with and taken from. */
export interface NodeScope {
  readonly context: TfjsContext;
  readonly weights: WeightList;
  /** The file's own NodeDefs of this graph or function, by name. */
  readonly definitions: ReadonlyMap<string, JsonObject>;
  /** How the file writes attributes, by their name. */
  readonly forms: ReadonlyMap<string, AttributeForm>;
  /** What an input names, as the file's names are read. */
  readonly readReference: (input: string) => ValueReference;
  /** What an input is called in the file. */
  readonly reference: (value: string) => string;
  readonly control: (node: string) => string | undefined;
}

/** NodeDefs by name; those without one are none. */
export function definitionsByName(list: unknown): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const entry of isList(list) ? list : []) if (isObject(entry) && typeof entry['name'] === 'string') found.set(entry['name'], entry);
  return found;
}

/** The form of each attribute in a list of NodeDefs, of the first that has one of that name. */
export function attributeForms(lists: Iterable<ReadonlyMap<string, JsonObject>>): ReadonlyMap<string, AttributeForm> {
  const forms = new Map<string, AttributeForm>();
  for (const definitions of lists)
    for (const { attr } of definitions.values())
      for (const [key, value] of isObject(attr) ? Object.entries(attr) : []) {
        const form = forms.has(key) ? undefined : formOf(value);
        if (form !== undefined) forms.set(key, form);
      }
  return forms;
}

/** The NodeDef of an operator. @throws LatheError `unsupported` for attributes TensorFlow does not have */
export function encodeNode(node: Node, name: string, scope: NodeScope): JsonObject {
  const before = scope.definitions.get(name);
  const known = before !== undefined && before['op'] === node.opType ? before : undefined;
  const input = encodeInputs(node, known, scope);
  const attr = encodeAttributes(node, known, scope);
  const device = node.metadata.find(([key]) => key === 'device')?.[1];
  return {
    ...(known ?? {}),
    name,
    op: node.opType,
    ...(input.length === 0 && known?.['input'] === undefined ? {} : { input }),
    ...(Object.keys(attr).length === 0 && known?.['attr'] === undefined ? {} : { attr }),
    ...(device === undefined ? {} : { device }),
  };
}

function encodeInputs(node: Node, known: JsonObject | undefined, { readReference, reference, control }: NodeScope): readonly unknown[] {
  const waits = node.attributes.get(controlAttribute);
  const controls = (waits?.type === 'strings' ? waits.value : []).flatMap((name) => control(name) ?? []);
  const given = field(known ?? {}, 'input');
  const named = node.inputs.map(reference);
  if (isList(given)) {
    const texts = given.filter((text) => typeof text === 'string');
    const reads = texts.filter((text) => !text.startsWith('^')).map((text) => valueName(readReference(text)));
    const waited = texts.filter((text) => text.startsWith('^')).map((text) => text.slice(1));
    // Another spelling of the same: a value that had to take another name is not what was read before.
    if (isDeepStrictEqual(reads, named.map((text) => valueName(readReference(text)))) && isDeepStrictEqual(waited, controls)) return given;
  }
  return [...named, ...controls.map((name) => `^${name}`)];
}

function encodeAttributes(node: Node, known: JsonObject | undefined, scope: NodeScope): JsonObject {
  const given = field(known ?? {}, 'attr');
  const before = isObject(given) ? given : {};
  const written: [string, unknown][] = [];
  const left = new Map([...node.attributes].filter(([key]) => key !== controlAttribute));
  for (const [key, value] of Object.entries(before)) {
    const attribute = left.get(key);
    left.delete(key);
    const kept = keptValue(key, value, attribute, scope.context);
    if (kept !== undefined) written.push([key, kept]);
  }
  for (const [key, attribute] of left) written.push([key, encodeAttribute(key, attribute, scope.forms.get(key))]);
  return Object.fromEntries(written);
}

/** What is written where the file has a value: that, as long as the model says the same; undefined where the attribute was taken away. */
function keptValue(key: string, value: unknown, attribute: Attribute | undefined, context: TfjsContext): unknown {
  const read = readAttributeValue(context, value, key);
  if (attribute === undefined) return read === undefined ? value : undefined; // what the reader makes nothing of is nothing it could miss
  return read !== undefined && sameAttribute(read, attribute) ? value : encodeAttribute(key, attribute, formOf(value));
}

/** The NodeDef of a constant; its data go to the weights unless they stand in the file's JSON and are still the same. */
export function encodeConstant(name: string, tensor: Tensor, { context, weights, definitions }: NodeScope): JsonObject {
  const definition = definitions.get(name);
  const known = definition !== undefined && definition['op'] === 'Const' ? definition : undefined;
  const original = weights.original(name);
  if (known !== undefined && original === undefined && sameTensor(constantOf(context, { name, definition: known, where: name }, { tensors: new Map() }), tensor)) return known;
  weights.use(name, tensor);
  if (known !== undefined && original !== undefined && original.elementType === tensor.elementType && isDeepStrictEqual(original.dims, tensor.dims)) return known;
  const type = encodeTensorType(tensor);
  return { name, op: 'Const', attr: { dtype: { type: type['dtype'] }, value: { tensor: type } } };
}

/** The NodeDef of an input of the model. */
export function encodePlaceholder({ name, type }: ValueInfo, definition: JsonObject | undefined): JsonObject {
  if (definition?.['op'] === 'Placeholder') return definition;
  const { dtype, shape } = encodeDeclared(type);
  return { name, op: 'Placeholder', attr: { ...(dtype === undefined ? {} : { dtype: { type: dtype } }), shape: { shape } } };
}
