// Encodes protobuf's wire format into memory, leaving holes where tensor data will be streamed in.
// Source: protobuf.dev, "Encoding".
import type { Int } from '../../graph/model';
import type { TensorSource } from '../../tensor/tensor';
import { encodeText } from './utf8';

/** A place in the structure at which a source's bytes belong. */
interface Hole {
  /** Offset in the structure's own bytes, holes not counted. */
  at: number;
  readonly source: TensorSource;
}

/** One piece of the encoded message, in order: bytes at hand, or a source to stream. */
export type Piece = Uint8Array | TensorSource;

/** Longest encoding of a message length: 2^53 in seven-bit groups. */
const longestVarint = 10;

export class WireWriter {
  private buffer = Buffer.alloc(64 * 1024);
  private length = 0;
  private readonly holes: Hole[] = [];
  private holeBytes = 0;

  /** Bytes of the whole encoding, holes filled. */
  get byteLength(): number {
    return this.length + this.holeBytes;
  }

  /** An int64, enum or bool field; negative numbers take ten bytes. */
  int(field: number, value: Int): void {
    this.varint(field * 8);
    this.varint(value);
  }

  /** Like {@link int}, left out where zero, as proto3 does. */
  intUnlessZero(field: number, value: Int): void {
    if (value !== 0 && value !== 0n) this.int(field, value);
  }

  float(field: number, value: number): void {
    this.varint(field * 8 + 5);
    this.reserve(4);
    this.length = this.buffer.writeFloatLE(value, this.length);
  }

  text(field: number, value: string): void {
    this.varint(field * 8 + 2);
    const { length } = value;
    this.reserve(length + longestVarint);
    // Names are nearly always short ASCII: one length byte and the characters as they are.
    if (length < 128) {
      const start = this.length + 1;
      let bits = 0;
      for (let i = 0; i < length; i++) {
        const code = value.charCodeAt(i);
        bits |= code;
        this.buffer[start + i] = code;
      }
      if (bits < 128) {
        this.buffer[this.length] = length;
        this.length = start + length;
        return;
      }
    }
    const bytes = encodeText(value);
    this.varint(bytes.byteLength);
    this.raw(bytes);
  }

  textUnlessEmpty(field: number, value: string | undefined): void {
    if (value !== undefined && value !== '') this.text(field, value);
  }

  bytes(field: number, value: Uint8Array): void {
    this.varint(field * 8 + 2);
    this.varint(value.byteLength);
    this.raw(value);
  }

  /** A packed repeated int64 field; nothing where empty. */
  ints(field: number, values: readonly Int[]): void {
    if (values.length === 0) return;
    this.message(field, () => {
      for (const value of values) this.varint(value);
    });
  }

  /** A packed repeated float field; nothing where empty. */
  floats(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.message(field, () => {
      this.reserve(values.length * 4);
      for (const value of values) this.length = this.buffer.writeFloatLE(value, this.length);
    });
  }

  /** A length-delimited field whose value `write` encodes. */
  message(field: number, write: () => void): void {
    this.varint(field * 8 + 2);
    const start = this.length;
    const firstHole = this.holes.length;
    const holeBytes = this.holeBytes;
    write();
    const size = this.length - start + this.holeBytes - holeBytes;
    this.insertVarint(start, size, firstHole);
  }

  /** A bytes field that is streamed from `source` when the encoding is written out. */
  hole(field: number, source: TensorSource): void {
    this.varint(field * 8 + 2);
    this.varint(source.byteLength);
    if (source.byteLength === 0) return;
    this.holes.push({ at: this.length, source });
    this.holeBytes += source.byteLength;
  }

  /** Bytes as they are: encoded fields kept from the source file. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.byteLength);
    this.buffer.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  /** The encoding, piece by piece. */
  *pieces(): Generator<Piece> {
    let from = 0;
    for (const { at, source } of this.holes) {
      if (at > from) yield this.buffer.subarray(from, at);
      yield source;
      from = at;
    }
    if (this.length > from) yield this.buffer.subarray(from, this.length);
  }

  varint(value: Int): void {
    this.reserve(longestVarint);
    if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      let rest = value;
      while (rest >= 0x80) {
        this.buffer[this.length++] = (rest % 128) + 128;
        rest = Math.floor(rest / 128);
      }
      this.buffer[this.length++] = rest;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.buffer[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.buffer[this.length++] = Number(rest);
  }

  /** Puts a message's length in front of it, moving what was written (a node is a few hundred bytes; a graph is moved once). */
  private insertVarint(start: number, size: number, firstHole: number): void {
    const written = this.length - start;
    let width = 1;
    for (let rest = size; rest >= 0x80; rest = Math.floor(rest / 128)) width++;
    this.reserve(width);
    this.buffer.copyWithin(start + width, start, start + written);
    this.length = start;
    this.varint(size);
    this.length = start + width + written;
    for (let i = firstHole; i < this.holes.length; i++) {
      const hole = this.holes[i];
      if (hole !== undefined) hole.at += width;
    }
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.byteLength) return;
    const larger = Buffer.alloc(Math.max(this.buffer.byteLength * 2, this.length + bytes));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}
