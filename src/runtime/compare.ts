// Laying the outputs of two models beside each other: element by element, and in the terms of their task.
import { type WorkContext, throwIfCancelled } from '../base/cancellation';
import { LatheError } from '../base/errors';
import type { Comparison, OutputComparison, Provider, RunSettings } from '../protocol/measurement';
import type { MetricSpec, TaskComparison } from '../protocol/taskMetrics';
import { toFloat64Array } from '../tensor/decode';
import { elementKind } from '../tensor/elementType';
import type { Tensor } from '../tensor/tensor';
import { AgreementMeter } from './metrics/agreement';
import { describeUsed } from './metrics/evaluate';
import type { Metric } from './metrics/metric';
import { pairedDifference } from './metrics/significance';
import { metrics } from './metrics/table';
import type { ModelOrPath } from './materialize';
import { feedsOfVariant, inTypeOf, pairValues } from './pairing';
import { Runner, type RunnerStart } from './runner';
import { type SampleSource, samplesWithLabels } from './data/samples';
import { defaultRunSettings } from './sessionOptions';

const holdsNaN = 'holds NaN';

/** Sums over all elements and samples of one output, from which its comparison follows. */
class OutputDifference {
  private bitEqual = true;
  private comparable = true;
  private numeric = true;
  private maxAbs = 0;
  private reference = 0;
  private other = 0;
  private difference = 0;
  private product = 0;
  private problem: string | undefined;
  private sourceProblem: string | undefined;

  constructor(private readonly output: string) {}

  add(a: Tensor, b: Tensor | undefined): void {
    if (b === undefined) { this.refuse('the variant does not have this output'); return; }
    if (a.dims.join() !== b.dims.join()) { this.refuse(`shapes differ: [${a.dims.join(', ')}] and [${b.dims.join(', ')}]`); return; }
    if (a.elementType !== b.elementType) this.note(`types differ: ${a.elementType} and ${b.elementType}`);
    if (!isNumeric(a) || !isNumeric(b)) { this.addTexts(a, b); return; }
    const left = a.source.read();
    const right = b.source.read();
    if (a.elementType === b.elementType && Buffer.compare(left, right) === 0) { this.addEqual(toFloat64Array(a)); return; }
    this.bitEqual = false;
    this.addNumbers(toFloat64Array(a), toFloat64Array(b));
  }

  private addEqual(values: Float64Array): void {
    for (const value of values) {
      if (Number.isNaN(value)) this.sourceProblem = holdsNaN;
      if (!Number.isFinite(value)) continue;
      this.reference += value * value;
      this.other += value * value;
      this.product += value * value;
    }
  }

  private addNumbers(a: Float64Array, b: Float64Array): void {
    for (let i = 0; i < a.length; i++) {
      const x = a[i] ?? NaN;
      const y = b[i] ?? NaN;
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        this.addNotFinite(x, y);
        continue;
      }
      const distance = Math.abs(x - y);
      if (!(distance <= this.maxAbs)) this.maxAbs = distance;
      this.reference += x * x;
      this.other += y * y;
      this.difference += distance * distance;
      this.product += x * y;
    }
  }

  /** Equal infinities differ by nothing; where the source gives NaN, it says nothing. */
  private addNotFinite(x: number, y: number): void {
    if (Number.isNaN(x)) this.sourceProblem = holdsNaN;
    if (Object.is(x, y)) return;
    this.maxAbs = NaN;
    if (Number.isNaN(y)) this.note(holdsNaN);
    else if (!Number.isNaN(x)) this.note('one is infinite where the other is not');
  }

  private addTexts(a: Tensor, b: Tensor): void {
    this.numeric = false;
    const equal = a.elementType === b.elementType && (a.strings ?? []).every((text, i) => Buffer.compare(text, b.strings?.[i] ?? new Uint8Array()) === 0);
    this.bitEqual &&= equal;
  }

  private refuse(problem: string): void {
    this.comparable = false;
    this.bitEqual = false;
    this.note(problem);
  }

  private note(problem: string): void {
    this.problem ??= problem;
  }

  result(): OutputComparison {
    const { output, bitEqual } = this;
    const problem = this.problem !== undefined ? { problem: this.problem } : this.sourceProblem !== undefined ? { problem: this.sourceProblem, inSource: true as const } : {};
    if (!this.comparable || !this.numeric) return { output, bitEqual, maxAbs: null, sqnrDb: null, cosine: null, ...problem };
    const sqnr = 10 * Math.log10(this.reference / this.difference);
    const cosine = this.product / Math.sqrt(this.reference * this.other);
    return { output, bitEqual, maxAbs: finite(this.maxAbs), sqnrDb: bitEqual ? null : finite(sqnr), cosine: bitEqual ? 1 : finite(cosine), ...problem };
  }
}

function isNumeric({ elementType }: Tensor): boolean {
  const kind = elementKind(elementType);
  return kind !== 'string' && kind !== 'complex';
}

