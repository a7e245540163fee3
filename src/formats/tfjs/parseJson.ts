// Parses a JSON text straight from its bytes: nesting, size and keys that stand twice are judged before anything is built, places of nodes, layers and weights noted.
import { LatheError } from '../../base/errors';
import { showName } from '../onnx/utf8';
import { JsonStrings } from './jsonStrings';

/** Byte ranges `start, end, start, end …` of an array's objects; the key is the array's path, e.g. `modelTopology.node`. */
export type JsonRanges = ReadonlyMap<string, readonly number[]>;

/** Objects and arrays inside each other; real models stop at some twenty. */
const maxNesting = 64;
/** Room for what is parsed: 50 MB of real nodes take some 200 MB, millions of nothing go over it. */
const memoryBudget = 768 * 2 ** 20;
/** What an object or array, and what one of its entries takes at least. */
const containerBytes = 64;
const entryBytes = 16;

/** Arrays whose objects' places are noted. */
const noted: ReadonlySet<string> = new Set(['node', 'nodeDef', 'function', 'weights', 'layers', 'config']);
/** What nodes of one operator have in common, written out at each of them. */
const repeated = 'attr';
/** So many different texts are kept of each operator. */
const mostRepeated = 8;

const space = 0x20, quote = 0x22, comma = 0x2c, minus = 0x2d, zero = 0x30, nine = 0x39, colon = 0x3a, openArray = 0x5b, closeArray = 0x5d, openObject = 0x7b, closeObject = 0x7d;
const words: readonly (readonly [text: Buffer, value: boolean | null])[] = [[Buffer.from('true'), true], [Buffer.from('false'), false], [Buffer.from('null'), null]];
const numberText = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Up to so many digits a whole number is exact as it is added up. */
const exactDigits = 15;

export interface ParsedJson {
  /** As JSON.parse gives it, except that objects of key `attr` with the same text may be one: not to be written to. */
  readonly document: unknown;
  readonly ranges: JsonRanges;
}

/**
 * @param bytes UTF-8
 * @throws LatheError `malformed` for nesting over 64, a key that stands twice in an object, and what is no JSON; `too-large` over the memory budget.
 */
export function parseJson(bytes: Buffer, file: string): ParsedJson {
  const parser = new Parser(bytes, file);
  try {
    return { document: parser.parse(), ranges: parser.ranges };
  } catch (thrown) {
    if (!(thrown instanceof NotJson)) throw thrown;
    throw new LatheError('malformed', `This is not valid JSON: ${reasonOf(bytes) ?? `unexpected at byte ${parser.at}`}`, { file });
  }
}

