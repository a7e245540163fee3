// Walks protobuf's wire format through a small window on a file, so that what is skipped is never read.
// Source: protobuf.dev, "Encoding".
import { LatheError } from '../../base/errors';
import type { Int } from '../../graph/model';
import { MemorySource, type TensorSource } from '../../tensor/tensor';
import type { SourceFile } from '../../tensor/fileSource';
import { RecentTexts } from './recentTexts';
import { decodeText } from './utf8';

/** Deepest nesting of messages; protobuf's own parsers stop at 100 too. */
const maxDepth = 100;
/** First read after a jump: enough for a tensor's fields around its data. */
const jumpRead = 4096;
const largestRead = 256 * 1024;
/** Data up to this size is taken along while passing; anything longer stays in the file. */
const inlineBytes = 512;
/** Longest text or unknown field that is taken into memory. */
const maxTextBytes = 256 * 1024 * 1024;
/** Longest text that is kept to be found again. */
const longestName = 80;
const printableAscii = /^[ -~]*$/;

const wireNames = ['varint', '64-bit', 'length-delimited', 'start-group', 'end-group', '32-bit', '6', '7'];

export class WireReader {
  /** Field number and wire type of the field last met by {@link next}. */
  field = 0;
  wire = 0;
  /** True where the last {@link text} was printable ASCII, and as short as names are. */
  plainText = false;
  private window: Uint8Array;
  /** The same bytes, for making strings of them. */
  private characters: Buffer;
  /** Offset in the file of the window's first byte. */
  private base = 0;
  /** Place in the window. */
  private position = 0;
  /** Bytes of the window that are valid. */
  private filled: number;
  private nextRead = largestRead;
  /** Offset in the file at which the current message ends. */
  private limit: number;
  private readonly limits: number[] = [];
  private readonly names: string[] = [];
  /** Offset of the current field, tag included. */
  fieldStart = 0;
  private spent = 0;
  private readonly recent = new RecentTexts();

  constructor(
    private readonly origin: SourceFile | Uint8Array,
    /** Shown in errors. */
    private readonly file: string | undefined,
    private readonly memoryBudget: number,
  ) {
    // A plain view: a Buffer's slice() would not copy.
    this.window = origin instanceof Uint8Array ? new Uint8Array(origin.buffer, origin.byteOffset, origin.byteLength) : new Uint8Array(0);
    this.characters = bufferOver(this.window);
    this.filled = this.window.byteLength;
    this.limit = origin instanceof Uint8Array ? origin.byteLength : origin.size;
  }

  /** Offset in the file. */
  get offset(): number {
    return this.base + this.position;
  }

