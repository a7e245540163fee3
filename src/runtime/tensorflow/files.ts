// The files of a TensorFlow.js model: model.json and the shards it names, each checked once more to be a plain file in its folder: what is executed is what was opened.
import type { io } from '@tensorflow/tfjs-core';
import { LatheError } from '../../base/errors';
import { ExternalData, type ExternalDataPolicy } from '../../formats/onnx/externalData';
import { SourceFile } from '../../tensor/fileSource';
import { type Fields, isFields, kindOf, type ModelJson } from './modelJson';

/** Weights that lie one after the other in their shards. */
export interface WeightGroup {
  readonly specs: readonly io.WeightsManifestEntry[];
  readonly shards: readonly SourceFile[];
}

export interface TensorFlowFiles {
  readonly kind: 'graph' | 'layers';
  readonly json: ModelJson;
  readonly groups: readonly WeightGroup[];
}

/**
 * Reads model.json and finds its shards.
 * @throws LatheError `not-a-model`, `malformed`, `unsafe-path`, `cache-link`, `not-found` for a missing shard, or as the file system
 */
export function readTensorFlowFiles(path: string, policy: ExternalDataPolicy = 'contained'): TensorFlowFiles {
  const file = new SourceFile(path);
  const bytes = new Uint8Array(file.size);
  try {
    file.readInto(bytes, 0);
  } finally {
    file.dispose();
  }
  const json = parse(bytes, path);
  const topology = json['modelTopology'];
  const kind = isFields(topology) ? kindOf(json, topology) : undefined;
  if (!isFields(topology) || kind === undefined) throw new LatheError('not-a-model', 'This JSON is not a TensorFlow.js model: it has no modelTopology of a graph or of layers.', { file: path });
  return { kind, json: json as unknown as TensorFlowFiles['json'], groups: readGroups(json['weightsManifest'], path, policy) };
}

function parse(bytes: Uint8Array, path: string): Fields {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (thrown) {
    throw new LatheError('malformed', `The JSON cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}.`, { file: path });
  }
  if (!isFields(json)) throw new LatheError('not-a-model', 'This JSON is not a TensorFlow.js model.', { file: path });
  return json;
}

function readGroups(manifest: unknown, path: string, policy: ExternalDataPolicy): WeightGroup[] {
  if (manifest === undefined) return [];
  const malformed = (what: string): LatheError => new LatheError('malformed', what, { file: path, item: 'weightsManifest' });
  if (!Array.isArray(manifest)) throw malformed('The weightsManifest is not a list.');
  const folder = new ExternalData(path, policy, 'Weights');
  try {
    return manifest.map((group, i) => readGroup(group, i, folder, path, malformed));
  } catch (thrown) {
    folder.dispose(); // shards found before the one that is not there
    throw thrown;
  }
}

function readGroup(group: unknown, i: number, folder: ExternalData, path: string, malformed: (what: string) => LatheError): WeightGroup {
  const paths: unknown = isFields(group) ? group['paths'] : undefined;
  const specs: unknown = isFields(group) ? group['weights'] : undefined;
  if (!isListOf(paths, isText) || !isListOf(specs, isFields)) throw malformed(`Group ${i} of the weightsManifest has no list of paths, or none of weights.`);
  const shards = paths.map((shard) => {
    const found = folder.open(shard, shard, () => undefined);
    if (found === undefined) throw new LatheError('not-found', `The shard ${shard} with weights is missing.`, { file: path, item: shard, hint: 'Put it beside model.json.' });
    return found;
  });
  return { specs: specs as unknown as io.WeightsManifestEntry[], shards };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isListOf<T>(value: unknown, test: (each: unknown) => each is T): value is readonly T[] {
  return Array.isArray(value) && value.every(test);
}
