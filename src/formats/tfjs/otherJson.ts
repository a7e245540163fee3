// Says what a JSON document is that was given as a TensorFlow.js model but is something else.
import { LatheError } from '../../base/errors';
import { field, isList, isObject } from './context';

interface Kind {
  readonly what: string;
  readonly hint: string;
  readonly test: (document: unknown) => boolean;
}

const has =
  (...keys: readonly string[]) =>
  (document: unknown): boolean =>
    isObject(document) && keys.every((key) => field(document, key) !== undefined);

const convert = 'Convert the model with tensorflowjs_converter, and open the model.json it writes.';

const kinds: readonly Kind[] = [
  { what: 'a weights manifest of an old TensorFlow.js model', hint: 'Convert the model again: its graph is in a file of its own, which is no longer read by TensorFlow.js.', test: (document) => isList(document) && document.length > 0 && document.every(has('paths', 'weights')) },
  { what: 'a TensorFlow SavedModel as JSON', hint: convert, test: (document) => has('metaGraphs')(document) || has('meta_graphs')(document) },
  { what: 'a TensorFlow graph without its weights', hint: convert, test: has('node') },
  { what: 'the metadata of a Keras 3 model', hint: convert, test: has('keras_version', 'date_saved') },
  { what: 'the configuration of a Keras 3 model, without its weights', hint: convert, test: (document) => has('class_name', 'config', 'module')(document) || has('class_name', 'config', 'build_config')(document) },
  { what: 'the configuration of a Keras model, without its weights', hint: convert, test: (document) => has('class_name', 'config')(document) || has('model_config')(document) },
];

/** @throws LatheError `not-a-model` where the document has no topology, naming what it is as far as that is known. */
export function refuseOtherJson(document: unknown, file: string): void {
  if (isObject(document) && isObject(field(document, 'modelTopology'))) return;
  const kind = kinds.find(({ test }) => test(document));
  if (kind !== undefined) throw new LatheError('not-a-model', `This is ${kind.what}, not a TensorFlow.js model.`, { file, hint: kind.hint });
  throw new LatheError('not-a-model', 'This is a JSON document, but not a TensorFlow.js model: it has no modelTopology.', { file, hint: 'The model.json of a TensorFlow.js model holds "modelTopology" and "weightsManifest".' });
}