/** JSON has no infinities. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

type Outputs = ReadonlyMap<string, Tensor>;

/** Compares the outputs of one run, by name, in the order of the first. */
export function compareOutputs(a: Outputs, b: Outputs): OutputComparison[] {
  return [...a].map(([name, tensor]) => {
    const difference = new OutputDifference(name);
    difference.add(tensor, b.get(name));
    return difference.result();
  });
}

export interface CompareOptions extends Partial<WorkContext> {
  readonly provider?: Provider;
  readonly threads?: number;
  /** Instead of provider and threads. */
  readonly settings?: RunSettings;
  readonly limit?: number;
  /** How well both do their task on labelled data, beside how far they agree. */
  readonly metric?: MetricSpec;
  /** A runner to use; otherwise one is started and ended. */
  readonly runner?: Runner;
  readonly start?: RunnerStart;
}

/**
 * Runs both models on the same samples. Outputs are paired by name; the metric is chosen by what the first output is:
 * classes of sequences (CTC), classes, whole numbers or texts (share of equal ones), or anything else (SQNR per sample).
 * With a task metric both models are judged by the labels too, and tested against each other sample by sample.
 * @throws LatheError whatever loading or running throws; `cancelled`; `usage` without samples
 */
export async function compareModels(source: ModelOrPath, variant: ModelOrPath, samples: SampleSource, options: CompareOptions = {}): Promise<Comparison> {
  const { signal = new AbortController().signal, progress = () => undefined } = options;
  throwIfCancelled(signal);
  const runner = options.runner ?? (await Runner.start(options.start));
  const watch = runner.killOn(signal);
  try {
    throwIfCancelled(signal);
    return await compareIn(runner, source, variant, samples, { ...options, signal, progress });
  } catch (thrown) {
    throwIfCancelled(signal);
    throw thrown;
  } finally {
    watch.dispose();
    if (options.runner === undefined) runner.dispose();
  }
}

async function compareIn(runner: Runner, source: ModelOrPath, variant: ModelOrPath, samples: SampleSource, { signal, progress, limit, metric: spec, ...options }: CompareOptions & WorkContext): Promise<Comparison> {
  const { provider, threads } = { ...defaultRunSettings(), ...options, ...options.settings };
  const a = await runner.load(source, { provider, threads });
  const b = await runner.load(variant, { provider, threads });
  const mixed = a.runtimeName !== b.runtimeName;
  const outputOf = mixed ? pairValues(a.outputs, b.outputs) : undefined;
  const differences = new Map(a.outputs.map(({ name }) => [name, new OutputDifference(name)]));
  const meter = new AgreementMeter(a.outputs[0]?.name);
  const task = spec === undefined ? undefined : { source: metrics[spec.name].open(spec), variant: metrics[spec.name].open(spec) };
  const total = Math.min(limit ?? Infinity, samples.description.samples);
  let count = 0;
  for await (const { feeds, label } of samplesWithLabels(samples, total)) {
    throwIfCancelled(signal);
    progress({ message: `Comparing outputs, sample ${count + 1} of ${total}`, fraction: count / total });
    const left = (await a.run(feeds)).outputs;
    const right = named(left, (await b.run(mixed ? feedsOfVariant(feeds, a.inputs, b.inputs) : feeds)).outputs, outputOf);
    for (const [name, difference] of differences) {
      const reference = left.get(name);
      if (reference !== undefined) difference.add(reference, right.get(name));
    }
    const main = a.outputs[0]?.name ?? '';
    meter.add(left.get(main), right.get(main));
    task?.source.add(left, label, feeds);
    task?.variant.add(right, label, feeds);
    count++;
  }
  const runtimes = mixed ? { runtimes: [await a.runtime(), await b.runtime()] as const } : {};
  await a.release();
  await b.release();
  if (count === 0) throw new LatheError('usage', 'There are no samples to compare on.');
  const metric = meter.result();
  return { ...runtimes, outputs: [...differences.values()].map((difference) => difference.result()), ...(metric === undefined ? {} : { metric }), ...(task === undefined ? {} : { task: compareTask(task.source, task.variant) }), data: describeUsed(samples, count) };
}

/** Two metrics of the same samples. @throws LatheError `usage` without samples */
export function compareTask(source: Metric, variant: Metric): TaskComparison {
  const { name: metric, unit, higherIsBetter } = source;
  return { metric, unit, higherIsBetter, source: source.result(), variant: variant.result(), ...pairedDifference(source, variant) };
}

/** The variant's outputs under the source's names, where another runtime may call them otherwise. */
function named(source: Outputs, variant: Outputs, pairs: ReadonlyMap<string, string> | undefined): Outputs {
  if (pairs === undefined) return variant;
  const entries = [...source].map(([name, tensor]) => [name, inTypeOf(tensor, variant.get(pairs.get(name) ?? name))] as const);
  return new Map(entries.flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tensor]])));
}
