// What the textual syntax has no place for: notes on graphs, nodes, values and tensors. It is named, and carried over to a model that was edited as text.
import { isDeepStrictEqual } from 'node:util';
import type { Attribute, FunctionBody, Graph, Metadata, Model, Node, QuantizationAnnotation, ValueInfo, ValueType } from '../../graph/model';
import { nodeKeys, type NodeKey } from '../../graph/traverse';
import type { Tensor } from '../../tensor/tensor';

/** Something of a model that its text does not say. */
export interface NotHeld {
  /** The node, value, graph … it belongs to. */
  readonly item: string;
  /** E.g. `documentation`. */
  readonly what: string;
}

const words = {
  docString: 'documentation',
  metadata: 'metadata',
  unknownFields: 'fields that this version does not know',
  quantizationAnnotations: 'quantization annotations',
  origin: 'the nodes it came from',
  type: 'denotations of its type',
  untyped: 'a type without an element type',
} as const;

interface Extra {
  docString?: string;
  metadata?: Metadata;
  unknownFields?: readonly Uint8Array[];
  quantizationAnnotations?: QuantizationAnnotation[];
  origin?: readonly string[];
  type?: ValueType;
  untyped?: Uint8Array;
}

/** Something that may have what the syntax does not hold; `keys` find it again in another model, the surest first. */
interface Holder {
  readonly item: string;
  readonly keys: readonly string[];
  readonly extra: Extra;
  /** Adds what another model's holder has. */
  add(extra: Extra): void;
}

/** What of a model its text does not say. */
export function notHeld(model: Model): NotHeld[] {
  const found: NotHeld[] = [];
  for (const { item, extra } of holders(model)) for (const word of Object.keys(extra) as (keyof Extra)[]) found.push({ item, what: words[word] });
  return found;
}

/**
 * Gives a model read from an edited text what the text could not hold, from the model the text was printed from. Things are
 * found again by their name or, for a node, by its first output; one without a name by that first.
 * @returns What belonged to things that are not in the edited model any more.
 */
export function carryOver(edited: Model, source: Model): NotHeld[] {
  const waiting = new Map<string, Holder>();
  for (const holder of numbered(holders(source))) if (Object.keys(holder.extra).length > 0) for (const key of holder.keys) if (!waiting.has(key)) waiting.set(key, holder);
  const taken = new Set<Holder>();
  const open: Holder[] = [];
  const give = (holder: Holder, key: string | undefined): boolean => {
    const from = key === undefined ? undefined : waiting.get(key);
    if (from === undefined || taken.has(from)) return false;
    taken.add(from);
    holder.add(from.extra);
    return true;
  };
  for (const holder of [...numbered(holders(edited))]) if (!give(holder, holder.keys[0])) open.push(holder);
  for (const holder of open) holder.keys.slice(1).some((key) => give(holder, key));
  const lost = [...new Set(waiting.values())].filter((holder) => !taken.has(holder));
  return [...lost.flatMap(({ item, extra }) => (Object.keys(extra) as (keyof Extra)[]).map((word) => ({ item, what: words[word] }))), ...dropAnnotations(edited.graph, source.graph)];
}

/** Annotations name tensors: one of a tensor that has gone, or has another name now, would say something false. */
function dropAnnotations(graph: Graph, source: Graph): NotHeld[] {
  if (graph.quantizationAnnotations.length === 0) return [];
  const now = valueNames(graph);
  const before = valueNames(source);
  const isGone = (name: string): boolean => before.has(name) && !now.has(name);
  const isFalse = ({ tensorName, parameters }: QuantizationAnnotation): boolean => isGone(tensorName) || parameters.some(([, parameter]) => isGone(parameter));
  const dropped = graph.quantizationAnnotations.filter(isFalse);
  graph.quantizationAnnotations = graph.quantizationAnnotations.filter((annotation) => !isFalse(annotation));
  return dropped.map(({ tensorName }) => ({ item: `value ${tensorName}`, what: words.quantizationAnnotations }));
}

function valueNames(graph: Graph): Set<string> {
  return new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys(), ...graph.nodes.flatMap(({ outputs }) => outputs)]);
}

