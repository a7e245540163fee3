// Bytes of TensorFlow.js weights that are read only when asked for: across shards, and out of quantised numbers.
import { countWhile } from '../../base/bisect';
import { LatheError } from '../../base/errors';
import { float16ToFloat32 } from '../../tensor/float16';
import type { SourceFile } from '../../tensor/fileSource';
import type { TensorSource } from '../../tensor/tensor';

/** How a weight's numbers are stored in fewer bits: value = number × scale + min. Source: tfjs-core, io_utils.ts `decodeWeight`. */
export interface WeightQuantization {
  readonly dtype: 'uint8' | 'uint16' | 'float16';
  /** 1 for float16. */
  readonly scale: number;
  /** 0 for float16. */
  readonly min: number;
}

/** The shard files of one group of weights, as the one run of bytes they are parts of. */
export class ShardedBytes {
  readonly byteLength: number;
  private readonly starts: readonly number[];

  constructor(private readonly files: readonly SourceFile[]) {
    let byteLength = 0;
    this.starts = files.map((file) => {
      const start = byteLength;
      byteLength += file.size;
      return start;
    });
    this.byteLength = byteLength;
  }

  /** The bytes `offset … offset + length`, a place in one file where they do not cross shards. */
  slice(offset: number, length: number): TensorSource {
    const i = countWhile(this.starts.length, (at) => (this.starts[at] ?? 0) <= offset) - 1;
    const file = this.files[i];
    const start = this.starts[i] ?? 0;
    if (file !== undefined && offset + length <= start + file.size) return file.slice(offset - start, length);
    return new AcrossShards(this, offset, length);
  }

  /** Fills `target` from `offset`. @throws LatheError as `SourceFile.readInto` */
  readInto(target: Uint8Array, offset: number): void {
    for (const [i, file] of this.files.entries()) {
      const start = this.starts[i] ?? 0;
      const from = Math.max(offset, start);
      const to = Math.min(offset + target.byteLength, start + file.size);
      if (from < to) file.readInto(target.subarray(from - offset, to - offset), from - start);
    }
  }
}

class AcrossShards implements TensorSource {
  constructor(
    private readonly shards: ShardedBytes,
    private readonly start: number,
    readonly byteLength: number,
  ) {}

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    const bytes = new Uint8Array(length);
    this.readInto(bytes, offset);
    return bytes;
  }

  readInto(target: Uint8Array, offset: number): void {
    checkPart(this.byteLength, offset, target.byteLength);
    this.shards.readInto(target, this.start + offset);
  }
}

/** float32 or int32 elements of a quantised weight, made as TensorFlow.js makes them: in float64, then rounded. */
export class DequantizedSource implements TensorSource {
  readonly byteLength: number;
  private readonly width: number;

  constructor(
    /** The numbers as they are stored. */
    readonly stored: TensorSource,
    readonly quantization: WeightQuantization,
    readonly elementType: 'float32' | 'int32',
  ) {
    this.width = quantization.dtype === 'uint8' ? 1 : 2;
    this.byteLength = (stored.byteLength / this.width) * 4;
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    checkPart(this.byteLength, offset, length);
    const first = Math.floor(offset / 4);
    const count = Math.ceil((offset + length) / 4) - first;
    const codes = new Uint8Array(count * this.width); // aligned, unlike a view might be
    codes.set(this.stored.read(first * this.width, count * this.width));
    const numbers = this.width === 1 ? codes : new Uint16Array(codes.buffer, 0, count);
    const values = this.elementType === 'int32' ? new Int32Array(count) : new Float32Array(count);
    const { dtype, scale, min } = this.quantization;
    if (dtype === 'float16' && values instanceof Float32Array && numbers instanceof Uint16Array) float16ToFloat32(numbers, values);
    else if (values instanceof Int32Array) for (let i = 0; i < count; i++) values[i] = Math.round((numbers[i] ?? 0) * scale + min);
    else for (let i = 0; i < count; i++) values[i] = (numbers[i] ?? 0) * scale + min;
    return new Uint8Array(values.buffer, offset - first * 4, length);
  }
}

function checkPart(byteLength: number, offset: number, length: number): void {
  if (offset < 0 || offset + length > byteLength) throw new LatheError('internal', `Bytes ${offset} … ${offset + length} lie outside a weight of ${byteLength} bytes.`);
}
