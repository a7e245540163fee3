// ONNX's element types: their names, TensorProto codes and widths. Source: onnx.proto3, TensorProto.DataType.

interface ElementTypeRow {
  readonly code: number;
  /** Bits per element as stored in raw data; 0 for strings, which have no fixed width. */
  readonly bits: number;
  readonly kind: 'float' | 'signed' | 'unsigned' | 'bool' | 'complex' | 'string';
}

const rows = {
  float32: { code: 1, bits: 32, kind: 'float' },
  uint8: { code: 2, bits: 8, kind: 'unsigned' },
  int8: { code: 3, bits: 8, kind: 'signed' },
  uint16: { code: 4, bits: 16, kind: 'unsigned' },
  int16: { code: 5, bits: 16, kind: 'signed' },
  int32: { code: 6, bits: 32, kind: 'signed' },
  int64: { code: 7, bits: 64, kind: 'signed' },
  string: { code: 8, bits: 0, kind: 'string' },
  bool: { code: 9, bits: 8, kind: 'bool' },
  float16: { code: 10, bits: 16, kind: 'float' },
  float64: { code: 11, bits: 64, kind: 'float' },
  uint32: { code: 12, bits: 32, kind: 'unsigned' },
  uint64: { code: 13, bits: 64, kind: 'unsigned' },
  complex64: { code: 14, bits: 64, kind: 'complex' },
  complex128: { code: 15, bits: 128, kind: 'complex' },
  bfloat16: { code: 16, bits: 16, kind: 'float' },
  float8e4m3fn: { code: 17, bits: 8, kind: 'float' },
  float8e4m3fnuz: { code: 18, bits: 8, kind: 'float' },
  float8e5m2: { code: 19, bits: 8, kind: 'float' },
  float8e5m2fnuz: { code: 20, bits: 8, kind: 'float' },
  uint4: { code: 21, bits: 4, kind: 'unsigned' },
  int4: { code: 22, bits: 4, kind: 'signed' },
  float4e2m1: { code: 23, bits: 4, kind: 'float' },
  float8e8m0: { code: 24, bits: 8, kind: 'float' },
  uint2: { code: 25, bits: 2, kind: 'unsigned' },
  int2: { code: 26, bits: 2, kind: 'signed' },
} as const satisfies Record<string, ElementTypeRow>;

export type ElementType = keyof typeof rows;

const byCode = new Map<number, ElementType>((Object.keys(rows) as ElementType[]).map((name) => [rows[name].code, name]));

export const elementTypes: readonly ElementType[] = [...byCode.values()];

/** The TensorProto.DataType number of an element type. */
export function elementTypeCode(type: ElementType): number {
  return rows[type].code;
}

/** The element type of a TensorProto.DataType number; undefined where ONNX defines none. */
export function elementTypeFromCode(code: number): ElementType | undefined {
  return byCode.get(code);
}

/** Bits per element; 0 for `string`. */
export function elementBits(type: ElementType): number {
  return rows[type].bits;
}

export function elementKind(type: ElementType): ElementTypeRow['kind'] {
  return rows[type].kind;
}

export function isFloat(type: ElementType): boolean {
  return rows[type].kind === 'float';
}

/** Bytes that `count` elements take in raw data; sub-byte types are packed, the last byte padded. */
export function packedByteLength(type: ElementType, count: number): number {
  return Math.ceil((count * rows[type].bits) / 8);
}
