// One variant from plan to verdict: build, load, compare, benchmark, and give up layers where accuracy asks for it.
import { toLatheError } from '../base/errors';
import { formatVerdict } from '../base/format';
import type { Model } from '../graph/model';
import type { Benchmark, Comparison, Profile } from '../protocol/measurement';
import type { Goal, SensitivityReport, StepReport, VariantReport } from '../protocol/report';
import { int8Layers, quantizeStatic, type ResolvedStaticOptions, staticOptions, type StaticOptions } from '../techniques/quantize/static';
import type { TechniqueContext } from '../techniques/technique';
import { tensorflowWeights, type TensorflowWeightsOptions, widerTypes } from '../techniques/tensorflow/weights/weights';
import { type Attempt, backOff, giveUpSchedule } from './backOff';
import { inaccuracy, type Measured, rejection, score, uncalibratedReason } from './acceptance';
import type { Builder} from './build';
import { type Built, DoesNotApply } from './build';
import { type CandidatePlan, type CandidateStep, searchCalibration } from './candidates';
import { mixPlan, proposeMix } from './choice';
import { whySlower } from './reasons';
import { rankBySensitivity } from './sensitivity/groups';
import { measureSensitivity } from './sensitivity/measure';
import { weightBytes } from './source';

/** How variants are measured; the optimization supplies it. */
export interface Bench {
  readonly compare: (variant: Model) => Promise<Comparison>;
  readonly benchmark: (variant: Model) => Promise<Benchmark>;
  /** SQNR in dB of a variant's outputs on a few calibration samples. */
  readonly noise: (variant: Model) => Promise<number>;
  /** Profile of the source, measured once. */
  readonly profile: () => Promise<Profile | undefined>;
  /** Profile of a variant; undefined where profiling fails. */
  readonly profileOf: (variant: Model) => Promise<Profile | undefined>;
  /** Int8 kernels and float convolutions in the optimised model. */
  readonly kernels: (variant: Model) => Promise<string | undefined>;
}

export interface TrialSettings {
  readonly goal: Goal;
  readonly floorOf: (comparison: Comparison) => number;
  readonly allowSlower: boolean;
  readonly allowUncalibrated: boolean;
  readonly sourceWeightBytes: number;
  readonly sensitivityMs: number;
}

/** A variant and everything known of it. `measured` is set when it could be benchmarked. */
export interface Trial {
  readonly plan: CandidatePlan;
  readonly report: VariantReport;
  readonly built?: Built;
  readonly measured?: Measured;
}

type TryOptions = (options: CandidateStep['options']) => Promise<Attempt | undefined>;

/** Samples sensitivity is measured on: it only orders layers. */
const sensitivitySamples = 6;

export class Trials {
  private readonly seen = new Map<string, string>();
  private best = Number.POSITIVE_INFINITY;
  /** By the steps before the quantization. */
  private readonly sensitivities = new Map<string, Promise<SensitivityReport>>();

  constructor(
    private readonly builder: Builder,
    private readonly bench: Bench,
    private readonly settings: TrialSettings,
    private readonly context: TechniqueContext,
  ) {}

  /** Tries one plan. What goes wrong with it is its report, not an error; only cancellation is thrown. */
  async run(plan: CandidatePlan): Promise<Trial> {
    try {
      return await this.attempt(plan);
    } catch (thrown) {
      const error = toLatheError(thrown);
      if (error.code === 'cancelled' || error.code === 'busy' || error.code === 'usage') throw error;
      return { plan, report: { ...emptyReport(plan), status: 'failed', reason: `${error.message}${error.item === undefined ? '' : ` (${error.item})`}` } };
    }
  }

