// Sub-byte integers: two 4-bit or four 2-bit elements to a byte, the first in the low bits, the last byte padded with zeros.
// Source: ONNX, "4 bit integer types" and "2 bit integer types".

/**
 * Unpacks `count` elements of `width` bits.
 * @param bytes Packed bytes, at least ⌈count·width/8⌉ of them.
 * @param signed Two's complement.
 */
export function unpackBits(bytes: Uint8Array, count: number, width: 2 | 4, signed: boolean): Int8Array {
  const values = new Int8Array(count);
  const perByte = 8 / width;
  const mask = 2 ** width - 1;
  const spare = 32 - width;
  for (let i = 0; i < count; i++) {
    const code = ((bytes[Math.floor(i / perByte)] ?? 0) >>> ((i % perByte) * width)) & mask;
    values[i] = signed ? (code << spare) >> spare : code;
  }
  return values;
}

/** Packs integers into `width` bits each. Values must already lie in range: the upper bits are cut. */
export function packBits(values: ArrayLike<number>, width: 2 | 4): Uint8Array {
  const perByte = 8 / width;
  const mask = 2 ** width - 1;
  const bytes = new Uint8Array(Math.ceil(values.length / perByte));
  for (let i = 0; i < values.length; i++) {
    const at = Math.floor(i / perByte);
    bytes[at] = (bytes[at] ?? 0) | (((values[i] ?? 0) & mask) << ((i % perByte) * width));
  }
  return bytes;
}
