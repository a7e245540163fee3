// The schema of a data description, as it stands in recipes and in files of its own, and its paths made absolute.
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { LatheError, toLatheError } from '../../base/errors';
import { dataKinds, resizeModes, type DataSpec, type StoredDataKind } from '../../protocol/data';
import { pictureOrders, pixelScales } from '../../protocol/measurement';

const share = z.number().min(0).max(1);
const side = z.int().min(1).max(16_384);
const channels = z.array(z.number()).min(1).max(4);

const pictures = z.strictObject({
  order: z.exactOptional(z.enum(pictureOrders)).describe('Order of the colour channels; PaddleOCR and OpenCV models take bgr.'),
  scale: z.exactOptional(z.enum(pixelScales)).describe('How pixel values become numbers: 0 to 1, −1 to 1, ImageNet\'s mean and deviation, as they are.'),
  mean: z.exactOptional(channels).describe('Taken from values of 0 to 1, per channel in the order fed; instead of scale.'),
  std: z.exactOptional(channels.refine((values) => values.every((value) => value > 0), 'must be above 0')).describe('Then divided by this.'),
  resize: z.exactOptional(z.enum(resizeModes)).describe('stretch; crop: shorter side first, then the centre; letterbox: the whole picture, the rest filled.'),
  size: z.exactOptional(z.tuple([side, side])).describe('Height and width, where the model leaves them open.'),
  shorterSide: z.exactOptional(side).describe('crop: the shorter side before the centre is cut out; by default the size / 0.875.'),
  fill: z.exactOptional(z.number().min(0).max(255)).describe('letterbox: what the rest is filled with; by default 114.'),
});

const table = z.strictObject({
  inputs: z.exactOptional(z.record(z.string(), z.array(z.string()).min(1))).describe('Input name → its columns in order.'),
  label: z.exactOptional(z.string()).describe('Column or field of the label.'),
});

const audio = z.strictObject({
  rate: z.exactOptional(z.int().min(1000).max(384_000)).describe('Samples per second that the model takes; by default 16,000.'),
  frame: z.exactOptional(z.int().min(1).max(1 << 26)).describe('Values per frame fed; by default what the input takes, else the whole recording.'),
  hop: z.exactOptional(z.int().min(1).max(1 << 26)).describe('Values from one frame to the next; by default the frame.'),
});

const text = z.strictObject({
  tokenizer: z.exactOptional(z.string()).describe('tokenizer.json or vocab.txt; by default one beside the text.'),
  length: z.exactOptional(z.int().min(1).max(1 << 20)).describe('Ids per sample: longer texts are cut, shorter ones filled up.'),
});

const split = z
  .strictObject({ calibration: z.exactOptional(share), evaluation: z.exactOptional(share), test: z.exactOptional(share), seed: z.exactOptional(z.int().min(0).max(2 ** 31 - 1)) })
  .refine(({ calibration = 0, evaluation = 0, test = 0 }) => calibration + evaluation + test <= 1 + 1e-9, 'the shares are more than 1 in all');

const storedKinds = dataKinds.filter((kind): kind is StoredDataKind => kind !== 'seeded');

export const dataSpecSchema: z.ZodType<DataSpec> = z.strictObject({
  path: z.string().min(1).describe('Folder or file, relative to this file.'),
  kind: z.exactOptional(z.enum(storedKinds)).describe('What lies there; recognised where absent.'),
  labels: z.exactOptional(z.string()).describe('File of labels: .npy, IDX, or lines of file name and label.'),
  classes: z.exactOptional(z.array(z.string()).min(1)).describe('Class names in the order of the model\'s classes.'),
  pictures: z.exactOptional(pictures).describe('How pictures are fed.'),
  table: z.exactOptional(table).describe('Which columns of a CSV file or fields of JSON lines are which inputs.'),
  audio: z.exactOptional(audio).describe('How recordings are fed.'),
  text: z.exactOptional(text).describe('How texts become ids.'),
  split: z.exactOptional(split).describe('Shares of calibration, evaluation and test; by default half and half, and no test part.'),
  mostSkipped: z.exactOptional(share).describe('Share of samples that may be unreadable before the whole is refused; by default 0.05.'),
});

const mostDescriptionBytes = 1e6;

/** Whether a path may be a description rather than data. */
export function isDescription(path: string): boolean {
  return /\.json$/i.test(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Reads a description; its paths are relative to it. @throws LatheError `not-found`, `malformed` naming the field */
export function readDescription(path: string): DataSpec {
  let json: unknown;
  try {
    if (statSync(path).size > mostDescriptionBytes) throw new LatheError('too-large', 'This is too large for a description of data.', { file: path, hint: 'Lines of JSON, one sample each, end in .jsonl.' });
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new LatheError('malformed', `Not JSON: ${thrown.message}.`, { file: path, cause: thrown });
    throw toLatheError(thrown, path);
  }
  const parsed = dataSpecSchema.safeParse(json);
  if (parsed.success) return resolvedAgainst(parsed.data, dirname(path));
  const [issue] = parsed.error.issues;
  throw new LatheError('malformed', `The description of data is off at ${issue?.path.join('.') ?? 'its top'}: ${issue?.message ?? 'unknown reason'}.`, { file: path, hint: 'See docs/data.md for what it may hold.' });
}

/** With all its paths absolute. */
export function resolvedAgainst(spec: DataSpec, folder: string): DataSpec {
  return withPaths(spec, (path) => resolve(folder, path));
}

/** With each of its paths changed. */
export function withPaths(spec: DataSpec, from: (path: string) => string): DataSpec {
  const { labels, text: ofText } = spec;
  return {
    ...spec,
    path: from(spec.path),
    ...(labels === undefined ? {} : { labels: from(labels) }),
    ...(ofText === undefined ? {} : { text: { ...ofText, ...(ofText.tokenizer === undefined ? {} : { tokenizer: from(ofText.tokenizer) }) } }),
  };
}
