// How an int8 kernel's time relates to its float kernel's, by kind of layer: the base of every estimated gain in milliseconds.
// Measured with onnxruntime 1.30 on an x64 CPU with AVX-512 VNNI, one thread, float with its activation fused. Other CPUs differ:
// the figure is an estimate for that device and is labelled so.
import type { Range } from '../protocol/findings';

export const kernelRatioDevice = 'an AVX-512 VNNI CPU, 1 thread';

/** What decides the ratio of a convolution. Channels and kernel as ONNX has them; `spatial` is the output's H·W. */
export interface ConvolutionKind {
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly group: number;
  readonly kernelSize: number;
  readonly spatial: number;
}

interface RatioRow {
  readonly matches: (kind: ConvolutionKind) => boolean;
  readonly ratio: Range;
}

const isDepthwise = (kind: ConvolutionKind): boolean => kind.group > 1 && kind.group === kind.inputChannels;

/** The first row that matches counts. */
const convolutionRatios: readonly RatioRow[] = [
  { matches: (k) => k.spatial <= 1, ratio: { low: 0.8, high: 3.5 } },
  { matches: (k) => isDepthwise(k) && k.outputChannels >= 96, ratio: { low: 0.6, high: 1.4 } },
  { matches: (k) => isDepthwise(k) && k.outputChannels >= 64, ratio: { low: 0.7, high: 1.4 } },
  { matches: isDepthwise, ratio: { low: 1.45, high: 2.9 } },
  { matches: (k) => k.inputChannels <= 4 && k.kernelSize >= 49, ratio: { low: 0.8, high: 0.95 } },
  { matches: (k) => k.inputChannels <= 4, ratio: { low: 1.8, high: 4.6 } },
  { matches: (k) => k.outputChannels === 1, ratio: { low: 1, high: 3.5 } },
  { matches: (k) => k.kernelSize === 1 && Math.min(k.inputChannels, k.outputChannels) >= 64, ratio: { low: 0.24, high: 0.36 } },
  { matches: (k) => k.kernelSize > 1 && (k.inputChannels / k.group) * k.kernelSize >= 480, ratio: { low: 0.24, high: 0.43 } },
  { matches: (k) => Math.min(k.inputChannels, k.outputChannels) >= 32, ratio: { low: 0.32, high: 0.67 } },
];

const smallConvolution: Range = { low: 0.6, high: 1.1 };

export function convolutionRatio(kind: ConvolutionKind): Range {
  return convolutionRatios.find((row) => row.matches(kind))?.ratio ?? smallConvolution;
}

/** MatMul and Gemm with constant weights, static int8: measured 2.7–3.2× faster at 768×3072. */
export const matmulStaticRatio: Range = { low: 0.31, high: 0.45 };
/** The same with dynamic int8: measured 2.7–3.6× faster alone, less inside a model. */
export const matmulDynamicRatio: Range = { low: 0.28, high: 0.6 };