/** Tells things of the same key apart by their order: a function defined twice, nodes of functions without names. */
function* numbered(all: Iterable<Holder>): Generator<Holder> {
  const seen = new Map<string, number>();
  for (const one of all) {
    const keys = one.keys.map((key) => {
      const before = seen.get(key) ?? 0;
      seen.set(key, before + 1);
      return before === 0 ? key : `${key}~${before}`;
    });
    yield { ...one, keys };
  }
}

function* holders(model: Model): Generator<Holder> {
  yield holder('model', 'the model', pick(model, ['unknownFields']), (extra) => Object.assign(model, extra));
  const keys = nodeKeys(model.graph);
  yield* graphHolders(model.graph, 'graph', keys);
  for (const [i, body] of model.functions.entries()) yield* functionHolders(model, body, i);
}

function* functionHolders(model: Model, body: FunctionBody, index: number): Generator<Holder> {
  const place = `function ${body.domain}.${body.name}:${body.overload}`;
  yield holder(place, place, pick(body, ['metadata', 'unknownFields']), (extra) => {
    const now = model.functions[index] ?? body;
    model.functions[index] = { ...now, ...extra };
  });
  yield* valueHolders(body.valueInfo, `${place} value`, (values) => {
    const now = model.functions[index] ?? body;
    model.functions[index] = { ...now, valueInfo: values };
  });
  yield* attributeHolders(body.attributeDefaults, place, new Map(), (name, attribute) => {
    const now = model.functions[index] ?? body;
    model.functions[index] = { ...now, attributeDefaults: new Map(now.attributeDefaults).set(name, attribute) };
  });
  for (const [i, node] of body.nodes.entries()) {
    const own = node.name === '' ? `#${i}` : node.name;
    yield* nodeHolders(node, { key: `${place}/${own}`, isName: own === node.name, among: body.nodes.length }, place, new Map());
  }
}

function* graphHolders(graph: Graph, place: string, keys: ReadonlyMap<Node, NodeKey>): Generator<Holder> {
  yield holder(place, `${place} ${graph.name}`, pick(graph, ['docString', 'metadata', 'quantizationAnnotations', 'unknownFields']), (extra) => Object.assign(graph, extra));
  yield* valueHolders(graph.inputs, `${place} input`, (values) => (graph.inputs = values));
  yield* valueHolders(graph.outputs, `${place} output`, (values) => (graph.outputs = values));
  yield* valueHolders([...graph.valueInfo.values()], `${place} value`, (values) => (graph.valueInfo = new Map(values.map((value) => [value.name, value]))));
  for (const [name, tensor] of graph.initializers) yield tensorHolder(tensor, `${place} initializer ${name}`, (next) => graph.initializers.set(name, next));
  for (const node of graph.nodes) {
    const key = keys.get(node) ?? node.name;
    yield* nodeHolders(node, { key, isName: key === node.name, among: keys.size }, place, keys);
  }
}

/** What a node is called: by its name, or by where it stands among so many others. */
interface Called {
  readonly key: string;
  readonly isName: boolean;
  readonly among: number;
}

function* nodeHolders(node: Node, { key, isName, among }: Called, place: string, keys: ReadonlyMap<Node, NodeKey>): Generator<Holder> {
  const extra: Extra = pick(node, ['docString', 'metadata', 'unknownFields']);
  // Of a node of the graph, that is: those of functions have no keys.
  if (keys.has(node) && node.origin.length > 0 && !(node.origin.length === 1 && node.origin[0] === key)) extra.origin = node.origin;
  const output = node.outputs.find((name) => name !== '');
  const byOutput = output === undefined ? [] : [`node of ${place} output ${output}`];
  // A node that is put in or taken out moves the numbers of those behind it: they are the last resort, and where there are as many nodes as before.
  const found = isName ? [`node ${key}`, ...byOutput] : [...byOutput, `node ${key} of ${among}`];
  yield { item: `node ${key}`, keys: found, extra, add: (more) => void Object.assign(node, more) };
  yield* attributeHolders(node.attributes, found[0] ?? key, keys, (name, attribute) => node.attributes.set(name, attribute));
}

