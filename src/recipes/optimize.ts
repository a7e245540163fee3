// Optimizing a model: try the candidates for the goal, keep what is measured better, confirm it in fresh processes, publish it with its report.
import { resolve } from 'node:path';
import { assertShapesAgree } from '../analysis/contradictions';
import type { WorkContext } from '../base/cancellation';
import { DisposableStore } from '../base/disposable';
import type { Log } from '../base/log';
import { assertBindable } from '../graph/defaultBindings';
import { modelFile, openModel } from '../formats/open';
import { captureSource } from '../formats/publish';
import type { Model } from '../graph/model';
import type { DataSpec } from '../protocol/data';
import type { PictureOptions, Provider, RunSettings } from '../protocol/measurement';
import type { Goal, OptimizationReport, VariantReport } from '../protocol/report';
import type { MetricSpec, MostLoss } from '../protocol/taskMetrics';
import type { Runner, RunnerStart } from '../runtime/runner';
import { bytesOnDisk } from '../runtime/materialize';
import { openSplitSamples, type SplitSamples } from '../runtime/data/datasets';
import { resolvedAgainst } from '../runtime/data/description';
import { inaccuracy, rejection, score } from './acceptance';
import { Builder } from './build';
import { type CandidatePlan, type CandidateStep, candidates, planOfSteps, searchBase } from './candidates';
import { conclude } from './conclusion';
import { Laboratory } from './laboratory';
import { assertOutput, publishWinner } from './publish';
import type { Recipe } from './recipe';
import { placeOfReports } from './readOnlySource';
import { stemOf, writeReport } from './report';
import { fileBytes, sourceHashes, weightBytes } from './source';
import { type Trial, Trials } from './trial';

export interface OptimizeRequest {
  readonly modelPath: string;
  readonly goal: Goal;
  readonly target?: string;
  /** Folder or file of calibration and evaluation data, or their description; seeded random inputs where absent. */
  readonly data?: string | DataSpec;
  /** How a folder of pictures is fed. */
  readonly pictures?: PictureOptions;
  /** How variants are judged where the data have labels, instead of by their agreement with the source. */
  readonly metric?: MetricSpec;
  /** Most a variant may lose of the metric; see metrics/table.ts for the defaults. */
  readonly mostLoss?: MostLoss;
  /** The worst figure of the metric; without one the least agreement (0 … 1) or SQNR in dB (above 1): see `floorFor` in acceptance.ts, also for the defaults. */
  readonly floor?: number;
  readonly bindings?: Readonly<Record<string, number>>;
  readonly provider?: Provider;
  readonly threads?: number;
  readonly seed?: number;
  readonly allowSlower?: boolean;
  readonly allowUncalibrated?: boolean;
  /** A recipe's steps, in order, instead of the search. */
  readonly steps?: readonly CandidateStep[];
  /** A single fix instead of the search; the model is simplified first only if the fix says so. */
  readonly fix?: CandidateStep & { readonly title?: string; readonly simplifyFirst?: true };
  /** File to write; by default a new name beside the model. A model in the Hugging Face cache needs one elsewhere. */
  readonly outputPath?: string;
  /** Follow the links by which the Hugging Face cache keeps the model's weights. */
  readonly followCacheLinks?: boolean;
  /** False keeps recipe and report unwritten. */
  readonly writeReport?: boolean;
  readonly budgets?: Partial<Budgets>;
}

/** Milliseconds and samples; all optional in a request. */
export interface Budgets {
  /** Rounds of each variant's benchmark. */
  readonly benchmarkMs: number;
  /** Rounds of the confirmation. */
  readonly confirmMs: number;
  /** Sensitivity measurements of one variant. */
  readonly sensitivityMs: number;
  readonly compareSamples: number;
  /** Where a metric is judged: a hundred answers are too few to tell a loss of half a point. */
  readonly metricSamples: number;
}

export const defaultBudgets: Budgets = { benchmarkMs: 6_000, confirmMs: 15_000, sensitivityMs: 45_000, compareSamples: 100, metricSamples: 1000 };

export interface OptimizeServices {
  /** Starts the runner that techniques work with. */
  readonly startRunner: () => Promise<Runner>;
  /** How the runners of comparisons, benchmarks and profiles are started. */
  readonly runnerStart: RunnerStart;
  readonly log: Log;
}

/**
 * Runs an optimization to its report. The source is never written to; only an accepted winner becomes a file.
 * @throws LatheError `usage`, `not-found` or `io` where the result has no place; `usage` for bindings the model has no dimension for; for a source that cannot be read or run or whose shapes contradict each other, data that does not fit, `busy`, `cancelled`; what goes wrong
 * with one variant is in its report instead.
 */
