// Cuts the weights of each group into shards, none larger than asked, named as TensorFlow.js's converter names them.
// Source: tfjs-converter, write_weights.py `_shard_group_bytes_to_disk`.
import { LatheError } from '../../../base/errors';
import type { TensorSource } from '../../../tensor/tensor';
import type { JsonObject } from '../context';
import type { WrittenWeight } from './weightList';

/** What browsers still keep in their caches. Source: tfjs-converter, write_weights.py, `shard_size_bytes`. */
export const usualShardBytes = 4 * 2 ** 20;

export interface Shard {
  readonly name: string;
  /** Its bytes, in order. */
  readonly pieces: readonly TensorSource[];
}

export interface ShardPlan {
  readonly manifest: readonly JsonObject[];
  readonly shards: readonly Shard[];
  readonly byteLength: number;
}

/** A browser asks for each of them; a folder with more is a mistake in the size. */
const mostShards = 10_000;

/**
 * @param shardBytes the most bytes of a shard; positive
 * @throws LatheError `usage` for a size that makes more than 10,000 shards
 */
export function planShards(groups: readonly (readonly WrittenWeight[])[], shardBytes = usualShardBytes): ShardPlan {
  const shards: Shard[] = [];
  const lengths = groups.map((weights) => weights.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
  const count = lengths.reduce((sum, length) => sum + Math.ceil(length / shardBytes), 0);
  if (count > mostShards) throw new LatheError('usage', `Shards of ${shardBytes} bytes would be ${count} files; ${mostShards} are the most.`, { hint: `Usual are ${usualShardBytes} bytes.` });
  const manifest = groups.map((weights, i) => {
    const pieces = cut(weights.map(({ bytes }) => bytes), shardBytes);
    const paths = pieces.map((_, at) => `group${i + 1}-shard${at + 1}of${pieces.length}.bin`);
    for (const [at, name] of paths.entries()) shards.push({ name, pieces: pieces[at] ?? [] });
    return { paths, weights: weights.map(({ entry }) => entry) };
  });
  return { manifest, shards, byteLength: lengths.reduce((sum, length) => sum + length, 0) };
}

/** The sources one after the other, in runs of `length` bytes. */
function cut(sources: readonly TensorSource[], length: number): TensorSource[][] {
  const runs: TensorSource[][] = [];
  let room = 0;
  for (const source of sources)
    for (let at = 0; at < source.byteLength; ) {
      if (room === 0) {
        runs.push([]);
        room = length;
      }
      const part = Math.min(room, source.byteLength - at);
      runs.at(-1)?.push(part === source.byteLength ? source : new PartOfSource(source, at, part));
      at += part;
      room -= part;
    }
  return runs;
}

class PartOfSource implements TensorSource {
  constructor(
    private readonly whole: TensorSource,
    private readonly start: number,
    readonly byteLength: number,
  ) {}

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    return this.whole.read(this.start + offset, length);
  }
}
