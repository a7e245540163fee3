// NumPy's array files: .npy, and .npz archives of them. Source: NumPy's numpy.lib.format documentation.
import { readFileSync, statSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { LatheError, toLatheError } from '../../../base/errors';
import { type ElementType, packedByteLength } from '../../../tensor/elementType';
import { SourceFile } from '../../../tensor/fileSource';
import { MemorySource, type Tensor, type TensorSource, elementCount } from '../../../tensor/tensor';

/** NumPy's type characters and sizes that have an ONNX element type. */
const elementTypes = new Map<string, ElementType>([
  ['f2', 'float16'],
  ['f4', 'float32'],
  ['f8', 'float64'],
  ['i1', 'int8'],
  ['i2', 'int16'],
  ['i4', 'int32'],
  ['i8', 'int64'],
  ['u1', 'uint8'],
  ['u2', 'uint16'],
  ['u4', 'uint32'],
  ['u8', 'uint64'],
  ['b1', 'bool'],
]);

const magic = '\x93NUMPY';
/** Magic, version, and the header's length in its longer form. */
const prefixBytes = 12;
const mostHeaderBytes = 1 << 20;
/** An archive is held packed while it is unpacked, and then unpacked. */
const mostArchiveBytes = 512e6;

/** The array of a `.npy` file; its bytes stay in the file, which is open only while it is read: a folder may hold thousands. @throws LatheError `malformed` or `unsupported` */
export function readNpy(path: string): Tensor {
  const file = new SourceFile(path);
  const all = file.slice(0, file.size);
  const read: TensorSource['read'] = (offset, length) => {
    try {
      return all.read(offset, length);
    } finally {
      file.dispose();
    }
  };
  try {
    return parseNpy({ byteLength: all.byteLength, read, ...(all.location === undefined ? {} : { location: all.location }) }, path);
  } finally {
    file.dispose();
  }
}

/** The arrays of a `.npz` archive, by name. @throws LatheError `malformed`, `too-large` or `unsupported` */
export function readNpz(path: string): Map<string, Tensor> {
  let unpackedBytes = 0;
  const tooLarge = (): LatheError => new LatheError('too-large', 'The archive takes more than 512 MB.', { file: path, hint: 'Save its arrays as .npy files; these are read in place.' });
  try {
    if (statSync(path).size > mostArchiveBytes) throw tooLarge();
    const files = unzipSync(readFileSync(path), {
      filter: ({ name, originalSize }) => {
        if (!name.endsWith('.npy')) return false; // is not unpacked
        unpackedBytes += originalSize;
        if (unpackedBytes > mostArchiveBytes) throw tooLarge();
        return true;
      },
    });
    return new Map(Object.entries(files).map(([name, bytes]) => [name.slice(0, -'.npy'.length), parseNpy(new MemorySource(bytes), path, name)]));
  } catch (thrown) {
    if (thrown instanceof LatheError) throw thrown;
    if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') throw toLatheError(thrown, path);
    throw new LatheError('malformed', 'The file is not a readable .npz archive.', { file: path, cause: thrown });
  }
}

function parseNpy(source: TensorSource, path: string, entry?: string): Tensor {
  const fail = (what: string, hint?: string): LatheError => new LatheError('malformed', what, { file: path, ...(entry === undefined ? {} : { item: entry }), ...(hint === undefined ? {} : { hint }) });
  const prefix = Buffer.from(source.read(0, Math.min(prefixBytes, source.byteLength)));
  if (prefix.byteLength < prefixBytes || prefix.toString('latin1', 0, magic.length) !== magic) throw fail('The file does not begin as NumPy arrays do.');
  const long = (prefix[6] ?? 0) >= 2;
  const headerBytes = long ? prefix.readUInt32LE(8) : prefix.readUInt16LE(8);
  const dataOffset = (long ? prefixBytes : 10) + headerBytes;
  if (headerBytes > mostHeaderBytes || dataOffset > source.byteLength) throw fail('The array’s header is cut off.');
  const header = Buffer.from(source.read(dataOffset - headerBytes, headerBytes)).toString('latin1');
  const described = /'descr'\s*:\s*'([<>|=])(\w+)'/.exec(header);
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  const elementType = elementTypes.get(described?.[2] ?? '');
  if (described === null || shape === undefined) throw fail('The array’s header has no type or shape that is understood.');
  if (elementType === undefined || described[1] === '>') throw new LatheError('unsupported', `Arrays of NumPy type ${described[1]}${described[2]} are not supported.`, { file: path, hint: 'Save it as little-endian float32.' });
  const dims = shape.split(',').filter((part) => part.trim() !== '').map(Number);
  if (/'fortran_order'\s*:\s*True/.test(header) && dims.filter((dim) => dim > 1).length > 1)
    throw new LatheError('unsupported', 'The array is stored in Fortran order.', { file: path, hint: 'Save numpy.ascontiguousarray(array).' });
  const length = packedByteLength(elementType, elementCount(dims));
  if (!Number.isSafeInteger(length) || dataOffset + length > source.byteLength) throw fail(`The file ends before the ${elementType}[${dims.join(',')}] it announces.`);
  return { name: entry ?? '', elementType, dims, source: part(source, dataOffset, length) };
}

/** A window on another source. */
export function part(source: TensorSource, start: number, byteLength: number): TensorSource {
  return {
    byteLength,
    read: (offset = 0, length = byteLength - offset) => source.read(start + offset, length),
    ...(source.location === undefined ? {} : { location: { path: source.location.path, offset: source.location.offset + start } }),
  };
}
