// Static int8: calibrated uint8 activations and int8 weights per channel, as QuantizeLinear/DequantizeLinear pairs (QDQ).
import { inferTypes } from '../../analysis/infer';
import { cloneModel } from '../../graph/construct';
import type { Model } from '../../graph/model';
import type { GainEstimate } from '../../protocol/findings';
import { elementCount } from '../../tensor/tensor';
import { raiseOpset } from '../simplify/opset';
import type { Technique, TechniqueContext, TechniqueResult } from '../technique';
import { type Candidate, findCandidates, valuesToObserve } from './choose/candidates';
import { type Choice, chooseLayers } from './choose/choose';
import { hoisted } from './constants';
import { joinHardSwish } from './insert/hardSwish';
import { type InsertionSettings, insertQuantization } from './insert/insert';
import { type Calibration, calibrations, calibrators } from './calibrate/calibrators';
import { type Observation, observe, rangesOf } from './calibrate/observe';
import { kindsOf, presets } from './choose/presets';
import { settleBiases } from './insert/productBias';
import { OutputNoise } from './outputNoise';
import { correctBiases, measureBiasErrors } from './recover/biasCorrection';
import { equalizeLayers, smoothActivations } from './recover/rescale';
import { int8KernelsSaturate } from './saturation';
import { calibrationOf, type ResolvedStaticOptions, staticOptions, type StaticOptions } from './staticOptions';

export { calibrationOf, type ResolvedStaticOptions, staticOptions, type StaticOptions };

/** Per-axis QuantizeLinear and DequantizeLinear came with opset 13. */
const leastOpset = 13;
/** And 16 bits with opset 21. */
const int16Opset = 21;

/** Samples that calibrators are compared on: they differ by decibels, not by their fractions. */
const comparedSamples = 16;

export const quantizeStatic: Technique<StaticOptions> = {
  id: 'quantize-static',
  title: 'Static int8 (QDQ)',
  options: staticOptions,
  applies: (model) => (candidatesOf(model).some((candidate) => candidate.weight !== undefined) ? undefined : 'no convolution or matrix product with constant float32 weights'),
  estimate,
  resolve,
  apply: async (model, options, context) => applyResolved(model, await resolve(model, options, context), context),
};

function candidatesOf(model: Model): Candidate[] {
  return findCandidates(hoisted(model));
}

/** Three of every four bytes of each weight that the options allow, over between the layers the rule surely takes and all of them. */
function estimate(model: Model, { only, keepFloat }: StaticOptions): GainEstimate {
  const allowed = candidatesOf(model).filter(({ key }) => !keepFloat.includes(key) && only?.includes(key) !== false);
  const bytes = allowed.reduce((sum, { weight }) => sum + (weight === undefined ? 0 : elementCount(weight.tensor.dims) * 4), 0);
  return { weightBytes: { low: -0.75 * bytes, high: -0.5 * bytes } };
}

interface Prepared {
  /** What recovery did to the float weights. */
  readonly notes: readonly string[];
  readonly model: Model;
  readonly values: readonly string[];
}

/** The prepared float forms of a model, kept so that variants of one model share them and their calibration. */
const preparedModels = new WeakMap<Model, Map<string, Promise<Prepared>>>();

function prepare(model: Model, options: ResolvedStaticOptions, context: TechniqueContext): Promise<Prepared> {
  const forms = preparedModels.get(model) ?? new Map<string, Promise<Prepared>>();
  preparedModels.set(model, forms);
  const { preset, equalize, smooth, samples } = options;
  const key = JSON.stringify([[...kindsOf(preset)], options.int16.length > 0, equalize, smooth, ...(smooth > 0 ? [samples, context.data.description, context.bindings, context.seed] : [])]);
  const known = forms.get(key) ?? prepareAfresh(model, options, context);
  forms.set(key, known);
  known.catch(() => forms.delete(key));
  return known;
}

async function prepareAfresh(model: Model, { preset, equalize, smooth, samples, int16 }: ResolvedStaticOptions, context: TechniqueContext): Promise<Prepared> {
  const least = int16.length > 0 ? int16Opset : leastOpset;
  const raised = (model.opsetImports.get('') ?? 1) < least ? raiseOpset(model, least) : model;
  const copy = hoisted(raised);
  const notes: string[] = [];
  if (equalize) notes.push(`${equalizeLayers(copy)} activations equalized between layers`);
  if (smooth > 0) notes.push(`${await smoothActivations(copy, smooth, samples, context)} activations smoothed (alpha ${smooth})`);
  return { model: copy, values: valuesToObserve(copy.graph, findCandidates(copy, kindsOf(preset)), inferTypes(copy)), notes };
}

/** What static int8 would do to a model. */
export interface StaticPlan {
  /** The float model that was calibrated. */
  readonly prepared: Prepared;
  readonly model: Model;
  readonly observations: ReadonlyMap<string, Observation>;
  readonly candidates: readonly Candidate[];
  readonly choice: Choice;
  /** How the chosen layers are written. */
  readonly settings: InsertionSettings;
}

