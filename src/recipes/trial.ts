// One variant from plan to verdict: build, load, compare, benchmark, and give up layers where accuracy asks for it.
import { toLatheError } from '../base/errors';
import { formatVerdict } from '../base/format';
import type { Model } from '../graph/model';
import type { Benchmark, Comparison, Profile } from '../protocol/measurement';
import type { Goal, StepReport, VariantReport } from '../protocol/report';
import { int8Layers, quantizeStatic, type StaticOptions } from '../techniques/quantize/static';
import type { TechniqueContext } from '../techniques/technique';
import { tensorflowWeights, type TensorflowWeightsOptions, widerTypes } from '../techniques/tensorflow/weights/weights';
import { inaccuracy, type Measured, rejection, score, uncalibratedReason } from './acceptance';
import type { Builder} from './build';
import { type Built, DoesNotApply } from './build';
import type { CandidatePlan, CandidateStep } from './candidates';
import { whySlower } from './reasons';
import { giveUpSchedule, rankBySensitivity } from './sensitivity/groups';
import { weightBytes } from './source';

/** How variants are measured; the optimization supplies it. */
export interface Bench {
  readonly compare: (variant: Model, limit?: number) => Promise<Comparison>;
  readonly benchmark: (variant: Model) => Promise<Benchmark>;
  /** SQNR in dB of a variant's outputs on a few samples. */
  readonly noise: (variant: Model) => Promise<number>;
  /** Profile of the source, measured once. */
  readonly profile: () => Promise<Profile | undefined>;
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

/** A variant with other options, and whether it is as accurate as it must be. */
interface Attempt {
  readonly built: Built;
  readonly comparison: Comparison;
  readonly holds: boolean;
}

type TryOptions = (options: CandidateStep['options']) => Promise<Attempt | undefined>;

/** A percentile that clips one value in ten thousand: the usual remedy for activations with rare outliers. */
const clippingPercentile = 99.99;

export class Trials {
  private readonly seen = new Map<string, string>();
  private best = Number.POSITIVE_INFINITY;

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
    if (reason !== undefined) return { ...trial, report: { ...report, status: 'rejected', reason: sentence(await this.explain(reason, plan, measured)) } };
    if (measured.uncalibrated && !measured.allowUncalibrated) return { ...trial, report: { ...report, status: 'not-chosen', reason: sentence(`${speedOf(measured)}, but ${uncalibratedReason}`) } };
    this.best = Math.min(this.best, score(goal, measured));
    return { ...trial, report: { ...report, status: 'accepted', reason: sentence(speedOf(measured)) } };
  }

  /** A slow int8 variant gets the cause from the source's profile. */
  private async explain(reason: string, plan: CandidatePlan, measured: Measured): Promise<string> {
    const ratio = measured.benchmark.latencyRatio;
    const last = plan.steps.at(-1);
    if (last?.technique !== quantizeStatic.id || ratio === undefined || measured.benchmark.verdict !== 'slower' || inaccuracy(measured.comparison, measured.floor) !== undefined) return reason;
    const before = await this.builder.build(plan.steps.slice(0, -1));
    const rule = await this.builder.build([...plan.steps.slice(0, -1), { technique: quantizeStatic.id, options: { preset: 'rule' } }]);
    const profile = await this.bench.profile();
    if (before instanceof DoesNotApply || rule instanceof DoesNotApply || profile === undefined) return reason;
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
    const attempt: TryOptions = async (options) => {
      const next = await this.builder.build([...plan.steps.slice(0, -1), { technique: last.technique, options }]);
      if (next instanceof DoesNotApply) return undefined;
      const comparison = await this.bench.compare(next.model);
      return { built: next, comparison, holds: inaccuracy(comparison, floor) === undefined };
    };
    if (last.technique === tensorflowWeights.id) return this.widenWeights(plan, done, last, attempt);
    return last.technique === quantizeStatic.id ? this.giveUpLayers(plan, built, done.options as StaticOptions, last, attempt) : undefined;
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

  /** Clips outliers, then leaves the most sensitive layers in float. */
  private async giveUpLayers(plan: CandidatePlan, built: Built, first: StaticOptions, last: CandidateStep, attempt: TryOptions): Promise<Attempt | undefined> {
    const before = await this.builder.build(plan.steps.slice(0, -1));
    if (before instanceof DoesNotApply) return undefined;
    let options = first;
    if (options.percentile === 100) {
      this.context.progress({ message: `${plan.title}: clipping outliers` });
      const clipped = await attempt({ ...options, percentile: clippingPercentile });
      if (clipped?.holds === true) return clipped;
      const [original, better] = [await this.bench.noise(built.model), clipped === undefined ? Number.NEGATIVE_INFINITY : await this.bench.noise(clipped.built.model)];
      if (better > original) options = { ...options, percentile: clippingPercentile };
    }
    const layers = await int8Layers(before.model, options, this.context);
    const ranked = await this.rankBy(plan, layers, last, (only) => ({ ...options, only: [...only] }));
    for (const count of giveUpSchedule(ranked.length)) {
      this.context.progress({ message: `${plan.title}: giving up the ${count} most sensitive of ${ranked.length} layers` });
      const reduced = await attempt({ ...options, keepFloat: [...options.keepFloat, ...ranked.slice(0, count)] });
      if (reduced?.holds === true) return reduced;
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

  private measure(built: Built, comparison: Comparison, benchmark: Benchmark): Measured {
    const { allowSlower, allowUncalibrated, sourceWeightBytes } = this.settings;
    return { benchmark, weightRatio: weightBytes(built.model) / Math.max(1, sourceWeightBytes), comparison, floor: this.settings.floorOf(comparison), allowSlower, allowUncalibrated, uncalibrated: built.uncalibrated };
  }

  /** The title of an earlier variant that took the same layers. */
  private twinOf(plan: CandidatePlan, built: Built): string | undefined {
    const key = JSON.stringify(built.steps.map((step) => [step.technique, [...step.kept.map((entry) => entry.layer)].sort(), step.notes[0]?.replace(/\(.*\)/, '')]));
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
