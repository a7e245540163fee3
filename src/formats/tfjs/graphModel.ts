// Graph models: TensorFlow's GraphDef as JSON, one Node per NodeDef, its constants as initializers.
// Source: tensorflow/core/framework/graph.proto, node_def.proto and function.proto; tfjs-converter, operation_mapper.ts.
import { makeGraph, makeNode, tensorType } from '../../graph/construct';
import { symbol } from '../../graph/dimension';
import { namelessSymbol } from '../../graph/inputs';
import type { Attribute, FunctionBody, Graph, Metadata, Node, Shape, ValueInfo } from '../../graph/model';
import { sortRounds } from '../../graph/rewriteOrder';
import type { Tensor } from '../../tensor/tensor';
import { readAttributeValue } from './attributeValues';
import { anyField, field, isObject, kindOf, type JsonObject, type TfjsContext } from './context';
import { dataTypeElement, dataTypeName } from './dataTypes';
import type { Weights } from './manifest';
import { functionReference, graphReference, valueName, type ValueReference } from './outputNames';
import { readShape } from './protoValues';
import { readTensorValue } from './tensorValue';

/** The domain of TensorFlow's operators. */
export const tensorflowDomain = 'tensorflow';
/** Attribute that holds the names of the nodes a node waits for without reading them. */
export const controlAttribute = '_control';

/** More nodes than this are no model. */
const mostNodes = 1_000_000;

/** A NodeDef before it is known how many of its outputs are read. */
interface NodeDraft {
  readonly name: string;
  readonly op: string;
  readonly inputs: ValueReference[];
  control: string[];
  readonly definition: JsonObject;
  readonly where: string;
}

/**
 * The graph of a GraphDef.
 * @param signature the model's inputs and outputs by name; without one, placeholders and nodes nobody reads
 * @throws LatheError `malformed`
 */
export function readGraphDef(context: TfjsContext, definition: JsonObject, weights: Weights, signature: unknown, where: string): Graph {
  const drafts = readDrafts(context, field(definition, 'node'), where, () => graphReference);
  const inputs = readSignature(context, signature, 'inputs');
  const outputs = readSignature(context, signature, 'outputs');
  const initializers = new Map<string, Tensor>();
  const placeholders = new Map<string, ValueInfo>();
  const operators: NodeDraft[] = [];
  for (const draft of drafts.values()) {
    if (draft.op === 'Const') initializers.set(draft.name, constantOf(context, draft, weights));
    else if (draft.op === 'Placeholder') placeholders.set(draft.name, placeholderOf(context, draft, inputs.get(draft.name)));
    else operators.push(draft);
  }
  const results = outputs.size > 0 ? [...outputs.values()] : unread(operators);
  const counts = outputCounts(operators, results.map(({ reference }) => reference));
  const nodes = operators.map((draft) => makeNodeOf(context, draft, counts));
  return makeGraph('graph', {
    nodes: sortRounds(nodes, ({ inputs }) => inputs),
    inputs: [...new Set([...inputs.keys(), ...placeholders.keys()])].flatMap((name) => placeholders.get(name) ?? []),
    outputs: [...new Map(results.map((entry) => [valueName(entry.reference), entry])).entries()].map(([name, entry]) => outputInfo(name, entry)),
    initializers,
  });
}

/** What stands for outputs where no signature names them. */
function unread(drafts: readonly NodeDraft[]): SignatureEntry[] {
  const read = new Set<string>();
  for (const { inputs, control } of drafts) {
    for (const { node } of inputs) read.add(node);
    for (const node of control) read.add(node);
  }
  return drafts.filter(({ name }) => !read.has(name)).map(({ name }) => ({ reference: { node: name, output: 0 } }));
}

/** The function library, each function's constants as `Const` nodes with their `value`. @throws LatheError `malformed` */
export function readFunctionLibrary(context: TfjsContext, library: unknown, weights: Weights, opsetImports: ReadonlyMap<string, number>): FunctionBody[] {
  if (library === undefined || library === null) return [];
  return context.list(field(context.object(library, 'library'), 'function'), 'library.function').map((entry, i) => readFunction(context, context.object(entry, `library.function[${i}]`), `library.function[${i}]`, weights, opsetImports));
}

