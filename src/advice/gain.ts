// Estimated gains of the fixes: weight bytes from the element types, milliseconds from kernel ratios and the measured profile.
import type { LayerAnalysis } from '../analysis/analyze';
import { intAttribute, intsAttribute } from '../graph/traverse';
import type { GainEstimate, Range } from '../protocol/findings';
import { measuredMilliseconds } from '../protocol/measurement';
import type { AdviceContext } from './context';
import { convolutionRatio, kernelRatioDevice, matmulDynamicRatio, matmulStaticRatio } from './kernelRatios';

const convolutions: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose']);
const matmuls: ReadonlySet<string> = new Set(['MatMul', 'Gemm']);

/** How a layer would fare as int8: ratio of kernel times; undefined where no int8 kernel exists for it. */
export function int8Ratio(context: AdviceContext, layer: LayerAnalysis, scheme: 'static' | 'dynamic'): Range | undefined {
  if (!layer.hasWeights || layer.node.domain !== '') return undefined;
  if (matmuls.has(layer.node.opType)) return scheme === 'static' ? matmulStaticRatio : matmulDynamicRatio;
  if (layer.node.opType !== 'Conv' || scheme === 'dynamic') return undefined;
  const weight = weightDims(context, layer);
  if (weight === undefined || weight.length < 3) return undefined;
  const [outputChannels = 0, perGroup = 0, ...kernel] = weight;
  const group = intAttribute(layer.node, 'group', 1);
  const output = layer.outputs[0]?.shape?.slice(2) ?? [];
  const spatial = output.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 16), 1);
  return convolutionRatio({ inputChannels: perGroup * group, outputChannels, group, kernelSize: kernel.reduce((a, b) => a * b, 1), spatial });
}

/**
 * What int8 weights (one byte each, one float32 scale per output channel) save of a float32 layer, and, where the layer
 * was profiled, the time; costs at the borders between int8 and float are in the upper end only as far as they were measured.
 */
export function int8Gain(context: AdviceContext, layers: readonly LayerAnalysis[], scheme: 'static' | 'dynamic'): GainEstimate {
  let saved = 0;
  let low = 0;
  let high = 0;
  let timed = false;
  for (const layer of layers) {
    const ratio = int8Ratio(context, layer, scheme);
    if (ratio === undefined) continue;
    saved += layer.weightBytes * 0.75;
    const ms = measuredMilliseconds(context.profile, layer.key);
    if (ms === undefined) continue;
    timed = true;
    low -= ms * (1 - ratio.low);
    high -= ms * (1 - ratio.high);
  }
  return {
    ...(saved > 0 ? { weightBytes: { low: -Math.round(saved), high: -Math.round(saved * 0.97) } } : {}),
    ...(timed ? { milliseconds: { low, high }, device: kernelRatioDevice } : {}),
  };
}

/** Half of the float32 bytes; no time is claimed, as the CPU computes float16 through casts. */
export function float16Gain(weightBytes: number): GainEstimate {
  return { weightBytes: exactly(-Math.round(weightBytes / 2)) };
}

export function bytesGain(bytes: number): GainEstimate {
  return bytes === 0 ? {} : { weightBytes: exactly(-bytes) };
}

function exactly(value: number): Range {
  return { low: value, high: value };
}

/** Dims of the layer's largest constant input. */
export function weightDims(context: AdviceContext, layer: LayerAnalysis): readonly number[] | undefined {
  let best: readonly number[] | undefined;
  let size = 0;
  for (const name of layer.node.inputs) {
    const tensor = name === '' ? undefined : context.constant(layer.graph, name);
    if (tensor === undefined || tensor.source.byteLength <= size) continue;
    best = tensor.dims;
    size = tensor.source.byteLength;
  }
  return best;
}

/** `Conv 3×3 /2 256→256`, as far as the node says. */
export function layerTitle(context: AdviceContext, layer: LayerAnalysis): string {
  const { opType } = layer.node;
  const dims = weightDims(context, layer);
  if (dims === undefined) return opType;
  if (!convolutions.has(opType)) return `${opType} ${dims.join('×')}`;
  const strides = intsAttribute(layer.node, 'strides')?.filter((stride) => stride > 1) ?? [];
  const group = intAttribute(layer.node, 'group', 1);
  const stride = strides[0] === undefined ? '' : ` /${strides[0]}`;
  const [outputs = 0, inputs = 0, ...kernel] = opType === 'ConvTranspose' ? [dims[1] ?? 0, dims[0] ?? 0, ...dims.slice(2)] : dims;
  return `${opType} ${kernel.join('×')}${stride} ${inputs * (opType === 'Conv' ? group : 1)}→${outputs}`;
}
