// The variants that are tried for each goal, best guesses first.
import type { Model } from '../graph/model';
import type { Goal } from '../protocol/report';

export interface CandidateStep {
  readonly technique: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface CandidatePlan {
  readonly id: string;
  readonly title: string;
  /** The published file's name: `<stem>.<tag>.onnx`, or the folder `<stem>.<tag>` of a TensorFlow.js model. */
  readonly tag: string;
  readonly steps: readonly CandidateStep[];
}

const simplified: CandidateStep = { technique: 'simplify', options: {} };
/** What every quantized candidate of the search starts from. */
export const searchBase: readonly CandidateStep[] = [simplified];
/** Least mean square error: on text that is hard to read it lost nothing where min-max and percentiles lost words. */
export const searchCalibration = 'mse';
const quantized = (preset: string): CandidateStep => ({ technique: 'quantize-static', options: { preset, calibration: searchCalibration } });

const plans = {
  simplified: { id: 'simplified', title: 'Simplified float32', tag: 'simplified', steps: [simplified] },
  rule: { id: 'int8-rule', title: 'Int8 where kernels gain', tag: 'int8', steps: [simplified, quantized('rule')] },
  wide: { id: 'int8-rule-depthwise-add', title: 'Int8 with depthwise and additions', tag: 'int8', steps: [simplified, quantized('rule+depthwise+add')] },
  all: { id: 'int8-all', title: 'Int8 everywhere', tag: 'int8', steps: [simplified, quantized('all')] },
  dynamic: { id: 'int8-dynamic', title: 'Dynamic int8', tag: 'int8-dynamic', steps: [simplified, { technique: 'quantize-dynamic', options: {} }] },
  weights: { id: 'weights-int4', title: 'Weights in 4 bits', tag: 'int4', steps: [simplified, { technique: 'quantize-weights', options: {} }] },
  float16: { id: 'float16', title: 'Float16 storage', tag: 'float16', steps: [simplified, { technique: 'float16', options: {} }] },
} as const satisfies Record<string, CandidatePlan>;

/** Candidates by goal. Those whose technique does not apply to the model are left out by the caller. */
const onnxCandidates: Readonly<Record<Goal, readonly CandidatePlan[]>> = {
  latency: [plans.simplified, plans.rule, plans.wide, plans.all, plans.dynamic, plans.weights],
  size: [plans.all, plans.wide, plans.rule, plans.dynamic, plans.weights, plans.float16],
  memory: [plans.simplified, plans.all, plans.rule, plans.dynamic, plans.weights],
  simplification: [plans.simplified],
};

/** Weights in fewer bits are widened when TensorFlow.js loads them: smaller, not faster. */
const tensorflowPlans = {
  simplified: { id: 'simplified', title: 'Simplified', tag: 'simplified', steps: [{ technique: 'tensorflow-simplify', options: {} }] },
  float16: { id: 'weights-float16', title: 'Weights as float16', tag: 'float16', steps: [{ technique: 'tensorflow-weights', options: { dtype: 'float16' } }] },
  uint16: { id: 'weights-uint16', title: 'Weights as uint16', tag: 'uint16', steps: [{ technique: 'tensorflow-weights', options: { dtype: 'uint16' } }] },
  uint8: { id: 'weights-uint8', title: 'Weights as uint8', tag: 'uint8', steps: [{ technique: 'tensorflow-weights', options: { dtype: 'uint8' } }] },
} as const satisfies Record<string, CandidatePlan>;

const tensorflowCandidates: Readonly<Record<Goal, readonly CandidatePlan[]>> = {
  latency: [tensorflowPlans.simplified],
  size: [tensorflowPlans.uint8, tensorflowPlans.float16, tensorflowPlans.uint16],
  memory: [tensorflowPlans.simplified],
  simplification: [tensorflowPlans.simplified],
};

/** What is tried for a goal; those whose technique does not apply to the model are told apart later. */
export function candidates(format: Model['format'], goal: Goal): readonly CandidatePlan[] {
  return (format === 'onnx' ? onnxCandidates : tensorflowCandidates)[goal];
}

const tags: Readonly<Record<string, string>> = { simplify: 'simplified', 'quantize-static': 'int8', 'quantize-dynamic': 'int8-dynamic', 'quantize-weights': 'weights', float16: 'float16', 'tensorflow-weights': 'weights', 'tensorflow-simplify': 'simplified' };

/** One plan made of given steps: a recipe's, or a single fix. */
export function planOfSteps(steps: readonly CandidateStep[], title: string): CandidatePlan {
  const last = steps.at(-1)?.technique ?? '';
  return { id: steps.map((step) => step.technique).join('+'), title, tag: tags[last] ?? last, steps };
}
