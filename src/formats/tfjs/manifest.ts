// The weights manifest: which weights lie where in which shard files, and how they are stored there; no weight but strings is read.
import { LatheError } from '../../base/errors';
import type { ElementType } from '../../tensor/elementType';
import { packedByteLength } from '../../tensor/elementType';
import { elementCount, MemorySource, type Tensor, type TensorSource } from '../../tensor/tensor';
import type { ExternalData } from '../onnx/externalData';
import { checkDims } from '../onnx/readTensor';
import { showName } from '../onnx/utf8';
import { anyField, field, isList, kindOf, type JsonObject, type TfjsContext } from './context';
import { DequantizedSource, ShardedBytes, type WeightQuantization } from './weightSources';

/** How the file stores a weight, so that it can be written back as it was. */
export interface StoredWeight {
  /** Number of its group in the manifest. */
  readonly group: number;
  /** Its dtype in the manifest: what TensorFlow.js makes of it. */
  readonly dtype: string;
  /** Where it starts among the bytes of its group's shards. */
  readonly offset: number;
  /** The stored bytes, quantised where it is. */
  readonly bytes: TensorSource;
  readonly quantization?: WeightQuantization;
}

/** One group of the manifest. */
export interface WeightGroup {
  readonly paths: readonly string[];
  readonly names: readonly string[];
}

export interface Weights {
  /** In the order of the manifest; the key is the weight's name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly groups: readonly WeightGroup[];
  /** Absolute paths of the shards. */
  readonly files: readonly string[];
}

const stored = new WeakMap<Tensor, StoredWeight>();

/** How the file of a TensorFlow.js model stores this tensor; undefined for tensors that come from elsewhere. */
export function storedWeight(tensor: Tensor): StoredWeight | undefined {
  return stored.get(tensor);
}

/** Bytes a weight takes where it is stored: quantised ones, of a file or not yet written, take fewer than their elements. */
export function storedBytes(tensor: Tensor): number {
  const { elementType, dims, source } = tensor;
  if (source instanceof DequantizedSource) return source.stored.byteLength;
  return stored.get(tensor)?.bytes.byteLength ?? packedByteLength(elementType, elementCount(dims));
}

/** What TensorFlow.js's own reader knows. Source: tfjs-core, io/types.ts `DTYPE_VALUE_SIZE_MAP`, io_utils.ts `decodeWeight`. */
const elementTypes: ReadonlyMap<string, ElementType> = new Map([
  ['float32', 'float32'],
  ['int32', 'int32'],
  ['bool', 'bool'],
  ['complex64', 'complex64'],
  ['string', 'string'],
]);
const quantizedWidths: ReadonlyMap<string, number> = new Map([
  ['uint8', 1],
  ['uint16', 2],
  ['float16', 2],
]);
/** Bytes before each string that say how long it is. */
const stringLengthBytes = 4;

/**
 * Reads the manifest and finds the shards.
 * @throws LatheError `malformed`, `not-found` for a missing shard, `unsafe-path` for one outside the model's folder.
 */
export function readManifest(context: TfjsContext, manifest: unknown, shards: ExternalData): Weights {
  const tensors = new Map<string, Tensor>();
  const groups: WeightGroup[] = [];
  const files = new Set<string>();
  const opened = new Map<string, number>();
  for (const [group, entry] of context.list(manifest, 'weightsManifest').entries()) {
    const where = `weightsManifest[${group}]`;
    const object = context.object(entry, where);
    const paths = context.list(field(object, 'paths'), `${where}.paths`).map((path) => context.text(path, `A path of ${where}`));
    const bytes = new ShardedBytes(
      paths.map((path) => {
        const before = opened.get(path);
        if (before !== undefined) throw context.malformed(path, `The weights file ${showName(path)} is named twice, in weightsManifest[${before}] and ${where}.`);
        opened.set(path, group);
        const file = shards.open(path, where, () => undefined);
        if (file === undefined) throw missing(context, path);
        files.add(file.path);
        return file;
      }),
    );
    const names: string[] = [];
    let offset = 0;
    for (const [i, weight] of context.list(field(object, 'weights'), `${where}.weights`).entries()) {
      const place = `${where}.weights[${i}]`;
      const { tensor, storage } = readWeight(context, context.object(weight, place), place, group, bytes, offset);
      if (tensors.has(tensor.name)) throw context.malformed(tensor.name, `The manifest names the weight "${showName(tensor.name)}" twice.`);
      tensors.set(tensor.name, tensor);
      names.push(tensor.name);
      stored.set(tensor, storage);
      offset += storage.bytes.byteLength;
    }
    if (offset !== bytes.byteLength)
      throw context.malformed(paths.join(', ') || where, `The weights of ${where} take ${offset} bytes, but its files have ${bytes.byteLength}: they do not belong together.`, 'Put the files that were written with this model.json beside it.');
    groups.push({ paths, names });
  }
  return { tensors, groups, files: [...files] };
}

function missing(context: TfjsContext, path: string): Error {
  return new LatheError('not-found', `The weights file ${showName(path)} is missing.`, { file: context.file, item: showName(path), hint: 'Put it beside model.json and open the model again.' });
}

