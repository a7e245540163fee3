// Opens a TensorFlow.js model, graph or layers: everything but the weights, which stay in their shards until something asks for them.
import { resolve } from 'node:path';
import { isUtf8 } from 'node:buffer';
import { LatheError, toLatheError } from '../../base/errors';
import { makeModel } from '../../graph/construct';
import type { Metadata, Model } from '../../graph/model';
import { SourceFile } from '../../tensor/fileSource';
import { ExternalData, type ExternalDataPolicy } from '../onnx/externalData';
import { anyField, field, isObject, TfjsContext, type JsonObject } from './context';
import { keepContents, type TfjsContents } from './contents';
import { readFunctionLibrary, readGraphDef, tensorflowDomain } from './graphModel';
import { kerasDomain, readKerasModel } from './layersModel';
import { readManifest, type Weights } from './manifest';
import { refuseOtherJson } from './otherJson';
import { parseJson } from './parseJson';

export interface TfjsReadOptions {
  /** How the shards may be reached; `contained` where not said. */
  readonly externalData?: ExternalDataPolicy;
}

/** Below the longest text the JavaScript engine can hold. */
const mostJsonBytes = 400 * 2 ** 20;

/**
 * Reads a TensorFlow.js model's structure; of the weights only strings are read. Dispose the model to close its files.
 * @throws LatheError `not-found`, `not-a-model`, `malformed`, `unsafe-path`, `cache-link`, `too-large` or `io`.
 */
export function openTfjsModel(path: string, options: TfjsReadOptions = {}): Model {
  const absolute = resolve(path);
  const file = new SourceFile(absolute);
  const shards = new ExternalData(absolute, options.externalData ?? 'contained', 'Weights');
  try {
    const { document, context } = parseModelJson(file, absolute);
    refuseOtherJson(document, absolute);
    const model = readDocument(context, document, shards);
    const dispose = (): void => {
      file.dispose();
      shards.dispose();
    };
    return { ...model, path: absolute, file: file.identity, warnings: context.finish(), dispose };
  } catch (thrown) {
    file.dispose();
    shards.dispose();
    throw toLatheError(thrown, absolute);
  }
}

/** A parsed model.json and what its reader collects. */
export interface ParsedJson {
  readonly document: JsonObject;
  readonly context: TfjsContext;
}

/** The JSON of a model, without a look at what it says. @throws LatheError `not-a-model`, `malformed`, `too-large` or `io` */
export function parseModelJson(file: SourceFile, path: string): ParsedJson {
  if (file.size > mostJsonBytes) throw new LatheError('too-large', `The JSON file has ${file.size} bytes; ${mostJsonBytes} are the most.`, { file: path });
  const all = Buffer.allocUnsafeSlow(file.size);
  file.readInto(all, 0);
  file.dispose(); // read again only if something else asks
  if (!isUtf8(all)) throw new LatheError('malformed', 'The JSON file is not UTF-8.', { file: path });
  const { document, ranges } = parseJson(all, path);
  const context = new TfjsContext(path, ranges);
  if (!isObject(document)) {
    refuseOtherJson(document, path);
    throw new LatheError('not-a-model', 'This JSON document is not a TensorFlow.js model.', { file: path });
  }
  return { document, context };
}

function readDocument(context: TfjsContext, document: JsonObject, shards: ExternalData): Model {
  const topology = context.object(field(document, 'modelTopology'), 'modelTopology');
  const weights = readManifest(context, anyField(document, 'weightsManifest'), shards);
  const settings = Object.fromEntries(Object.entries(document).filter(([key]) => key !== 'modelTopology' && key !== 'weightsManifest' && key !== 'modelInitializer'));
  const init = { producerName: textOf(document, 'generatedBy'), producerVersion: textOf(document, 'convertedBy'), irVersion: 0, metadata: metadataOf(document) };
  const kept = { weights, settings, ranges: context.ranges };
  return field(topology, 'node') === undefined ? layersModel(context, topology, weights, init, kept) : graphModel(context, document, topology, weights, init, kept);
}

type Init = Pick<Model, 'producerName' | 'producerVersion' | 'irVersion' | 'metadata'>;
type Kept = Pick<TfjsContents, 'weights' | 'settings' | 'ranges'>;

function graphModel(context: TfjsContext, document: JsonObject, topology: JsonObject, weights: Weights, init: Init, kept: Kept): Model {
  const versions = field(topology, 'versions');
  const producer = isObject(versions) ? Number(anyField(versions, 'producer') ?? 0) : 0;
  const opsetImports = new Map([[tensorflowDomain, Number.isSafeInteger(producer) ? producer : 0]]);
  const ofUser = anyField(document, 'userDefinedMetadata');
  const signature = anyField(document, 'signature') ?? (isObject(ofUser) ? field(ofUser, 'signature') : undefined);
  const graph = readGraphDef(context, topology, weights, signature, 'the graph');
  const functions = readFunctionLibrary(context, field(topology, 'library'), weights, opsetImports);
  const definition = anyField(document, 'modelInitializer');
  const initializer = isObject(definition)
    ? { graph: readGraphDef(context, definition, weights, field(document, 'initializerSignature'), 'modelInitializer'), functions: readFunctionLibrary(context, field(definition, 'library'), weights, opsetImports) }
    : undefined;
  const formatData = keepContents({ ...kept, configs: new Map(), ...(initializer === undefined ? {} : { initializer }) });
  return { ...makeModel(graph, { ...init, opsetImports, functions }), format: 'tfjs-graph', formatData };
}

function layersModel(context: TfjsContext, topology: JsonObject, weights: Weights, init: Init, kept: Kept): Model {
  const config = field(topology, 'model_config') ?? field(topology, 'modelConfig') ?? topology;
  const version = /\d+/.exec(textOf(topology, 'keras_version'))?.[0];
  const { graph, configs } = readKerasModel(context, context.object(config, 'modelTopology.model_config'), weights);
  const opsetImports = new Map([[kerasDomain, version === undefined ? 2 : Number(version)]]);
  return { ...makeModel(graph, { ...init, opsetImports }), format: 'tfjs-layers', formatData: keepContents({ ...kept, configs }) };
}

function textOf(object: JsonObject, key: string): string {
  const value = field(object, key);
  return typeof value === 'string' ? value : '';
}

/** What the person who made the model wrote into it, long structures left out. */
function metadataOf(document: JsonObject): Metadata {
  const given = field(document, 'userDefinedMetadata');
  if (!isObject(given)) return [];
  return Object.entries(given)
    .filter(([key]) => key !== 'signature')
    .map(([key, value]): [string, string] => [key, typeof value === 'string' ? value : JSON.stringify(value).slice(0, longestMetadata)]);
}

const longestMetadata = 2000;
