// Findings about the model as a whole: float weights that int8 would shrink, an old opset, weights inside Constant nodes.
import { formatBytes } from '../../base/format';
import type { Draft, FindingRule } from '../context';
import { float16Gain, int8Gain, int8Ratio } from '../gain';

/** Below this a model is too small for int8 to be worth a finding. */
const leastQuantizableBytes = 100_000;

export const quantizableModel: FindingRule = {
  codes: ['quantizable'],
  *find(context): Generator<Draft> {
    const layers = context.layers.filter((layer) => int8Ratio(context, layer, 'static') !== undefined);
    const matmuls = layers.filter((layer) => int8Ratio(context, layer, 'dynamic') !== undefined);
    const bytes = layers.reduce((sum, layer) => sum + layer.weightBytes, 0);
    if (bytes < leastQuantizableBytes) return;
    const fixes: NonNullable<Draft['fixes']>[number][] = [
      { title: 'Quantize the model to int8 (static)', technique: 'quantize-static', options: {}, simplifyFirst: true, estimate: int8Gain(context, layers, 'static') },
    ];
    if (matmuls.length > 0) fixes.push({ title: 'Quantize MatMul and Gemm to int8 (dynamic)', technique: 'quantize-dynamic', options: {}, simplifyFirst: true, estimate: int8Gain(context, matmuls, 'dynamic') });
    fixes.push({ title: 'Store the weights as float16 (smaller, not faster)', technique: 'float16', options: {}, estimate: float16Gain(context.analysis.totals.weightBytes) });
    yield {
      code: 'quantizable',
      severity: 'information',
      message: `${formatBytes(bytes)} of float weights in ${layers.length} convolution and matrix layers have int8 kernels.`,
      cost: { bytes },
      fixes,
    };
  },
};

/** QuantizeLinear per axis needs opset 13; onnxruntime loads QDQ from 10. */
const staticQuantizationOpset = 13;

export const oldOpset: FindingRule = {
  codes: ['old-opset'],
  *find(context): Generator<Draft> {
    const opset = context.model.opsetImports.get('');
    if (opset === undefined || opset >= staticQuantizationOpset) return;
    yield {
      code: 'old-opset',
      severity: 'information',
      message: `Opset ${opset}: static quantization needs ${staticQuantizationOpset} and raises it on the way.`,
      cost: {},
    };
  },
};

/** Shape arithmetic lives in Constant nodes legitimately; only tensors of this size are weights worth a finding. */
const leastConstantBytes = 4096;

export const weightsInConstants: FindingRule = {
  codes: ['weights-in-constants'],
  *find(context): Generator<Draft> {
    let count = 0;
    let bytes = 0;
    for (const { node } of context.layers) {
      const value = node.opType === 'Constant' ? node.attributes.get('value') : undefined;
      if (value?.type !== 'tensor' || value.value.source.byteLength < leastConstantBytes) continue;
      count++;
      bytes += value.value.source.byteLength;
    }
    if (count === 0) return;
    yield {
      code: 'weights-in-constants',
      severity: 'information',
      message: `${formatBytes(bytes)} of weights lie in ${count} Constant nodes instead of initializers.`,
      cost: { bytes },
      fixes: [{ title: 'Turn Constant nodes into initializers (simplify)', technique: 'simplify', options: {}, estimate: {} }],
    };
  },
};
