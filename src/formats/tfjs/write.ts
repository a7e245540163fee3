// Writes a TensorFlow.js model: model.json and its shards, the weights streamed from where they lie.
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LatheError, toLatheError } from '../../base/errors';
import type { Model } from '../../graph/model';
import { checkSpace, type OutputOptions, writeFresh } from '../output';
import { encodeTfjsModel } from './write/document';
import { planShards, usualShardBytes } from './write/shards';

export interface TfjsWriteOptions extends OutputOptions {
  /** The most bytes of a shard; 4 MiB where not said, as TensorFlow.js's converter has it. */
  readonly shardBytes?: number;
}

/**
 * Writes a model read by `openTfjsModel`, or made from one, to a fresh path, and its shards beside it. None may exist.
 * What stood in the file it was read from is kept; quantised weights stay as they are. A failure or cancel removes what was written.
 * @param path of the new model.json
 * @returns The files written, shards first.
 * @throws LatheError `unsupported` for what the format cannot say, `source-touched`, `usage` for a size of shards that is none, `no-space`, `io`, `cancelled`
 */
export async function writeTfjsModel(model: Model, path: string, options: TfjsWriteOptions = {}): Promise<{ files: string[] }> {
  const { shardBytes = usualShardBytes } = options;
  if (!Number.isSafeInteger(shardBytes) || shardBytes < 1) throw new LatheError('usage', `A shard of ${shardBytes} bytes is none.`, { hint: `Usual are ${usualShardBytes} bytes.` });
  const { document, groups } = encodeTfjsModel(model);
  const { manifest, shards, byteLength } = planShards(groups, shardBytes);
  const json = Buffer.from(JSON.stringify(manifest.length === 0 && !Object.hasOwn(document, 'weightsManifest') ? document : { ...document, weightsManifest: manifest }));
  const files: string[] = [];
  try {
    await checkSpace(path, json.byteLength + byteLength);
    for (const { name, pieces } of shards) await writeFresh(join(dirname(path), name), files, options, pieces);
    await writeFresh(path, files, options, [json]);
  } catch (thrown) {
    await Promise.all(files.map((file) => rm(file, { force: true })));
    throw toLatheError(thrown, path);
  }
  return { files };
}