  private async attempt(plan: CandidatePlan): Promise<Trial> {
    let built = await this.builder.build(plan.steps);
    if (built instanceof DoesNotApply) return { plan, report: { ...emptyReport(plan), status: 'not-chosen', reason: `${built.reason}.` } };
    if (built.unchanged) return { plan, built, report: { ...this.reportOf(plan, built), status: 'not-chosen', reason: 'Nothing to change: the model already is in this form.' } };
    const twin = this.twinOf(plan, built);
    if (twin !== undefined) return { plan, built, report: { ...this.reportOf(plan, built), status: 'not-chosen', reason: `The same model as “${twin}”.` } };

    this.context.progress({ message: `${plan.title}: comparing outputs` });
    let comparison = await this.bench.compare(built.model);
    this.context.progress({ message: `${plan.title}: measuring` });
    let benchmark = await this.bench.benchmark(built.model);
    let measured = this.measure(built, comparison, benchmark);
    // Giving up layers costs speed: it is only tried for what would be accepted, and be the best, without the floor.
    if (inaccuracy(comparison, measured.floor) !== undefined && rejection(this.settings.goal, { ...measured, floor: Number.NEGATIVE_INFINITY }) === undefined && score(this.settings.goal, measured) < this.best) {
      const backed = await this.backOff(plan, built, measured.floor);
      if (backed !== undefined) {
        ({ built, comparison } = backed);
        this.context.progress({ message: `${plan.title}: measuring without the sensitive layers` });
        benchmark = await this.bench.benchmark(built.model);
        measured = this.measure(built, comparison, benchmark);
      }
    }
    const report = { ...this.reportOf(plan, built), comparison, benchmark, ...(benchmark.variant === undefined ? {} : { fileBytes: benchmark.variant.fileBytes }) };
    return this.judge(plan, await this.withKernels(report, built.model), built, measured);
  }

  private async judge(plan: CandidatePlan, report: VariantReport, built: Built, measured: Measured): Promise<Trial> {
    const { goal } = this.settings;
    const reason = rejection(goal, measured);
    const trial = { plan, built, measured };
    if (reason !== undefined) return { ...trial, report: { ...report, status: 'rejected', reason: sentence((await this.whySlower(plan, measured)) ?? reason) } };
    if (measured.uncalibrated && !measured.allowUncalibrated) return { ...trial, report: { ...report, status: 'not-chosen', reason: sentence(`${speedOf(measured)}, but ${uncalibratedReason}`) } };
    this.best = Math.min(this.best, score(goal, measured));
    return { ...trial, report: { ...report, status: 'accepted', reason: sentence(speedOf(measured)) } };
  }

  /** Of a slow int8 variant the cause, from the source's profile: better accuracy would not help it. */
  private async whySlower(plan: CandidatePlan, measured: Measured): Promise<string | undefined> {
    const ratio = measured.benchmark.latencyRatio;
    const last = plan.steps.at(-1);
    if (last?.technique !== quantizeStatic.id || ratio === undefined || measured.allowSlower || measured.benchmark.verdict !== 'slower') return undefined;
    const before = await this.builder.build(plan.steps.slice(0, -1));
    const rule = await this.builder.build([...plan.steps.slice(0, -1), { technique: quantizeStatic.id, options: { preset: 'rule' } }]);
    const profile = await this.bench.profile();
    if (before instanceof DoesNotApply || rule instanceof DoesNotApply || profile === undefined) return undefined;
    const origins = new Map(before.model.graph.nodes.map((node) => [node.name, node.origin]));
    const milliseconds = new Map(Object.entries(profile.milliseconds));
    const cost = (layer: string): number => (origins.get(layer) ?? [layer]).reduce((sum, key) => sum + (milliseconds.get(key) ?? 0), 0);
    const unsuited = rule.steps.at(-1)?.kept.map((entry) => entry.layer) ?? [];
    const all = before.model.graph.nodes.filter((node) => node.opType === 'Conv' || node.opType === 'MatMul' || node.opType === 'Gemm').map((node) => node.name);
    return whySlower({ ratio: ratio.value, unsuited: unsuited.filter((layer) => all.includes(layer)), layers: all, cost });
  }