function* attributeHolders(attributes: ReadonlyMap<string, Attribute>, place: string, keys: ReadonlyMap<Node, NodeKey>, replace: (name: string, attribute: Attribute) => void): Generator<Holder> {
  for (const [name, attribute] of attributes) {
    let now = attribute;
    const change = (next: Attribute): void => replace(name, (now = next));
    const where = `${place} attribute ${name}`;
    yield holder(where, where, pick(attribute, ['docString', 'unknownFields']), ({ docString, unknownFields }) => change({ ...now, ...(docString === undefined ? {} : { docString }), ...(unknownFields === undefined ? {} : { unknownFields }) }));
    if (attribute.type === 'graph') yield* graphHolders(attribute.value, `${where} graph`, keys);
    else if (attribute.type === 'graphs') for (const [i, graph] of attribute.value.entries()) yield* graphHolders(graph, `${where} graph ${i}`, keys);
    else if (attribute.type === 'tensor') yield tensorHolder(attribute.value, where, (value) => change({ ...now, type: 'tensor', value }));
    else if (attribute.type === 'type') yield typeHolder(attribute.value, where, (value) => change({ ...now, type: 'type', value }));
    else if (attribute.type === 'types') {
      const value = [...attribute.value];
      for (const [i, type] of attribute.value.entries())
        yield typeHolder(type, `${where} ${i}`, (next) => {
          value[i] = next;
          change({ ...now, type: 'types', value });
        });
    } else if (attribute.type === 'tensors') {
      const value = [...attribute.value];
      for (const [i, tensor] of attribute.value.entries())
        yield tensorHolder(tensor, `${where} ${i}`, (next) => {
          value[i] = next;
          change({ ...now, type: 'tensors', value });
        });
    }
  }
}

function tensorHolder(tensor: Tensor, place: string, replace: (tensor: Tensor) => void): Holder {
  return holder(`${place} tensor`, place, pick(tensor, ['docString', 'metadata', 'unknownFields']), (extra) => replace({ ...tensor, ...extra }));
}

/** A type in an attribute: its denotations are kept where the type itself was not edited. */
function typeHolder(now: ValueType, place: string, replace: (type: ValueType) => void): Holder {
  return holder(`${place} type`, place, hasDenotations(now) ? { type: now } : {}, ({ type }) => {
    if (type !== undefined && sameType(type, now)) replace(type);
  });
}

function sameType(a: ValueType, b: ValueType): boolean {
  return isDeepStrictEqual(plainType(a), plainType(b));
}

function* valueHolders(values: readonly ValueInfo[], place: string, replace: (values: ValueInfo[]) => void): Generator<Holder> {
  const next = [...values];
  for (const [i, value] of values.entries()) {
    const extra: Extra = pick(value, ['docString', 'metadata', 'unknownFields', 'untyped']);
    if (value.type !== undefined && hasDenotations(value.type)) extra.type = value.type;
    yield holder(`${place} ${value.name}`, `${place} ${value.name}`, extra, ({ type, untyped, ...notes }) => {
      // A type that was edited keeps its edit; the denotations were said of another one.
      const same = type !== undefined && value.type !== undefined && sameType(type, value.type);
      next[i] = { ...value, ...notes, ...(same ? { type } : {}), ...(untyped === undefined || value.type !== undefined ? {} : { untyped }) };
      replace(next);
    });
  }
}

function holder(key: string, item: string, extra: Extra, add: (extra: Extra) => void): Holder {
  return { item, keys: [key], extra, add };
}

/** Those of the fields that say something. */
function pick<K extends Exclude<keyof Extra, 'type'>>(of: { readonly [P in K]?: Extra[P] }, fields: readonly K[]): Extra {
  const picked: { [P in K]?: Extra[P] } = {};
  for (const field of fields) {
    const value = of[field];
    if (value !== undefined && value.length > 0) picked[field] = value;
  }
  return picked;
}

function hasDenotations(type: ValueType): boolean {
  return !isDeepStrictEqual(plainType(type), type);
}

/** A type without its denotations. */
function plainType(type: ValueType): ValueType {
  switch (type.kind) {
    case 'tensor':
    case 'sparseTensor':
      return { kind: type.kind, elementType: type.elementType, ...(type.shape === undefined ? {} : { shape: type.shape }) };
    case 'sequence':
    case 'optional':
      return { kind: type.kind, of: plainType(type.of) };
    case 'map':
      return { kind: type.kind, key: type.key, value: plainType(type.value) };
    case 'opaque':
      return { kind: type.kind, domain: type.domain, name: type.name };
    default:
      return type satisfies never;
  }
}
