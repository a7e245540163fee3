// IDX, the format of MNIST (LeCun, Cortes and Burges), plain or gzipped: a big-endian array with a type and dimensions before it.
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { LatheError, toLatheError } from '../../../base/errors';
import { elementBits, type ElementType } from '../../../tensor/elementType';
import { SourceFile } from '../../../tensor/fileSource';
import { elementCount, MemorySource, type Tensor, type TensorSource } from '../../../tensor/tensor';
import { gunzipAtMost, gunzipHead } from './gzip';
import { part } from './npy';

/** Third byte of the magic number. */
const elementTypes = new Map<number, ElementType>([
  [0x08, 'uint8'],
  [0x09, 'int8'],
  [0x0b, 'int16'],
  [0x0c, 'int32'],
  [0x0d, 'float32'],
  [0x0e, 'float64'],
]);

/** A gzipped file is held unpacked; MNIST's 60,000 training pictures take 47 MB. */
const mostUnpackedBytes = 512e6;
const mostPackedBytes = 512e6;
const longestHeader = 4 + 4 * 255;

/** By its name, as these files have no extension of their own. */
export function isIdx(path: string): boolean {
  return /idx\d-u?byte(\.gz)?$|\.idx(\d)?(\.gz)?$/i.test(path);
}

interface Header {
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  readonly bytes: number;
}

/** Type and dimensions, from the first bytes alone. @throws LatheError `malformed`, `not-found` */
export function readIdxHeader(path: string): Omit<Header, 'bytes'> {
  return parseHeader(isGzip(path) ? gunzipHead(firstOf(path, 4096), path) : firstOf(path, longestHeader), path);
}

/** The array, its bytes in the file or, where it is gzipped, in memory. @throws LatheError `malformed`, `too-large`, `not-found` */
export function readIdx(path: string): Tensor {
  const { elementType, dims, bytes } = parseHeader(isGzip(path) ? gunzipHead(firstOf(path, 4096), path) : firstOf(path, longestHeader), path);
  const length = (elementCount(dims) * elementBits(elementType)) / 8;
  const all = isGzip(path) ? unpacked(path, bytes + length) : fileSource(path);
  if (!Number.isSafeInteger(length) || all.byteLength < bytes + length) throw new LatheError('malformed', `The file ends before the ${elementType}[${dims.join(', ')}] it announces.`, { file: path });
  return { name: '', elementType, dims, source: littleEndian(part(all, bytes, length), elementBits(elementType) / 8) };
}

function isGzip(path: string): boolean {
  const [first, second] = firstOf(path, 2);
  return first === 0x1f && second === 0x8b;
}

function firstOf(path: string, length: number): Buffer {
  try {
    const file = openSync(path, 'r');
    try {
      if (!fstatSync(file).isFile()) throw new LatheError('usage', 'This is not a file.', { file: path });
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, 0));
    } finally {
      closeSync(file);
    }
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

function parseHeader(bytes: Buffer, file: string): Header {
  const elementType = elementTypes.get(bytes[2] ?? 0);
  const rank = bytes[3] ?? 0;
  if (bytes.byteLength < 4 || bytes[0] !== 0 || bytes[1] !== 0 || elementType === undefined) throw new LatheError('malformed', 'The file does not begin as IDX files do.', { file });
  if (bytes.byteLength < 4 + 4 * rank) throw new LatheError('malformed', 'The file ends within its header.', { file });
  return { elementType, dims: Array.from({ length: rank }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis)), bytes: 4 + 4 * rank };
}

function unpacked(path: string, bytes: number): TensorSource {
  if (!(bytes <= mostUnpackedBytes) || statSync(path).size > mostPackedBytes) throw new LatheError('too-large', 'The file unpacks to more than 512 MB.', { file: path, hint: 'Unpack it; plain files are read in place.' });
  return new MemorySource(gunzipAtMost(readFileSync(path), bytes, path));
}

function fileSource(path: string): TensorSource {
  const file = new SourceFile(path);
  return file.slice(0, file.size);
}

/** Bytes of each element the other way round, as they are read. */
function littleEndian(source: TensorSource, width: number): TensorSource {
  if (width === 1) return source;
  return {
    byteLength: source.byteLength,
    read: (offset = 0, length = source.byteLength - offset) => {
      const bytes = Buffer.from(source.read(offset, length));
      return width === 2 ? bytes.swap16() : width === 4 ? bytes.swap32() : bytes.swap64();
    },
  };
}
