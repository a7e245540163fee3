// WAV recordings: PCM of 8, 16, 24 and 32 bits and floats, made mono and brought to the rate a model takes. Source: RIFF WAVE, Microsoft and IBM 1991.
import { LatheError } from '../../../base/errors';
import { SourceFile } from '../../../tensor/fileSource';

export interface WavHeader {
  readonly rate: number;
  readonly channels: number;
  /** Bytes of one value of one channel. */
  readonly width: 1 | 2 | 3 | 4 | 8;
  readonly float: boolean;
  /** Where the values begin, and values per channel. */
  readonly offset: number;
  readonly frames: number;
}

const pcm = 1;
const ieeeFloat = 3;
const extensible = 0xfffe;
/** Chunks looked at before the data; files have a handful. */
const mostChunks = 1000;
const mostChannels = 64;

/** @throws LatheError `malformed`, `unsupported`, `not-found` */
export function readWavHeader(path: string): WavHeader {
  const file = new SourceFile(path);
  try {
    return parseHeader(file, path);
  } finally {
    file.dispose();
  }
}

function parseHeader(file: SourceFile, path: string): WavHeader {
  const read = (offset: number, length: number): Buffer => {
    if (offset + length > file.size) throw new LatheError('malformed', 'The recording ends within its header.', { file: path });
    return Buffer.from(file.slice(offset, length).read());
  };
  const riff = read(0, 12);
  if (riff.toString('latin1', 0, 4) !== 'RIFF' || riff.toString('latin1', 8, 12) !== 'WAVE') throw new LatheError('malformed', 'The file does not begin as WAV recordings do.', { file: path });
  let format: Buffer | undefined;
  let offset = 12;
  for (let chunk = 0; chunk < mostChunks; chunk++) {
    const head = read(offset, 8);
    const [name, size] = [head.toString('latin1', 0, 4), head.readUInt32LE(4)];
    if (name === 'fmt ') format = read(offset + 8, Math.min(size, 40));
    if (name === 'data') return describe(format, offset + 8, size, file.size, path);
    offset += 8 + size + (size % 2);
  }
  throw new LatheError('malformed', 'The recording has no data.', { file: path });
}

function describe(format: Buffer | undefined, offset: number, size: number, fileSize: number, path: string): WavHeader {
  if (format === undefined || format.byteLength < 16) throw new LatheError('malformed', 'The recording does not say what its data are.', { file: path });
  const stated = format.readUInt16LE(0);
  // The extensible form has the actual format in the first bytes of its GUID.
  const kind = stated === extensible && format.byteLength >= 26 ? format.readUInt16LE(24) : stated;
  const [channels, rate, bits] = [format.readUInt16LE(2), format.readUInt32LE(4), format.readUInt16LE(14)];
  const width = ([1, 2, 3, 4, 8] as const).find((bytes) => bytes * 8 === bits);
  const known = (kind === pcm && width !== undefined && width <= 4) || (kind === ieeeFloat && (width === 4 || width === 8));
  if (!known) throw new LatheError('unsupported', `The recording is of format ${kind} with ${bits} bits.`, { file: path, hint: 'Save it as PCM of 8, 16, 24 or 32 bits, or as floats.' });
  if (channels === 0 || channels > mostChannels || rate === 0) throw new LatheError('malformed', `The recording has ${channels} channels at ${rate} Hz.`, { file: path });
  // Recorders that were cut off leave 0 or the greatest number as the size: then the data go to the end.
  const open = size === 0xffffffff || size === 0;
  if (!open && offset + size > fileSize) throw new LatheError('malformed', 'The recording ends before the data it announces.', { file: path });
  return { rate, channels, width, float: kind === ieeeFloat, offset, frames: Math.floor((open ? fileSize - offset : size) / (width * channels)) };
}

/** Mono values, −1 to 1, of part of a recording; beyond its ends silence. @throws LatheError `io` */
export function readWav(path: string, header: WavHeader, from: number, count: number): Float32Array {
  const { channels, width, float, frames, offset } = header;
  const mono = new Float32Array(count);
  const [first, last] = [Math.max(0, from), Math.min(frames, from + count)];
  if (last <= first) return mono;
  const file = new SourceFile(path);
  try {
    const bytes = Buffer.from(file.slice(offset + first * width * channels, (last - first) * width * channels).read());
    for (let frame = first; frame < last; frame++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) sum += valueAt(bytes, ((frame - first) * channels + channel) * width, width, float);
      mono[frame - from] = sum / channels;
    }
    return mono;
  } finally {
    file.dispose();
  }
}

function valueAt(bytes: Buffer, at: number, width: WavHeader['width'], float: boolean): number {
  switch (width) {
    case 1:
      return (bytes.readUInt8(at) - 128) / 128;
    case 2:
      return bytes.readInt16LE(at) / 2 ** 15;
    case 3:
      return bytes.readIntLE(at, 3) / 2 ** 23;
    case 4:
      return float ? bytes.readFloatLE(at) : bytes.readInt32LE(at) / 2 ** 31;
    case 8:
      return bytes.readDoubleLE(at);
    default:
      return width satisfies never;
  }
}

/** Zero crossings of the kernel on each side: more lie below 16 bits. */
const crossings = 16;

/** Values of input that one value of output reaches on each side. */
export function resampleReach(from: number, to: number): number {
  return from === to ? 0 : Math.ceil(crossings * Math.max(1, from / to));
}

/**
 * Part of a signal at another rate, by a sinc windowed after Hann, cut off at the lower of both Nyquist frequencies (Smith, “Digital Audio Resampling”).
 * @param values the signal from its value `start` on
 * @param first number of the first value of the result
 */
export function resample(values: Float32Array, start: number, from: number, to: number, first: number, count: number): Float32Array {
  if (from === to) return values.slice(first - start, first - start + count);
  const cutoff = Math.min(1, to / from);
  const reach = crossings / cutoff;
  const result = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const centre = ((first + i) * from) / to;
    let sum = 0;
    for (let j = Math.ceil(centre - reach); j <= Math.floor(centre + reach); j++) {
      const value = values[j - start];
      if (value === undefined) continue;
      const x = j - centre;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
      sum += value * cutoff * sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / reach));
    }
    result[i] = sum;
  }
  return result;
}