  /** Gives up what hurts most, until the floor holds; undefined where that is of no use, or never enough. */
  private async backOff(plan: CandidatePlan, built: Built, floor: number): Promise<Attempt | undefined> {
    const last = plan.steps.at(-1);
    const done = built.steps.at(-1);
    if (last === undefined || done === undefined) return undefined;
    const judge = async (next: Built): Promise<Attempt> => {
      const comparison = await this.bench.compare(next.model);
      return { built: next, comparison, holds: inaccuracy(comparison, floor) === undefined };
    };
    const build = async (options: CandidateStep['options']): Promise<Built | undefined> => {
      const next = await this.builder.build([...plan.steps.slice(0, -1), { technique: last.technique, options }]);
      return next instanceof DoesNotApply ? undefined : next;
    };
    if (last.technique === tensorflowWeights.id)
      return this.widenWeights(plan, done, last, async (options) => {
        const next = await build(options);
        return next === undefined ? undefined : judge(next);
      });
    const steps = plan.steps.slice(0, -1);
    const before = await this.builder.build(steps);
    if (last.technique !== quantizeStatic.id || before instanceof DoesNotApply) return undefined;
    return backOff({
      title: plan.title,
      float: before.model,
      built,
      options: done.options as ResolvedStaticOptions,
      build,
      judge,
      noise: (variant) => this.bench.noise(variant),
      sensitivity: async () => (await this.sensitivityOf(steps, before.model)).layers,
      context: this.context,
    });
  }

  /** Stores the weights that hurt most in more bits. */
  private async widenWeights(plan: CandidatePlan, done: StepReport, last: CandidateStep, attempt: TryOptions): Promise<Attempt | undefined> {
    const options = done.options as TensorflowWeightsOptions;
    const weights = (done.weights ?? []).map(({ name }) => name);
    const ranked = await this.rankBy(plan, weights, last, (only) => ({ ...options, only }));
    for (const dtype of widerTypes(options.dtype))
      for (const count of giveUpSchedule(ranked.length)) {
        this.context.progress({ message: `${plan.title}: the ${count} most sensitive of ${ranked.length} weights as ${dtype}` });
        const wider = await attempt({ ...options, choices: [...options.choices, ...ranked.slice(0, count).map((name) => ({ weights: name, dtype }))] });
        if (wider?.holds === true) return wider;
      }
    return undefined;
  }

  /** Layers or weights by what the outputs lose where only they are changed, most first. */
  private rankBy(plan: CandidatePlan, layers: readonly string[], last: CandidateStep, optionsOf: (only: readonly string[]) => CandidateStep['options']): Promise<string[]> {
    return rankBySensitivity({
      layers,
      signal: this.context.signal,
      budgetMs: this.settings.sensitivityMs,
      noise: async (only) => {
        this.context.progress({ message: `${plan.title}: how much ${only.length === 1 ? (only[0] ?? '') : `${only.length} of them`} would lose` });
        const next = await this.builder.build([...plan.steps.slice(0, -1), { technique: last.technique, options: optionsOf(only) }]);
        return next instanceof DoesNotApply || next.unchanged ? Number.POSITIVE_INFINITY : this.bench.noise(next.model);
      },
    });
  }

  /** Of every layer that has an int8 kernel; measured once for all variants of one float form. */
  private sensitivityOf(steps: readonly CandidateStep[], float: Model): Promise<SensitivityReport> {
    const key = JSON.stringify(steps);
    const known = this.sensitivities.get(key);
    if (known !== undefined) return known;
    const { context, settings } = this;
    const measuring = measureSensitivity({ model: float, options: staticOptions.parse({ preset: 'all', calibration: searchCalibration }), samples: sensitivitySamples, budgetMs: settings.sensitivityMs, context });
    this.sensitivities.set(key, measuring);
    measuring.catch(() => this.sensitivities.delete(key));
    return measuring;
  }

