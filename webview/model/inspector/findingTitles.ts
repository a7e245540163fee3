// A finding's code in words.
import type { FindingCode } from '../../../src/protocol/findings';

export const findingTitles: Readonly<Record<FindingCode, string>> = {
  'oversized-layer': 'Oversized layer',
  'unfolded-batchnorm': 'Unfolded BatchNormalization',
  'unfused-activation': 'Activation the runtime does not fuse',
  'duplicate-weights': 'Duplicate weights',
  'dead-weights': 'Unused weights',
  'dead-node': 'Unused node',
  'foldable-constants': 'Foldable constants',
  'redundant-reshape': 'Redundant reshape or transpose',
  float64: 'float64 where float32 would do',
  'nan-weights': 'Weights that are not finite',
  'old-opset': 'Old opset',
  'unknown-operator': 'Unknown operator',
  'unknown-cost': 'Unknown cost',
  'shape-contradiction': 'Contradicting shapes',
  'weights-in-constants': 'Weights in Constant nodes',
  quantizable: 'Quantizable',
  'unfused-quantization': 'Quantization off the fused path',
  invalid: 'Invalid model',
};