/** Calibrates and chooses; the plan's model is a copy that may be changed. */
async function plan(model: Model, options: ResolvedStaticOptions, context: TechniqueContext): Promise<StaticPlan> {
  const prepared = await prepare(model, options, context);
  context.progress({ message: `Calibrating on up to ${options.samples} samples` });
  const observations = rangesOf(await observe(prepared.model, prepared.values, options.samples, context), calibrationOf(options));
  const copy = cloneModel(prepared.model);
  const candidates = findCandidates(copy, kindsOf(options.preset));
  const only = options.only === undefined ? undefined : new Set(options.only);
  const settings: InsertionSettings = { range: options.reduceRange ? 'pairs' : 'full', clipWeights: options.clipWeights, activations: options.activations, int16: new Set(options.int16) };
  return { prepared, model: copy, observations, candidates, choice: chooseLayers(copy.graph, candidates, observations, options.preset, new Set(options.keepFloat), only), settings };
}

/** Decides what was left to `auto`. @throws LatheError what the runner throws; `cancelled`. */
async function resolve(model: Model, options: StaticOptions, context: TechniqueContext): Promise<ResolvedStaticOptions> {
  const { calibration, ...rest } = options;
  const known = { ...rest, reduceRange: options.reduceRange === 'auto' ? await int8KernelsSaturate(context) : options.reduceRange };
  if (calibration !== 'auto') return { ...known, ...(calibration === undefined ? {} : { calibration }) };
  const noise = await OutputNoise.of(model, comparedSamples, context);
  let best: { readonly calibration: Calibration; readonly decibels: number } | undefined;
  for (const each of calibrations) {
    context.progress({ message: `Comparing calibrators: ${each}` });
    const { model: variant } = await applyResolved(model, { ...known, calibration: each }, context);
    const decibels = await noise.signalToNoise(variant);
    if (best === undefined || decibels > best.decibels) best = { calibration: each, decibels };
  }
  return { ...known, calibration: best?.calibration ?? 'minmax' };
}

/** Calibrates and chooses as these options say; the plan's model is a copy that may be changed. */
export async function planStatic(model: Model, options: StaticOptions, context: TechniqueContext): Promise<StaticPlan> {
  return await plan(model, await resolve(model, options, context), context);
}

/** Keys of the weighted layers these options take to int8: what can be given up for accuracy. */
export async function int8Layers(model: Model, options: StaticOptions, context: TechniqueContext): Promise<string[]> {
  const { choice } = await planStatic(model, options, context);
  return choice.chosen.filter((candidate) => candidate.weight !== undefined).map((candidate) => candidate.key);
}

async function applyResolved(model: Model, options: ResolvedStaticOptions, context: TechniqueContext): Promise<TechniqueResult> {
  const { prepared, model: result, observations, candidates, choice, settings } = await plan(model, options, context);
  const { chosen, kept } = choice;
  const calibration = calibrationOf(options);
  const recovered = [...prepared.notes];
  if (options.correctBias) {
    context.progress({ message: 'Measuring the mean errors of layers' });
    const errors = await measureBiasErrors(prepared.model, chosen, observations, { ...settings, samples: options.samples }, context);
    recovered.push(`biases of ${correctBiases(result, chosen, errors)} layers corrected`);
  }
  if (settings.clipWeights) recovered.push(options.reduceRange ? 'weights not clipped: the reduced range needs its room' : 'weights clipped to their least square error');
  const { notFinite } = insertQuantization(result, settleBiases(result, chosen, observations), observations, settings);
  joinHardSwish(result);
  const unreadable = notFinite.map((layer) => ({ layer, reason: 'its weights hold NaN or infinite values' }));
  return {
    model: result,
    notes: [
      `${counted(chosen, candidates)} to int8 (${presets[options.preset].title})`,
      `activation ranges: ${calibrators[calibration.calibration].title(calibration)}`,
      ...recovered,
      ...(options.reduceRange ? ['weights scaled so that no two products overflow 16 bits: int8 kernels without VNNI saturate there'] : []),
    ],
    kept: [...kept, ...unreadable],
    unchanged: chosen.length === notFinite.length,
    uncalibrated: !context.data.real,
  };
}

const plurals: Readonly<Record<Candidate['kind'], string>> = { conv: 'convolutions', depthwise: 'depthwise convolutions', matmul: 'MatMul', gemm: 'Gemm', add: 'Add', globalPool: 'global pools', mul: 'Mul', concat: 'Concat', averagePool: 'average pools', resize: 'Resize', activation: 'activations', attention: 'products of activations' };

/** E.g. `30 of 36 convolutions, 4 of 4 MatMul`. */
function counted(chosen: readonly Candidate[], all: readonly Candidate[]): string {
  const kinds = [...new Set(all.map((candidate) => candidate.kind))];
  const share = (kind: Candidate['kind'], list: readonly Candidate[]): number => list.filter((candidate) => candidate.kind === kind).length;
  return kinds.map((kind) => `${share(kind, chosen)} of ${share(kind, all)} ${plurals[kind]}`).join(', ');
}
