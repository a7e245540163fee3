// `lathe shard MODEL.json`: the weights of a TensorFlow.js model in files of a size that browsers cache.
import { visible } from '../../base/visible';
import { shardModel } from '../../recipes/shard';
import type { Session } from '../program';
import { print, printJson } from '../terminal';
import { withModel } from './running';

export interface ShardOptions {
  readonly output?: string;
  readonly shardBytes?: number;
  readonly followCacheLinks?: true;
  readonly json?: true;
}

export async function shard(session: Session, path: string, options: ShardOptions): Promise<void> {
  await withModel(path, options, async (model) => {
    const report = await shardModel(model, { modelPath: path, outputPath: options.output, ...(options.shardBytes === undefined ? {} : { shardBytes: options.shardBytes }) }, session.context);
    session.line.clear();
    if (options.json) printJson(report);
    else {
      print(visible(report.path));
      print(`  ${report.shards} ${report.shards === 1 ? 'file' : 'files'} with weights`);
    }
  });
}
