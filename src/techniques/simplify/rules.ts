// Every rewrite that simplify knows, in the order it tries them on a node. To add one is to add its row here.
import type { SimplifyRule } from './context';
import { affineRules } from './rules/affine';
import { constantRules } from './rules/constants';
import { duplicateNodes } from './rules/duplicates';
import { foldRules } from './rules/fold';
import { gateRules } from './rules/gate';
import { hardSwishRules } from './rules/hardSwish';
import { identityRules } from './rules/identity';
import { padRules } from './rules/pad';
import { reshapeRules } from './rules/reshape';
import { viewRules } from './rules/transpose';
import { upsamplingRules } from './rules/upsampling';

/** Rules with what they remember of one run; words for a person, singular and plural, stand beside the ids below. */
export function simplifyRules(): readonly SimplifyRule[] {
  return [...constantRules, ...foldRules, ...identityRules, ...viewRules, ...reshapeRules, ...padRules, ...hardSwishRules, ...affineRules, ...upsamplingRules, ...gateRules, duplicateNodes()];
}

/** What a rule did, for the report: `12 nodes folded into the layer before them`. */
export const ruleNotes: Readonly<Record<string, string>> = {
  'inline-function': "calls of the model's functions replaced by their bodies",
  'dead-node': 'dead nodes removed',
  'constant-to-initializer': 'Constant nodes made initializers',
  'known-condition': 'branches with a known condition taken',
  'known-value': 'shape computations replaced by their values',
  'unused-optional-output': 'unused optional outputs left out',
  'constant-folding': 'nodes folded to constants',
  'float-folding': 'float computations folded to constants by the runtime',
  identity: 'nodes that change nothing removed',
  'repeated-activation': 'repeated activations removed',
  'double-inverse': 'double negations removed',
  'transpose-twice': 'transposes joined',
  'reshape-of-view': 'views of views joined',
  'squeeze-unsqueeze': 'Squeeze and Unsqueeze pairs removed',
  'merge-squeezes': 'Squeeze or Unsqueeze nodes joined',
  'constant-reshape-target': 'Reshape targets written as constants',
  'pad-into-layer': 'Pad nodes folded into the layer after them',
  'hard-swish': 'HardSwish written as x · HardSigmoid(x)',
  'hard-sigmoid': 'HardSigmoid recognised',
  'hard-swish-after-convolution': 'HardSwish after a convolution written as x · HardSigmoid(x)',
  'fold-into-preceding-layer': 'BatchNormalization, Mul and Add folded into the layer before them',
  'fold-into-following-layer': 'BatchNormalization, Mul and Add folded into the layer after them',
  'fold-scale-through-shift': 'scales before padded convolutions folded into them',
  'joined-upsampling': 'upsampling layers joined into pointwise ones with one DepthToSpace',
  'gated-residual': 'gated residuals added at the gate',
  'duplicate-node': 'duplicate nodes joined',
  'duplicate-initializer': 'duplicate weights joined',
  'unused-initializer': 'unused initializers dropped',
};

/** Rules after which outputs may differ by rounding; after all others they are equal bit for bit, run by run of the same kernels. */
export const roundingRules: ReadonlySet<string> = new Set(['float-folding', 'hard-swish', 'hard-sigmoid', 'hard-swish-after-convolution', 'fold-into-preceding-layer', 'fold-into-following-layer', 'fold-scale-through-shift', 'joined-upsampling', 'gated-residual']);

export const ruleIds: readonly string[] = Object.keys(ruleNotes);
