// Elements of small tensors as text and back. An entry is what one entry of TensorProto's typed field is: the bit pattern of
// a float of 16 bits or fewer, a byte of packed elements below 8 bits, half of a complex number. Source: onnx/defs/parser.cc, onnx.proto3.
import { decodeText, encodeText } from '../onnx/utf8';
import { entryBytes } from '../onnx/typedData';
import { type ElementType, packedByteLength } from '../../tensor/elementType';
import { elementCount, MemorySource, type Tensor } from '../../tensor/tensor';
import { type Scanner, TextError } from './scanner';

/** How one entry stands in the bytes and in the text. */
interface Entry {
  /** The entry at a byte offset as text. */
  print(view: DataView, at: number): string;
  /** Takes the next entry from the text and writes it. @throws TextError. */
  parse(scan: Scanner, view: DataView, at: number): void;
}

function integers(what: string, bits: number, signed: boolean, get: (view: DataView, at: number) => number | bigint, set: (view: DataView, at: number, value: bigint) => void): Entry {
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const most = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  return {
    print: (view, at) => String(get(view, at)),
    parse: (scan, view, at) => set(view, at, scan.integer(what, least, most)),
  };
}

const int8 = integers('an int8', 8, true, (view, at) => view.getInt8(at), (view, at, value) => view.setInt8(at, Number(value)));
const uint8 = integers('a byte', 8, false, (view, at) => view.getUint8(at), (view, at, value) => view.setUint8(at, Number(value)));
const int16 = integers('an int16', 16, true, (view, at) => view.getInt16(at, true), (view, at, value) => view.setInt16(at, Number(value), true));
const uint16 = integers('a number of 16 bits', 16, false, (view, at) => view.getUint16(at, true), (view, at, value) => view.setUint16(at, Number(value), true));
const int32 = integers('an int32', 32, true, (view, at) => view.getInt32(at, true), (view, at, value) => view.setInt32(at, Number(value), true));
const uint32 = integers('a uint32', 32, false, (view, at) => view.getUint32(at, true), (view, at, value) => view.setUint32(at, Number(value), true));
const int64 = integers('an int64', 64, true, (view, at) => view.getBigInt64(at, true), (view, at, value) => view.setBigInt64(at, value, true));
const uint64 = integers('a uint64', 64, false, (view, at) => view.getBigUint64(at, true), (view, at, value) => view.setBigUint64(at, value, true));
const float32: Entry = {
  print: (view, at) => float32Text(view.getFloat32(at, true)),
  parse: (scan, view, at) => view.setFloat32(at, parseFloatText(scan), true),
};
const float64: Entry = {
  print: (view, at) => numberText(view.getFloat64(at, true)),
  parse: (scan, view, at) => view.setFloat64(at, parseFloatText(scan), true),
};

const entries: Record<Exclude<ElementType, 'string'>, Entry> = {
  float32,
  complex64: float32,
  float64,
  complex128: float64,
  int8,
  uint8,
  bool: uint8,
  int16,
  uint16,
  float16: uint16,
  bfloat16: uint16,
  int32,
  uint32,
  int64,
  uint64,
  float8e4m3fn: uint8,
  float8e4m3fnuz: uint8,
  float8e5m2: uint8,
  float8e5m2fnuz: uint8,
  float8e8m0: uint8,
  float4e2m1: uint8,
  int4: uint8,
  uint4: uint8,
  int2: uint8,
  uint2: uint8,
};

/** Tensors up to this many elements are printed with their values. */
export const shownElements = 16;

/**
 * The entries of a small tensor that is at hand; undefined where there are too many, they lie in another file, or the
 * text would not read back as the same bytes (a NaN with a payload). `quoteText` prints a string.
 */
export function smallValues(tensor: Tensor, quoteText: (text: string) => string): string[] | undefined {
  const { elementType, dims } = tensor;
  if (elementCount(dims) > shownElements || tensor.storage === 'external') return undefined;
  if (elementType === 'string') return (tensor.strings ?? []).map((bytes) => quoteText(decodeText(bytes)));
  const bytes = tensor.source.read();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = entryBytes(elementType);
  const back = new DataView(new ArrayBuffer(8));
  const texts: string[] = [];
  for (let at = 0; at < bytes.byteLength; at += width) {
    const text = entries[elementType].print(view, at);
    if (text === 'nan') {
      if (width === 4) back.setFloat32(0, NaN, true);
      else back.setFloat64(0, NaN, true);
      for (let i = 0; i < width; i++) if (back.getUint8(i) !== view.getUint8(at + i)) return undefined;
    }
    texts.push(text);
  }
  return texts;
}

/** Takes the entries of a tensor, the brace before them already taken. @throws TextError where they are not those its type and shape need. */
export function parseValues(scan: Scanner, name: string, elementType: ElementType, dims: readonly number[], start: number): Tensor {
  const count = elementCount(dims);
  if (elementType === 'string') {
    const strings: Uint8Array[] = [];
    list(scan, () => strings.push(encodeText(scan.string('a string'))));
    checkCount(strings.length, count, scan, start);
    return { name, elementType, dims, source: new MemorySource(new Uint8Array(0)), storage: 'typed', strings };
  }
  const width = entryBytes(elementType);
  // The text, not its shape, says how much memory is needed: a shape of billions with three values is wrong, not large.
  let bytes = new Uint8Array(64);
  let view = new DataView(bytes.buffer);
  let at = 0;
  list(scan, () => {
    if (at + width > bytes.byteLength) {
      const larger = new Uint8Array(bytes.byteLength * 2);
      larger.set(bytes);
      bytes = larger;
      view = new DataView(bytes.buffer);
    }
    entries[elementType].parse(scan, view, at);
    at += width;
  });
  checkCount(at / width, packedByteLength(elementType, count) / width, scan, start);
  return { name, elementType, dims, source: new MemorySource(bytes.slice(0, at)), storage: 'typed' };
}

function list(scan: Scanner, take: () => void): void {
  if (scan.accept('}')) return;
  do take();
  while (scan.accept(','));
  scan.expect('}', 'after the values');
}

function checkCount(found: number, wanted: number, scan: Scanner, start: number): void {
  if (found !== wanted) throw new TextError(`Expected ${wanted} ${wanted === 1 ? 'value' : 'values'} for the tensor's type and shape, found ${found}.`, start, scan.at);
}

function parseFloatText(scan: Scanner): number {
  const number = scan.number();
  if (number === undefined) throw scan.expected('a number');
  return floatValue(number.text);
}

/** The value of a number's text; `inf`, `infinity` and `nan` in any case. */
export function floatValue(text: string): number {
  const negative = text.startsWith('-');
  const lower = text.toLowerCase();
  if (lower.endsWith('nan')) return NaN;
  if (lower.includes('inf')) return negative ? -Infinity : Infinity;
  return Number(text);
}

/** The shortest text that reads back as this float32. Nine digits always do. */
export function float32Text(value: number): string {
  // A zero has no digits to shorten, and toPrecision would lose its sign.
  if (Math.fround(value) !== value || value === 0) return numberText(value);
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return numberText(Number(text));
  }
  return numberText(Number(value.toPrecision(9)));
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A float of an attribute: always with a point or an exponent, so that it is not read as an int. */
export function floatText(value: number): string {
  const text = float32Text(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
