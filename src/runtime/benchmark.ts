// The interleaved benchmark: a source and a variant in a process each, never running at once, until their ratio is known well enough.
import { type WorkContext, throwIfCancelled } from '../base/cancellation';
import { DisposableStore } from '../base/disposable';
import type { Benchmark, RunSettings, VariantMeasurement } from '../protocol/measurement';
import { acquireBenchmarkLock } from './benchmarkLock';
import { bindingsOf } from './data/inputs';
import { describeMachine } from './machine';
import { type FileOnDisk, type ModelOrPath, asFile } from './materialize';
import { feedsOfVariant } from './pairing';
import { SeededRandom } from './random';
import { Runner, type RunnerStart } from './runner';
import type { PreparedFeeds, RunnerSession } from './session';
import type { Feeds } from './data/samples';
import { driftOf, sentinelMs } from './sentinel';
import { bootstrapMedian, median, pairedRatio, quantile, relativeHalfWidth, thin } from './metrics/statistics';
import { judge, leastRounds, mostDrift } from './verdict';

export interface BenchmarkOptions extends Partial<WorkContext> {
  readonly settings: RunSettings;
  readonly feeds: Feeds;
  /** Where the variant's inputs differ in type from the source's. */
  readonly variantFeeds?: Feeds;
  /** Time for the rounds; loading comes on top. */
  readonly budgetMs?: number;
  readonly seed?: number;
  /** Stop once the ratio's 95 % interval is within ± this share. */
  readonly precision?: number;
  /** Stop as soon as the ratio's 95 % interval lies above this: nobody needs to know exactly how much slower it is. */
  readonly hopelessAbove?: number;
  readonly runner?: RunnerStart;
  /** Another place for the machine's lock, in tests. */
  readonly lockPath?: string;
  readonly lockWaitMs?: number;
}

const defaultBudgetMs = 15_000;
const defaultPrecision = 0.015;
/** The least number of rounds is made even when the budget is spent, up to this many budgets. */
const mostOverrun = 4;
/** A drift that a little more time evens out is waited for, up to this many budgets. */
const driftOverrun = 2;
const mostRounds = 400;
/** A round's timed part on either side: short models run several times in it. */
const roundMs = 5;
const mostRunsPerRound = 50;
/** Looking at the interval after every round would stop too often by luck; it is looked at when the rounds have grown by half. */
const growth = 1.5;
const firstLook = 12;
const mostSamples = 500;

/** One side of the benchmark: its runner, its session and what was measured. */
interface Side {
  readonly file: FileOnDisk;
  readonly runner: Runner;
  readonly session: RunnerSession;
  readonly feeds: PreparedFeeds;
  readonly residentBefore: number;
  /** Of one run, before the rounds. */
  readonly roughMs: number;
  /** Median and least of each round's runs. */
  readonly medians: number[];
  readonly leasts: number[];
  readonly all: number[];
  cpuMs: number;
}

/**
 * Measures a model, or a variant against its source. Both are loaded from files, each in a fresh process, at the
 * runtime's full optimisation level. Milliseconds and bytes.
 * @throws LatheError `busy`, `cancelled`, and whatever loading or running the models throws
 */
export async function benchmark(source: ModelOrPath, variant: ModelOrPath | undefined, options: BenchmarkOptions): Promise<Benchmark> {
  const { signal = new AbortController().signal, progress = () => undefined, seed = 1 } = options;
  const owned = new DisposableStore();
  const stop = (): void => owned.dispose();
  signal.addEventListener('abort', stop, { once: true });
  try {
    owned.add(await acquireBenchmarkLock({ signal, ...(options.lockPath === undefined ? {} : { path: options.lockPath }), ...(options.lockWaitMs === undefined ? {} : { waitMs: options.lockWaitMs }), onWait: () => progress({ message: 'Waiting for another benchmark to end' }) }));
    progress({ message: 'Loading for the benchmark' });
    const a = await openSide(source, options.feeds, options, owned);
    const b = variant === undefined ? undefined : await openSide(variant, options.variantFeeds ?? options.feeds, options, owned, options.variantFeeds === undefined ? a.session : undefined);
    const readings = await runRounds(a, b, { ...options, signal, progress, seed });
    return await conclude(a, b, readings, { ...options.settings, bindings: bindingsOf(a.session.structure, options.feeds) }, seed);
  } catch (thrown) {
    throwIfCancelled(signal);
    throw thrown;
  } finally {
    signal.removeEventListener('abort', stop);
    owned.dispose();
  }
}

