// Looks over a JSON text before it is parsed: how deep and large it is, keys that stand twice, and where nodes, layers and weights lie.
import { LatheError } from '../../base/errors';
import { showName } from '../onnx/utf8';

/** Byte ranges `start, end, start, end …` of an array's objects; the key is the array's path, e.g. `modelTopology.node`. */
export type JsonRanges = ReadonlyMap<string, readonly number[]>;

/** Objects and arrays inside each other; real models stop at some twenty. */
const maxNesting = 64;
/** Room for what is parsed: 50 MB of real nodes take some 200 MB, millions of nothing go over it. */
const memoryBudget = 768 * 2 ** 20;
/** What an object or array, and what one of its entries takes at least in the parser. */
const containerBytes = 64;
const entryBytes = 16;

/** Arrays whose objects' places are noted. */
const noted: readonly Uint8Array[] = ['node', 'nodeDef', 'function', 'weights', 'layers', 'config'].map((name) => Buffer.from(name));

/** One open object or array. */
interface Level {
  array: boolean;
  /** Number of the current entry. */
  index: number;
  /** Where the current key stands, without its quotes. */
  keyStart: number;
  keyEnd: number;
  /** Where all keys of the object stand. */
  readonly keys: number[];
  /** The keys as texts, from where there are too many to be compared one by one. */
  set: Set<string> | undefined;
  /** Ranges of the array's objects, where they are noted. */
  ranges: number[] | undefined;
}

const comparedOneByOne = 12;

/**
 * One pass over the bytes, in which nothing is decoded; what is not JSON at all is left for the parser to refuse.
 * @throws LatheError `malformed` for nesting over 64 or a key that stands twice in an object, `too-large` over the memory budget.
 */
export function scanJson(bytes: Uint8Array, file: string): JsonRanges {
  const found = new Map<string, number[]>();
  const levels: Level[] = [];
  let depth = 0;
  let charged = 0;
  let top: Level | undefined;
  let keyNext = false;
  const { length } = bytes;
  for (let i = 0; i < length; i++) {
    const byte = bytes[i];
    if (byte === 0x22) {
      const start = i + 1;
      i = stringEnd(bytes, start);
      if (keyNext && top !== undefined) {
        keyNext = false;
        top.keyStart = start;
        top.keyEnd = i;
        addKey(bytes, top, levels, depth, file);
      }
    } else if (byte === 0x2c) {
      if (top === undefined) break;
      top.index++;
      keyNext = !top.array;
      charged += entryBytes;
    } else if (byte === 0x7b || byte === 0x5b) {
      charged += containerBytes + entryBytes;
      if (charged > memoryBudget) throw new LatheError('too-large', 'The file holds more objects than fit into memory.', { file, item: `byte ${i}` });
      if (depth === maxNesting) throw new LatheError('malformed', `Objects and arrays are nested over ${maxNesting} deep.`, { file, item: `byte ${i}` });
      if (byte === 0x7b && top?.ranges !== undefined) top.ranges.push(i);
      const array = byte === 0x5b;
      const ranges = array && top !== undefined && isNoted(bytes, top) ? placeOf(bytes, levels, depth, found) : undefined;
      top = open(levels, depth++, array, ranges);
      keyNext = !array;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) break;
      top = --depth === 0 ? undefined : levels[depth - 1];
      keyNext = false;
      if (byte === 0x7d && top?.ranges !== undefined) top.ranges.push(i + 1);
    }
  }
  return found;
}

/** Index of the quote that ends a string. */
function stringEnd(bytes: Uint8Array, start: number): number {
  for (let i = start; i < bytes.length; i++) {
    if (bytes[i] === 0x22) return i;
    if (bytes[i] === 0x5c) i++;
  }
  return bytes.length;
}

/** Levels are used again and again: a model has millions of objects, but never more than 64 at a time. */
function open(levels: Level[], depth: number, array: boolean, ranges: number[] | undefined): Level {
  let level = levels[depth];
  if (level === undefined) levels[depth] = level = { array, index: 0, keyStart: 0, keyEnd: 0, keys: [], set: undefined, ranges };
  level.array = array;
  level.index = 0;
  level.keyStart = level.keyEnd = 0;
  level.keys.length = 0;
  level.set = undefined;
  level.ranges = ranges;
  return level;
}

function addKey(bytes: Uint8Array, level: Level, levels: readonly Level[], depth: number, file: string): void {
  const { keyStart, keyEnd, keys } = level;
  // A key with escapes may be written in several ways, and has no fixed bytes.
  if (level.set === undefined && (keys.length >= 2 * comparedOneByOne || hasEscape(bytes, keyStart, keyEnd))) {
    level.set = new Set();
    for (let k = 0; k < keys.length; k += 2) level.set.add(keyText(bytes, keys[k] ?? 0, keys[k + 1] ?? 0));
  }
  let twice = false;
  if (level.set !== undefined) {
    const text = keyText(bytes, keyStart, keyEnd);
    twice = level.set.has(text);
    level.set.add(text);
  } else for (let k = 0; k < keys.length && !twice; k += 2) twice = sameBytes(bytes, keys[k] ?? 0, keys[k + 1] ?? 0, keyStart, keyEnd);
  if (twice) throw new LatheError('malformed', `The key "${showName(keyText(bytes, keyStart, keyEnd))}" stands twice in one object.`, { file, item: pathOf(bytes, levels, depth - 1) || `byte ${keyStart}` });
  keys.push(keyStart, keyEnd);
}

function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === 0x5c) return true;
  return false;
}

function sameBytes(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let i = end - start - 1; i >= 0; i--) if (bytes[start + i] !== bytes[otherStart + i]) return false;
  return true;
}

function keyText(bytes: Uint8Array, start: number, end: number): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return raw; // not JSON: the parser will say so
  }
}

function isNoted(bytes: Uint8Array, { array, keyStart, keyEnd }: Level): boolean {
  if (array) return false;
  const length = keyEnd - keyStart;
  return noted.some((name) => {
    if (name.length !== length) return false;
    for (let i = 0; i < length; i++) if (bytes[keyStart + i] !== name[i]) return false;
    return true;
  });
}

function placeOf(bytes: Uint8Array, levels: readonly Level[], depth: number, found: Map<string, number[]>): number[] {
  const path = pathOf(bytes, levels, depth);
  const ranges: number[] = [];
  found.set(path, ranges);
  return ranges;
}

/** `weightsManifest.0.weights`: keys and numbers of the outermost `depth` levels. */
function pathOf(bytes: Uint8Array, levels: readonly Level[], depth: number): string {
  return levels
    .slice(0, depth)
    .map((level) => (level.array ? String(level.index) : keyText(bytes, level.keyStart, level.keyEnd)))
    .join('.');
}