function readWeight(context: TfjsContext, weight: JsonObject, where: string, group: number, bytes: ShardedBytes, offset: number): { tensor: Tensor; storage: StoredWeight } {
  const name = context.text(field(weight, 'name'), `${where}.name`);
  const fail = (what: string, hint?: string): Error => context.malformed(name === '' ? where : name, what, hint);
  if (name === '') throw fail('The weight has no name.');
  const dtype = context.text(field(weight, 'dtype'), `The dtype of "${name}"`);
  const elementType = elementTypes.get(dtype);
  if (elementType === undefined) throw fail(`The weight has the dtype "${showName(dtype)}", which TensorFlow.js does not know.`, `Known are ${[...elementTypes.keys()].join(', ')}.`);
  const dims = readDims(context, weight, name, elementType);
  const count = elementCount(dims);
  const room = bytes.byteLength - offset;
  const quantization = readQuantization(context, weight, name, dtype);
  const width = quantization === undefined ? undefined : quantizedWidths.get(quantization.dtype);
  const length = width === undefined ? (elementType === 'string' ? count * stringLengthBytes : packedByteLength(elementType, count)) : count * width;
  if (length > room) throw fail(`The weight needs ${length} bytes for its ${count} elements, but its files have only ${Math.max(0, room)} left.`, 'Put the complete files that were written with this model.json beside it.');
  if (elementType === 'string') {
    const { strings, end } = readStrings(context, name, count, bytes, offset);
    return { tensor: { name, elementType, dims, source: nothing, strings }, storage: { group, dtype, offset, bytes: bytes.slice(offset, end - offset) } };
  }
  const inFile = bytes.slice(offset, length);
  const source = quantization === undefined ? inFile : new DequantizedSource(inFile, quantization, elementType === 'int32' ? 'int32' : 'float32');
  return { tensor: { name, elementType, dims, source }, storage: { group, dtype, offset, bytes: inFile, ...(quantization === undefined ? {} : { quantization }) } };
}

const nothing = new MemorySource(new Uint8Array(0));

function readDims(context: TfjsContext, weight: JsonObject, name: string, elementType: ElementType): readonly number[] {
  const shape = field(weight, 'shape');
  if (!isList(shape)) throw context.malformed(name, `The shape of the weight should be a list, but is ${kindOf(shape)}.`);
  const dims = shape.map((dim) => {
    if (typeof dim !== 'number' || !Number.isSafeInteger(dim)) throw context.malformed(name, `The shape of the weight holds ${kindOf(dim)}, not a whole number.`);
    return dim;
  });
  return checkDims(dims, elementType, (what, hint) => context.malformed(name, what, hint));
}

function readQuantization(context: TfjsContext, weight: JsonObject, name: string, dtype: string): WeightQuantization | undefined {
  const value = anyField(weight, 'quantization');
  if (value === undefined) return undefined;
  const object = context.object(value, `The quantization of "${name}"`);
  const kind = field(object, 'dtype');
  if (kind !== 'uint8' && kind !== 'uint16' && kind !== 'float16') throw context.malformed(name, `The weight is quantised as ${kindOf(kind)}, which TensorFlow.js does not know.`, 'Known are uint8, uint16 and float16.');
  if (dtype !== 'float32' && (dtype !== 'int32' || kind === 'float16')) throw context.malformed(name, `A ${dtype} weight cannot be quantised as ${kind}.`);
  if (kind === 'float16') return { dtype: kind, scale: 1, min: 0 };
  const scale = field(object, 'scale');
  const min = field(object, 'min');
  if (typeof scale !== 'number' || typeof min !== 'number') throw context.malformed(name, `The weight is quantised as ${kind}, but its scale or min is missing.`);
  return { dtype: kind, scale, min };
}

/** Strings say their own lengths, so they are read at once: what follows them could not be found otherwise. */
function readStrings(context: TfjsContext, name: string, count: number, bytes: ShardedBytes, start: number): { strings: Uint8Array[]; end: number } {
  const short = (): Error => context.malformed(name, `The files end before the ${count} strings of the weight do.`);
  if (count > mostStrings) throw new LatheError('too-large', `The weight holds ${count} strings; ${mostStrings} are the most.`, { file: context.file, item: showName(name) });
  const strings: Uint8Array[] = [];
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = start;
  let at = start;
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.byteLength) throw short();
    if (at + length > windowStart + window.byteLength) {
      window = bytes.slice(at, Math.min(Math.max(length, windowBytes), bytes.byteLength - at)).read();
      windowStart = at;
    }
    const taken = window.slice(at - windowStart, at - windowStart + length);
    at += length;
    return taken;
  };
  for (let i = 0; i < count; i++) {
    const length = take(stringLengthBytes);
    strings.push(take(new DataView(length.buffer).getUint32(0, true)));
  }
  return { strings, end: at };
}

/** Vocabularies have some hundred thousand words. */
const mostStrings = 5_000_000;
const windowBytes = 2 ** 20;
