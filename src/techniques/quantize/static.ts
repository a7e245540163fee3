// Static int8: calibrated uint8 activations and int8 weights per channel, as QuantizeLinear/DequantizeLinear pairs (QDQ).
import * as z from 'zod';
import { inferTypes } from '../../analysis/infer';
import { cloneModel } from '../../graph/construct';
import type { Model } from '../../graph/model';
import type { GainEstimate } from '../../protocol/findings';
import { elementCount } from '../../tensor/tensor';
import { inlineFunctions } from '../inline/inline';
import { raiseOpset } from '../simplify/opset';
import type { Technique, TechniqueContext, TechniqueResult } from '../technique';
import { type Candidate, findCandidates, valuesToObserve } from './choose/candidates';
import { type Choice, chooseLayers } from './choose/choose';
import { hoistConstants } from './constants';
import { joinHardSwish } from './insert/hardSwish';
import { insertQuantization } from './insert/insert';
import { calibrations, calibrators, type CalibrationSettings } from './calibrate/calibrators';
import { type Observation, observe, rangesOf } from './calibrate/observe';
import { presetNames, presets } from './choose/presets';
import { settleBiases } from './insert/productBias';
import { int8KernelsSaturate } from './saturation';

/** Per-axis QuantizeLinear and DequantizeLinear came with opset 13. */
const leastOpset = 13;

export const staticOptions = z.strictObject({
  preset: z.enum(presetNames).default('rule').describe('Which layers go to int8.'),
  samples: z.int().min(1).max(10_000).default(32).describe('Calibration samples.'),
  calibration: z.enum(calibrations).optional().describe('How the range of an activation follows from the samples; min-max where nothing is said. percentile takes 99.99 unless you say another.'),
  percentile: z.number().min(90).max(100).default(100).describe('Below 100 it asks for calibration by percentile: at 99.99 the outermost 0.01 % of each activation is clipped.'),
  reduceRange: z.union([z.literal('auto'), z.boolean()]).default('auto').describe('Scale weights so that sums of two products fit 16 bits: needed where int8 kernels saturate (x86 without VNNI). auto: find out here.'),
  keepFloat: z.array(z.string()).default([]).describe('Layers that stay float whatever the preset says.'),
  only: z.array(z.string()).optional().describe('When given, no other layers go to int8.'),
});
export type StaticOptions = z.infer<typeof staticOptions>;

export const quantizeStatic: Technique<StaticOptions> = {
  id: 'quantize-static',
  title: 'Static int8 (QDQ)',
  options: staticOptions,
  applies: (model) => (candidatesOf(model).some((candidate) => candidate.weight !== undefined) ? undefined : 'no convolution or matrix product with constant float32 weights'),
  estimate,
  apply,
};

function candidatesOf(model: Model): Candidate[] {
  const copy = inlineFunctions(model).model;
  hoistConstants(copy.graph);
  return findCandidates(copy);
}

/** Three of every four bytes of each weight that the options allow, over between the layers the rule surely takes and all of them. */
function estimate(model: Model, { only, keepFloat }: StaticOptions): GainEstimate {
  const allowed = candidatesOf(model).filter(({ key }) => !keepFloat.includes(key) && only?.includes(key) !== false);
  const bytes = allowed.reduce((sum, { weight }) => sum + (weight === undefined ? 0 : elementCount(weight.tensor.dims) * 4), 0);
  return { weightBytes: { low: -0.75 * bytes, high: -0.5 * bytes } };
}

interface Prepared {
  readonly model: Model;
  readonly values: readonly string[];
}

/** The prepared float form of a model, kept so that variants of one model share it and its calibration. */
const preparedModels = new WeakMap<Model, Prepared>();

function prepare(model: Model): Prepared {
  const known = preparedModels.get(model);
  if (known !== undefined) return known;
  const raised = (model.opsetImports.get('') ?? 1) < leastOpset ? raiseOpset(model, leastOpset) : model;
  const copy = inlineFunctions(raised).model;
  hoistConstants(copy.graph);
  const prepared = { model: copy, values: valuesToObserve(copy.graph, findCandidates(copy), inferTypes(copy)) };
  preparedModels.set(model, prepared);
  return prepared;
}

