// Opens a model file of any format the project knows, by its content rather than its name.
import type { Model } from '../graph/model';
import { readOnnxModel, type ReadOptions } from './onnx/read';

/**
 * Opens a model; weights are not read. Dispose it to close its files.
 * @throws LatheError `not-a-model` naming what the file is, or as `readOnnxModel`.
 */
export function openModel(path: string, options: ReadOptions = {}): Model {
  return readOnnxModel(path, options);
}