/** What the engine's own parser, which words it best, has against a text. */
function reasonOf(bytes: Buffer): string | undefined {
  try {
    JSON.parse(bytes.toString('utf8', markLength(bytes)));
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

const markLength = (bytes: Uint8Array): number => (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);

class NotJson extends Error {}

interface KnownText {
  readonly start: number;
  readonly end: number;
  readonly value: object;
}

class Parser {
  readonly ranges = new Map<string, number[]>();
  at: number;
  private readonly strings: JsonStrings;
  /** Keys and numbers that lead to where the parser is. */
  private readonly path: (string | number)[] = [];
  private depth = 0;
  private charged = 0;
  /** By operator: texts of `attr` met before. */
  private readonly known = new Map<unknown, KnownText[]>();

  constructor(
    private readonly bytes: Buffer,
    private readonly file: string,
  ) {
    this.at = markLength(bytes);
    this.strings = new JsonStrings(bytes);
  }

  parse(): unknown {
    const value = this.value();
    this.skip();
    if (this.at < this.bytes.length) throw new NotJson();
    return value;
  }

  /** The next byte that is no white space. */
  private skip(): number | undefined {
    const { bytes } = this;
    let byte = bytes[this.at];
    while (byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.at];
    return byte;
  }

  private value(): unknown {
    const byte = this.skip();
    if (byte === quote) return this.string();
    if (byte === openObject) return this.object();
    if (byte === openArray) return this.array(undefined);
    if (byte !== undefined && (byte === minus || (byte >= zero && byte <= nine))) return this.number();
    for (const [text, value] of words) {
      if (text[0] !== byte || this.bytes.compare(text, 0, text.length, this.at, Math.min(this.at + text.length, this.bytes.length)) !== 0) continue;
      this.at += text.length;
      return value;
    }
    throw new NotJson();
  }

  private string(): string {
    const text = this.strings.read(this.at + 1);
    if (text === undefined) throw new NotJson();
    this.at = this.strings.end;
    return text;
  }

  private number(): number {
    const { bytes } = this;
    const start = this.at;
    let byte = bytes[start];
    let sum = 0;
    while (byte !== undefined && byte >= zero && byte <= nine) {
      sum = sum * 10 + (byte - zero);
      byte = bytes[++this.at];
    }
    const digits = this.at - start;
    const more = byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === minus;
    if (!more && digits > 0 && digits <= exactDigits && (digits === 1 || bytes[start] !== zero)) return sum;
    while (byte !== undefined && ((byte >= zero && byte <= nine) || byte === 0x2b || byte === minus || byte === 0x2e || byte === 0x65 || byte === 0x45)) byte = bytes[++this.at];
    const text = bytes.toString('latin1', start, this.at);
    if (!numberText.test(text)) throw new NotJson();
    return Number(text);
  }

  private array(ranges: number[] | undefined): unknown[] {
    this.enter();
    this.at++;
    const list: unknown[] = [];
    if (this.skip() === closeArray) return this.leave(list);
    for (let i = 0; ; i++) {
      this.path[this.depth - 1] = i;
      const isObject = this.skip() === openObject;
      if (isObject) ranges?.push(this.at);
      list.push(this.value());
      if (isObject) ranges?.push(this.at);
      const byte = this.skip();
      if (byte === closeArray) return this.leave(list);
      if (byte !== comma) throw new NotJson();
      this.charged += entryBytes;
      this.at++;
    }
  }

  private object(): object {
    this.enter();
    this.at++;
    const object: Record<string, unknown> = {};
    if (this.skip() === closeObject) return this.leave(object);
    for (;;) {
      if (this.skip() !== quote) throw new NotJson();
      const start = this.at + 1;
      const key = this.string();
      if (Object.hasOwn(object, key)) throw new LatheError('malformed', `The key "${showName(key)}" stands twice in one object.`, { file: this.file, item: this.path.slice(0, this.depth - 1).join('.') || `byte ${start}` });
      this.path[this.depth - 1] = key;
      if (this.skip() !== colon) throw new NotJson();
      this.at++;
      const value = this.member(key, object);
      if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
      else object[key] = value;
      const byte = this.skip();
      if (byte === closeObject) return this.leave(object);
      if (byte !== comma) throw new NotJson();
      this.charged += entryBytes;
      this.at++;
    }
  }

  private member(key: string, holder: Readonly<Record<string, unknown>>): unknown {
    const byte = this.skip();
    if (byte === openArray && noted.has(key)) {
      const ranges: number[] = [];
      this.ranges.set(this.path.slice(0, this.depth).join('.'), ranges);
      return this.array(ranges);
    }
    return byte === openObject && key === repeated ? this.repeated(holder['op']) : this.value();
  }

  /** An object whose text was met before at another node of the operator is not parsed again: the text is all of it. */
  private repeated(op: unknown): object {
    const { bytes, at: start } = this;
    let known = this.known.get(op);
    if (known === undefined) this.known.set(op, (known = []));
    for (const text of known) {
      const end = start + text.end - text.start;
      if (end > bytes.length || bytes[end - 1] !== closeObject || bytes.compare(bytes, text.start, text.end, start, end) !== 0) continue;
      this.at = end;
      return text.value;
    }
    const value = this.object();
    if (known.length < mostRepeated) known.push({ start, end: this.at, value });
    return value;
  }

  private enter(): void {
    this.charged += containerBytes + entryBytes;
    if (this.charged > memoryBudget) throw new LatheError('too-large', 'The file holds more objects than fit into memory.', { file: this.file, item: `byte ${this.at}` });
    if (this.depth === maxNesting) throw new LatheError('malformed', `Objects and arrays are nested over ${maxNesting} deep.`, { file: this.file, item: `byte ${this.at}` });
    this.depth++;
  }

  private leave<T>(container: T): T {
    this.depth--;
    this.at++;
    return container;
  }
}
