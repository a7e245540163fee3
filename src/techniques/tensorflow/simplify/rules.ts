// Every rewrite of TensorFlow graphs that simplify knows, in the order it tries them on a node. To add one is to add its row here.
import type { TensorflowRule } from './context';
import { foldRules } from './rules/fold';
import { fuseRules } from './rules/fuse';
import { duplicates, tidyRules } from './rules/tidy';

/** Rules with what they remember of one run; words for a person stand beside the ids below. */
export function tensorflowRules(): readonly TensorflowRule[] {
  return [...tidyRules, ...foldRules, ...fuseRules, duplicates()];
}

/** What a rule did, for the report. */
export const ruleNotes: Readonly<Record<string, string>> = {
  'dead-node': 'nodes that no output needs removed',
  identity: 'nodes that change nothing removed',
  'reshape-twice': 'Reshapes joined',
  'transpose-twice': 'Transposes joined',
  'constant-folding': 'computations of constants replaced by their values',
  'fold-into-preceding-layer': 'batch normalisations, scales and biases folded into the layer before them',
  'fold-into-following-layer': 'batch normalisations, scales and shifts folded into the layer after them',
  'fold-through-sum': 'biases folded into the layer before a sum',
  'fold-scale-through-shift': 'scales before padded convolutions folded into them',
  'fold-scale-through-product': 'scales within a product folded into the layer after it',
  'fuse-activation': 'activations fused into the layer before them',
  'clipping-to-activation': 'clippings written as Relu or Relu6',
  'pad-into-layer': 'Pad nodes folded into the layer after them',
  'sum-of-two': 'sums of two written as AddV2',
  'duplicate-node': 'duplicate nodes joined',
  'duplicate-initializer': 'duplicate weights joined',
  'unused-initializer': 'unused weights dropped',
};

export const ruleIds: readonly string[] = Object.keys(ruleNotes);
