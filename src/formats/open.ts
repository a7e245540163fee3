// Opens a model file of any format the project knows, by its content rather than its name.
import { LatheError } from '../base/errors';
import { onlyOnnxYet } from '../base/notYet';
import type { Model } from '../graph/model';
import { verifyModel, warningsOf } from '../graph/verify';
import { SourceFile } from '../tensor/fileSource';
import { readOnnxModel, type ReadOptions } from './onnx/read';
import { headBytes, isJson, refuseForeign } from './sniff';
import { openTfjsModel } from './tfjs/read';

/** A model on disk, and which links of its external data may be followed (`contained` where not said). */
export interface ModelFile extends Pick<ReadOptions, 'externalData'> {
  readonly path: string;
}

/** What is opened where the person allowed to follow the links of the Hugging Face cache, or did not. */
export function modelFile(path: string, followCacheLinks: boolean | undefined): ModelFile {
  return followCacheLinks === true ? { path, externalData: 'cache-links' } : { path };
}

/**
 * Opens a model and checks that it is one: structure only, weights are not read. Dispose it to close its files.
 * @throws LatheError `not-a-model` naming what the file is, `invalid-model` naming the broken rule, or as `readOnnxModel` and `openTfjsModel`.
 */
export function openModel(path: string, options: ReadOptions = {}): Model {
  const model = readModel(path, options);
  const problems = verifyModel(model);
  const error = problems.find(({ severity }) => severity === 'error');
  if (error !== undefined) {
    model.dispose();
    throw new LatheError('invalid-model', error.message, { item: error.item, file: path });
  }
  return { ...model, warnings: [...model.warnings, ...warningsOf(problems)] };
}

/** @throws LatheError `unsupported` for a model of another format than ONNX; `done` says what that cannot be yet */
export function assertOnnx({ format, path }: Pick<Model, 'format' | 'path'>, done: string): void {
  if (format !== 'onnx') throw onlyOnnxYet(done, path);
}

/** Reads a model without checking its graph: JSON is TensorFlow.js, anything else ONNX; what is neither is named. @throws LatheError as {@link openModel}, but `invalid-model` */
export function readModel(path: string, options: ReadOptions): Model {
  const file = new SourceFile(path);
  const head = new Uint8Array(Math.min(headBytes, file.size));
  try {
    file.readInto(head, 0);
  } finally {
    file.dispose();
  }
  if (isJson(head)) return openTfjsModel(path, options);
  if (/\.json$/i.test(path)) refuseForeign(head, path, 'a TensorFlow.js model');
  return readOnnxModel(path, options);
}
