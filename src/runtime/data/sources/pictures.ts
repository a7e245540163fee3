// Pictures as samples: sizes and layout inferred from the input's shape or described, classes by folder, texts or boxes from labels beside them.
import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { LatheError } from '../../../base/errors';
import { formatShape } from '../../../graph/dimension';
import type { PictureSpec } from '../../../protocol/data';
import type { Model } from '../../../graph/model';
import { isFloat } from '../../../tensor/elementType';
import { tensorFromNumbers } from '../../convert';
import { SeededRandom } from '../../random';
import { type Layout, layOut, type Normalisation, normalisation, type Picture, readPicture } from '../files/images';
import type { IndexedData } from '../indexed';
import { type FedInput, fedInputsAt } from '../inputs';
import { readLabels } from '../labels';
import { besides, classesOfFolders } from '../listing';
import type { Box, Label, Sample } from '../samples';
import type { OpenRequest } from './openers';
import { boxesIn, placePicture, type Placed } from './placement';
import { indexBound, seededTensor } from './seededSamples';

/** Layout, colour channels and the two sides of the picture input; a free side is undefined. */
export interface PictureInput extends Layout {
  readonly input: FedInput;
  readonly height: number | undefined;
  readonly width: number | undefined;
  /** The person bound the width of a model that leaves it open: pictures keep their aspect and are padded. */
  readonly padded: boolean;
}

/** Files of labels that are taken without being asked for. */
const labelFiles = ['labels.csv', 'labels.tsv', 'labels.txt', 'rec_gt.txt'];

/** A file of labels in the folder of the pictures. */
export function labelsBeside(folder: string): string | undefined {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? besides(folder, labelFiles) : undefined;
}

/** @throws LatheError `usage` when the model has no input that could be a picture. */
export function openPictures({ spec, found, model, inputs, bindings, seed }: OpenRequest): IndexedData {
  const { pictures = {} } = spec;
  const target = findPictureInput(model, inputs, { bindings, order: pictures.order ?? 'rgb', size: pictures.size });
  const normal = normalOf(pictures, target);
  const others = inputs.filter((input) => input !== target.input);
  const bounds = new Map(others.map(({ name }) => [name, indexBound(model.graph, name)]));
  const { files } = found;
  const read = (index: number): Sample => {
    const random = new SeededRandom(seed + index);
    const path = files[index]?.path ?? '';
    const picture = readPicture(path);
    const placed = placePicture(picture, target, pictures);
    const feeds = new Map([[target.input.name, fedPicture(placed, target, normal)]]);
    for (const input of others) feeds.set(input.name, seededTensor(input, random, bounds.get(input.name)));
    const boxes = boxesBeside(path, picture, placed);
    return { feeds, ...(boxes === undefined ? {} : { label: { boxes } }) };
  };
  const signature = JSON.stringify([pictures, target, normal, others, others.length === 0 ? 0 : seed]);
  return {
    kind: 'images',
    path: found.path,
    count: files.length,
    note: describe(target, normal.words, pictures),
    nameOf: (index) => files[index]?.name ?? '',
    ...labelling(found.path, files, spec.classes),
    read,
    stateOf: (index) => {
      const path = files[index]?.path ?? '';
      const boxes = statSync(boxFile(path), { bigint: true, throwIfNoEntry: false });
      const { size, mtimeNs } = statSync(path, { bigint: true });
      return [path, size, mtimeNs, boxes?.mtimeNs, signature, others.length === 0 ? 0 : index].join('\0');
    },
  };
}

type ListedFiles = OpenRequest['found']['files'];

function labelling(path: string, files: ListedFiles, classes: readonly string[] | undefined): Pick<IndexedData, 'labelOf' | 'classes'> {
  const byFolder = classesOfFolders(files, classes);
  if (byFolder !== undefined) return { classes: byFolder.size, labelOf: (index): Label | undefined => byFolder.get(files[index]?.folder ?? '') };
  const beside = labelsBeside(path);
  if (beside === undefined) return {};
  const { labelOf, classes: named } = readLabels(beside, files.length, classes);
  return { labelOf: (index) => labelOf(index, files[index]?.name ?? ''), ...(named === undefined ? {} : { classes: named }) };
}

function fedPicture(placed: Placed, target: PictureInput, normal: Normalisation): ReturnType<typeof tensorFromNumbers> {
  const { width, height, padTo } = placed;
  const values = layOut(placed.values, width, height, padTo, target, normal);
  const dims = target.channelsFirst ? [1, target.channels, height, padTo] : [1, height, padTo, target.channels];
  return tensorFromNumbers(target.input.name, target.input.elementType, dims, values);
}

