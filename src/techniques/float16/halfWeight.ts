// A float16 or bfloat16 weight that is computed from the float32 weight when it is written.
import { elementCount, type Tensor, type TensorSource } from '../../tensor/tensor';
import { forEachFloat32 } from '../quantize/channelScales';

/** Largest finite float16. */
export const largestHalf = 65504;
/** 2^-14: below it float16 loses bits with every halving (IEEE 754-2008, binary16). */
export const smallestNormalHalf = 2 ** -14;

const infinityBits = 0x47800000; // 2^16 as float32 bits: everything from here on is infinite in float16
const smallestNormalBits = 0x38800000; // 2^-14
const halfInfinity = 0x7c00;
const halfNaN = 0x7e00;
const float32Infinity = 0x7f800000;
/** Moves the exponent's bias from 127 to 15 and adds just under half a unit in the last place (IEEE 754 round to nearest, ties to even). */
const rebias = 0xc8000fff | 0;

/** Rounds float32 to float16 bits, to nearest, ties to even. */
export function toHalfBits(values: Float32Array, out: Uint16Array): void {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const scratch = new Float32Array(1);
  const scratchBits = new Int32Array(scratch.buffer);
  for (let i = 0; i < values.length; i++) {
    const whole = bits[i] ?? 0;
    const sign = (whole >>> 16) & 0x8000;
    const magnitude = whole & 0x7fffffff;
    if (magnitude >= infinityBits) out[i] = sign | (magnitude > float32Infinity ? halfNaN : halfInfinity);
    else if (magnitude >= smallestNormalBits) out[i] = sign | (((magnitude + rebias + ((magnitude >>> 13) & 1)) | 0) >>> 13);
    else {
      // Adding 0.5 in float32 leaves exactly the bits of a subnormal float16 at the bottom, rounded by the addition itself.
      scratchBits[0] = magnitude;
      scratch[0] = (scratch[0] ?? 0) + 0.5;
      out[i] = sign | (scratchBits[0] - 0x3f000000);
    }
  }
}

/** Rounds float32 to bfloat16 bits, its upper half, to nearest, ties to even; finite values beyond its range become infinite. */
export function toBfloat16Bits(values: Float32Array, out: Uint16Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const whole = bits[i] ?? 0;
    out[i] = (whole + 0x7fff + ((whole >>> 16) & 1)) >>> 16;
  }
}

export type HalfType = 'float16' | 'bfloat16';

const converters: Readonly<Record<HalfType, (values: Float32Array, out: Uint16Array) => void>> = { float16: toHalfBits, bfloat16: toBfloat16Bits };

class HalfSource implements TensorSource {
  readonly byteLength: number;

  constructor(
    private readonly weight: Tensor,
    private readonly type: HalfType,
  ) {
    this.byteLength = elementCount(weight.dims) * 2;
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    const from = Math.floor(offset / 2);
    const to = Math.ceil((offset + length) / 2);
    const out = new Uint16Array(to - from);
    forEachFloat32(this.weight, from, to, (values, first) => converters[this.type](values, out.subarray(first - from, first - from + values.length)));
    return new Uint8Array(out.buffer, offset - from * 2, length);
  }
}

/** The half-width form of a float32 weight; nothing is computed until its bytes are read. */
export function halfWeight(name: string, weight: Tensor, type: HalfType): Tensor {
  return { name, elementType: type, dims: weight.dims, source: new HalfSource(weight, type) };
}

/** Largest magnitude of a float32 weight; NaN where an element is NaN. */
export function largestMagnitude(weight: Tensor): number {
  let largest = 0;
  forEachFloat32(weight, 0, elementCount(weight.dims), (values) => {
    for (const value of values) {
      const magnitude = Math.abs(value);
      if (!(magnitude <= largest)) largest = magnitude;
    }
  });
  return largest;
}
