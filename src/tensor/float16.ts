// Conversions between float32 and the 16-, 8- and 4-bit floats, over whole arrays, rounding to nearest even.
// Sources: IEEE 754-2019 (binary16); ONNX, "Float stored in 8 bits" and "Float stored in 4 bits"; OCP Microscaling Formats 1.0 (E8M0, E2M1).
import type { ElementType } from './elementType';

const bits = new Uint32Array(1);
const real = new Float32Array(bits.buffer);

let float16Table: Float32Array | undefined;

/** Every binary16 value, by its 16 bits. */
function allFloat16(): Float32Array {
  if (float16Table !== undefined) return float16Table;
  const table = new Float32Array(65536);
  for (let i = 0; i < 65536; i++) {
    const sign = i & 0x8000 ? -1 : 1;
    const exponent = (i >> 10) & 0x1f;
    const fraction = i & 0x3ff;
    if (exponent === 0) table[i] = sign * fraction * 2 ** -24;
    else if (exponent === 31) table[i] = fraction === 0 ? sign * Infinity : NaN;
    else table[i] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  float16Table = table;
  return table;
}

/** Widens binary16 bit patterns; `target` has at least as many elements. */
export function float16ToFloat32(source: Uint16Array, target: Float32Array | Float64Array): void {
  const table = allFloat16();
  for (let i = 0; i < source.length; i++) target[i] = table[source[i] ?? 0] ?? 0;
}

/** Narrows to binary16 bit patterns, to nearest even; beyond ±65519.99 gives infinity. */
export function float32ToFloat16(source: Float32Array, target: Uint16Array): void {
  const words = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    let half: number;
    if (magnitude >= 0x47800000) half = magnitude > 0x7f800000 ? 0x7e00 : 0x7c00; // 2^16 and over: infinity, NaN
    else if (magnitude < 0x38800000) {
      // Below 2^-14: adding 0.5 lines the 10 fraction bits up at the end of the float32, rounded by the addition itself.
      bits.fill(magnitude);
      real.fill((real[0] ?? 0) + 0.5);
      half = (bits[0] ?? 0) - 0x3f000000;
    } else half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    target[i] = sign | half;
  }
}

/** Widens bfloat16 bit patterns: the upper half of a float32. */
export function bfloat16ToFloat32(source: Uint16Array, target: Float32Array | Float64Array): void {
  if (target instanceof Float32Array) {
    const words = new Uint32Array(target.buffer, target.byteOffset, source.length);
    for (let i = 0; i < source.length; i++) words[i] = (source[i] ?? 0) << 16;
    return;
  }
  for (let i = 0; i < source.length; i++) {
    bits[0] = (source[i] ?? 0) << 16;
    target[i] = real[0] ?? 0;
  }
}

/** Narrows to bfloat16 bit patterns, to nearest even; NaN stays NaN. */
export function float32ToBfloat16(source: Float32Array, target: Uint16Array): void {
  const words = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0;
    target[i] = (word & 0x7fffffff) > 0x7f800000 ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

interface SmallFloat {
  readonly exponentBits: number;
  readonly fractionBits: number;
  readonly bias: number;
  /** `ieee`: infinities and NaN in the last exponent; `fn`: NaN only where all bits are one; `fnuz`: NaN at −0; `finite`: none. */
  readonly special: 'ieee' | 'fn' | 'fnuz' | 'finite';
}

const smallFloats: Readonly<Partial<Record<ElementType, SmallFloat>>> = {
  float8e4m3fn: { exponentBits: 4, fractionBits: 3, bias: 7, special: 'fn' },
  float8e4m3fnuz: { exponentBits: 4, fractionBits: 3, bias: 8, special: 'fnuz' },
  float8e5m2: { exponentBits: 5, fractionBits: 2, bias: 15, special: 'ieee' },
  float8e5m2fnuz: { exponentBits: 5, fractionBits: 2, bias: 16, special: 'fnuz' },
  float4e2m1: { exponentBits: 2, fractionBits: 1, bias: 1, special: 'finite' },
};

/** Every value of an 8- or 4-bit float type, by its bits; undefined for other types. */
export function smallFloatValues(type: ElementType): Float32Array | undefined {
  if (type === 'float8e8m0') return Float32Array.from({ length: 256 }, (_, i) => (i === 255 ? NaN : 2 ** (i - 127)));
  const format = smallFloats[type];
  if (format === undefined) return undefined;
  return Float32Array.from({ length: 2 ** (1 + format.exponentBits + format.fractionBits) }, (_, i) => smallFloatValue(i, format));
}

function smallFloatValue(code: number, { exponentBits, fractionBits, bias, special }: SmallFloat): number {
  const signBit = 2 ** (exponentBits + fractionBits);
  const sign = code >= signBit ? -1 : 1;
  const magnitude = code % signBit;
  const exponent = Math.floor(magnitude / 2 ** fractionBits);
  const fraction = magnitude % 2 ** fractionBits;
  if (special === 'fnuz' && code === signBit) return NaN;
  if (special === 'fn' && magnitude === signBit - 1) return NaN;
  if (special === 'ieee' && exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
  return sign * (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias);
}