interface Wanted {
  readonly bindings: Readonly<Record<string, number>>;
  readonly order: NonNullable<PictureSpec['order']>;
  readonly size: PictureSpec['size'];
}

/** @throws LatheError `usage` when no input takes a picture, or not one of the size asked for */
export function findPictureInput(model: Model, inputs: readonly FedInput[], { bindings, order, size }: Wanted): PictureInput {
  for (const input of inputs) {
    const { declared } = input;
    if (declared.length !== 4) continue;
    const channelsFirst = declared[1] === 3 || declared[1] === 1;
    const channels = channelsFirst ? declared[1] : declared[3];
    if (channels !== 3 && channels !== 1) continue;
    const [height, width] = channelsFirst ? [declared[2], declared[3]] : [declared[1], declared[2]];
    const fixed = (side: typeof height, wanted: number | undefined): number | undefined => {
      if (typeof side !== 'number') return wanted;
      if (wanted === undefined || wanted === side) return side;
      throw new LatheError('usage', `Pictures are to be ${size?.[0] ?? 0}×${size?.[1] ?? 0} (height × width), and input ${input.name} takes ${formatShape(declared)}.`, { item: input.name });
    };
    const unbound = fedInputsAt(model, {}).find(({ name }) => name === input.name)?.declared;
    return { input, channels, channelsFirst, order, height: fixed(height, size?.[0]), width: fixed(width, size?.[1]), padded: Object.keys(bindings).length > 0 && typeof unbound?.[channelsFirst ? 3 : 2] !== 'number' };
  }
  const shapes = inputs.map(({ name, declared }) => `${name} ${formatShape(declared)}`).join(', ');
  throw new LatheError('usage', `The data are pictures, but no input takes one (inputs: ${shapes}).`, { ...(model.path === undefined ? {} : { file: model.path }), hint: 'Give .npy or .npz files that fit the inputs.' });
}

function normalOf({ scale = 'auto', mean, std }: PictureSpec, { input, channels, order }: PictureInput): Normalisation {
  if (mean === undefined && std === undefined) return normalisation(scale, !isFloat(input.elementType));
  const full = (values: readonly number[] | undefined, filler: number): readonly number[] => {
    if (values === undefined) return [filler, filler, filler];
    if (values.length === 1) return [values[0] ?? filler, values[0] ?? filler, values[0] ?? filler];
    if (values.length !== channels) throw new LatheError('usage', `There are ${values.length} values of mean or std for ${channels} channels.`, { item: input.name });
    // layOut looks them up by the picture's own channel.
    return order === 'bgr' ? [...values].reverse() : values;
  };
  return { mean: full(mean, 0), deviation: full(std, 1), words: `(value/255 − ${words(mean, 0)})/${words(std, 1)}` };
}

const words = (values: readonly number[] | undefined, filler: number): string => (values === undefined ? String(filler) : values.length === 1 ? String(values[0]) : `[${values.join(', ')}]`);

/** Boxes in the form of YOLO's text files: class and the box's centre and size as shares of the picture. */
function boxFile(path: string): string {
  return `${path.slice(0, -extname(path).length)}.txt`;
}

const mostBoxBytes = 4e6;

/** @throws LatheError `malformed` */
function boxesBeside(path: string, picture: Picture, placed: Placed): readonly Box[] | undefined {
  const file = boxFile(path);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined || size > mostBoxBytes) return undefined;
  const rows = readFileSync(file, 'utf8').split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '');
  const boxes = rows.map((line) => line.split(/\s+/).map(Number));
  if (!boxes.every((row) => row.length === 5 && row.every(Number.isFinite))) return undefined;
  return boxesIn(boxes, picture, placed);
}

function describe({ channelsFirst, channels, order, height, width, padded }: PictureInput, scale: string, { resize, shorterSide }: PictureSpec): string {
  const side = (size: number | undefined): string => (size === undefined ? 'free' : String(size));
  const sides = `${side(height)}×${side(width)} (height × width)`;
  const aspect = width === undefined ? ', aspect kept' : padded ? ', aspect kept and padded' : '';
  const how = resize === 'crop' ? `shorter side ${shorterSide === undefined ? 'size / 0.875' : String(shorterSide)}, centre ${sides}` : resize === 'letterbox' ? `letterboxed to ${sides}` : `resized to ${sides}${aspect}`;
  return `${channels === 1 ? 'grey' : order.toUpperCase()}, ${scale}, ${channelsFirst ? 'NCHW' : 'NHWC'}, ${how}`;
}

