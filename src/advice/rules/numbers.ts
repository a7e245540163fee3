// Findings about numbers: float64 where float32 would do, NaN and infinity among the weights.
import { checkpoint } from '../../base/cancellation';
import { formatBytes } from '../../base/format';
import { isFloat } from '../../tensor/elementType';
import { countNotFinite } from '../../tensor/statistics';
import type { Draft, FindingRule } from '../context';
import { weights } from './dead';

export const float64Values: FindingRule = {
  codes: ['float64'],
  *find(context): Generator<Draft> {
    for (const { name, tensor } of weights(context.graphs)) {
      const bytes = tensor.source.byteLength;
      if (tensor.elementType !== 'float64' || bytes <= 8) continue;
      yield {
        code: 'float64',
        severity: 'information',
        value: name,
        message: `${name} takes ${formatBytes(bytes)} as float64, half of it beyond float32; most runtimes have no float64 convolution.`,
        cost: { bytes },
      };
    }
    for (const layer of context.layers) {
      if (layer.macs === null || layer.macs === 0 || layer.outputs[0]?.type !== 'float64') continue;
      yield {
        code: 'float64',
        severity: 'warning',
        layer: layer.key,
        message: `${layer.node.opType} computes in float64: at least twice the time and memory of float32 for its ${layer.macs} MACs.`,
        cost: { macs: layer.macs },
      };
    }
  },
};

export const notFiniteWeights: FindingRule = {
  codes: ['nan-weights'],
  deep: true,
  async *find(context): AsyncGenerator<Draft> {
    for (const { name, tensor } of weights(context.graphs)) {
      if (!isFloat(tensor.elementType)) continue;
      await checkpoint(context.signal);
      const notFinite = countNotFinite(tensor);
      if (notFinite === 0) continue;
      yield {
        code: 'nan-weights',
        severity: 'warning',
        value: name,
        message: `${notFinite} of the weights in ${name} are NaN or infinite; they cannot be quantized.`,
        cost: { bytes: tensor.source.byteLength },
      };
    }
  },
};
