// The model.json of a TensorFlow.js model: all that stood in the file it was read from, with the topology and the weights the model has now.
import { isDeepStrictEqual } from 'node:util';
import { LatheError } from '../../../base/errors';
import type { Graph, Model, ValueInfo } from '../../../graph/model';
import { sameAttributes } from '../../../graph/sameAttributes';
import { isSameState, SourceFile } from '../../../tensor/fileSource';
import type { Tensor } from '../../../tensor/tensor';
import { anyField, field, isList, isObject, type JsonObject, TfjsContext } from '../context';
import { tfjsContents, type TfjsContents } from '../contents';
import { tensorflowDomain } from '../graphModel';
import { readKerasModel } from '../layersModel';
import { parseModelJson } from '../read';
import { encodeDeclared } from './attributes';
import { encodeGraph, encodeLibrary, type GraphSource } from './graphDef';
import { attributeForms, definitionsByName } from './nodeDef';
import { WeightList, type WrittenWeight } from './weightList';

export interface EncodedModel {
  /** Without its `weightsManifest`, which depends on how the weights are cut. */
  readonly document: JsonObject;
  readonly groups: readonly (readonly WrittenWeight[])[];
}

/**
 * Encodes a model read by `openTfjsModel`, changed or not, or a graph model made from one. The file it was read from is read
 * again for what a Model does not hold.
 * @throws LatheError `unsupported` for what the format cannot say; `source-touched` where the file changed since it was opened
 */
export function encodeTfjsModel(model: Model): EncodedModel {
  const contents = tfjsContents(model);
  if (model.format === 'onnx' || contents === undefined) throw new LatheError('unsupported', 'Only TensorFlow.js models can be written as TensorFlow.js models.', model.path === undefined ? {} : { file: model.path });
  const { document, context } = sourceOf(model);
  const weights = new WeightList(contents.weights, manifestEntries(document));
  if (model.format === 'tfjs-layers') return encodeLayers(model, contents, document, context, weights);
  const topology = field(document, 'modelTopology');
  const isGraph = isObject(topology) && field(topology, 'node') !== undefined;
  return isGraph ? encodeChangedGraph(model, document, topology, context, weights) : encodeNewGraph(model, document, context, weights);
}

/** The JSON the model was read from. */
function sourceOf({ path, file }: Model): { readonly document: JsonObject; readonly context: TfjsContext } {
  if (path === undefined) return { document: {}, context: new TfjsContext('', new Map()) };
  const source = new SourceFile(path);
  try {
    if (file !== undefined && !isSameState(source.identity, file)) throw new LatheError('source-touched', 'The file changed after it was opened.', { file: path, hint: 'Open the model again.' });
    return parseModelJson(source, path);
  } finally {
    source.dispose();
  }
}

function manifestEntries(document: JsonObject): ReadonlyMap<string, JsonObject> {
  const groups = field(document, 'weightsManifest');
  const entries = (isList(groups) ? groups : []).flatMap((group) => {
    const weights = isObject(group) ? field(group, 'weights') : undefined;
    return isList(weights) ? weights.filter(isObject) : [];
  });
  return new Map(entries.map((entry) => [String(entry['name']), entry]));
}

/** A layers model's structure is code of Keras's own: only its weights may change. */
function encodeLayers(model: Model, contents: TfjsContents, document: JsonObject, context: TfjsContext, weights: WeightList): EncodedModel {
  const topology = context.object(field(document, 'modelTopology'), 'modelTopology');
  const config = context.object(field(topology, 'model_config') ?? field(topology, 'modelConfig') ?? topology, 'modelTopology.model_config');
  const { initializers } = model.graph;
  if (!sameStructure(model.graph, readKerasModel(context, config, contents.weights).graph)) throw new LatheError('unsupported', 'The layers of a layers model cannot be changed, only its weights.', { hint: 'Make a graph model of it first.' });
  for (const [name, tensor] of initializers) weights.use(name, tensor);
  return { document, groups: weights.groups(() => false) };
}

