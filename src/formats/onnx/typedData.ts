// Tensor data in the typed fields (float_data, int32_data …) instead of raw_data. Source: onnx.proto3, TensorProto.
import type { LatheError } from '../../base/errors';
import { type ElementType, packedByteLength } from '../../tensor/elementType';
import type { TensorSource } from '../../tensor/tensor';

export type TypedField = 'float_data' | 'int32_data' | 'int64_data' | 'double_data' | 'uint64_data';

/** Field number → name. */
export const typedFields: Readonly<Record<4 | 5 | 7 | 10 | 11, TypedField>> = { 4: 'float_data', 5: 'int32_data', 7: 'int64_data', 10: 'double_data', 11: 'uint64_data' };

export const typedFieldNumbers: Readonly<Record<TypedField, number>> = { float_data: 4, int32_data: 5, int64_data: 7, double_data: 10, uint64_data: 11 };

/** The field that holds an element type's data. Strings have string_data, which is none of these. */
export function typedFieldOf(elementType: ElementType): TypedField {
  switch (elementType) {
    case 'float32':
    case 'complex64':
      return 'float_data';
    case 'float64':
    case 'complex128':
      return 'double_data';
    case 'int64':
      return 'int64_data';
    case 'uint32':
    case 'uint64':
      return 'uint64_data';
    case 'int32':
    case 'int16':
    case 'int8':
    case 'uint16':
    case 'uint8':
    case 'bool':
    case 'float16':
    case 'bfloat16':
    case 'float8e4m3fn':
    case 'float8e4m3fnuz':
    case 'float8e5m2':
    case 'float8e5m2fnuz':
    case 'float8e8m0':
    case 'float4e2m1':
    case 'uint4':
    case 'int4':
    case 'uint2':
    case 'int2':
    case 'string':
      return 'int32_data';
  }
  elementType satisfies never;
}

/** Bytes of raw data that one entry of the typed field stands for; sub-byte types have one packed byte per entry. */
export function entryBytes(type: ElementType): number {
  if (type === 'complex64') return 4;
  if (type === 'complex128') return 8;
  return packedByteLength(type, 1);
}

/** Encoded varints up to this size are decoded and checked when the model is opened. */
const eagerBytes = 512;

/** Packed little-endian data made from typed field entries when first read, and forgotten again under memory pressure. */
export class TypedSource implements TensorSource {
  readonly byteLength: number;
  private decoded: WeakRef<Uint8Array> | undefined;

  private constructor(
    private readonly runs: readonly TensorSource[],
    private readonly field: TypedField,
    private readonly entry: number,
    byteLength: number,
    private readonly fail: (what: string) => LatheError,
  ) {
    this.byteLength = byteLength;
  }

  /**
   * A source over the encoded values of one typed field.
   * @throws what `fail` makes where the number of values is not the one the shape needs.
   */
  static make(runs: readonly TensorSource[], field: TypedField, type: ElementType, count: number, fail: (what: string) => LatheError): TensorSource {
    const expected = packedByteLength(type, count);
    const encoded = runs.reduce((sum, run) => sum + run.byteLength, 0);
    const [only] = runs;
    if (field === 'float_data' || field === 'double_data') {
      if (encoded !== expected) throw fail(`The ${type} tensor needs ${expected} bytes for its ${count} elements, but ${field} has ${encoded}.`);
      if (runs.length === 1 && only !== undefined) return only;
    }
    const source = new TypedSource(runs, field, entryBytes(type), expected, (what) => fail(`The ${type} tensor of ${count} elements ${what}.`));
    // Every value takes one to ten bytes: a count that cannot be right is refused without reading.
    const values = expected / entryBytes(type);
    if (field !== 'float_data' && field !== 'double_data' && (encoded < values || encoded > values * 10)) throw source.fail(`has ${encoded} bytes of ${field}, which cannot be ${values} values`);
    if (encoded <= eagerBytes) source.decode();
    return source;
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    let bytes = this.decoded?.deref();
    if (bytes === undefined) {
      bytes = this.decode();
      this.decoded = new WeakRef(bytes);
    }
    return bytes.subarray(offset, offset + length);
  }

  private decode(): Uint8Array {
    const target = new Uint8Array(this.byteLength);
    let at = 0;
    for (const run of this.runs) {
      const encoded = run.read();
      if (this.field === 'float_data' || this.field === 'double_data') {
        target.set(encoded, at);
        at += encoded.byteLength;
      } else at = this.decodeVarints(encoded, target, at);
    }
    if (at !== target.byteLength) throw this.fail(`has only ${at / this.entry} values in ${this.field}`);
    return target;
  }

  /** Writes the low bytes of each varint; int32_data holds sign-extended values, whose low bytes are the element. */
  private decodeVarints(encoded: Uint8Array, target: Uint8Array, start: number): number {
    let at = start;
    for (let i = 0; i < encoded.length; ) {
      let low = 0;
      let high = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = encoded[i++];
        if (byte === undefined || shift > 63) throw this.fail(`has a broken number in ${this.field}`);
        const bits = byte & 0x7f;
        if (shift < 28) low |= bits << shift;
        else if (shift === 28) {
          low |= bits << 28;
          high |= bits >>> 4;
        } else if (shift < 63) high |= bits << (shift - 32);
        else high |= bits << 31;
        if (byte < 0x80) break;
      }
      if (at + this.entry > target.byteLength) throw this.fail(`has more values in ${this.field} than its shape holds`);
      for (let b = 0; b < this.entry; b++) target[at + b] = b < 4 ? low >>> (8 * b) : high >>> (8 * (b - 4));
      at += this.entry;
    }
    return at;
  }
}
