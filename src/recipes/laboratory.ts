// Where variants of one source are measured: comparison on the data, noise, benchmarks, profiles, all under one progress.
import { join } from 'node:path';
import type { WorkContext } from '../base/cancellation';
import type { Disposable } from '../base/disposable';
import { LatheError } from '../base/errors';
import { readOnnxModel } from '../formats/onnx/read';
import type { ModelFile } from '../formats/open';
import type { Model } from '../graph/model';
import type { Benchmark, Comparison, Machine, MetricValue, OutputComparison, Profile, RunSettings } from '../protocol/measurement';
import type { LayerDifference, LayerError, OptimizationReport } from '../protocol/report';
import { benchmark } from '../runtime/benchmark';
import { mostDecibels } from '../runtime/metrics/agreement';
import { compareModels } from '../runtime/compare';
import { describeMachine } from '../runtime/machine';
import { profileModel } from '../runtime/profile';
import type { Feeds, SampleSource } from '../runtime/data/samples';
import { temporaryFolder } from '../runtime/temporary';
import { elementCount } from '../tensor/tensor';
import { OutputNoise } from '../techniques/quantize/outputNoise';
import type { TechniqueContext } from '../techniques/technique';
import type { MetricSpec, MostLoss } from '../protocol/taskMetrics';
import { floorFor } from './acceptance';
import { limitOf } from './taskLimit';
import { countKernels } from './kernels';
import { layerErrors } from './layerErrors';
import type { Budgets, OptimizeServices } from './optimize';
import type { Bench } from './trial';
import { Workbench } from './workbench';

export interface LaboratoryOptions {
  readonly source: Model;
  /** Where the source lies. */
  readonly file: ModelFile;
  /** What variants are judged on. */
  readonly data: SampleSource;
  /** What ranges are measured on; the same where there are too few samples to divide. */
  readonly calibration: SampleSource;
  /** What the chosen variant alone is judged on, where the data have such a part. */
  readonly test?: SampleSource;
  readonly settings: RunSettings;
  readonly seed: number;
  readonly budgets: Budgets;
  readonly floor: number | undefined;
  readonly metric?: MetricSpec;
  readonly mostLoss?: MostLoss;
  readonly services: OptimizeServices;
  readonly work: WorkContext;
}

/** Samples among which the one that is timed is chosen. */
const sizedSamples = 15;
/** A variant whose interval lies above this is slower whatever the goal. */
const hopelessRatio = 1.1;
/** Samples that errors are measured on layer by layer. */
const errorSamples = 3;
/** Samples that noise is measured on: it only orders layers. */
const noiseSamples = 6;

export class Laboratory implements Bench, Disposable {
  private readonly workbench: Workbench;
  private readonly folder = temporaryFolder();
  private readonly signal: AbortSignal;
  private share = { title: '', from: 0, width: 1 };
  private outputNoise: Promise<OutputNoise> | undefined;
  private usual: Promise<Feeds> | undefined;
  private sourceProfile: Promise<Profile | undefined> | undefined;
  private metricName: MetricValue['name'] | undefined;
  private lastMachine: Machine | undefined;
  private kernelFiles = 0;

  constructor(private readonly options: LaboratoryOptions) {
    const { services, settings, work } = options;
    this.workbench = new Workbench({ startRunner: services.startRunner, log: services.log, threads: settings.threads });
    this.signal = work.signal;
  }

  /** Names the part of the work that is going on and its share of the whole. */
  stage(title: string, from: number, width: number): void {
    this.share = { title, from, width };
    this.options.work.progress({ message: title, fraction: from });
  }

  /** @throws LatheError with the runtime's reason where the source cannot be run at all: then no variant of it can. */
  async assertSourceRuns(): Promise<void> {
    await this.workbench.load(this.options.source, this.signal);
  }

  context(): TechniqueContext {
    const { calibration, settings, seed } = this.options;
    return this.workbench.context(this.part(), calibration, settings.bindings, seed);
  }

  /** The caller's context, with progress of a part of the whole. */
  private part(prefix = ''): WorkContext {
    const { progress } = this.options.work;
    return {
      signal: this.signal,
      progress: ({ message, fraction }) => progress({ message: prefix === '' ? message : `${prefix}: ${message}`, fraction: this.share.from + this.share.width * (fraction ?? 0) }),
    };
  }

  compare(variant: Model): Promise<Comparison> {
    return this.compareOn(this.options.data, variant);
  }

