// Nodes off the fused path: BatchNormalization left unfolded, activations in a form the runtime does not fuse, quantization that fell apart.
import type { LayerAnalysis } from '../../analysis/analyze';
import { formatBytes } from '../../base/format';
import { measuredMilliseconds } from '../../protocol/measurement';
import type { AdviceContext, Draft, FindingRule } from '../context';
import { bytesGain } from '../gain';

const foldsBatchNorm: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

export const unfoldedBatchNorm: FindingRule = {
  codes: ['unfolded-batchnorm'],
  *find(context): Generator<Draft> {
    for (const layer of context.layers) {
      if (layer.node.opType !== 'BatchNormalization' || layer.node.domain !== '') continue;
      const input = layer.node.inputs[0] ?? '';
      const producer = context.index(layer.graph).producer(input);
      if (producer === undefined || !foldsBatchNorm.has(producer.opType) || !context.hasOneUse(layer.graph, input)) continue;
      const bytes = batchNormBytes(context, layer);
      yield {
        code: 'unfolded-batchnorm',
        severity: 'information',
        layer: layer.key,
        message: `The ${producer.opType} before it could hold this BatchNormalization in its weights: ${formatBytes(bytes)}${timeText(context, layer)}; as it stands it also keeps int8 from fusing.`,
        cost: { bytes, ...(layer.macs === null ? {} : { macs: layer.macs }) },
        fixes: [{ title: 'Fold every BatchNormalization (simplify)', technique: 'simplify', options: {}, estimate: bytesGain(bytes) }],
      };
    }
  },
};

/** Scale, bias, mean and variance: four vectors, of which folding leaves at most a bias. */
function batchNormBytes(context: AdviceContext, layer: LayerAnalysis): number {
  return layer.node.inputs.slice(1).reduce((sum, name) => sum + (context.constant(layer.graph, name)?.source.byteLength ?? 0), 0);
}

function timeText(context: AdviceContext, layer: LayerAnalysis): string {
  const ms = measuredMilliseconds(context.profile, layer.key);
  return ms === undefined ? '' : `, ${ms.toFixed(2)} ms measured here`;
}

export const unfusedActivation: FindingRule = {
  codes: ['unfused-activation'],
  *find(context): Generator<Draft> {
    for (const layer of context.layers) {
      const reason = unfusedReason(context, layer);
      if (reason === undefined) continue;
      const { activationBytes } = layer;
      yield {
        code: 'unfused-activation',
        severity: 'information',
        layer: layer.key,
        message: `Off the fused path: ${reason}${activationBytes === null ? '' : `; it moves ${formatBytes(activationBytes * 2)} per run`}${timeText(context, layer)}.`,
        cost: { bytes: activationBytes ?? 0 },
        fixes: [{ title: 'Write activations and scalars in the form the runtime fuses (simplify)', technique: 'simplify', options: {}, estimate: {} }],
      };
    }
  },
};

const unfusable: ReadonlySet<string> = new Set(['HardSwish', 'Div', 'Mul', 'Add']);

/** HardSwish written out or as its own node, and a per-layer scalar after a convolution, run as separate passes over the activation. */
function unfusedReason(context: AdviceContext, layer: LayerAnalysis): string | undefined {
  const { node, graph } = layer;
  if (node.domain !== '' || !unfusable.has(node.opType)) return undefined;
  const index = context.index(graph);
  const producers = node.inputs.map((name) => index.producer(name));
  const convolution = producers.find((producer) => producer?.opType === 'Conv');
  if (node.opType === 'HardSwish' && convolution !== undefined) return 'HardSwish is a pass of its own; x·HardSigmoid(x) is fused into the convolution before it';
  if (node.opType === 'Div' && producers.some((producer) => producer?.opType === 'Mul') && constantCount(context, layer, 1) === 1 && isHardSwishTail(context, layer)) return 'HardSwish written out as Add, Clip, Mul and Div';
  if ((node.opType === 'Mul' || node.opType === 'Add') && convolution !== undefined && constantCount(context, layer, 1) === 1) return `${node.opType} by a constant after a convolution, which could hold it in its weights`;
  return undefined;
}

/** How many inputs are constants of at most `elements` elements. */
function constantCount(context: AdviceContext, layer: LayerAnalysis, elements: number): number {
  return layer.node.inputs.filter((name) => {
    const tensor = context.constant(layer.graph, name);
    return tensor !== undefined && tensor.dims.reduce((a, b) => a * b, 1) <= elements;
  }).length;
}

function isHardSwishTail(context: AdviceContext, layer: LayerAnalysis): boolean {
  const index = context.index(layer.graph);
  const mul = layer.node.inputs.map((name) => index.producer(name)).find((producer) => producer?.opType === 'Mul');
  return mul?.inputs.some((name) => index.producer(name)?.opType === 'Clip') ?? false;
}

const quantized: ReadonlySet<string> = new Set(['Conv', 'MatMul', 'Gemm']);

export const unfusedQuantization: FindingRule = {
  codes: ['unfused-quantization'],
  *find(context): Generator<Draft> {
    for (const layer of context.layers) {
      const { node, graph } = layer;
      if (!quantized.has(node.opType) || node.domain !== '') continue;
      const index = context.index(graph);
      const dequantized = node.inputs.slice(0, 2).map((name) => index.producer(name)?.opType === 'DequantizeLinear');
      if (dequantized[0] === dequantized[1]) continue;
      yield {
        code: 'unfused-quantization',
        severity: 'warning',
        layer: layer.key,
        message: `${node.opType} has ${dequantized[0] === true ? 'a quantized input but float weights' : 'quantized weights but a float input'}: it runs in float, and the DequantizeLinear before it is extra work.`,
        cost: { bytes: layer.weightBytes, ...(layer.macs === null ? {} : { macs: layer.macs }) },
      };
    }
  },
};
