// Opening data for a model: arrays, ONNX test data, pictures, or, without a path, seeded inputs.
import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { LatheError, toLatheError } from '../../base/errors';
import type { Model } from '../../graph/model';
import type { DataDescription } from '../../protocol/measurement';
import { arraySamples, listArrays } from './sources/arraySamples';
import { type ImageOptions, imageSamples, listPictures } from './sources/imageSamples';
import { fedInputsAt } from './inputs';
import type { SampleSource } from './samples';
import { defaultSeededSamples, seededSamples } from './sources/seededSamples';
import { dataSetSamples, listDataSets } from './sources/testDataSets';

export type SampleOptions = Partial<Pick<ImageOptions, 'bindings' | 'limit' | 'seed' | 'scale' | 'order'>>;

const defaultLimit = 256;

/**
 * Samples for a model's inputs. `path` is a `.npy` or `.npz` file, or a folder of such, of `test_data_set_*` folders or of
 * PNG and JPEG pictures; without one the samples are random numbers from the seed (`real` is false then).
 * @throws LatheError `not-found`, `usage` when the data do not fit the inputs, `malformed`
 */
export function openSamples(path: string | undefined, model: Model, options: SampleOptions = {}): Promise<SampleSource> {
  // What goes wrong in opening comes as a rejection, like what goes wrong in reading.
  return new Promise((resolve) => resolve(open(path, model, options)));
}

function open(path: string | undefined, model: Model, { bindings = {}, seed = 1, limit, scale, order }: SampleOptions): SampleSource {
  if (path === undefined) return seededSamples(model, { bindings, seed, limit: limit ?? defaultSeededSamples });
  const inputs = fedInputsAt(model, bindings);
  const most = limit ?? defaultLimit;
  const { kind, paths } = listData(path);
  switch (kind) {
    case 'test-data-set':
      return dataSetSamples(path, paths, inputs, most);
    case 'npy':
      return arraySamples(path, paths, inputs, most);
    case 'images':
      return imageSamples(path, paths, model, { bindings, seed, limit: most, ...(scale === undefined ? {} : { scale }), ...(order === undefined ? {} : { order }) });
    default:
      return kind satisfies never;
  }
}

type StoredKind = Extract<DataDescription['kind'], 'test-data-set' | 'npy' | 'images'>;

/** What the data at a path are, without reading them. @throws LatheError `not-found`, `usage` when they are nothing that can be fed */
export function dataKind(path: string): StoredKind {
  return listData(path).kind;
}

function listData(path: string): { readonly kind: StoredKind; readonly paths: readonly string[] } {
  if (isFile(path)) {
    if (!['.npy', '.npz'].includes(extname(path).toLowerCase())) throw unknownData(path);
    return { kind: 'npy', paths: [path] };
  }
  const lists = { 'test-data-set': listDataSets, npy: listArrays, images: listPictures } as const;
  for (const kind of ['test-data-set', 'npy', 'images'] as const) {
    const paths = lists[kind](path);
    if (paths.length > 0) return { kind, paths };
  }
  throw unknownData(path);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

function unknownData(path: string): LatheError {
  return new LatheError('usage', 'There are no data here that can be fed to a model.', { file: path, hint: 'Give a .npy or .npz file, or a folder of such, of test_data_set_* folders, or of PNG or JPEG pictures.' });
}
