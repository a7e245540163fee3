// A TensorFlow.js model with its weights cut anew, published as a new folder; nothing else of it changes.
import { readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { WorkContext } from '../base/cancellation';
import { LatheError } from '../base/errors';
import { captureSource } from '../formats/publish';
import type { Model } from '../graph/model';
import { assertOutput, publishWinner } from './publish';
import { placeOfReports } from './readOnlySource';

export interface ShardRequest {
  readonly modelPath: string;
  readonly outputPath: string | undefined;
  /** The most bytes of a shard; the converter's 4 MiB where not said. */
  readonly shardBytes?: number;
}

export interface ShardReport {
  readonly source: string;
  /** The new model.json. */
  readonly path: string;
  readonly sha256: string;
  readonly weightsSha256?: string;
  /** Files with weights beside it. */
  readonly shards: number;
}

/**
 * Writes a TensorFlow.js model with other shards. The source is never written to.
 * @throws LatheError `usage` for a model that is none of TensorFlow.js, or for a place that no folder can have; otherwise as `publishWinner`
 */
export async function shardModel(model: Model, { modelPath, outputPath, shardBytes }: ShardRequest, work: WorkContext): Promise<ShardReport> {
  if (model.format === 'onnx') throw new LatheError('usage', 'An ONNX model has no shards.', { file: modelPath, hint: 'Give the model.json of a TensorFlow.js model.' });
  placeOfReports(modelPath, outputPath);
  await assertOutput(modelPath, outputPath, model.format);
  const sourceState = await captureSource(resolve(modelPath));
  work.progress({ message: 'Writing' });
  const published = await publishWinner(model, { tag: 'sharded' }, { modelPath, outputPath, sourceState, signal: work.signal, ...(shardBytes === undefined ? {} : { shardBytes }) });
  return { source: modelPath, ...published, shards: readdirSync(dirname(published.path)).length - 1 };
}