function sameStructure(graph: Graph, before: Graph): boolean {
  const same = (a: Tensor, b: Tensor | undefined): boolean => a.elementType === b?.elementType && isDeepStrictEqual(a.dims, b.dims);
  return (
    isDeepStrictEqual([...graph.initializers.keys()], [...before.initializers.keys()]) &&
    [...graph.initializers].every(([name, tensor]) => same(tensor, before.initializers.get(name))) &&
    graph.nodes.length === before.nodes.length &&
    graph.nodes.every((node, i) => {
      const other = before.nodes[i];
      return other !== undefined && node.name === other.name && node.opType === other.opType && isDeepStrictEqual([node.inputs, node.outputs], [other.inputs, other.outputs]) && sameAttributes(node.attributes, other.attributes);
    })
  );
}

function encodeChangedGraph({ graph, functions }: Model, document: JsonObject, topology: JsonObject, context: TfjsContext, weights: WeightList): EncodedModel {
  const before = field(topology, 'node');
  const library = field(topology, 'library');
  const lists = [definitionsByName(before), ...functionLists(library)];
  const source: GraphSource = { context, weights, forms: attributeForms(lists) };
  const node = encodeGraph(graph, before, source);
  const written = encodeLibrary(functions, library, source);
  const init = field(document, 'modelInitializer');
  const needed = new Set(isObject(init) ? [definitionsByName(field(init, 'node')), ...functionLists(field(init, 'library'))].flatMap(constants) : []);
  const owned = new Set(lists.flatMap(constants));
  return {
    document: { ...document, modelTopology: { ...topology, node, ...(written === undefined ? {} : { library: written }) } },
    // A weight no node of the file reads was not given up either.
    groups: weights.groups((name) => needed.has(name) || !owned.has(name)),
  };
}

function functionLists(library: unknown): ReadonlyMap<string, JsonObject>[] {
  const functions = isObject(library) ? field(library, 'function') : undefined;
  return (isList(functions) ? functions : []).filter(isObject).map((entry) => definitionsByName(anyField(entry, 'nodeDef', 'node_def')));
}

function constants(definitions: ReadonlyMap<string, JsonObject>): string[] {
  return [...definitions].filter(([, { op }]) => op === 'Const').map(([name]) => name);
}

/** What a layers model's file says that holds of a graph model made of it too. */
const keptSettings: ReadonlySet<string> = new Set(['generatedBy', 'convertedBy', 'userDefinedMetadata']);
/** GraphDef version of TensorFlow 2.16, written where no file says one; TensorFlow.js does not look at it. */
const usualProducer = 1645;

function encodeNewGraph({ graph, functions, opsetImports }: Model, document: JsonObject, context: TfjsContext, weights: WeightList): EncodedModel {
  const source: GraphSource = { context, weights, forms: new Map() };
  const node = encodeGraph(graph, [], source);
  const library = encodeLibrary(functions, undefined, source);
  const kept = Object.fromEntries(Object.entries(document).filter(([key]) => keptSettings.has(key)));
  const producer = opsetImports.get(tensorflowDomain);
  return {
    document: {
      format: 'graph-model',
      ...kept,
      signature: { inputs: Object.fromEntries(graph.inputs.map(tensorInfo)), outputs: Object.fromEntries(graph.outputs.map(tensorInfo)) },
      modelTopology: { node, ...(library === undefined ? {} : { library }), versions: { producer: producer === undefined || producer === 0 ? usualProducer : producer } },
    },
    groups: weights.groups(() => false),
  };
}

/** A signature's entry: the value's name with the number of the output. */
function tensorInfo({ name, type }: ValueInfo): [string, JsonObject] {
  const { dtype, shape } = encodeDeclared(type);
  return [name, { name: /:\d+$/.test(name) ? name : `${name}:0`, ...(dtype === undefined ? {} : { dtype }), tensorShape: shape }];
}
