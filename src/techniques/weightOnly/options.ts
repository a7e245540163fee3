// What can be said about weight-only quantization: for the whole model, and layer by layer.
import * as z from 'zod';
import type { GridSettings } from '../rounding/grid';
import type { SiteKind } from './sites';

/** Widths that onnxruntime's kernels take. */
const bits = z.union([z.literal(2), z.literal(4), z.literal(8)]);
/** Powers of two from 16 on (com.microsoft.MatMulNBits). */
const blockSizes = [16, 32, 64, 128, 256] as const;

export const weightOnlyOptions = z.strictObject({
  bits: bits.default(4).describe('Bits per weight.'),
  blockSize: z.union(blockSizes.map((size) => z.literal(size))).default(32).describe('Consecutive weights that share a scale: smaller is more accurate, larger is smaller.'),
  symmetric: z.boolean().default(true).describe('False: a zero point for each block.'),
  clip: z.boolean().default(true).describe('Try smaller ranges for each block and keep the one with the least squared error (2 and 4 bits).'),
  embeddings: z.boolean().default(true).describe('Quantize tables that Gather reads.'),
  storage: z.boolean().default(false).describe('Store all other weights (convolutions, recurrent layers …) in few bits too, a scale per channel; they are widened to float again by DequantizeLinear: smaller, never faster. Needs opset 21 for 4 bits, 25 for 2.'),
  rounding: z.enum(['nearest', 'gptq']).default('nearest').describe('gptq: round so that the outputs of each layer change least on the data (Hessians of calibration activations).'),
  samples: z.int().min(1).max(10_000).default(32).describe('Calibration samples of gptq.'),
  accuracyLevel: z.union([z.literal(0), z.literal(1), z.literal(4)]).default(4).describe('4: products in int8, fast. 0 and 1: in float32.'),
  layerBits: z.record(z.string(), bits).default({}).describe('Other widths for single layers.'),
  keepFloat: z.array(z.string()).default([]).describe('Layers that stay float.'),
  only: z.array(z.string()).optional().describe('When given, no other layers are quantized.'),
  leastElements: z.int().min(0).default(1024).describe('Smaller weights stay float: they save nothing.'),
});
export type WeightOnlyOptions = z.infer<typeof weightOnlyOptions>;

/** Bits per weight. */
export type Width = 2 | 4 | 8;

/** Bits of one layer. */
export function bitsOf({ bits: usual, layerBits }: WeightOnlyOptions, key: string): Width {
  return new Map(Object.entries(layerBits)).get(key) ?? usual;
}

/** The grid of one weight: by block and with scales of any sign for the kernels of few bits, by channel for DequantizeLinear. */
export function gridSettings({ blockSize, symmetric, clip }: WeightOnlyOptions, kind: SiteKind, width: number): GridSettings {
  const common = { bits: width, symmetric, clip: clip && width <= 4 };
  return kind === 'stored' ? common : { ...common, blockSize, mirrored: symmetric };
}