export async function optimizeModel(request: OptimizeRequest, services: OptimizeServices, work: WorkContext): Promise<OptimizationReport> {
  const started = new Date();
  const modelPath = resolve(request.modelPath);
  const budgets = { ...defaultBudgets, ...request.budgets };
  const settings: RunSettings = { provider: request.provider ?? 'cpu', threads: request.threads ?? 1, bindings: request.bindings ?? {} };
  const seed = request.seed ?? 0;
  const file = modelFile(modelPath, request.followCacheLinks);
  const owned = new DisposableStore();
  try {
    const source = owned.add(openModel(file.path, file));
    assertBindable(source.graph, settings.bindings);
    const reports = placeOfReports(modelPath, request.outputPath);
    await assertOutput(modelPath, request.outputPath, source.format);
    work.progress({ message: 'Reading the model and the data' });
    const sourceState = await captureSource(modelPath);
    const hashes = await sourceHashes(sourceState);
    const { calibration, evaluation: data, test } = await samplesOf(request, source, settings, seed, budgets);
    const laboratory = owned.add(new Laboratory({ source, file, data, calibration, ...(test === undefined ? {} : { test }), settings, seed, budgets, floor: request.floor, ...demandsOf(request), services, work }));
    assertShapesAgree(source);
    await laboratory.assertSourceRuns();
    const plans = plansOf(request, source.format);
    const context = laboratory.context();
    const builder = new Builder(source, context);
    const trials = new Trials(
      builder,
      laboratory,
      {
        goal: request.goal,
        floorOf: (comparison) => laboratory.floorOf(comparison.metric),
        allowSlower: request.allowSlower ?? false,
        allowUncalibrated: request.allowUncalibrated ?? false,
        sourceWeightBytes: weightBytes(source),
        sensitivityMs: budgets.sensitivityMs,
      },
      context,
    );
    const tried: Trial[] = [];
    const stages = plans.length + 2;
    for (const [i, plan] of plans.entries()) {
      laboratory.stage(plan.title, i / stages, 1 / stages);
      tried.push(await trials.run(plan));
    }
    laboratory.stage('Layer by layer', plans.length / stages, 1 / stages);
    const mix = source.format === 'onnx' && request.goal === 'latency' && isSearch(request) ? await trials.measuredMix(searchBase) : undefined;
    if (mix !== undefined) tried.push(await trials.run(mix));
    const sensitivity = await trials.sensitivity(tried);
    laboratory.stage('Confirming the best in fresh processes', 1 - 1 / stages, 1 / stages);
    const choice = await chooseWinner(request.goal, tried, laboratory);
    const variants = [...choice.variants];
    const { winner } = choice;
    if (winner?.built !== undefined) {
      // All that takes long comes first: once the file is there, its report follows, and nothing can be cancelled in between.
      const layers = await laboratory.layerDifferences(winner.built.model);
      const float = await trials.floatForm(winner);
      const errors = float === undefined ? undefined : await laboratory.layerErrors(float, winner.built.model);
      const published = await publishWinner(winner.built.model, winner.plan, { modelPath, outputPath: request.outputPath, sourceState, signal: work.signal });
      const place = variants.findIndex((variant) => variant.id === winner.plan.id);
      const report = variants[place];
      if (report !== undefined) variants[place] = { ...report, ...published, fileBytes: fileBytes(published.path), ...(layers === undefined ? {} : { layers }), ...(errors === undefined ? {} : { layerErrors: errors }) };
    }
    const machine = laboratory.machine();
    const report: OptimizationReport = {
      schema: 1,
      source: { path: modelPath, ...hashes, fileBytes: bytesOnDisk(source, modelPath), weightBytes: weightBytes(source) },
      goal: request.goal,
      target: request.target ?? 'this machine',
      data: data.description,
      settings,
      floor: laboratory.floor(),
      seed,
      variants,
      ...(sensitivity === undefined ? {} : { sensitivity }),
      ...(winner === undefined ? {} : { winner: winner.plan.id }),
      ...(choice.confirmation === undefined ? {} : { confirmation: choice.confirmation }),
      conclusion: conclude(request.goal, variants, winner?.plan.id, choice.confirmation, choice.missed),
      machine,
      versions: { onnxruntime: machine.onnxruntime, node: machine.node },
      startedAt: started.toISOString(),
      seconds: (Date.now() - started.getTime()) / 1000,
    };
    if (request.writeReport === false) return report;
    const name = `${stemOf(modelPath)}.${winner?.plan.tag ?? plans[0]?.tag ?? request.goal}`;
    return await writeReport(report, recipeOf(request, modelPath, report), name, reports);
  } finally {
    owned.dispose();
  }
}

function isSearch({ fix, steps = [] }: OptimizeRequest): boolean {
  return fix === undefined && steps.length === 0;
}