function readFunction(context: TfjsContext, definition: JsonObject, where: string, weights: Weights, opsetImports: ReadonlyMap<string, number>): FunctionBody {
  const signature = context.object(field(definition, 'signature'), `${where}.signature`);
  const name = context.text(field(signature, 'name'), `${where}.signature.name`);
  const argumentsOf = (key: string, other: string): string[] => context.list(anyField(signature, key, other), `${where}.signature.${key}`).map((entry) => context.text(field(context.object(entry, `${where}.signature.${key}`), 'name'), `${where}.signature.${key}`));
  const drafts = readDrafts(context, anyField(definition, 'nodeDef', 'node_def'), `function ${name}`, (operatorOf) => (input) => functionReference(input, operatorOf));
  const operatorOf = (node: string): string | undefined => drafts.get(node)?.op;
  const returned = context.object(field(definition, 'ret') ?? {}, `${where}.ret`);
  const outputs = argumentsOf('outputArg', 'output_arg').map((output) => functionReference(context.text(field(returned, output), `The output ${output} of function ${name}`), operatorOf));
  const counts = outputCounts([...drafts.values()], outputs);
  const nodes = [...drafts.values()].map((draft): Node => {
    const node = makeNodeOf(context, draft, counts);
    if (draft.op === 'Const') node.attributes.set('value', { type: 'tensor', value: constantOf(context, draft, weights) });
    return node;
  });
  return {
    name,
    domain: tensorflowDomain,
    overload: '',
    inputs: argumentsOf('inputArg', 'input_arg'),
    outputs: outputs.map(valueName),
    attributes: [],
    attributeDefaults: new Map(),
    nodes: sortRounds(nodes, ({ inputs }) => inputs),
    opsetImports,
    docString: '',
    valueInfo: [],
    metadata: [],
    unknownFields: [],
  };
}

/** Of the many nodes that wait for no other; never added to. */
const nothing: string[] = [];

type Refer = (input: string) => ValueReference;

/** The NodeDefs by name, in file order. `refer` is made once it is known which operators the nodes have. */
function readDrafts(context: TfjsContext, list: unknown, where: string, refer: (operatorOf: (node: string) => string | undefined) => Refer): Map<string, NodeDraft> {
  const definitions = context.list(list, `The nodes of ${where}`);
  if (definitions.length > mostNodes) throw context.malformed(where, `${where} has ${definitions.length} nodes; ${mostNodes} are the most.`);
  const drafts = new Map<string, NodeDraft>();
  for (const [i, entry] of definitions.entries()) {
    const name = isObject(entry) ? field(entry, 'name') : undefined;
    const op = isObject(entry) ? field(entry, 'op') : undefined;
    if (!isObject(entry) || typeof name !== 'string' || name === '') throw context.malformed(where, `Node ${i} of ${where} has no name.`);
    if (typeof op !== 'string' || op === '') throw context.malformed(name, `Node "${name}" of ${where} has no operator.`);
    if (drafts.has(name)) throw context.malformed(name, `Two nodes of ${where} have the name "${name}".`);
    drafts.set(name, { name, op, inputs: [], control: nothing, definition: entry, where });
  }
  const toReference = refer((node) => drafts.get(node)?.op);
  for (const draft of drafts.values()) {
    const { name, definition } = draft;
    for (const input of context.list(field(definition, 'input'), 'input')) {
      if (typeof input !== 'string') throw context.malformed(name, `An input of "${name}" should be a text, but is ${kindOf(input)}.`);
      if (!input.startsWith('^')) draft.inputs.push(toReference(input));
      else if (draft.control === nothing) draft.control = [input.slice(1)];
      else draft.control.push(input.slice(1));
    }
  }
  return drafts;
}

