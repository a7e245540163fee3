// The files of a TensorFlow.js model: model.json and the shards it names, each checked to be a plain file in its folder. Nothing is decoded.
import type { io } from '@tensorflow/tfjs-core';
import { LatheError } from '../../base/errors';
import { ExternalData, type ExternalDataPolicy } from '../../formats/onnx/externalData';
import { SourceFile } from '../../tensor/fileSource';

/** Weights that lie one after the other in their shards. */
export interface WeightGroup {
  readonly specs: readonly io.WeightsManifestEntry[];
  readonly shards: readonly SourceFile[];
}

export interface TensorFlowFiles {
  readonly kind: 'graph' | 'layers';
  readonly json: Omit<io.ModelJSON, 'modelTopology'> & { readonly modelTopology: Fields };
  readonly groups: readonly WeightGroup[];
  /** All files together. */
  readonly byteLength: number;
}

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the file can only be JSON, and so a TensorFlow.js model if it is one at all. */
export function isTensorFlowFile(path: string): boolean {
  const file = new SourceFile(path);
  try {
    const head = new Uint8Array(Math.min(64, file.size));
    file.readInto(head, 0);
    return /^(\u00ef\u00bb\u00bf)?\s*\{/.test(Buffer.from(head).toString('latin1'));
  } finally {
    file.dispose();
  }
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
  const groups = readGroups(json['weightsManifest'], path, policy);
  const shardBytes = groups.flatMap(({ shards }) => shards).reduce((sum, { size }) => sum + size, 0);
  return { kind, json: json as unknown as TensorFlowFiles['json'], groups, byteLength: file.size + shardBytes };
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

/** Layers models of the first versions do not say their format. */
function kindOf(json: Fields, topology: Fields): TensorFlowFiles['kind'] | undefined {
  if (json['format'] === 'graph-model' || Array.isArray(topology['node'])) return 'graph';
  return json['format'] === 'layers-model' || 'model_config' in topology || 'class_name' in topology ? 'layers' : undefined;
}

function readGroups(manifest: unknown, path: string, policy: ExternalDataPolicy): WeightGroup[] {
  if (manifest === undefined) return [];
  const malformed = (what: string): LatheError => new LatheError('malformed', what, { file: path, item: 'weightsManifest' });
  if (!Array.isArray(manifest)) throw malformed('The weightsManifest is not a list.');
  const folder = new ExternalData(path, policy, 'Shard');
  return manifest.map((group: unknown, i) => {
    const paths: unknown = isFields(group) ? group['paths'] : undefined;
    const specs: unknown = isFields(group) ? group['weights'] : undefined;
    if (!isListOf(paths, isText) || !isListOf(specs, isFields)) throw malformed(`Group ${i} of the weightsManifest has no list of paths, or none of weights.`);
    const shards = paths.map((shard) => {
      const found = folder.open(shard, shard, () => undefined);
      if (found === undefined) throw new LatheError('not-found', `The shard ${shard} with weights is missing.`, { file: path, item: shard, hint: 'Put it beside model.json.' });
      return found;
    });
    const held = shards.reduce((sum, { size }) => sum + size, 0);
    const needed = specs.reduce((sum, spec) => sum + leastBytes(spec), 0);
    if (!(needed <= held)) throw malformed(`Group ${i} of the weightsManifest holds ${held} bytes in its shards, and its weights need ${needed}.`);
    return { specs: specs as unknown as io.WeightsManifestEntry[], shards };
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isListOf<T>(value: unknown, test: (each: unknown) => each is T): value is readonly T[] {
  return Array.isArray(value) && value.every(test);
}

const elementBytes: ReadonlyMap<unknown, number> = new Map([['float32', 4], ['int32', 4], ['bool', 1], ['uint8', 1], ['uint16', 2], ['float16', 2], ['complex64', 8], ['string', 4]]);

/** Bytes a weight takes in its shards; a text takes at least its length. NaN where the manifest says no shape. */
function leastBytes(spec: Fields): number {
  const { shape, dtype, quantization } = spec;
  const stored = isFields(quantization) ? quantization['dtype'] : dtype;
  if (!Array.isArray(shape)) return NaN;
  const count = shape.reduce((product: number, dim: unknown) => (typeof dim === 'number' && dim >= 0 ? product * dim : NaN), 1);
  return count * (elementBytes.get(stored) ?? NaN);
}
