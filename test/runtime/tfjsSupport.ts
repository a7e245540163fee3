// TensorFlow.js in the test's own process, against which the runner's is held; and models that the runner's tests write.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { Feeds } from '../../src/runtime/data/samples';
import { toFloat64Array } from '../../src/tensor/decode';
import { isFloat } from '../../src/tensor/elementType';
import type { Tensor } from '../../src/tensor/tensor';
import { modelDocument, tfjsFile, weight } from '../support/tfjsModels';
import { packageFile } from './support';

/** Chooses the backend of this process. */
export async function useBackend(name: 'cpu' | 'wasm'): Promise<void> {
  setWasmPaths(packageFile('@tensorflow', 'tfjs-backend-wasm', 'dist/'));
  if (!(await tf.setBackend(name))) throw new Error(`The ${name} backend does not start here.`);
}

/** The outputs of a model as TensorFlow.js itself gives them, in order, for inputs of numbers. */
export async function runByTfjs(path: string, feeds: Feeds): Promise<number[][]> {
  const { modelTopology, weightsManifest, ...rest } = modelDocument(path);
  const bytes = Buffer.concat(weightsManifest.flatMap(({ paths }) => paths.map((shard) => readFileSync(join(dirname(path), shard)))));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const handler = tf.io.fromMemory({ ...rest, modelTopology, weightSpecs: weightsManifest.flatMap(({ weights }) => [...weights]), weightData });
  const inputs = new Map([...feeds].map(([name, tensor]) => [name, toTensor(tensor)]));
  const outputs = 'node' in modelTopology ? await runGraph(await tf.loadGraphModel(handler), inputs) : runLayers(await tf.loadLayersModel(handler), inputs);
  return outputs.map((tensor) => [...tensor.dataSync()]);
}

function toTensor(tensor: Tensor): tf.Tensor {
  return tf.tensor(Float32Array.from(toFloat64Array(tensor)), [...tensor.dims], isFloat(tensor.elementType) ? 'float32' : 'int32');
}

async function runGraph(model: tf.GraphModel, inputs: ReadonlyMap<string, tf.Tensor>): Promise<tf.Tensor[]> {
  const named = Object.fromEntries(inputs);
  try {
    return [model.execute(named, model.outputNodes)].flat();
  } catch {
    return [await model.executeAsync(named, model.outputNodes)].flat();
  }
}

function runLayers(model: tf.LayersModel, inputs: ReadonlyMap<string, tf.Tensor>): tf.Tensor[] {
  return [model.predict(model.inputNames.map((name) => inputs.get(name) ?? tf.tensor([])))].flat();
}

/** Saves a layers model into a fresh folder, its weights in two shards. */
export async function saveLayersModel(model: tf.LayersModel): Promise<string> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler((artifacts) => {
    saved = artifacts;
    return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) });
  }));
  if (saved?.modelTopology === undefined || saved.weightData === undefined) throw new Error('Nothing was saved.');
  const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(saved.weightData));
  const half = Math.floor(bytes.byteLength / 2);
  const weightsManifest = [{ paths: ['a.bin', 'b.bin'], weights: saved.weightSpecs }];
  return tfjsFile({ format: 'layers-model', modelTopology: saved.modelTopology, weightsManifest }, { 'a.bin': bytes.subarray(0, half), 'b.bin': bytes.subarray(half) });
}

const float = { type: 'DT_FLOAT' };
const one = (name: string): object => ({ name, type: 'DT_FLOAT' });

/** y = x + w doubled while `condition` holds of it and itself: LessEqual for ever, Less never. */
export function loopDocument(condition: 'Less' | 'LessEqual'): object {
  const library = {
    function: [
      { signature: { name: 'goOn', inputArg: [one('i')], outputArg: [{ name: 'go', type: 'DT_BOOL' }] }, nodeDef: [{ name: 'test', op: condition, input: ['i', 'i'], attr: { T: float } }], ret: { go: 'test:z:0' } },
      { signature: { name: 'twice', inputArg: [one('i')], outputArg: [one('o')] }, nodeDef: [{ name: 'sum', op: 'AddV2', input: ['i', 'i'], attr: { T: float } }], ret: { o: 'sum:z:0' } },
    ],
  };
  const node = [
    { name: 'x', op: 'Placeholder', attr: { dtype: float, shape: { shape: { dim: [{ size: '1' }] } } } },
    { name: 'loop', op: 'StatelessWhile', input: ['x'], attr: { T: { list: { type: ['DT_FLOAT'] } }, cond: { func: { name: 'goOn' } }, body: { func: { name: 'twice' } } } },
    { name: 'y', op: 'Identity', input: ['loop'], attr: { T: float } },
  ];
  return { format: 'graph-model', modelTopology: { node, library, versions: { producer: 716 } }, weightsManifest: [{ paths: ['w.bin'], weights: [weight('unused')] }] };
}