/** Number of outputs of each node, as far as somebody reads them. */
function outputCounts(drafts: readonly NodeDraft[], results: readonly ValueReference[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const ask = ({ node, output }: ValueReference): void => {
    if (output > 0 && output >= (counts.get(node) ?? 1)) counts.set(node, output + 1);
  };
  for (const { inputs } of drafts) inputs.forEach(ask);
  results.forEach(ask);
  return counts;
}

/** More outputs than any operator has: a name that asks for its millionth output is no model's. */
const mostOutputs = 10_000;

function makeNodeOf(context: TfjsContext, draft: NodeDraft, counts: ReadonlyMap<string, number>): Node {
  const { name, op, control, definition } = draft;
  const count = counts.get(name) ?? 1;
  if (count > mostOutputs) throw context.malformed(name, `Output ${count - 1} of the node is read; ${mostOutputs} are the most.`);
  const attributes = new Map(attributesOf(context, name, op, field(definition, 'attr')));
  if (control.length > 0) attributes.set(controlAttribute, { type: 'strings', value: control });
  const device = field(definition, 'device');
  const metadata: Metadata = typeof device === 'string' && device !== '' ? [['device', device]] : noMetadata;
  return makeNode({
    name,
    opType: op,
    domain: tensorflowDomain,
    inputs: draft.inputs.map(valueName),
    outputs: Array.from({ length: count }, (_, output) => valueName({ node: name, output })),
    attributes,
    metadata,
  });
}

const noMetadata: Metadata = [];
const noAttributes: ReadonlyMap<string, Attribute> = new Map();

/** Attributes of nodes that share theirs, see `parseJson`. */
const known = new WeakMap<JsonObject, ReadonlyMap<string, Attribute>>();

function attributesOf(context: TfjsContext, name: string, op: string, given: unknown): ReadonlyMap<string, Attribute> {
  if (given === undefined || given === null) return noAttributes;
  context.node = name;
  const object = context.object(given, 'attr');
  const attributes = known.get(object) ?? new Map(readAttributes(context, op, object));
  known.set(object, attributes);
  context.node = undefined;
  return attributes;
}

function* readAttributes(context: TfjsContext, op: string, object: JsonObject): Generator<[string, Attribute]> {
  for (const key of Object.keys(object)) {
    if (op === 'Const' && key === 'value') continue; // its data lie in the manifest
    const attribute = readAttributeValue(context, object[key], key);
    if (attribute !== undefined) yield [key, attribute];
  }
}

/** The tensor of a `Const`: its weight, or what stands in the JSON. @throws LatheError `malformed` where it is in neither */
export function constantOf(context: TfjsContext, { name, definition, where }: Pick<NodeDraft, 'name' | 'definition' | 'where'>, weights: Pick<Weights, 'tensors'>): Tensor {
  const stored = weights.tensors.get(name);
  if (stored !== undefined) return stored;
  const attributes = field(definition, 'attr');
  const value = isObject(attributes) ? field(attributes, 'value') : undefined;
  const tensor = isObject(value) ? field(value, 'tensor') : undefined;
  // Data are taken out of the graph and put into the shards: a constant with elements that has neither lost them.
  const hasData = isObject(tensor) && (Object.keys(tensor).some((key) => /Content$|Val$|_content$|_val$/.test(key)) || readShape(context, anyField(tensor, 'tensorShape', 'tensor_shape'), name)?.includes(0) === true);
  if (!hasData) throw context.malformed(name, `The constant "${name}" of ${where} is in no group of weightsManifest.`, 'Put the complete model.json in its place.');
  return readTensorValue(context, tensor, name, name);
}

/** What a signature says of an input or output. */
interface SignatureEntry {
  readonly reference: ValueReference;
  readonly dtype?: unknown;
  readonly dims?: readonly number[];
}

/** By node for inputs, by key for outputs. */
function readSignature(context: TfjsContext, signature: unknown, side: 'inputs' | 'outputs'): Map<string, SignatureEntry> {
  const entries = new Map<string, SignatureEntry>();
  if (!isObject(signature)) return entries;
  const listed = field(signature, side);
  if (!isObject(listed)) return entries;
  for (const [key, entry] of Object.entries(listed)) {
    const where = `signature.${side}.${key}`;
    const object = context.object(entry, where);
    const name = field(object, 'name');
    if (typeof name !== 'string' || name === '') continue; // resources are fed by nobody
    const reference = graphReference(name);
    const shape = readShape(context, anyField(object, 'tensorShape', 'tensor_shape'), where);
    entries.set(side === 'inputs' ? reference.node : key, { reference, dtype: field(object, 'dtype'), ...(shape === undefined ? {} : { dims: shape }) });
  }
  return entries;
}

function placeholderOf(context: TfjsContext, { name, definition }: NodeDraft, declared: SignatureEntry | undefined): ValueInfo {
  const attributes = field(definition, 'attr');
  const attribute = (key: string): unknown => {
    const value = isObject(attributes) ? field(attributes, key) : undefined;
    return isObject(value) ? anyField(value, 'shape', 'type') : undefined;
  };
  const dims = readShape(context, attribute('shape'), `The shape of ${name}`) ?? declared?.dims;
  const elementType = dataTypeElement(attribute('dtype') ?? declared?.dtype);
  if (elementType === undefined) {
    context.warn('unknown-type', `The input has the type ${dataTypeName(attribute('dtype'))}.`, name);
    return { name };
  }
  const shape: Shape | undefined = dims?.map((dim, axis) => (dim === -1 ? symbol(namelessSymbol(name, axis)) : dim));
  return { name, type: tensorType(elementType, shape) };
}

function outputInfo(name: string, { dtype, dims }: SignatureEntry): ValueInfo {
  const elementType = dataTypeElement(dtype);
  if (elementType === undefined) return { name };
  return { name, type: tensorType(elementType, dims?.map((dim) => (dim === -1 ? undefined : dim))) };
}
