// What a model becomes on disk by its format: a file with its weights beside it, or a folder of its own.
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LatheError } from '../base/errors';
import type { Model } from '../graph/model';
import { writeOnnxModel } from './onnx/write';
import type { OutputOptions } from './output';
import type { StagingFolder } from './staging';
import { type TfjsWriteOptions, writeTfjsModel } from './tfjs/write';

/** A model in the staging folder. */
export interface StagedModel {
  /** Of its own file there. */
  readonly path: string;
  /** Of its own file once it is published, within the target folder. */
  readonly published: string;
  /** Lets it appear. @throws an `EEXIST` error where a name was taken meanwhile */
  publish(onWeights: () => void): Promise<void>;
}

export interface Layout {
  /** What its name ends in. */
  readonly suffix: string;
  /** Endings of other names that must be free too. */
  readonly beside: readonly string[];
  /** @throws LatheError as the format's writer */
  write(model: Model, staging: StagingFolder, name: string, options: TfjsWriteOptions & { readonly fileName?: string }): Promise<StagedModel>;
}

const oneFile: Layout = {
  suffix: '.onnx',
  beside: ['.data'],
  async write(model, staging, name, options) {
    const path = staging.path(name);
    const { files } = await writeOnnxModel(model, path, outputOptions(options));
    return {
      path,
      published: name,
      async publish(onWeights) {
        for (const file of files) {
          await staging.publish(basename(file));
          if (file !== path) onWeights();
        }
      },
    };
  },
};

/** The shards have names that say nothing of their model, so it gets a folder. */
const folder: Layout = {
  suffix: '',
  beside: [],
  async write(model, staging, name, { fileName = 'model.json', ...options }) {
    if (basename(fileName) !== fileName || !fileName.endsWith('.json')) throw new LatheError('usage', `"${fileName}" is no name of a model.json.`);
    const path = join(staging.path(name), fileName);
    await mkdir(staging.path(name));
    await writeTfjsModel(model, path, { ...outputOptions(options), ...(options.shardBytes === undefined ? {} : { shardBytes: options.shardBytes }) });
    return { path, published: join(name, fileName), publish: () => staging.publishFolder(name) };
  },
};

const layouts = { onnx: oneFile, 'tfjs-graph': folder, 'tfjs-layers': folder } as const satisfies Record<Model['format'], Layout>;

export function layoutOf(format: Model['format']): Layout {
  return layouts[format];
}

function outputOptions({ signal, openOutput }: OutputOptions): OutputOptions {
  return { ...(signal === undefined ? {} : { signal }), ...(openOutput === undefined ? {} : { openOutput }) };
}