  /** Of the chosen variant, on samples that no choice was made by; undefined where the data have no such part. */
  async compareOnTest(variant: Model): Promise<Comparison | undefined> {
    const { test } = this.options;
    return test === undefined ? undefined : this.compareOn(test, variant);
  }

  private async compareOn(data: SampleSource, variant: Model): Promise<Comparison> {
    const { file, settings, budgets, services, metric } = this.options;
    const limit = metric === undefined ? budgets.compareSamples : budgets.metricSamples;
    const comparison = this.withLimit(await compareModels(file, variant, data, { provider: settings.provider, threads: settings.threads, limit, ...(metric === undefined ? {} : { metric }), start: services.runnerStart, ...this.part(this.share.title) }));
    const judged = worstOutput(comparison);
    if (judged.metric !== undefined) this.metricName = judged.metric.name;
    return judged;
  }

  /** With what is demanded of the metric, so that whoever reads the comparison can judge by it. */
  private withLimit(comparison: Comparison): Comparison {
    const { mostLoss, floor } = this.options;
    if (comparison.task === undefined) return comparison;
    return { ...comparison, task: { ...comparison.task, limit: limitOf(comparison.task.metric, { ...(mostLoss === undefined ? {} : { mostLoss }), ...(floor === undefined ? {} : { floor }) }) } };
  }

  floorOf(metric: MetricValue | undefined): number {
    return floorFor(metric?.name ?? this.metricName ?? 'sqnr', this.options.floor);
  }

  floor(): OptimizationReport['floor'] {
    const { metricName: metric, options } = this;
    if (options.metric !== undefined) {
      const { mostLoss, floor } = options;
      return { metric: '', minimum: 0, task: { metric: options.metric.name, ...limitOf(options.metric.name, { ...(mostLoss === undefined ? {} : { mostLoss }), ...(floor === undefined ? {} : { floor }) }) } };
    }
    return metric === undefined ? { metric: '', minimum: options.floor ?? 0 } : { metric, minimum: floorFor(metric, options.floor) };
  }

  benchmark(variant: Model): Promise<Benchmark> {
    return this.measure(variant, this.options.budgets.benchmarkMs, hopelessRatio);
  }

  /** Again, with more time; every benchmark starts processes of its own. */
  confirm(variant: Model): Promise<Benchmark> {
    return this.measure(variant, this.options.budgets.confirmMs);
  }

  private async measure(variant: Model, budgetMs: number, hopelessAbove?: number): Promise<Benchmark> {
    const { file, settings, seed, services } = this.options;
    const result = await benchmark(file, variant, { settings, feeds: await this.usualSample(), budgetMs, ...(hopelessAbove === undefined ? {} : { hopelessAbove }), seed, runner: services.runnerStart, ...this.part(this.share.title) });
    this.lastMachine = result.machine;
    return result;
  }

  /** The sample of median size among the first: with free dimensions the first one alone may be unusual. */
  private async usualSample(): Promise<Feeds> {
    this.usual ??= this.findUsualSample();
    return this.usual;
  }

  private async findUsualSample(): Promise<Feeds> {
    const first: { readonly feeds: Feeds; readonly elements: number }[] = [];
    for await (const feeds of this.options.data.samples(sizedSamples)) first.push({ feeds, elements: [...feeds.values()].reduce((sum, tensor) => sum + elementCount(tensor.dims), 0) });
    first.sort((a, b) => a.elements - b.elements);
    const median = first[first.length >> 1];
    if (median !== undefined) return median.feeds;
    throw new LatheError('usage', 'The data set holds no sample.', { ...(this.options.data.description.path === undefined ? {} : { file: this.options.data.description.path }) });
  }

  /** Lowest SQNR over the float outputs, averaged in dB over a few samples of those that ranges are measured on: what is chosen by it is judged on others. */
  async noise(variant: Model): Promise<number> {
    this.outputNoise ??= OutputNoise.of(this.options.source, noiseSamples, this.context());
    return await (await this.outputNoise).signalToNoise(variant);
  }

  profile(): Promise<Profile | undefined> {
    const { file, settings, services } = this.options;
    this.sourceProfile ??= this.usualSample()
      .then((feeds) => profileModel(file, { settings, feeds, runner: services.runnerStart, ...this.part('Profile') }))
      .catch((thrown: unknown) => {
        if (this.signal.aborted) throw thrown;
        services.log.warn(`The source could not be profiled: ${String(thrown)}`);
        return undefined;
      });
    return this.sourceProfile;
  }