function plansOf(request: OptimizeRequest, format: Model['format']): readonly CandidatePlan[] {
  if (request.fix !== undefined) return [planOfSteps(stepsOfFix(request.fix), request.fix.title ?? request.fix.technique)];
  if (request.steps !== undefined && request.steps.length > 0) return [planOfSteps(request.steps, 'Recipe')];
  return candidates(format, request.goal);
}

function stepsOfFix({ technique, options, simplifyFirst }: NonNullable<OptimizeRequest['fix']>): CandidateStep[] {
  return [...(simplifyFirst === true ? [{ technique: 'simplify', options: {} }] : []), { technique, options }];
}

interface Choice {
  readonly winner: Trial | undefined;
  /** Id of the variant that would have won but for the test part. */
  readonly missed?: string;
  readonly confirmation?: NonNullable<OptimizationReport['confirmation']>;
  readonly variants: readonly VariantReport[];
}

/**
 * The best accepted variant that is still accepted when measured again; the others lose with a reason. Where the data have a test part, it
 * has the last word on that one: going on to the next would choose by it.
 */
export async function chooseWinner(goal: Goal, tried: readonly Trial[], laboratory: Pick<Laboratory, 'confirm' | 'compareOnTest' | 'floorOf'>): Promise<Choice> {
  const variants = new Map(tried.map((trial) => [trial.plan.id, trial.report]));
  const accepted = tried.flatMap((trial) => (trial.report.status === 'accepted' && trial.measured !== undefined && trial.built !== undefined ? [{ trial, measured: trial.measured, model: trial.built.model }] : []));
  accepted.sort((a, b) => score(goal, a.measured) - score(goal, b.measured));
  for (const [i, { trial, measured, model }] of accepted.entries()) {
    const confirmation = await laboratory.confirm(model);
    const reason = rejection(goal, { ...measured, benchmark: confirmation });
    if (reason !== undefined) {
      variants.set(trial.plan.id, { ...trial.report, status: 'rejected', reason: `Not confirmed in fresh processes: ${reason}.` });
      continue;
    }
    const comparison = await laboratory.compareOnTest(model);
    const inaccurate = comparison === undefined ? undefined : inaccuracy(comparison, laboratory.floorOf(comparison.metric));
    const whyNot = inaccurate === undefined ? `“${trial.plan.title}” does better.` : `The test part is looked at once, for “${trial.plan.title}”.`;
    for (const { trial: other } of accepted.slice(i + 1)) variants.set(other.plan.id, { ...other.report, status: 'not-chosen', reason: `${other.report.reason} ${whyNot}` });
    if (comparison !== undefined) variants.set(trial.plan.id, { ...trial.report, comparison, ...(inaccurate === undefined ? {} : { status: 'rejected', reason: `On the test part ${inaccurate}.` }) });
    if (inaccurate !== undefined) return { winner: undefined, missed: trial.plan.id, variants: [...variants.values()] };
    return { winner: trial, confirmation, variants: [...variants.values()] };
  }
  return { winner: undefined, variants: [...variants.values()] };
}

/** What would do the same again: the winner's steps, or the search where nothing won. */
function recipeOf(request: OptimizeRequest, modelPath: string, report: OptimizationReport): Recipe {
  const steps = report.variants.find((variant) => variant.id === report.winner)?.steps ?? [];
  return {
    model: modelPath,
    goal: request.goal,
    target: report.target,
    ...(request.data === undefined ? {} : { data: typeof request.data === 'string' ? resolve(request.data) : resolvedAgainst(request.data, process.cwd()) }),
    ...(request.pictures === undefined ? {} : { pictures: request.pictures }),
    bindings: { ...report.settings.bindings },
    provider: report.settings.provider,
    threads: report.settings.threads,
    seed: report.seed,
    steps: steps.map(({ technique, options }) => ({ technique, options: { ...options } })),
    accept: { allowSlower: request.allowSlower ?? false, allowUncalibrated: request.allowUncalibrated ?? false, ...(request.floor === undefined ? {} : { floor: request.floor }), ...demandsOf(request) },
  };
}

/** How variants are judged, where it is not by agreement alone. */
export function demandsOf({ metric, mostLoss }: Pick<OptimizeRequest, 'metric' | 'mostLoss'>): { metric?: MetricSpec; mostLoss?: MostLoss } {
  return { ...(metric === undefined ? {} : { metric }), ...(mostLoss === undefined ? {} : { mostLoss }) };
}

/** The data of a request, split so that what is calibrated on is not what is judged by. @throws LatheError as openSplitSamples */
export function samplesOf({ data, pictures, metric }: OptimizeRequest, source: Model, { bindings }: RunSettings, seed: number, budgets: Budgets): Promise<SplitSamples> {
  const limit = metric === undefined ? budgets.compareSamples : budgets.metricSamples;
  return openSplitSamples(data, source, { bindings, seed, ...(data === undefined ? {} : { limit }), ...pictures });
}

