// Says what a file is that was given as a model but is something else, from its first bytes.
import { LatheError } from '../base/errors';

interface Kind {
  readonly what: string;
  readonly hint: string;
  readonly test: (head: Uint8Array, text: string) => boolean;
}

const startsWith =
  (...bytes: number[]) =>
  (head: Uint8Array): boolean =>
    bytes.every((byte, i) => head[i] === byte);

const download = 'The download did not give the model itself. Download it again.';
const export_ = 'Export the model to ONNX and open that.';

const kinds: readonly Kind[] = [
  { what: 'an empty file', hint: download, test: (head) => head.length === 0 },
  { what: 'a web page (HTML)', hint: download, test: (_, text) => /^\s*<(!doctype|html|head|\?xml)/i.test(text) },
  { what: 'a Git LFS pointer, not the file it points to', hint: 'Run "git lfs pull" in the repository.', test: (_, text) => text.startsWith('version https://git-lfs.github.com/spec/') },
  { what: 'a Keras 3 model (.keras)', hint: 'Convert it with tensorflowjs_converter, and open the model.json it writes; or export it to ONNX.', test: (head, text) => startsWith(0x50, 0x4b, 0x03, 0x04)(head) && /^(metadata|config)\.json|^model\.weights\.h5/.test(text.slice(zipNameAt)) },
  { what: 'a zip archive', hint: 'It is not unpacked here. Unpack it if you trust it, and open the model inside.', test: startsWith(0x50, 0x4b, 0x03, 0x04) },
  { what: 'a gzip archive', hint: 'It is not unpacked here. Unpack it if you trust it, and open the model inside.', test: startsWith(0x1f, 0x8b) },
  { what: 'an onnxruntime model (ORT format)', hint: 'Open the ONNX model it was made from.', test: (_, text) => text.slice(4, 8) === 'ORTM' },
  { what: 'a TensorFlow Lite model', hint: export_, test: (_, text) => text.slice(4, 8) === 'TFL3' },
  { what: 'a GGUF model', hint: export_, test: (_, text) => text.startsWith('GGUF') },
  { what: 'an HDF5 file (Keras)', hint: export_, test: startsWith(0x89, 0x48, 0x44, 0x46) },
  { what: 'a NumPy array', hint: 'It may serve as calibration data.', test: startsWith(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59) },
  { what: 'a Python pickle (PyTorch)', hint: export_, test: (head) => head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 9) <= 5 },
  { what: 'a PNG image', hint: export_, test: startsWith(0x89, 0x50, 0x4e, 0x47) },
  { what: 'a TensorFlow SavedModel', hint: 'Convert it with tensorflowjs_converter, and open the model.json it writes; or export it to ONNX.', test: isSavedModel },
  { what: 'a YAML document', hint: 'A Keras architecture in YAML has no weights. Convert the model itself with tensorflowjs_converter.', test: (_, text) => /^(---\s|[A-Za-z_][\w-]*:[ \r\n])/.test(text) },
  { what: 'a JSON document', hint: 'Of JSON only TensorFlow.js models (model.json) are read.', test: (_, text) => json.test(text) },
];

/** Where the first name stands in a zip archive (APPNOTE 4.3.7). */
const zipNameAt = 30;
const json = /^\s*[{[]/;

/** `saved_model_schema_version: 1`, then a graph: ONNX has a name in its place, which is not as long as that. */
function isSavedModel(head: Uint8Array): boolean {
  if (head[0] !== 0x08 || head[1] !== 0x01 || head[2] !== 0x12) return false;
  const end = head.findIndex((byte, i) => i > 2 && byte < 0x80);
  return end - 2 >= 2 && head[end] !== 0x00 && head[end + 1] === 0x0a && (end > 4 || (head[4] ?? 0) > 3);
}

/** Bytes of the file's head that {@link refuseForeign} wants. */
export const headBytes = 512;

/** True where the file can only be JSON: no ONNX model begins so. */
export function isJson(head: Uint8Array): boolean {
  return json.test(textOf(head));
}

/** @throws LatheError `not-a-model` where the head is that of a known other kind of file than the one `wanted`. */
export function refuseForeign(head: Uint8Array, file?: string, wanted = 'an ONNX model'): void {
  const text = textOf(head);
  const kind = kinds.find((each) => each.test(head, text));
  if (kind !== undefined) throw new LatheError('not-a-model', `This is ${kind.what}, not ${wanted}.`, { ...(file === undefined ? {} : { file }), hint: kind.hint });
}

function textOf(head: Uint8Array): string {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, headBytes)).toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '');
}
