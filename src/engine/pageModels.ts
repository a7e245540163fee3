// What a page is handed to run a model: its files, seeded inputs, and of a TensorFlow.js model its ONNX twin.
import { statSync } from 'node:fs';
import { LatheError } from '../base/errors';
import { encodeOnnxModel } from '../formats/onnx/write';
import { modelFile } from '../formats/open';
import { lowerToOnnx } from '../formats/tfjs/lower/lower';
import type { Model } from '../graph/model';
import type { Bindings } from '../protocol/engine';
import { mostPageModelBytes, type PageModelSource, type PageModelSources, type PageRuntime, type PageTensor } from '../protocol/pageBenchmark';
import { fedInputsAt } from '../runtime/data/inputs';
import { assertRunnable, bytesOnDisk } from '../runtime/materialize';
import type { SessionValue } from '../runtime/messages';
import { feedsOfVariant } from '../runtime/pairing';
import type { Feeds } from '../runtime/data/samples';
import { seededFeeds } from '../runtime/data/sources/seededSamples';
import { readTensorFlowFiles } from '../runtime/tensorflow/files';
import { wireFeeds } from '../runtime/wireTensors';
import type { EngineDocument } from './documents';

/**
 * The model, and its twin where it is TensorFlow.js's and can be lowered; both are fed the same numbers.
 * @throws LatheError `too-large`, or as reading the model and making its inputs
 */
export function pageModels(document: EngineDocument, bindings: Bindings): PageModelSources {
  const { model, path } = document;
  const feeds = seededFeeds(model, bindings);
  if (model.format === 'onnx') {
    assertRunnable(model);
    return { models: [source('onnx', path, [bytesOnDisk(model, path) > statSync(path).size ? encodeOnnxModel(model) : path], feeds)] };
  }
  const shards = readTensorFlowFiles(path, modelFile(path, document.followCacheLinks).externalData).groups.flatMap((group) => group.shards);
  for (const shard of shards) shard.dispose();
  return withTwin(source('tensorflow', path, [path, ...shards.map((shard) => shard.path)], feeds), model, feeds, bindings);
}

/** A model that cannot be lowered, or whose twin cannot be fed, still runs as it is. */
function withTwin(own: PageModelSource, model: Model, feeds: Feeds, bindings: Bindings): PageModelSources {
  const { model: twin, notLowered: [first] } = lowerToOnnx(model);
  if (twin === undefined) return { models: [own], noTwin: first === undefined ? 'It cannot be converted to ONNX.' : `It cannot be converted to ONNX: ${first.op} ${first.node}, ${first.reason}.` };
  try {
    const same = feedsOfVariant(feeds, values(model, bindings), values(twin, bindings));
    return { models: [own, source('onnx', model.path ?? '', [encodeOnnxModel(twin)], same)] };
  } catch (thrown) {
    if (!(thrown instanceof LatheError)) throw thrown;
    return { models: [own], noTwin: thrown.message };
  }
}

function values(model: Model, bindings: Bindings): SessionValue[] {
  return fedInputsAt(model, bindings).map(({ name, elementType, dims }) => ({ name, elementType, shape: dims }));
}

function source(runtime: PageRuntime, path: string, files: readonly (string | Uint8Array)[], feeds: Feeds): PageModelSource {
  const fileBytes = files.map((file) => (typeof file === 'string' ? statSync(file).size : file.byteLength));
  const bytes = fileBytes.reduce((sum, each) => sum + each, 0);
  if (bytes > mostPageModelBytes) throw new LatheError('too-large', `The model has ${(bytes / 1e9).toFixed(1)} GB: a page cannot hold more than ${mostPageModelBytes / 1e9} GB.`, { file: path, hint: 'Use Benchmark, which runs it in a process of its own.' });
  const inputs = wireFeeds(feeds).map(([name, tensor]): PageTensor => ({ name, ...tensor }));
  return { runtime, files, fileBytes, inputs };
}
