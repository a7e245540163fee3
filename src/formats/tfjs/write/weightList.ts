// The weights a TensorFlow.js model is written with: what stands in its manifest, and the bytes of its groups of shards.
import { LatheError } from '../../../base/errors';
import { toFloat32Array, toFloat64Array } from '../../../tensor/decode';
import type { ElementType } from '../../../tensor/elementType';
import { MemorySource, type Tensor, type TensorSource } from '../../../tensor/tensor';
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../context';
import type { Weights } from '../manifest';
import { DequantizedSource } from '../weightSources';

/** A weight as it is written. */
export interface WrittenWeight {
  /** Its entry in the manifest. */
  readonly entry: JsonObject;
  readonly bytes: TensorSource;
}

/** Types a manifest has, and what others are written as. Source: tfjs-converter, write_weights.py, `_OUTPUT_DTYPES` and `_AUTO_DTYPE_CONVERSION`; tfjs-core, io/types.ts `DTYPE_VALUE_SIZE_MAP`. */
const writtenTypes: ReadonlyMap<ElementType, 'float32' | 'int32' | 'bool' | 'complex64' | 'string'> = new Map<ElementType, 'float32' | 'int32' | 'bool' | 'complex64' | 'string'>([
  ['float32', 'float32'], ['float64', 'float32'], ['float16', 'float32'], ['bfloat16', 'float32'],
  ['int32', 'int32'], ['int64', 'int32'], ['uint32', 'int32'], ['int16', 'int32'], ['uint16', 'int32'], ['int8', 'int32'], ['uint8', 'int32'],
  ['bool', 'bool'], ['complex64', 'complex64'], ['string', 'string'],
]);

export class WeightList {
  private readonly used = new Map<string, Tensor>();

  /**
   * @param before the weights of the file the model was read from
   * @param entries their entries in its manifest, by name
   */
  constructor(
    private readonly before: Pick<Weights, 'tensors' | 'groups'>,
    private readonly entries: ReadonlyMap<string, JsonObject>,
  ) {}

  /** The weight the file has under this name. */
  original(name: string): Tensor | undefined {
    return this.before.tensors.get(name);
  }

  /** Adds a weight. @throws LatheError `unsupported` where another has its name: TensorFlow.js tells weights by name alone */
  use(name: string, tensor: Tensor): void {
    const other = this.used.get(name);
    if (other !== undefined && !sameWeight(other, tensor)) throw new LatheError('unsupported', `Two different weights are called "${name}".`, { item: name });
    this.used.set(name, tensor);
  }

  /**
   * The weights by group, in the order of the file, new ones at the end of the first group.
   * @param isKept whether a weight of the file that was not added is written all the same
   * @throws LatheError `unsupported` for values TensorFlow.js has no type for
   */
  groups(isKept: (name: string) => boolean): WrittenWeight[][] {
    const left = new Map(this.used);
    const groups = this.before.groups.map(({ names }) => {
      const kept = names.flatMap((name): [string, Tensor][] => {
        const tensor = left.get(name) ?? (isKept(name) ? this.original(name) : undefined);
        left.delete(name);
        return tensor === undefined ? [] : [[name, tensor]];
      });
      return { kept, wasEmpty: names.length === 0 };
    });
    const [first] = groups;
    if (first === undefined && left.size > 0) groups.push({ kept: [...left], wasEmpty: true });
    else first?.kept.push(...left);
    return groups.filter(({ kept, wasEmpty }) => kept.length > 0 || wasEmpty).map(({ kept }) => kept.map(([name, tensor]) => this.written(name, tensor)));
  }

  private written(name: string, tensor: Tensor): WrittenWeight {
    const original = this.original(name);
    const entry = this.entries.get(name);
    const { dtype, bytes, quantization } = storedForm(name, tensor);
    if (original !== undefined && entry !== undefined && sameWeight(original, tensor)) return { entry, bytes };
    return { entry: { name, shape: [...tensor.dims], dtype, ...(quantization === undefined ? {} : { quantization }) }, bytes };
  }
}

/** One and the same, under whatever name: quantised weights that are equal may be stored differently. */
function sameWeight(a: Tensor, b: Tensor): boolean {
  return a === b || (a.source === b.source && a.strings === b.strings && a.elementType === b.elementType && isDeepStrictEqual(a.dims, b.dims));
}

interface StoredForm {
  readonly dtype: string;
  readonly bytes: TensorSource;
  readonly quantization?: JsonObject;
}

function storedForm(name: string, tensor: Tensor): StoredForm {
  const { source, elementType } = tensor;
  if (source instanceof DequantizedSource) {
    const { dtype, scale, min } = source.quantization;
    return { dtype: source.elementType, bytes: source.stored, quantization: { dtype, ...(dtype === 'float16' ? {} : { min, scale }), original_dtype: source.elementType } };
  }
  const dtype = writtenTypes.get(elementType);
  if (dtype === undefined) throw new LatheError('unsupported', `The weight is ${elementType}, which TensorFlow.js does not have.`, { item: name });
  if (tensor.strings !== undefined) return { dtype, bytes: stringBytes(tensor.strings) };
  if (dtype === elementType) return { dtype, bytes: source };
  return { dtype, bytes: dtype === 'int32' ? whole(name, tensor) : new MemorySource(bytesOf(toFloat32Array(tensor))) };
}

/** @throws LatheError `unsupported` for numbers beyond int32, which the weight would lose */
function whole(name: string, tensor: Tensor): TensorSource {
  const values = toFloat64Array(tensor);
  const outside = values.find((value) => value !== Math.trunc(value) || value < -(2 ** 31) || value >= 2 ** 31);
  if (outside !== undefined) throw new LatheError('unsupported', `The weight holds ${outside}, which is no int32: TensorFlow.js has no wider whole numbers.`, { item: name });
  return new MemorySource(bytesOf(Int32Array.from(values)));
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Each string after its length in 4 bytes. Source: tfjs-converter, write_weights.py `_serialize_string_array`. */
function stringBytes(strings: readonly Uint8Array[]): TensorSource {
  const parts = strings.flatMap((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.byteLength);
    return [length, text];
  });
  return new MemorySource(Buffer.concat(parts));
}