  /** What was measured on the way; where data are real and static int8 was tried, it is measured now if it was not. */
  async sensitivity(tried: readonly Trial[]): Promise<SensitivityReport | undefined> {
    const [known] = this.sensitivities.values();
    if (known !== undefined) return known;
    const trial = tried.find(({ plan, built }) => built !== undefined && plan.steps.at(-1)?.technique === quantizeStatic.id);
    if (trial === undefined || !this.context.data.real) return undefined;
    const steps = trial.plan.steps.slice(0, -1);
    const before = await this.builder.build(steps);
    return before instanceof DoesNotApply ? undefined : this.sensitivityOf(steps, before.model);
  }

  /** What a variant was before its quantization to static int8; undefined for any other. */
  async floatForm({ plan }: Trial): Promise<Model | undefined> {
    if (plan.steps.at(-1)?.technique !== quantizeStatic.id) return undefined;
    const before = await this.builder.build(plan.steps.slice(0, -1));
    return before instanceof DoesNotApply ? undefined : before.model;
  }

  /** A mix of float and int8 by the measured time of each layer in both; undefined where it promises nothing. */
  async measuredMix(steps: readonly CandidateStep[]): Promise<CandidatePlan | undefined> {
    const before = await this.builder.build(steps);
    const all = await this.builder.build([...steps, { technique: quantizeStatic.id, options: { preset: 'all', calibration: searchCalibration } }]);
    const done = all instanceof DoesNotApply ? undefined : all.steps.at(-1);
    if (before instanceof DoesNotApply || all instanceof DoesNotApply || done === undefined) return undefined;
    const [float, int8] = [await this.bench.profileOf(before.model), await this.bench.profileOf(all.model)];
    if (float === undefined || int8 === undefined) return undefined;
    const layers = await int8Layers(before.model, done.options as StaticOptions, this.context);
    return mixPlan(proposeMix(float, layers, all.model, int8), steps);
  }

  private measure(built: Built, comparison: Comparison, benchmark: Benchmark): Measured {
    const { allowSlower, allowUncalibrated, sourceWeightBytes } = this.settings;
    return { benchmark, weightRatio: weightBytes(built.model) / Math.max(1, sourceWeightBytes), comparison, floor: this.settings.floorOf(comparison), allowSlower, allowUncalibrated, uncalibrated: built.uncalibrated };
  }

  /** The title of an earlier variant in which the same was done to the same layers. */
  private twinOf(plan: CandidatePlan, built: Built): string | undefined {
    const key = JSON.stringify(built.changing.map((step) => [step.technique, [...step.kept.map((entry) => entry.layer)].sort(), step.notes.map((note) => note.replace(/\(.*\)/, ''))]));
    const twin = this.seen.get(key);
    if (twin === undefined) this.seen.set(key, plan.title);
    return twin;
  }

  private async withKernels(report: VariantReport, model: Model): Promise<VariantReport> {
    const kernels = report.steps.some((step) => step.technique.startsWith('quantize')) ? await this.bench.kernels(model) : undefined;
    const last = report.steps.at(-1);
    return kernels === undefined || last === undefined ? report : { ...report, steps: [...report.steps.slice(0, -1), { ...last, notes: [...last.notes, kernels] }] };
  }

  private reportOf(plan: CandidatePlan, built: Built): VariantReport {
    return { ...emptyReport(plan), steps: built.steps, uncalibrated: built.uncalibrated, weightBytes: weightBytes(built.model), predicted: built.predicted };
  }
}

function emptyReport(plan: CandidatePlan): VariantReport {
  return { id: plan.id, title: plan.title, steps: [], status: 'failed', reason: '', uncalibrated: false };
}

function speedOf({ benchmark, weightRatio }: Measured): string {
  const ratio = benchmark.latencyRatio;
  const size = weightRatio <= 0.95 ? `, ${(100 * (1 - weightRatio)).toFixed(0)} % fewer weight bytes` : '';
  if (ratio === undefined) return `measured${size}`;
  return `${formatVerdict(benchmark.verdict, ratio.value)}${size}`;
}

/** Capital letter and full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
