// What is not there yet for a format says so in one way, in the engine and before the editor asks its questions.
import { LatheError } from './errors';

/** Whether a path is one of those TensorFlow.js models are opened by. */
export function isJsonPath(path: string): boolean {
  return /\.json$/i.test(path);
}

/**
 * The refusal of what only ONNX models have so far.
 * @param done what cannot be done, as in "cannot be … yet"
 */
export function onlyOnnxYet(done: string, path: string | undefined): LatheError {
  return new LatheError('unsupported', `A TensorFlow.js model cannot be ${done} yet: it can be viewed, checked, run, optimized, and converted to ONNX.`, {
    ...(path === undefined ? {} : { file: path }),
    hint: 'Convert it with "lathe convert" or Save as ONNX, and use the ONNX model for that.',
  });
}
