// The affine scheme of TensorFlow.js's converter: value ≈ code × scale + min, with zero exact where the range covers it.
// Source: tfjs-converter, python/tensorflowjs/quantization.py, `quantize_weights` and `_get_affine_quantization_range`.
import { elementCount, MemorySource, type Tensor, type TensorSource } from '../../../tensor/tensor';
import { DequantizedSource, type WeightQuantization } from '../../../formats/tfjs/weightSources';
import { toHalfBits } from '../../float16/halfWeight';
import { forEachFloat32 } from '../../quantize/channelScales';

export type WeightDtype = WeightQuantization['dtype'];

/** Bytes of an element. */
export const dtypeBytes: Readonly<Record<WeightDtype, number>> = { float16: 2, uint8: 1, uint16: 2 };

/** Scale and least value for a range of finite numbers. A single value is stored as itself, all codes zero. */
export function affineQuantization({ min, max }: { readonly min: number; readonly max: number }, dtype: 'uint8' | 'uint16'): WeightQuantization {
  if (min === max) return { dtype, scale: 1, min };
  const scale = (max - min) / mostCode(dtype);
  const coversZero = min <= 0 && max >= 0;
  // Subtracted from 0, so that no −0 comes about.
  return { dtype, scale, min: coversZero ? 0 - roundToEven((0 - min) / scale) * scale : min };
}

function mostCode(dtype: 'uint8' | 'uint16'): number {
  return dtype === 'uint8' ? 255 : 65535;
}

/** To the nearest whole number, ties to even, as numpy rounds. For 0 and more. */
export function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/**
 * A float32 weight stored as `quantization` says: read, it gives what TensorFlow.js makes of the codes; written, the codes, which are
 * computed as they are read.
 */
export function quantizedTensor(weight: Tensor, quantization: WeightQuantization): Tensor {
  return { name: weight.name, elementType: 'float32', dims: weight.dims, source: new DequantizedSource(new CodeSource(weight, quantization), quantization, 'float32') };
}

class CodeSource implements TensorSource {
  readonly byteLength: number;
  private readonly width: number;

  constructor(
    private readonly weight: Tensor,
    private readonly quantization: WeightQuantization,
  ) {
    this.width = dtypeBytes[quantization.dtype];
    this.byteLength = elementCount(weight.dims) * this.width;
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    const from = Math.floor(offset / this.width);
    const to = Math.ceil((offset + length) / this.width);
    const out = this.width === 1 ? new Uint8Array(to - from) : new Uint16Array(to - from);
    forEachFloat32(this.weight, from, to, (values, first) => this.encode(values, out.subarray(first - from, first - from + values.length)));
    return new Uint8Array(out.buffer, offset - from * this.width, length);
  }

  private encode(values: Float32Array, out: Uint8Array | Uint16Array): void {
    const { dtype, scale, min } = this.quantization;
    if (dtype === 'float16') {
      if (out instanceof Uint16Array) toHalfBits(values, out);
      return;
    }
    const most = mostCode(dtype);
    // What the nudged range leaves out gets its first or last code: the same as clipping before.
    for (let i = 0; i < values.length; i++) out[i] = Math.min(most, Math.max(0, roundToEven(Math.max(0, ((values[i] ?? 0) - min) / scale))));
  }
}

/** How far the stored weight is from the weight. */
export interface StorageError {
  /** Signal to noise in dB; undefined where nothing is lost. */
  readonly sqnrDb?: number;
  readonly maxAbs: number;
}

/** Measures both in one pass. */
export function storageError(weight: Tensor, stored: Tensor): StorageError {
  let signal = 0;
  let noise = 0;
  let maxAbs = 0;
  const others = stored.source;
  forEachFloat32(weight, 0, elementCount(weight.dims), (values, first) => {
    const read = others.read(first * 4, values.length * 4);
    forEachFloat32({ ...stored, source: new MemorySource(read) }, 0, values.length, (other, at) => {
      for (let i = 0; i < other.length; i++) {
        const value = values[at + i] ?? 0;
        const distance = Math.abs(value - (other[i] ?? 0));
        signal += value * value;
        noise += distance * distance;
        if (distance > maxAbs) maxAbs = distance;
      }
    });
  });
  return noise === 0 ? { maxAbs } : { sqnrDb: 10 * Math.log10(signal / noise), maxAbs };
}