/** What `calibration: percentile` clips where no percentile is given: one value in ten thousand. */
const usualPercentile = 99.99;
const uint8Steps = 255;

/** Which calibrator the options ask for: a percentile below 100 alone asks for that one. */
export function calibrationOf({ calibration, percentile }: Pick<StaticOptions, 'calibration' | 'percentile'>): CalibrationSettings {
  const chosen = calibration ?? (percentile < 100 ? 'percentile' : 'minmax');
  return { calibration: chosen, percentile: chosen === 'percentile' && percentile >= 100 ? usualPercentile : percentile, steps: uint8Steps };
}

interface Plan {
  readonly model: Model;
  readonly observations: ReadonlyMap<string, Observation>;
  readonly candidates: readonly Candidate[];
  readonly choice: Choice;
}

/** Calibrates and chooses; the plan's model is a copy that may be changed. */
async function plan(model: Model, options: StaticOptions, context: TechniqueContext): Promise<Plan> {
  const prepared = prepare(model);
  context.progress({ message: `Calibrating on up to ${options.samples} samples` });
  const observations = rangesOf(await observe(prepared.model, prepared.values, options.samples, context), calibrationOf(options));
  const copy = cloneModel(prepared.model);
  const candidates = findCandidates(copy);
  const only = options.only === undefined ? undefined : new Set(options.only);
  return { model: copy, observations, candidates, choice: chooseLayers(copy.graph, candidates, observations, options.preset, new Set(options.keepFloat), only) };
}

/** Keys of the weighted layers these options take to int8: what can be given up for accuracy. */
export async function int8Layers(model: Model, options: StaticOptions, context: TechniqueContext): Promise<string[]> {
  const { choice } = await plan(model, options, context);
  return choice.chosen.filter((candidate) => candidate.weight !== undefined).map((candidate) => candidate.key);
}

async function apply(model: Model, options: StaticOptions, context: TechniqueContext): Promise<TechniqueResult> {
  const { model: result, observations, candidates, choice } = await plan(model, options, context);
  const { chosen, kept } = choice;
  const calibration = calibrationOf(options);
  const reduced = options.reduceRange === 'auto' ? await int8KernelsSaturate(context) : options.reduceRange;
  const { notFinite } = insertQuantization(result, settleBiases(result, chosen, observations), observations, reduced ? 'pairs' : 'full');
  joinHardSwish(result);
  const unreadable = notFinite.map((layer) => ({ layer, reason: 'its weights hold NaN or infinite values' }));
  return {
    model: result,
    notes: [
      `${counted(chosen, candidates)} to int8 (${presets[options.preset].title})`,
      `activation ranges: ${calibrators[calibration.calibration].title(calibration)}`,
      ...(reduced ? ['weights scaled so that no two products overflow 16 bits: int8 kernels without VNNI saturate there'] : []),
    ],
    kept: [...kept, ...unreadable],
    unchanged: chosen.length === notFinite.length,
    uncalibrated: !context.data.real,
  };
}

const plurals: Readonly<Record<Candidate['kind'], string>> = { conv: 'convolutions', depthwise: 'depthwise convolutions', matmul: 'MatMul', gemm: 'Gemm', add: 'Add', globalPool: 'global pools' };

/** E.g. `30 of 36 convolutions, 4 of 4 MatMul`. */
function counted(chosen: readonly Candidate[], all: readonly Candidate[]): string {
  const kinds = [...new Set(all.map((candidate) => candidate.kind))];
  const share = (kind: Candidate['kind'], list: readonly Candidate[]): number => list.filter((candidate) => candidate.kind === kind).length;
  return kinds.map((kind) => `${share(kind, chosen)} of ${share(kind, all)} ${plurals[kind]}`).join(', ');
}
