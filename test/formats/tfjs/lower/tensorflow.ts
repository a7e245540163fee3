// TensorFlow.js itself, on its wasm backend with one thread: the truth that lowered models are held against.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { openTfjsModel } from '../../../../src/formats/tfjs/read';
import type { Graph, Model } from '../../../../src/graph/model';
import { inputShape } from '../../../../src/graph/inputs';
import { substituteDimension, symbolsOf } from '../../../../src/graph/dimension';
import { toFloat64Array } from '../../../../src/tensor/decode';
import type { Tensor } from '../../../../src/tensor/tensor';
import { elementCount, float32Tensor, tensorFromArray } from '../../../../src/tensor/tensor';
import { temporaryFolder } from '../../../support/models';
import { seededRandom } from './random';

export { tf };

let ready: Promise<unknown> | undefined;

/** Starts the backend. */
export function startTensorflow(): Promise<unknown> {
  return (ready ??= start());
}

async function start(): Promise<void> {
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  setThreadsCount(1);
  await tf.setBackend('wasm');
  await tf.ready();
}

/** Runs something on another backend: its own in JavaScript, slow, but the one that defines what is meant. */
export async function onBackend<T>(name: 'cpu' | 'wasm', run: () => Promise<T>): Promise<T> {
  await startTensorflow();
  const before = tf.getBackend();
  await tf.setBackend(name);
  try {
    return await run();
  } finally {
    await tf.setBackend(before);
  }
}

/** A model's JSON and the bytes of all its weights. */
export interface StoredModel {
  readonly json: StoredJson;
  readonly weights: Uint8Array;
}

export interface StoredJson {
  readonly format?: string;
  readonly modelTopology: object;
  readonly signature?: object;
  readonly userDefinedMetadata?: Record<string, object>;
  readonly modelInitializer?: object;
  readonly initializerSignature?: object;
  readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: readonly tf.io.WeightsManifestEntry[] }[];
}

export function readStored(path: string): StoredModel {
  const json = JSON.parse(readFileSync(path, 'utf8')) as StoredJson;
  const parts = json.weightsManifest.flatMap(({ paths }) => paths.map((part) => readFileSync(join(dirname(path), part))));
  return { json, weights: new Uint8Array(Buffer.concat(parts)) };
}

/** Reads a model from a fresh folder: installed packages are linked from a store, and links to weights are not followed. */
export function openStored({ json, weights }: StoredModel): Model {
  const folder = temporaryFolder();
  const all = { paths: ['weights.bin'], weights: json.weightsManifest.flatMap((group) => group.weights) };
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ ...json, weightsManifest: [all] }));
  writeFileSync(join(folder, 'weights.bin'), weights);
  return openTfjsModel(join(folder, 'model.json'));
}

function handler({ json, weights }: StoredModel): tf.io.IOHandler {
  const { modelTopology, signature, userDefinedMetadata, modelInitializer, initializerSignature } = json;
  const artifacts: tf.io.ModelArtifacts = {
    modelTopology,
    weightSpecs: json.weightsManifest.flatMap((group) => [...group.weights]),
    weightData: weights.slice().buffer,
    ...(signature === undefined ? {} : { signature }),
    ...(userDefinedMetadata === undefined ? {} : { userDefinedMetadata }),
    ...(modelInitializer === undefined ? {} : { modelInitializer }),
    ...(initializerSignature === undefined ? {} : { initializerSignature }),
  };
  return { load: () => Promise.resolve(artifacts) };
}

/** Loads a model by its kind. */
export async function loadStored(stored: StoredModel): Promise<tf.GraphModel | tf.LayersModel> {
  await startTensorflow();
  return 'node' in stored.json.modelTopology ? tf.loadGraphModel(handler(stored)) : tf.loadLayersModel(handler(stored));
}

/** Runs a model; outputs by the names they have in the model read. */
export async function runTensorflow(model: tf.GraphModel | tf.LayersModel, feeds: readonly Tensor[], outputs: readonly string[]): Promise<Map<string, Tensor>> {
  const inputs = feeds.map(toTensorflow);
  let results: tf.Tensor[];
  if (model instanceof tf.GraphModel) {
    const named = Object.fromEntries(feeds.map(({ name }, i) => [name, inputs[i] ?? tf.scalar(0)]));
    const made = await model.executeAsync(named, [...outputs]);
    results = Array.isArray(made) ? made : [made];
  } else {
    const made = model.predict(inputs);
    results = Array.isArray(made) ? made : [made];
  }
  const found = new Map<string, Tensor>();
  for (const [i, name] of outputs.entries()) {
    const result = results[i];
    if (result !== undefined) found.set(name, fromTensorflow(name, result));
  }
  tf.dispose([...inputs, ...results]);
  return found;
}

export function toTensorflow(tensor: Tensor): tf.Tensor {
  const dims = [...tensor.dims];
  const values = toFloat64Array(tensor);
  if (tensor.elementType === 'bool') return tf.tensor(Uint8Array.from(values), dims, 'bool');
  return tensor.elementType === 'int32' ? tf.tensor(Int32Array.from(values), dims, 'int32') : tf.tensor(Float32Array.from(values), dims, 'float32');
}

export function fromTensorflow(name: string, tensor: tf.Tensor): Tensor {
  const values = tensor.dataSync();
  if (tensor.dtype === 'int32') return tensorFromArray(name, 'int32', tensor.shape, Int32Array.from(values));
  if (tensor.dtype === 'bool') return tensorFromArray(name, 'bool', tensor.shape, Uint8Array.from(values));
  return float32Tensor(name, tensor.shape, values);
}

/** Seeded inputs of a lowered model; open dimensions are `size`. Integers are pixels, floats lie between −1 and 1, or are `whole` numbers likewise. */
export function seededFeeds(graph: Graph, size = 1, seed = 1, whole = false): Tensor[] {
  const random = seededRandom(seed);
  return graph.inputs.map((input) => {
    const dims = (inputShape(input) ?? []).map((dimension) => {
      const bound = substituteDimension(dimension, new Map(symbolsOf(dimension).map((name) => [name, size])));
      return typeof bound === 'number' ? bound : size;
    });
    const count = elementCount(dims);
    const type = input.type?.kind === 'tensor' ? input.type.elementType : 'float32';
    if (type === 'int32') return tensorFromArray(input.name, 'int32', dims, Int32Array.from({ length: count }, () => Math.floor(random() * 256)));
    if (type === 'bool') return tensorFromArray(input.name, 'bool', dims, Uint8Array.from({ length: count }, () => Math.round(random())));
    return float32Tensor(input.name, dims, Float32Array.from({ length: count }, () => (whole ? Math.floor(random() * 256) : random() * 2 - 1)));
  });
}