  async profileOf(variant: Model): Promise<Profile | undefined> {
    const { settings, services } = this.options;
    try {
      return await profileModel(variant, { settings, feeds: await this.usualSample(), runner: services.runnerStart, ...this.part('Profile') });
    } catch (thrown) {
      if (this.signal.aborted) throw thrown;
      services.log.warn(`The variant could not be profiled: ${String(thrown)}`);
      return undefined;
    }
  }

  /** Measured milliseconds of each source layer in both models, by origin; undefined where profiling fails. */
  async layerDifferences(variant: Model): Promise<LayerDifference[] | undefined> {
    const before = await this.profile();
    const after = before === undefined ? undefined : await this.profileOf(variant);
    return before === undefined || after === undefined ? undefined : layerDifferences(this.options.source, before, variant, after);
  }

  /** Of a quantized variant, against what was quantized; undefined where that cannot be run with all its values kept. */
  async layerErrors(float: Model, variant: Model): Promise<LayerError[] | undefined> {
    const { settings, services, data } = this.options;
    const samples: Feeds[] = [];
    for await (const feeds of data.samples(errorSamples)) samples.push(feeds);
    try {
      return await layerErrors(float, variant, samples, settings.bindings, { settings, start: services.runnerStart, ...this.part() });
    } catch (thrown) {
      if (this.signal.aborted) throw thrown;
      services.log.warn(`Errors layer by layer could not be measured: ${String(thrown)}`);
      return undefined;
    }
  }

  async kernels(variant: Model): Promise<string | undefined> {
    if (variant.format !== 'onnx') return undefined; // TensorFlow.js fuses nothing of its own
    const path = join(this.folder.path, `optimised-${++this.kernelFiles}.onnx`);
    try {
      await this.workbench.writeOptimised(variant, path, this.signal);
      const optimised = readOnnxModel(path);
      try {
        return countKernels(optimised);
      } finally {
        optimised.dispose();
      }
    } catch (thrown) {
      if (this.signal.aborted) throw thrown;
      this.options.services.log.warn(`The optimised model could not be read: ${String(thrown)}`);
      return undefined;
    }
  }

  machine(): Machine {
    return this.lastMachine ?? describeMachine({ node: process.versions.node, onnxruntime: 'not used' });
  }

  dispose(): void {
    this.workbench.dispose();
    this.folder.dispose();
  }
}

/** Where there are no classes to agree on, the output that differs most decides: a detector's boxes count as much as its scores. */
export function worstOutput(comparison: Comparison): Comparison {
  const { metric, outputs } = comparison;
  if (metric?.name !== 'sqnr') return comparison;
  const worst = Math.min(metric.value, ...outputs.flatMap(decibels));
  return worst === metric.value ? comparison : { ...comparison, metric: { ...metric, value: worst, low: Math.min(metric.low, worst), high: worst } };
}

/** None where nothing differs, or where the difference is no number (then it is a problem of its own). */
function decibels({ sqnrDb, maxAbs }: OutputComparison): readonly number[] {
  if (sqnrDb !== null) return [sqnrDb];
  // The source's output is zero throughout: any noise is infinitely more than that.
  return maxAbs !== null && maxAbs > 0 ? [-mostDecibels] : [];
}

/** Sums kernels by the source layer they came from; layers fused into another count where their kernel is. */
export function layerDifferences(source: Model, before: Profile, variant: Model, after: Profile): LayerDifference[] {
  const ops = new Map(source.graph.nodes.map((node) => [node.name, node.opType]));
  // TensorFlow calls a node as what it makes, whatever it was called in memory.
  const origins = new Map(variant.graph.nodes.map((node) => [variant.format === 'onnx' ? node.name : (node.outputs[0] ?? node.name), node.origin]));
  const sums = new Map<string, { sourceMs: number; variantMs: number }>();
  const add = (layer: string, sourceMs: number, variantMs: number): void => {
    const sum = sums.get(layer) ?? { sourceMs: 0, variantMs: 0 };
    sums.set(layer, { sourceMs: sum.sourceMs + sourceMs, variantMs: sum.variantMs + variantMs });
  };
  for (const [layer, milliseconds] of Object.entries(before.milliseconds)) add(layer, milliseconds, 0);
  for (const [key, milliseconds] of Object.entries(after.milliseconds)) {
    // A kernel made of several layers is counted at the first that has time of its own in the source.
    const from = origins.get(key) ?? [key];
    add(from.find((layer) => sums.has(layer)) ?? from[0] ?? key, 0, milliseconds);
  }
  return [...sums].map(([layer, sum]) => ({ layer, op: ops.get(layer) ?? '', ...sum }));
}