/** @param source the other side, whose feeds these are, where inputs may be called or typed differently */
async function openSide(model: ModelOrPath, feeds: Feeds, { settings, runner: start, signal }: BenchmarkOptions, owned: DisposableStore, source?: RunnerSession): Promise<Side> {
  const file = owned.add(await asFile(model));
  if (signal !== undefined) throwIfCancelled(signal);
  const runner = owned.add(await Runner.start(start));
  if (signal !== undefined) throwIfCancelled(signal);
  await runner.startRuntime(file.format);
  const { resident } = await runner.memory(true);
  const session = await runner.load(file.file, { provider: settings.provider, threads: settings.threads });
  const prepared = await session.prepare(source === undefined || source.runtimeName === session.runtimeName ? feeds : feedsOfVariant(feeds, source.inputs, session.inputs));
  await session.warm(prepared);
  const first = await session.measurePrepared(prepared, { warmup: 2, runs: 3 });
  return { file, runner, session, feeds: prepared, residentBefore: resident, roughMs: Math.min(...first.milliseconds), medians: [], leasts: [], all: [], cpuMs: 0 };
}

/** The same number for both sides, so that both are equally warm. */
function runsPerRound(sides: readonly Side[]): number {
  const slower = Math.max(...sides.map(({ roughMs }) => roughMs));
  return Math.min(mostRunsPerRound, Math.max(fewestRunsPerRound(slower), Math.round(roundMs / slower)));
}

/** Of models below a second several runs are made, so that one of them is likely to be undisturbed. */
function fewestRunsPerRound(milliseconds: number): number {
  return milliseconds < 300 ? 3 : 1;
}

/** Rounds until the interval is narrow or the budget spent. @returns the sentinel's readings */
async function runRounds(a: Side, b: Side | undefined, options: BenchmarkOptions & WorkContext & { seed: number }): Promise<number[]> {
  const { budgetMs = defaultBudgetMs, precision = defaultPrecision, hopelessAbove = Number.POSITIVE_INFINITY, signal, progress, seed } = options;
  const random = new SeededRandom(seed);
  const readings: number[] = [];
  const sides = b === undefined ? [a] : [a, b];
  const runs = runsPerRound(sides);
  const begin = performance.now();
  let nextLook = firstLook;
  // The first readings pay for compiling the kernel.
  for (let i = 0; i < 5; i++) sentinelMs();
  for (let round = 1; round <= mostRounds; round++) {
    throwIfCancelled(signal);
    readings.push(sentinelMs());
    const order = random.next() < 0.5 ? sides : [...sides].reverse();
    for (const side of order) await runSide(side, runs);
    const elapsed = performance.now() - begin;
    if (round >= nextLook) {
      nextLook = Math.ceil(nextLook * growth);
      const interval = b === undefined ? bootstrapMedian(a.leasts, seed) : pairedRatio(a.leasts, b.leasts, seed);
      if ((relativeHalfWidth(interval) <= precision || (b !== undefined && interval.low > hopelessAbove)) && driftOf(readings) <= mostDrift) break;
    }
    if (elapsed > budgetMs * patience(round, readings)) break;
    progress({ message: `Benchmark, round ${round}`, fraction: Math.min(0.99, elapsed / budgetMs) });
  }
  return readings;
}

/** How many budgets may be spent: more while there are too few rounds, or the machine has not settled. */
function patience(rounds: number, readings: readonly number[]): number {
  if (rounds < leastRounds) return mostOverrun;
  return driftOf(readings) > mostDrift ? driftOverrun : 1;
}

/** One warm run, then the timed ones. */
async function runSide(side: Side, runs: number): Promise<void> {
  const { milliseconds, cpuMs } = await side.session.measurePrepared(side.feeds, { warmup: 1, runs });
  side.medians.push(median(milliseconds));
  side.leasts.push(Math.min(...milliseconds));
  for (const time of milliseconds) side.all.push(time);
  side.cpuMs += cpuMs;
}

async function conclude(a: Side, b: Side | undefined, readings: readonly number[], settings: RunSettings, seed: number): Promise<Benchmark> {
  const drift = driftOf(readings);
  const common = { source: await measurement(a, seed), rounds: a.medians.length, settings, drift, machine: describeMachine(a.runner.info), measuredAt: new Date().toISOString() };
  if (b === undefined) return common;
  const latencyRatio = pairedRatio(a.leasts, b.leasts, seed);
  return { ...common, variant: await measurement(b, seed), latencyRatio, ...judge(latencyRatio, drift, a.medians.length) };
}

async function measurement(side: Side, seed: number): Promise<VariantMeasurement> {
  const { peak } = await side.runner.memory();
  return {
    path: side.file.shownPath,
    runtime: await side.session.runtime(),
    fileBytes: side.file.bytes,
    medianMs: bootstrapMedian(side.medians, seed),
    p95Ms: quantile(side.all, 0.95),
    p99Ms: quantile(side.all, 0.99),
    cpuMs: side.cpuMs / side.all.length,
    loadMs: side.session.loadMs,
    peakMemoryBytes: Math.max(0, peak - side.residentBefore),
    samplesMs: thin(side.medians, mostSamples),
  };
}
