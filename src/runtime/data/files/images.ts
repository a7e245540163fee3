// Pictures made into model inputs: decoded, resized bilinearly, normalised, laid out as the input's shape asks.
import { readFileSync, statSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { LatheError, toLatheError } from '../../../base/errors';
import type { PictureOrder, PixelScale } from '../../../protocol/measurement';

/** Red, green, blue, 0–255, row by row, without alpha. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** A decoded picture takes 7 bytes per pixel here. */
const mostPixels = 64e6;
const mostFileBytes = 256e6;

/** @throws LatheError `malformed` or `too-large` */
export function readPicture(path: string): Picture {
  const bytes = bytesOf(path);
  try {
    return bytes[0] === 0xff ? decodeJpeg(bytes) : decodePng(bytes, path);
  } catch (thrown) {
    if (thrown instanceof LatheError) throw thrown;
    throw new LatheError('malformed', `The picture cannot be decoded: ${thrown instanceof Error ? thrown.message : String(thrown)}.`, { file: path, cause: thrown });
  }
}

function bytesOf(path: string): Buffer {
  try {
    if (statSync(path).size > mostFileBytes) throw new LatheError('too-large', 'The picture’s file is larger than 256 MB.', { file: path });
    return readFileSync(path);
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

function decodeJpeg(bytes: Uint8Array): Picture {
  const { width, height, data } = jpeg.decode(bytes, { useTArray: true, formatAsRGBA: false, maxResolutionInMP: mostPixels / 1e6, maxMemoryUsageInMB: 1024 });
  return { width, height, rgb: data };
}

function decodePng(bytes: Buffer, path: string): Picture {
  // Width and height stand at a fixed place in the first chunk (PNG specification, IHDR).
  if (bytes.byteLength > 24 && bytes.readUInt32BE(16) * bytes.readUInt32BE(20) > mostPixels) throw new LatheError('too-large', 'The picture has more than 64 million pixels.', { file: path });
  assertUnpacks(bytes, path);
  const { width, height, data } = PNG.sync.read(bytes);
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const alpha = data[4 * pixel + 3] ?? 255;
    // Transparent parts are seen as on white paper.
    for (let channel = 0; channel < 3; channel++) rgb[3 * pixel + channel] = ((data[4 * pixel + channel] ?? 0) * alpha + 255 * (255 - alpha)) / 255;
  }
  return { width, height, rgb };
}

/** Bytes a pixel takes at most: four channels of 16 bits; and a filter byte per row, also of interlacing's seven passes. */
const mostPixelBytes = 8;

/** The decoder unpacks an interlaced picture whatever comes out of it. @throws LatheError `malformed` for more than its pixels can take */
function assertUnpacks(bytes: Buffer, path: string): void {
  if (bytes.byteLength < 29 || bytes[28] === 0) return;
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const parts: Buffer[] = [];
  for (let offset = 8; offset + 12 <= bytes.byteLength; offset += 12 + bytes.readUInt32BE(offset)) if (bytes.toString('latin1', offset + 4, offset + 8) === 'IDAT') parts.push(bytes.subarray(offset + 8, offset + 8 + bytes.readUInt32BE(offset)));
  try {
    inflateSync(Buffer.concat(parts), { maxOutputLength: width * height * mostPixelBytes + 2 * height + 64 });
  } catch (thrown) {
    throw new LatheError('malformed', thrown instanceof RangeError ? 'The picture unpacks to more than its size can take.' : 'The picture’s pixels cannot be unpacked.', { file: path, cause: thrown });
  }
}

/** Part of a picture, in pixels. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Bilinear with pixel centres at half coordinates, edges clamped (as OpenCV's INTER_LINEAR).
 * @param window the part of the result that is wanted; all of it by default
 * @returns floats 0–255, H×W×3
 */
export function resizeBilinear({ width, height, rgb }: Picture, newWidth: number, newHeight: number, window: Window = { left: 0, top: 0, width: newWidth, height: newHeight }): Float32Array {
  const resized = new Float32Array(window.width * window.height * 3);
  const columns = positions(width, newWidth).slice(window.left, window.left + window.width);
  const rows = positions(height, newHeight).slice(window.top, window.top + window.height);
  let out = 0;
  for (const row of rows)
    for (const column of columns)
      for (let channel = 0; channel < 3; channel++) {
        const at = (x: number, y: number): number => rgb[(y * width + x) * 3 + channel] ?? 0;
        const top = at(column.low, row.low) * (1 - column.share) + at(column.high, row.low) * column.share;
        const bottom = at(column.low, row.high) * (1 - column.share) + at(column.high, row.high) * column.share;
        resized[out++] = top * (1 - row.share) + bottom * row.share;
      }
  return resized;
}

interface Position {
  readonly low: number;
  readonly high: number;
  readonly share: number;
}

function positions(size: number, newSize: number): Position[] {
  return Array.from({ length: newSize }, (_, i) => {
    const exact = Math.min(size - 1, Math.max(0, ((i + 0.5) * size) / newSize - 0.5));
    const low = Math.floor(exact);
    return { low, high: Math.min(size - 1, low + 1), share: exact - low };
  });
}

/** A pixel value becomes (value / 255 − mean) / deviation, per channel; `raw` keeps 0–255. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly words: string;
}

const scales = {
  unit: { mean: [0, 0, 0], deviation: [1, 1, 1], words: 'value/255' },
  signed: { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5], words: '(value/255 − 0.5)/0.5' },
  imagenet: { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225], words: '(value/255 − mean)/deviation of ImageNet' },
  raw: { mean: [0, 0, 0], deviation: [1 / 255, 1 / 255, 1 / 255], words: 'values 0–255' },
} satisfies Record<Exclude<PixelScale, 'auto'>, Normalisation>;

/** `auto`: 0–255 for integer inputs and −1…1 for float ones. */
export function normalisation(scale: PixelScale, integer: boolean): Normalisation {
  if (scale !== 'auto') return scales[scale];
  return integer ? scales.raw : scales.signed;
}

/** Luma of ITU-R BT.601. */
const luma = [0.299, 0.587, 0.114] as const;

export interface Layout {
  readonly channels: 1 | 3;
  /** N×C×H×W, else N×H×W×C. */
  readonly channelsFirst: boolean;
  readonly order: PictureOrder;
}

/**
 * Lays out a resized picture (H×W×3, 0–255) as one sample.
 * @param padTo width of the sample; what lies right of the picture is 0
 */
export function layOut(resized: Float32Array, width: number, height: number, padTo: number, { channels, channelsFirst, order }: Layout, { mean, deviation }: Normalisation): Float64Array {
  const values = new Float64Array(channels * height * padTo);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < channels; channel++) {
        const pixel = (y * width + x) * 3;
        const source = order === 'bgr' ? 2 - channel : channel;
        const value = channels === 1 ? luma.reduce((sum, weight, i) => sum + weight * (resized[pixel + i] ?? 0), 0) : (resized[pixel + source] ?? 0);
        const target = channelsFirst ? (channel * height + y) * padTo + x : (y * padTo + x) * channels + channel;
        values[target] = (value / 255 - (mean[source] ?? 0)) / (deviation[source] ?? 1);
      }
  return values;
}
