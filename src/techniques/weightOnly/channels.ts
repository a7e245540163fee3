// Weights stored by channel for DequantizeLinear: ONNX's own integer types of 8, 4 and 2 bits, in the order of the float weight.
import type { ElementType } from '../../tensor/elementType';
import { packBits } from '../../tensor/packing';
import { elementCount, type Tensor, type TensorSource } from '../../tensor/tensor';
import { type FittedGrid, nearestCodes } from '../rounding/grid';
import { fromRows, readRows, type RowLayout } from '../rounding/rows';
import type { Width } from './options';

const types = { 2: ['int2', 'uint2'], 4: ['int4', 'uint4'], 8: ['int8', 'uint8'] } as const satisfies Record<Width, readonly [ElementType, ElementType]>;

/** Signed where the zero point is 0, so that none need be stored. */
export function channelType(bits: Width, symmetric: boolean): ElementType {
  return types[bits][symmetric ? 0 : 1];
}

/** First opset whose DequantizeLinear takes one scale per channel of that type (ONNX, DequantizeLinear versions 13, 21 and 25). */
export const channelOpsets: Readonly<Record<Width, number>> = { 8: 13, 4: 21, 2: 25 };
/** IR versions that came with these types (ONNX, Versioning.md). */
export const channelIrVersions: Readonly<Record<Width, number>> = { 8: 7, 4: 10, 2: 13 };

export function packIntegers(values: Uint8Array | Int8Array, bits: Width): Uint8Array {
  return bits === 8 ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : packBits(values, bits);
}

/** The packed integers of a float32 weight; made whole at the first read and let go once the end was read. */
export class ChannelSource implements TensorSource {
  readonly byteLength: number;
  private packed: Uint8Array | undefined;

  constructor(
    private readonly weight: Tensor,
    private readonly layout: RowLayout,
    private readonly grid: FittedGrid,
    private readonly format: { readonly bits: Width; readonly symmetric: boolean },
    private readonly rounded: Uint8Array | undefined,
  ) {
    this.byteLength = Math.ceil((elementCount(weight.dims) * format.bits) / 8);
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    this.packed ??= this.pack();
    const view = this.packed.subarray(offset, offset + length);
    if (offset + length === this.byteLength) this.packed = undefined;
    return view;
  }

  private pack(): Uint8Array {
    const { rows, size } = this.layout;
    const codes = fromRows(this.rounded ?? nearestCodes(readRows(this.weight, this.layout, 0, rows), 0, size, this.grid), this.layout);
    if (!this.format.symmetric) return packIntegers(codes, this.format.bits);
    const middle = 2 ** (this.format.bits - 1);
    return packIntegers(Int8Array.from(codes, (code) => code - middle), this.format.bits);
  }
}
