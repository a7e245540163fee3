// A graph and its function library as TensorFlow's GraphDef in JSON: the counterpart of graphModel.ts.
import { isDeepStrictEqual } from 'node:util';
import { LatheError } from '../../../base/errors';
import type { FunctionBody, Graph, Node } from '../../../graph/model';
import { anyField, field, isList, isObject, type JsonObject, type TfjsContext } from '../context';
import { functionName, functionReference, graphReference, valueName } from '../outputNames';
import type { AttributeForm } from './attributes';
import { GraphNames } from './names';
import { definitionsByName, encodeConstant, encodeNode, encodePlaceholder, type NodeScope } from './nodeDef';
import type { WeightList } from './weightList';

/** What is known of the file the graph comes from; empty where it comes from none. */
export interface GraphSource {
  readonly context: TfjsContext;
  readonly weights: WeightList;
  readonly forms: ReadonlyMap<string, AttributeForm>;
}

interface PlacedNode {
  readonly definition: JsonObject;
  readonly place: number;
}

/**
 * The NodeDefs of a graph: those of the file in its order, others behind the node they follow in the model.
 * @throws LatheError `unsupported` where an output would lose its name
 */
export function encodeGraph(graph: Graph, before: unknown, source: GraphSource): readonly JsonObject[] {
  const definitions = definitionsByName(before);
  const places = new Map([...definitions.keys()].map((name, i) => [name, i]));
  const names = new GraphNames(graph);
  for (const { name } of graph.outputs)
    if (names.reference(name) !== name) throw new LatheError('unsupported', `The output "${name}" could not keep its name: TensorFlow calls a value as its node.`, { item: name });
  const scope: NodeScope = { ...source, definitions, readReference: graphReference, reference: (value) => names.reference(value), control: (name) => names.control(name) };
  const written: PlacedNode[] = [];
  let last = -1;
  const add = (name: string, definition: JsonObject): void => {
    last = places.get(name) ?? last;
    written.push({ definition, place: last });
  };
  for (const input of graph.inputs) add(input.name, encodePlaceholder(input, definitions.get(input.name)));
  last = -1;
  for (const [value, tensor] of graph.initializers) {
    const name = names.nodeOf(value);
    add(name, encodeConstant(name, tensor, scope));
  }
  last = -1;
  for (const node of graph.nodes) add(names.nameOf(node), encodeNode(node, names.nameOf(node), scope));
  return written.sort((a, b) => a.place - b.place).map(({ definition }) => definition);
}

/** The function library with the functions the model still has. @throws LatheError `unsupported` for a function the file does not have, or with other arguments */
export function encodeLibrary(functions: readonly FunctionBody[], before: unknown, source: GraphSource): JsonObject | undefined {
  const library = isObject(before) ? before : undefined;
  const listed = new Map<string, JsonObject>();
  const entries = field(library ?? {}, 'function');
  for (const entry of isList(entries) ? entries : []) {
    const name = isObject(entry) ? functionNameOf(entry) : undefined;
    if (isObject(entry) && name !== undefined) listed.set(name, entry);
  }
  if (library === undefined && functions.length === 0) return undefined;
  const written = functions.map((body) => {
    const entry = listed.get(body.name);
    if (entry === undefined) throw new LatheError('unsupported', `The function "${body.name}" is not in the file: the types of its arguments are not known.`, { item: body.name });
    return encodeFunction(body, entry, source);
  });
  return { ...library, ...(entries === undefined && written.length === 0 ? {} : { function: written }) };
}

function functionNameOf(entry: JsonObject): string | undefined {
  const signature = field(entry, 'signature');
  const name = isObject(signature) ? field(signature, 'name') : undefined;
  return typeof name === 'string' ? name : undefined;
}

function encodeFunction(body: FunctionBody, before: JsonObject, source: GraphSource): JsonObject {
  const key = field(before, 'node_def') === undefined ? 'nodeDef' : 'node_def';
  const definitions = definitionsByName(field(before, key));
  const signature = field(before, 'signature');
  const argumentsOf = (...keys: string[]): string[] => {
    const list = isObject(signature) ? anyField(signature, ...keys) : undefined;
    return (isList(list) ? list : []).flatMap((entry) => (isObject(entry) && typeof entry['name'] === 'string' ? [entry['name']] : []));
  };
  const outputs = argumentsOf('outputArg', 'output_arg');
  if (!isDeepStrictEqual(argumentsOf('inputArg', 'input_arg'), body.inputs) || outputs.length !== body.outputs.length)
    throw new LatheError('unsupported', `The function "${body.name}" has other arguments than in the file.`, { item: body.name });

  const operatorBefore = (name: string): string | undefined => {
    const op = definitions.get(name)?.['op'];
    return typeof op === 'string' ? op : undefined;
  };
  const read = (input: string): ReturnType<typeof functionReference> => functionReference(input, operatorBefore);
  const names = new GraphNames({ inputs: body.inputs.map((name) => ({ name })), initializers: new Map(), nodes: body.nodes });
  const spelled = spellings(definitions, read);
  const made = makers(body.nodes);
  const reference = (value: string): string => {
    const maker = made.get(value);
    if (maker === undefined) return value;
    const plain = valueName({ node: names.nameOf(maker.node), output: maker.output });
    return (plain === value && operatorBefore(plain) === maker.node.opType ? spelled.get(value) : undefined) ?? functionName({ node: names.nameOf(maker.node), output: maker.output }, maker.node.opType);
  };
  const scope: NodeScope = { ...source, definitions, readReference: read, reference, control: (name) => names.control(name) };
  const nodes = body.nodes.map((node) => encodeFunctionNode(node, names.nameOf(node), scope));
  const places = new Map([...definitions.keys()].map((name, i) => [name, i]));
  const sorted = nodes.every((node) => places.has(String(node['name']))) ? nodes.sort((a, b) => (places.get(String(a['name'])) ?? 0) - (places.get(String(b['name'])) ?? 0)) : nodes;
  return { ...before, ...(sorted.length === 0 && field(before, key) === undefined ? {} : { [key]: sorted }), ...encodeReturned(body, outputs, field(before, 'ret'), read, reference) };
}

function encodeReturned({ outputs }: FunctionBody, names: readonly string[], before: unknown, read: NodeScope['readReference'], reference: NodeScope['reference']): JsonObject {
  if (!isObject(before)) return {};
  const kept = (name: string, value: string): unknown => {
    const text = field(before, name);
    return typeof text === 'string' && valueName(read(text)) === value ? text : reference(value);
  };
  return { ret: Object.fromEntries(names.map((name, i) => [name, kept(name, outputs[i] ?? '')])) };
}

function encodeFunctionNode(node: Node, name: string, scope: NodeScope): JsonObject {
  const value = node.opType === 'Const' ? node.attributes.get('value') : undefined;
  return value?.type === 'tensor' ? encodeConstant(name, value.value, scope) : encodeNode(node, name, scope);
}

/** How the nodes of a function name each value already. */
function spellings(definitions: ReadonlyMap<string, JsonObject>, read: NodeScope['readReference']): ReadonlyMap<string, string> {
  const spelled = new Map<string, string>();
  for (const { input } of definitions.values()) for (const text of isList(input) ? input : []) if (typeof text === 'string' && !text.startsWith('^')) spelled.set(valueName(read(text)), text);
  return spelled;
}

function makers(nodes: readonly Node[]): ReadonlyMap<string, { readonly node: Node; readonly output: number }> {
  return new Map(nodes.flatMap((node) => node.outputs.map((value, output) => [value, { node, output }] as const)));
}
