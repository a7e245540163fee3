// A folder of pictures as samples: sizes and layout inferred from the input's shape, and stated.
import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { LatheError } from '../../../base/errors';
import { formatShape } from '../../../graph/dimension';
import type { Model } from '../../../graph/model';
import type { PictureOptions } from '../../../protocol/measurement';
import { isFloat } from '../../../tensor/elementType';
import { tensorFromNumbers } from '../../convert';
import { type Layout, type Picture, layOut, normalisation, readPicture, resizeBilinear } from '../files/images';
import { type FedInput, fedInputsAt } from '../inputs';
import { SeededRandom } from '../../random';
import type { Feeds, SampleSource } from '../samples';
import { indexBound, seededTensor } from './seededSamples';

export interface ImageOptions extends Partial<PictureOptions> {
  readonly bindings: Readonly<Record<string, number>>;
  readonly limit: number;
  readonly seed: number;
}

const extensions: ReadonlySet<string> = new Set(['.png', '.jpg', '.jpeg']);
/** Free sides are rounded to what strided networks divide by. */
const sideMultiple = 32;
const widthMultiple = 8;
/** Detectors with both sides free are usually fed at most this (PP-OCR's limit). */
const longestSide = 960;

/** Pictures of a folder, by name. */
export function listPictures(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => extensions.has(extname(name).toLowerCase()))
    .sort()
    .map((name) => join(folder, name));
}

/** Layout, colour channels and the two sides of the picture input; a free side is undefined. */
interface PictureInput extends Layout {
  readonly input: FedInput;
  readonly height: number | undefined;
  readonly width: number | undefined;
  /** The person bound the width of a model that leaves it open: pictures keep their aspect and are padded. */
  readonly padded: boolean;
}

/** @throws LatheError `usage` when the model has no input that could be a picture. */
export function imageSamples(folder: string, paths: readonly string[], model: Model, options: ImageOptions): SampleSource {
  const inputs = fedInputsAt(model, options.bindings);
  const target = findPictureInput(model, inputs, options);
  const normal = normalisation(options.scale ?? 'auto', !isFloat(target.input.elementType));
  const others = inputs.filter((input) => input !== target.input);
  const count = Math.min(paths.length, options.limit);
  const make = (path: string, sample: number): Feeds => {
    const random = new SeededRandom(options.seed + sample);
    const picture = readPicture(path);
    const { size, padTo } = sizeFor(picture, target);
    const values = layOut(resizeBilinear(picture, size.width, size.height), size.width, size.height, padTo, target, normal);
    const dims = target.channelsFirst ? [1, target.channels, size.height, padTo] : [1, size.height, padTo, target.channels];
    const feeds = new Map([[target.input.name, tensorFromNumbers(target.input.name, target.input.elementType, dims, values)]]);
    for (const input of others) feeds.set(input.name, seededTensor(input, random, indexBound(model.graph, input.name)));
    return feeds;
  };
  return {
    description: { kind: 'images', path: folder, samples: count, note: describe(target, normal.words) },
    real: true,
    async *samples(most = count) {
      for (const [sample, path] of paths.slice(0, Math.min(most, count)).entries()) yield await Promise.resolve(make(path, sample));
    },
  };
}

function findPictureInput(model: Model, inputs: readonly FedInput[], { order = 'rgb', bindings }: ImageOptions): PictureInput {
  for (const input of inputs) {
    const { declared } = input;
    if (declared.length !== 4) continue;
    const channelsFirst = declared[1] === 3 || declared[1] === 1;
    const channels = channelsFirst ? declared[1] : declared[3];
    if (channels !== 3 && channels !== 1) continue;
    const [height, width] = channelsFirst ? [declared[2], declared[3]] : [declared[1], declared[2]];
    const fixed = (side: typeof height): number | undefined => (typeof side === 'number' ? side : undefined);
    const unbound = fedInputsAt(model, {}).find(({ name }) => name === input.name)?.declared;
    return { input, channels, channelsFirst, order, height: fixed(height), width: fixed(width), padded: Object.keys(bindings).length > 0 && typeof unbound?.[channelsFirst ? 3 : 2] !== 'number' };
  }
  const shapes = inputs.map(({ name, declared }) => `${name} ${formatShape(declared)}`).join(', ');
  throw new LatheError('usage', `The data are pictures, but no input takes one (inputs: ${shapes}).`, { ...(model.path === undefined ? {} : { file: model.path }), hint: 'Give .npy or .npz files that fit the inputs.' });
}

const roundTo = (size: number, multiple: number): number => Math.max(multiple, Math.round(size / multiple) * multiple);

function sizeFor(picture: Picture, { height, width, padded }: PictureInput): { size: { width: number; height: number }; padTo: number } {
  if (height !== undefined && width !== undefined) {
    const kept = padded ? Math.min(width, Math.max(1, Math.round((picture.width * height) / picture.height))) : width;
    return { size: { width: kept, height }, padTo: width };
  }
  if (height !== undefined) {
    const free = roundTo((picture.width * height) / picture.height, widthMultiple);
    return { size: { width: free, height }, padTo: free };
  }
  const shrink = Math.min(1, longestSide / Math.max(picture.width, picture.height));
  const freeHeight = roundTo(picture.height * shrink, sideMultiple);
  const freeWidth = width ?? roundTo(picture.width * shrink, sideMultiple);
  return { size: { width: freeWidth, height: freeHeight }, padTo: freeWidth };
}

function describe({ channelsFirst, channels, order, height, width, padded }: PictureInput, words: string): string {
  const side = (size: number | undefined): string => (size === undefined ? 'free' : String(size));
  const aspect = width === undefined ? ', aspect kept' : padded ? ', aspect kept and padded' : '';
  return `${channels === 1 ? 'grey' : order.toUpperCase()}, ${words}, ${channelsFirst ? 'NCHW' : 'NHWC'}, resized to ${side(height)}×${side(width)} (height × width)${aspect}`;
}
