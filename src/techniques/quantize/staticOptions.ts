// The options of static int8, and which calibrator they ask for.
import * as z from 'zod';
import { calibrations, type CalibrationSettings } from './calibrate/calibrators';
import { presetNames } from './choose/presets';

export const staticOptions = z.strictObject({
  preset: z.enum(presetNames).default('rule').describe('Which layers go to int8.'),
  samples: z.int().min(1).max(10_000).default(32).describe('Calibration samples.'),
  calibration: z.enum([...calibrations, 'auto']).optional().describe('How the range of an activation follows from the samples; min-max where nothing is said. percentile takes 99.99 unless you say another. auto: the one whose outputs on some of the samples are closest to the float ones.'),
  percentile: z.number().min(90).max(100).default(100).describe('Below 100 it asks for calibration by percentile: at 99.99 the outermost 0.01 % of each activation is clipped.'),
  reduceRange: z.union([z.literal('auto'), z.boolean()]).default('auto').describe('Scale weights so that sums of two products fit 16 bits: needed where int8 kernels saturate (x86 without VNNI). auto: find out here.'),
  equalize: z.boolean().default(false).describe('Rescale channels between layers so that their weights have like ranges (cross-layer equalization); only where nothing but Relu and the like lies between, where it is exact.'),
  smooth: z.number().min(0).max(1).default(0).describe('How much of the outliers of activations goes into weights (SmoothQuant, alpha); 0: none, 0.5 is usual.'),
  correctBias: z.boolean().default(false).describe('Take the mean error that quantization brings to each output channel, measured on the samples, out of the biases.'),
  clipWeights: z.boolean().default(false).describe('Clip the largest weights of each channel where that lowers the square error of all; not where reduceRange holds.'),
  activations: z.enum(['uint8', 'int8']).default('uint8').describe('uint8 with a zero point is what onnxruntime fuses on x86; int8, symmetric, is what TensorRT takes and ARM kernels may.'),
  int16: z.array(z.string()).default([]).describe('Layers whose activations get 16 bits (opset 21): more exact; onnxruntime runs them in float with conversions around, slower than float.'),
  keepFloat: z.array(z.string()).default([]).describe('Layers that stay float whatever the preset says.'),
  only: z.array(z.string()).optional().describe('When given, no other layers go to int8.'),
});
export type StaticOptions = z.infer<typeof staticOptions>;
/** With nothing left to find out. */
export type ResolvedStaticOptions = Omit<StaticOptions, 'calibration' | 'reduceRange'> & { readonly calibration?: Exclude<StaticOptions['calibration'], 'auto'>; readonly reduceRange: boolean };

/** What `calibration: percentile` clips where no percentile is given: one value in ten thousand. */
const usualPercentile = 99.99;
const integers = { uint8: { steps: 255, symmetric: false }, int8: { steps: 254, symmetric: true } } as const;

/** Which calibrator the options ask for: a percentile below 100 alone asks for that one. */
export function calibrationOf({ calibration, percentile, activations }: ResolvedStaticOptions): CalibrationSettings {
  const chosen = calibration ?? (percentile < 100 ? 'percentile' : 'minmax');
  return { calibration: chosen, percentile: chosen === 'percentile' && percentile >= 100 ? usualPercentile : percentile, ...integers[activations] };
}
