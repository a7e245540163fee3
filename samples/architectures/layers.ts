// The layers that the sample architectures share: convolution, batch normalisation, linear, layer normalisation, GELU.
import { float } from '../../src/graph/construct';
import type { ModuleBuilder } from '../../src/graph/builder';

export interface ConvOptions {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** `(kernel − 1) / 2` by default. */
  readonly padding?: number;
}

/** Standard deviation of He et al. 2015 (arXiv:1502.01852, eq. 10) for a layer followed by ReLU. */
function heDeviation(fanIn: number): number {
  return Math.sqrt(2 / fanIn);
}

/** x [N, from, H, W] → [N, to, H', W']. */
export function conv(at: ModuleBuilder, x: string, options: ConvOptions): string {
  const { from, to, kernel, stride = 1, groups = 1, bias = false, padding = (kernel - 1) / 2 } = options;
  const fanIn = (from / groups) * kernel * kernel;
  const inputs = [x, at.weight('weight', [to, from / groups, kernel, kernel], { standardDeviation: heDeviation(fanIn) })];
  if (bias) inputs.push(at.weight('bias', [to], { standardDeviation: 0.05 }));
  return at.node('Conv', inputs, {
    dilations: [1, 1],
    group: groups,
    kernel_shape: [kernel, kernel],
    pads: [padding, padding, padding, padding],
    strides: [stride, stride],
  });
}

/** Inference-time batch normalisation with statistics that are not trivial; `gain` is the mean of its scale. */
export function batchNorm(at: ModuleBuilder, x: string, channels: number, gain = 1): string {
  const inputs = [
    x,
    at.weight('weight', [channels], { mean: gain, standardDeviation: 0.1 * gain }),
    at.weight('bias', [channels], { standardDeviation: 0.1 * gain }),
    at.weight('running_mean', [channels], { standardDeviation: 0.2 }),
    at.weight('running_var', [channels], { mean: 1, standardDeviation: 0.15 }),
  ];
  return at.node('BatchNormalization', inputs, { epsilon: float(1e-5), momentum: float(0.9) });
}

/** x […, from] → […, to] as MatMul and Add, the form exporters give to a linear layer on more than two axes. */
export function linear(at: ModuleBuilder, x: string, from: number, to: number): string {
  const product = at.node('MatMul', [x, at.weight('weight', [from, to], { standardDeviation: 1 / Math.sqrt(from) })]);
  return at.node('Add', [at.weight('bias', [to], { standardDeviation: 0.1 }), product]);
}

/** x [N, from] → [N, to] as Gemm. */
export function fullyConnected(at: ModuleBuilder, x: string, from: number, to: number): string {
  const weight = at.weight('weight', [to, from], { standardDeviation: 1 / Math.sqrt(from) });
  return at.node('Gemm', [x, weight, at.weight('bias', [to], { standardDeviation: 0.05 })], { alpha: float(1), beta: float(1), transB: 1 });
}

/** LayerNormalization (opset 17) over the last axis. */
export function layerNorm(at: ModuleBuilder, x: string, size: number, epsilon: number): string {
  return at.node('LayerNormalization', [x, ...scaleAndShift(at, size)], { axis: -1, epsilon: float(epsilon) });
}

/** The nine nodes that exporters write for layer normalisation below opset 17. */
export function decomposedLayerNorm(at: ModuleBuilder, x: string, size: number, epsilon: number): string {
  const [weight, bias] = scaleAndShift(at, size);
  const mean = at.node('ReduceMean', [x], { axes: [-1] });
  const centred = at.node('Sub', [x, mean]);
  const squared = at.node('Pow', [centred, at.float32('two', [2])]);
  const variance = at.node('ReduceMean', [squared], { axes: [-1] });
  const deviation = at.node('Sqrt', [at.node('Add', [variance, at.float32('epsilon', [epsilon])])]);
  const normalised = at.node('Div', [centred, deviation]);
  return at.node('Add', [at.node('Mul', [normalised, weight]), bias]);
}

function scaleAndShift(at: ModuleBuilder, size: number): [string, string] {
  return [at.weight('weight', [size], { mean: 1, standardDeviation: 0.05 }), at.weight('bias', [size], { standardDeviation: 0.05 })];
}

/** Gaussian error linear unit by erf (Hendrycks and Gimpel, arXiv:1606.08415): 0.5·x·(1 + erf(x / √2)), five nodes. */
export function gelu(at: ModuleBuilder, x: string): string {
  const scaled = at.node('Div', [x, at.float32('sqrt2', [Math.SQRT2])]);
  const shifted = at.node('Add', [at.node('Erf', [scaled]), at.float32('one', [1])]);
  return at.node('Mul', [at.node('Mul', [x, shifted]), at.float32('half', [0.5])]);
}
