// Opening data for a model: arrays, ONNX test data, pictures, or, without a path, seeded inputs.
import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { LatheError, toLatheError } from '../base/errors';
import type { Model } from '../graph/model';
import { arraySamples, listArrays } from './arraySamples';
import { type ImageOptions, imageSamples, listPictures } from './imageSamples';
import { fedInputsAt } from './inputs';
import type { SampleSource } from './samples';
import { defaultSeededSamples, seededSamples } from './seededSamples';
import { dataSetSamples, listDataSets } from './testDataSets';

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
  if (isFile(path)) {
    if (!['.npy', '.npz'].includes(extname(path).toLowerCase())) throw unknownData(path);
    return arraySamples(path, [path], inputs, most);
  }
  const dataSets = listDataSets(path);
  if (dataSets.length > 0) return dataSetSamples(path, dataSets, inputs, most);
  const arrays = listArrays(path);
  if (arrays.length > 0) return arraySamples(path, arrays, inputs, most);
  const pictures = listPictures(path);
  if (pictures.length > 0) return imageSamples(path, pictures, model, { bindings, seed, limit: most, ...(scale === undefined ? {} : { scale }), ...(order === undefined ? {} : { order }) });
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
