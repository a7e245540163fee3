// Where a picture comes to lie in what is fed: stretched, cropped, letterboxed, or with its aspect kept where the input leaves a side open.
import { LatheError } from '../../../base/errors';
import type { PictureSpec } from '../../../protocol/data';
import { type Picture, resizeBilinear } from '../files/images';
import type { Box } from '../samples';
import type { PictureInput } from './pictures';

/** Free sides are rounded to what strided networks divide by. */
const sideMultiple = 32;
const widthMultiple = 8;
/** Detectors with both sides free are usually fed at most this (PP-OCR's limit). */
const longestSide = 960;
/** ImageNet's usual evaluation: 224 of 256. */
const croppedShare = 0.875;
/** The grey that YOLO's letterbox has. */
const defaultFill = 114;

/** Pixels as fed, H×W×3, 0–255, before they are normalised; and how the picture was moved to get there. */
export interface Placed {
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
  /** Width of the sample; what lies right of the picture is 0. */
  readonly padTo: number;
  /** x of the picture → x · scaleX + left of what is fed. */
  readonly scaleX: number;
  readonly scaleY: number;
  readonly left: number;
  readonly top: number;
}

/** @throws LatheError `usage` for a resize mode that needs both sides where one is open */
export function placePicture(picture: Picture, target: PictureInput, { resize = 'stretch', shorterSide, fill = defaultFill }: PictureSpec): Placed {
  const { height, width } = target;
  if (resize === 'stretch') return stretched(picture, target);
  if (height === undefined || width === undefined) throw new LatheError('usage', `${resize} needs the height and width that are fed, and input ${target.input.name} leaves them open.`, { item: target.input.name, hint: 'Give pictures.size in the data description, or --bind its dimensions.' });
  if (resize === 'crop') return cropped(picture, width, height, shorterSide ?? Math.round(Math.max(height, width) / croppedShare));
  return letterboxed(picture, width, height, fill);
}

function stretched(picture: Picture, target: PictureInput): Placed {
  const { size, padTo } = sizeFor(picture, target);
  return { values: resizeBilinear(picture, size.width, size.height), ...size, padTo, scaleX: size.width / picture.width, scaleY: size.height / picture.height, left: 0, top: 0 };
}

/** The shorter side is brought to `shorter`, and the centre cut out. */
function cropped(picture: Picture, width: number, height: number, shorter: number): Placed {
  const scale = Math.max(shorter / Math.min(picture.width, picture.height), width / picture.width, height / picture.height);
  const [wholeWidth, wholeHeight] = [Math.max(width, Math.round(picture.width * scale)), Math.max(height, Math.round(picture.height * scale))];
  const [left, top] = [Math.round((wholeWidth - width) / 2), Math.round((wholeHeight - height) / 2)];
  const window = { left, top, width, height };
  return { values: resizeBilinear(picture, wholeWidth, wholeHeight, window), width, height, padTo: width, scaleX: wholeWidth / picture.width, scaleY: wholeHeight / picture.height, left: -left, top: -top };
}

/** All of the picture, in the middle. */
function letterboxed(picture: Picture, width: number, height: number, fill: number): Placed {
  const scale = Math.min(width / picture.width, height / picture.height);
  const [ownWidth, ownHeight] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
  const [left, top] = [Math.floor((width - ownWidth) / 2), Math.floor((height - ownHeight) / 2)];
  const resized = resizeBilinear(picture, ownWidth, ownHeight);
  const values = new Float32Array(width * height * 3).fill(fill);
  for (let y = 0; y < ownHeight; y++) values.set(resized.subarray(y * ownWidth * 3, (y + 1) * ownWidth * 3), ((y + top) * width + left) * 3);
  return { values, width, height, padTo: width, scaleX: ownWidth / picture.width, scaleY: ownHeight / picture.height, left, top };
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

/** Rows of class, centre and size as shares of the picture, as boxes in pixels of what is fed. */
export function boxesIn(rows: readonly (readonly number[])[], picture: Picture, { scaleX, scaleY, left, top }: Placed): Box[] {
  return rows.map(([category = 0, x = 0, y = 0, width = 0, height = 0]) => ({
    category,
    corners: [(x - width / 2) * picture.width * scaleX + left, (y - height / 2) * picture.height * scaleY + top, (x + width / 2) * picture.width * scaleX + left, (y + height / 2) * picture.height * scaleY + top],
  }));
}
