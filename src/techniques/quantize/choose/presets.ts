// Which layers go to int8: named presets, each a table of rules read from measurements of int8 kernels against fused float ones.
import type { Candidate, CandidateKind } from './candidates';

export const presetNames = ['rule', 'rule+depthwise+add', 'all', 'all+between'] as const;
export type PresetName = (typeof presetNames)[number];

/** What a rule may ask about a layer. */
export interface Surroundings {
  /** Positions of the output map: 1 for a squeeze-excite convolution. */
  readonly spatial: number;
  /** The layer's input is the model's input. */
  readonly stem: boolean;
  readonly feedsMaxPool: boolean;
  /** An activation that no int8 kernel takes in (HardSwish, x · Sigmoid …) reads the output. */
  readonly feedsFloatActivation: boolean;
  /** Every activation input comes from a layer chosen for int8. */
  readonly fromInt8: boolean;
  /** Every reader of the output is a layer chosen for int8. */
  readonly toInt8: boolean;
}

/** A reason to stay float, or undefined to go to int8. */
type Rule = (candidate: Candidate, around: Surroundings) => string | undefined;

interface Preset {
  readonly title: string;
  /** What has no rule stays float. */
  readonly rules: Readonly<Partial<Record<CandidateKind, Rule>>>;
}

/** Products summed per output below which the int8 kernel does not win back its borders (48 = 3×3 over 5–6 channels, 1×1 over 48). */
const leastProducts = 48;
const leastChannels = 16;
const depthwiseChannels = 96;
const depthwiseChannelsInChain = 64;
const largeStemKernel = 49;

const reasons = {
  stem: 'the first convolution reads few channels: int8 kernels run it slower than float ones',
  small: 'too few channels for an int8 kernel to win back the conversions around it',
  pointMap: 'works on a 1×1 map (squeeze-excite): int8 runs it slower',
  depthwise: 'depthwise with few channels: int8 kernels run it slower than float ones',
  floatActivation: 'depthwise before an activation that has no int8 kernel: float fuses the two',
  island: 'not between int8 layers: the conversions would cost more than the kernel gains',
};

const always: Rule = () => undefined;

const denseConvolution: Rule = ({ outputChannels, inputChannels, kernel }, around) => {
  if (around.stem && inputChannels <= 4) return kernel >= largeStemKernel || around.feedsMaxPool ? undefined : reasons.stem;
  if (around.spatial <= 1) return reasons.pointMap;
  return inputChannels * kernel >= leastProducts && outputChannels >= leastChannels ? undefined : reasons.small;
};

const wideDepthwise: Rule = ({ outputChannels }, around) => {
  if (around.feedsFloatActivation) return reasons.floatActivation;
  const chained = around.fromInt8 && around.toInt8;
  return outputChannels >= (chained ? depthwiseChannelsInChain : depthwiseChannels) ? undefined : reasons.depthwise;
};

const insideChain: Rule = (_, around) => (around.fromInt8 && around.toInt8 ? undefined : reasons.island);
const afterInt8: Rule = (_, around) => (around.fromInt8 ? undefined : reasons.island);

export const presets: Readonly<Record<PresetName, Preset>> = {
  rule: {
    title: 'dense convolutions and matrix products where int8 kernels are faster',
    rules: { conv: denseConvolution, depthwise: wideDepthwise, matmul: always, gemm: always, add: insideChain, globalPool: insideChain },
  },
  'rule+depthwise+add': {
    title: 'the same with depthwise convolutions and additions',
    rules: {
      conv: denseConvolution,
      depthwise: (candidate) => (candidate.outputChannels >= leastChannels ? undefined : reasons.depthwise),
      matmul: always,
      gemm: always,
      add: afterInt8,
      globalPool: afterInt8,
    },
  },
  all: {
    title: 'every layer that has an int8 kernel',
    rules: { conv: always, depthwise: always, matmul: always, gemm: always, add: afterInt8, globalPool: afterInt8 },
  },
  'all+between': {
    title: 'every layer and every operator between them that has an int8 kernel',
    rules: {
      conv: always,
      depthwise: always,
      matmul: always,
      gemm: always,
      add: afterInt8,
      globalPool: afterInt8,
      mul: afterInt8,
      concat: afterInt8,
      averagePool: afterInt8,
      resize: insideChain,
      activation: afterInt8,
      attention: always,
    },
  },
};

/** The kinds a preset has a rule for. */
export function kindsOf(preset: PresetName): ReadonlySet<CandidateKind> {
  return new Set(Object.keys(presets[preset].rules) as CandidateKind[]);
}