  /** Moves to the next field of the current message; false at its end. */
  next(): boolean {
    this.fieldStart = this.base + this.position;
    if (this.fieldStart >= this.limit) return false;
    const tag = this.varint32();
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0 || this.wire > 5) throw this.malformed('This is not a protobuf field');
    if (this.wire === 3 || this.wire === 4) throw this.malformed('A protobuf group, which ONNX does not have');
    return true;
  }

  /** True where a zero byte stands in place of a field. */
  atPadding(): boolean {
    if (this.offset >= this.limit) return false;
    if (this.position >= this.filled) this.fill(1);
    return this.window[this.position] === 0;
  }

  /** Enters the message that is the current field's value. */
  enter(name: string): void {
    const length = this.length();
    if (this.limits.length >= maxDepth) throw this.malformed(`Messages are nested over ${maxDepth} deep`);
    this.limits.push(this.limit);
    this.names.push(name);
    this.limit = this.base + this.position + length;
  }

  leave(): void {
    if (this.offset !== this.limit) throw this.malformed('A message does not end where it says');
    this.limit = this.limits.pop() ?? this.limit;
    this.names.pop();
  }

  /** Counts memory the model will take. @throws LatheError `too-large` over the budget. */
  charge(bytes: number): void {
    this.spent += bytes;
    if (this.spent > this.memoryBudget)
      throw new LatheError('too-large', `The model's structure would take more than ${Math.round(this.memoryBudget / 2 ** 20)} MiB of memory.`, this.where('No weights are counted in this; such a file is broken or hostile.'));
  }

  /** A 64-bit two's complement value: a number where safe, else a bigint. */
  int64(): Int {
    this.expect(0);
    return this.varint64();
  }

  /** An int32 or enum value. */
  int32(): number {
    this.expect(0);
    const value = this.varint64();
    return typeof value === 'number' && value >= 0 && value <= 0x7fffffff ? value : Number(BigInt.asIntN(32, BigInt(value)));
  }

  float(): number {
    this.expect(5);
    return this.fixed(4).getFloat32(0, true);
  }

  /** Appends a repeated int64 field, packed or not. */
  int64s(into: { push(value: Int): void }): void {
    if (this.wire === 0) {
      into.push(this.varint64());
      this.charge(8);
      return;
    }
    const length = this.length();
    const end = this.offset + length;
    this.charge(length);
    while (this.offset < end) into.push(this.varint64());
    if (this.offset !== end) throw this.malformed('Packed integers do not end where they say');
  }

  /** Appends a repeated float field, packed or not. */
  floats(into: number[]): void {
    if (this.wire === 5) {
      into.push(this.float());
      this.charge(8);
      return;
    }
    const length = this.length();
    if (length % 4 !== 0) throw this.malformed(`Packed floats of ${length} bytes`);
    this.charge(length * 2);
    for (let i = 0; i < length; i += 4) into.push(this.fixed(4).getFloat32(0, true));
  }

  /** Text; bytes that are not UTF-8 as lone surrogates. Short repeated texts are one string in memory. */
  text(): string {
    const length = this.length();
    this.plainText = length === 0;
    if (length === 0) return '';
    if (length > maxTextBytes) throw this.malformed(`Text of ${length} bytes`);
    this.charge(length + 24);
    this.ensure(length);
    const start = this.position;
    this.position += length;
    // Bytes are looked at by built-in functions alone: a loop of ours would be most of the time of opening a small model.
    const text = length > longestName ? '' : this.characters.toString('latin1', start, start + length);
    const known = this.recent.find(text);
    this.plainText = known !== undefined || (text !== '' && printableAscii.test(text));
    if (known !== undefined) return known;
    if (!this.plainText) return decodeText(this.window.subarray(start, start + length));
    this.recent.add(text);
    return text;
  }

  /** A copy of the current bytes field. */
  bytes(): Uint8Array {
    const length = this.length();
    if (length > maxTextBytes) throw this.malformed(`A bytes field of ${length} bytes`);
    this.charge(length + 64);
    return this.take(length);
  }

  /** The current length-delimited field as a source: small ones are copied, others stay in the file unread. */
  source(): TensorSource {
    const length = this.length();
    const at = this.offset;
    if (this.origin instanceof Uint8Array) {
      this.position += length;
      return new MemorySource(this.origin.subarray(at, at + length));
    }
    if (length <= inlineBytes) return new MemorySource(this.take(length));
    this.skip(length);
    return this.origin.slice(at, length);
  }

  /** The encoded value of the current scalar field. */
  scalar(): Uint8Array {
    this.charge(96);
    if (this.wire === 1) return this.take(8);
    if (this.wire === 5) return this.take(4);
    this.expect(0);
    const start = this.offset;
    this.varint64();
    const end = this.offset;
    this.seek(start);
    return this.take(end - start);
  }

  /** The current field as it stands, tag included, to be written back. */
  verbatim(): Uint8Array {
    if (this.wire === 0) this.varint64();
    else if (this.wire === 1) this.skip(8);
    else if (this.wire === 5) this.skip(4);
    else this.skip(this.length());
    if (this.offset > this.limit) throw this.malformed('A field runs past its message');
    return this.copyFrom(this.fieldStart);
  }

  /** The bytes from an offset up to here, to be written back. */
  copyFrom(start: number): Uint8Array {
    const length = this.offset - start;
    if (length > maxTextBytes) throw new LatheError('unsupported', `A field this reader does not know holds ${length} bytes.`, this.where());
    this.charge(length + 64);
    this.seek(start);
    return this.take(length);
  }

  /** An error about the current place. */
  malformed(what: string): LatheError {
    return new LatheError('malformed', `${what} (at byte ${this.fieldStart}).`, this.where());
  }

  /** The current place, e.g. `graph › node › attribute`. */
  place(): string {
    return this.names.join(' › ');
  }

  where(hint?: string): { file?: string; item?: string; hint?: string } {
    return {
      ...(this.file === undefined ? {} : { file: this.file }),
      item: this.names.length === 0 ? `byte ${this.fieldStart}` : this.place(),
      ...(hint === undefined ? {} : { hint }),
    };
  }

  private expect(wire: number): void {
    if (this.wire !== wire) throw this.malformed(`Field ${this.field} is encoded as ${wireNames[this.wire] ?? ''}, not ${wireNames[wire] ?? ''}`);
  }

  private length(): number {
    this.expect(2);
    const length = this.varint64();
    if (typeof length === 'bigint' || length < 0 || this.offset + length > this.limit)
      throw this.malformed(`The file is truncated or broken: field ${this.field} claims ${length} bytes where ${this.limit - this.offset} are left`);
    return length;
  }

  private take(length: number): Uint8Array {
    this.ensure(length);
    const bytes = this.window.slice(this.position, this.position + length);
    this.position += length;
    return bytes;
  }

  private fixed(length: number): DataView {
    if (this.offset + length > this.limit) throw this.malformed('The file is truncated');
    this.ensure(length);
    const view = new DataView(this.window.buffer, this.window.byteOffset + this.position, length);
    this.position += length;
    return view;
  }

  private varint32(): number {
    if (this.position < this.filled) {
      const first = this.window[this.position] ?? 0;
      if (first < 0x80) {
        this.position++;
        return first;
      }
    }
    const value = this.varint64();
    if (typeof value === 'bigint' || value < 0 || value > 0xffffffff) throw this.malformed('A field number over 2^29');
    return value;
  }

  private varint64(): Int {
    if (this.position + 10 > this.filled) this.fill(10);
    const window = this.window;
    const first = window[this.position] ?? 0;
    if (first < 0x80 && this.position < this.filled && this.offset < this.limit) {
      this.position++;
      return first;
    }
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let i = 0; ; i++) {
      if (this.position >= this.filled || this.offset >= this.limit) throw this.malformed('The file is truncated inside a number');
      if (i === 10) throw this.malformed('A number of more than 10 bytes');
      const byte = window[this.position++] ?? 0;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i < 8) middle |= bits << (7 * (i - 4));
      else high |= bits << (7 * (i - 8));
      if (byte < 0x80) break;
    }
    if (high === 0 && middle < 0x2000000) return low + middle * 0x10000000;
    const value = BigInt.asIntN(64, (BigInt(high) << 56n) | (BigInt(middle) << 28n) | BigInt(low));
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  private ensure(length: number): void {
    if (this.position + length > this.filled) this.fill(length);
    if (this.position + length > this.filled) throw this.malformed('The file is truncated');
  }

  private skip(length: number): void {
    if (this.position + length <= this.filled) {
      this.position += length;
      return;
    }
    this.seek(this.offset + length);
    this.nextRead = jumpRead;
  }

  private seek(offset: number): void {
    if (offset >= this.base && offset <= this.base + this.filled) {
      this.position = offset - this.base;
      return;
    }
    this.base = offset;
    this.position = 0;
    this.filled = 0;
  }

  private resize(bytes: number): void {
    this.window = new Uint8Array(bytes);
    this.characters = bufferOver(this.window);
  }

  /** Makes at least `length` bytes from the current place available, as far as the file has them. */
  private fill(length: number): void {
    if (this.origin instanceof Uint8Array) return;
    this.base += this.position;
    this.position = 0;
    const wanted = Math.min(Math.max(length, this.nextRead), this.origin.size - this.base);
    this.nextRead = Math.min(this.nextRead * 4, largestRead);
    if (this.window.byteLength < wanted || (this.window.byteLength > largestRead && wanted <= largestRead)) this.resize(Math.max(wanted, largestRead));
    this.filled = Math.max(wanted, 0);
    if (wanted > 0) this.origin.readInto(this.window.subarray(0, wanted), this.base);
  }
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
