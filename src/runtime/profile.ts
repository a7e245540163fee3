// Measured milliseconds per node: the runtime's own profile of a copy with unique node names, mapped back to the source's nodes.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ReportProgress, type WorkContext, throwIfCancelled } from '../base/cancellation';
import { DisposableStore } from '../base/disposable';
import { LatheError } from '../base/errors';
import { openModel } from '../formats/open';
import { cloneModel } from '../graph/construct';
import type { Graph } from '../graph/model';
import type { Profile, RunSettings } from '../protocol/measurement';
import { acquireBenchmarkLock } from './benchmarkLock';
import { type KernelMapping, type SourceIndex, mapKernels, nameNodes } from './kernelMapping';
import { measureRates } from './device';
import { knownDevice, rememberDevice } from './deviceCache';
import { bindingsOf } from './data/inputs';
import { describeMachine } from './machine';
import { type ModelOrPath, isModel } from './materialize';
import { type Kernel, readProfile } from './profileEvents';
import { Runner, type RunnerStart } from './runner';
import type { PreparedFeeds, RunnerSession } from './session';
import type { Feeds } from './data/samples';
import { seededFeeds } from './data/sources/seededSamples';
import { defaultThreads } from './sessionOptions';
import { bootstrapMedian } from './metrics/statistics';
import { temporaryFolder } from './temporary';

export interface ProfileOptions extends Partial<WorkContext> {
  readonly settings: RunSettings;
  /** Seeded inputs at the settings' bindings where none are given. */
  readonly feeds?: Feeds;
  /** Counted runs; by default as many as fit in two seconds, 5 to 30. */
  readonly runs?: number;
  /** A runner to use, or how to start one for this. */
  readonly runner?: Runner | RunnerStart;
  readonly start?: RunnerStart;
  readonly lockPath?: string;
  /** Another place for this machine's rates, in tests. */
  readonly deviceCachePath?: string;
}

const warmup = 2;
const fewestRuns = 5;
const mostRuns = 30;
const targetMs = 2000;
/** The runtime's profiler keeps a million events. */
const mostEvents = 900_000;
const seed = 1;

/**
 * Profiles a model at the runtime's full optimisation level.
 * @throws LatheError `cancelled`, `busy`, and whatever loading or running the model throws
 */
export async function profileModel(model: ModelOrPath, options: ProfileOptions): Promise<Profile> {
  const { signal = new AbortController().signal, progress = () => undefined } = options;
  throwIfCancelled(signal);
  const owned = new DisposableStore();
  const opened = isModel(model) ? model : owned.add(openModel(model.path, model));
  try {
    owned.add(await acquireBenchmarkLock({ signal, ...(options.lockPath === undefined ? {} : { path: options.lockPath }), onWait: () => progress({ message: 'Waiting for another benchmark to end' }) }));
    const runner = options.runner instanceof Runner ? options.runner : owned.add(await Runner.start(options.runner ?? options.start));
    owned.add(runner.killOn(signal));
    throwIfCancelled(signal);
    if (opened.format !== 'onnx') return { ...(await profileTensorFlow(runner, model, { ...options, progress })), machine: describeMachine(runner.info), measuredAt: new Date().toISOString() };
    const feeds = options.feeds ?? seededFeeds(opened, options.settings.bindings);
    progress({ message: 'Measuring the whole model', fraction: 0.1 });
    const whole = await measureWhole(runner, opened, feeds, options);
    progress({ message: 'Profiling its nodes', fraction: 0.5 });
    const copy = cloneModel(opened);
    const source = nameNodes(copy);
    const runs = Math.min(options.runs ?? whole.runs, Math.max(1, Math.floor(mostEvents / Math.max(1, source.nodes.length)) - warmup));
    const { times, optimised } = await measureKernels(runner, copy, feeds, options, runs);
    const mapping = mapKernels(source, times.kernels, optimised);
    if (options.settings.provider === 'cpu') await knowMachine(runner, progress, options.deviceCachePath);
    return {
      settings: { ...options.settings, bindings: bindingsOf(opened, feeds) },
      runs: times.runs,
      ...attribute(source, times.kernels, mapping),
      totalMs: times.totalMs,
      latencyMs: bootstrapMedian(whole.milliseconds, seed),
      machine: describeMachine(runner.info),
      measuredAt: new Date().toISOString(),
    };
  } catch (thrown) {
    throwIfCancelled(signal);
    throw thrown;
  } finally {
    owned.dispose();
  }
}

/** The first profile on a machine measures its rates as well, so that rooflines can be drawn. */
async function knowMachine(runner: Runner, progress: ReportProgress, cachePath: string | undefined): Promise<void> {
  if (knownDevice(defaultThreads, cachePath) !== undefined) return;
  progress({ message: 'Measuring this machine, once', fraction: 0.9 });
  rememberDevice(await measureRates(runner, defaultThreads), cachePath);
}

async function withSession<T>(session: RunnerSession, feeds: Feeds, use: (prepared: PreparedFeeds) => Promise<T>): Promise<T> {
  const prepared = await session.prepare(feeds);
  try {
    return await use(prepared);
  } finally {
    if (session.runner.alive) await prepared.discard();
    if (session.runner.alive) await session.release();
  }
}

/** Latency without profiling, which slows models of many small nodes. */
async function measureWhole(runner: Runner, model: ModelOrPath, feeds: Feeds, { settings, runs }: ProfileOptions): Promise<Whole> {
  const session = await runner.load(model, { provider: settings.provider, threads: settings.threads });
  return withSession(session, feeds, (prepared) => measureRuns(session, prepared, runs));
}

interface Whole {
  readonly milliseconds: readonly number[];
  readonly runs: number;
}

async function measureRuns(session: RunnerSession, prepared: PreparedFeeds, runs: number | undefined): Promise<Whole> {
  const [first = 1] = (await session.measurePrepared(prepared, { warmup: 1, runs: 1 })).milliseconds;
  const count = runs ?? Math.round(Math.min(mostRuns, Math.max(fewestRuns, targetMs / first)));
  const { milliseconds } = await session.measurePrepared(prepared, { warmup: 1, runs: count });
  return { milliseconds, runs: count };
}

/** TensorFlow.js's kernels are timed within it; what its own work between them takes is told as added. */
async function profileTensorFlow(runner: Runner, file: ModelOrPath, { settings, runs, feeds: given, progress }: ProfileOptions & Pick<WorkContext, 'progress'>): Promise<Omit<Profile, 'machine' | 'measuredAt'>> {
  const session = await runner.load(file, { provider: settings.provider });
  const { structure } = session;
  const feeds = given ?? seededFeeds(structure, settings.bindings);
  return withSession(session, feeds, async (prepared) => {
    progress({ message: 'Measuring the whole model', fraction: 0.1 });
    await session.warm(prepared);
    const whole = await measureRuns(session, prepared, runs);
    progress({ message: 'Profiling its nodes', fraction: 0.5 });
    const { nodes, wholeMs, runs: counted } = await session.profilePrepared(prepared, { warmup, runs: whole.runs });
    const totalMs = nodes.reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
    return {
      settings: { ...settings, threads: 1, bindings: bindingsOf(structure, feeds) },
      runtime: await session.runtime(),
      runs: counted,
      milliseconds: record(new Map(nodes)),
      fusedInto: {},
      added: [{ op: 'work between kernels', milliseconds: Math.max(0, wholeMs - totalMs), count: 1 }],
      totalMs,
      latencyMs: bootstrapMedian(whole.milliseconds, seed),
    };
  });
}

/** Weights of the optimised model larger than this go into a file of their own, which nobody reads. */
const outsideBytes = '1024';

async function measureKernels(runner: Runner, named: ModelOrPath, feeds: Feeds, { settings }: ProfileOptions, runs: number): Promise<{ times: ReturnType<typeof readProfile>; optimised: Graph | undefined }> {
  const folder = temporaryFolder();
  try {
    const optimisedPath = join(folder.path, 'optimised.onnx');
    const session = await runner.load(named, {
      provider: settings.provider,
      threads: settings.threads,
      profilePrefix: join(folder.path, 'profile'),
      optimizedModelPath: optimisedPath,
      configuration: { 'session.optimized_model_external_initializers_file_name': 'optimised.data', 'session.optimized_model_external_initializers_min_size_in_bytes': outsideBytes },
    });
    await withSession(session, feeds, async (prepared) => {
      await session.measurePrepared(prepared, { warmup, runs });
      await session.endProfiling();
    });
    const file = readdirSync(folder.path).find((name) => name.startsWith('profile'));
    if (file === undefined) throw new LatheError('runtime', 'onnxruntime wrote no profile.');
    return { times: readProfile(join(folder.path, file), warmup), optimised: readOptimised(optimisedPath) };
  } finally {
    folder.dispose();
  }
}

/** Only the structure is needed. Without it kernels are still mapped by their names. */
function readOptimised(path: string): Graph | undefined {
  try {
    const model = openModel(path);
    model.dispose();
    return model.graph;
  } catch {
    return undefined;
  }
}

function attribute(source: SourceIndex, kernels: readonly Kernel[], { node, fusedInto }: KernelMapping): Pick<Profile, 'milliseconds' | 'fusedInto' | 'added'> {
  const milliseconds = new Map<string, number>();
  const added = new Map<string, { milliseconds: number; count: number }>();
  const keyOf = (index: number): string => source.nodes[index]?.key ?? '';
  for (const kernel of kernels) {
    const index = node.get(kernel.name);
    if (index !== undefined) {
      milliseconds.set(keyOf(index), (milliseconds.get(keyOf(index)) ?? 0) + kernel.milliseconds);
      continue;
    }
    const known = added.get(kernel.op) ?? { milliseconds: 0, count: 0 };
    added.set(kernel.op, { milliseconds: known.milliseconds + kernel.milliseconds, count: known.count + 1 });
  }
  return {
    milliseconds: record(milliseconds),
    fusedInto: record(new Map([...fusedInto].map(([from, into]) => [keyOf(from), keyOf(into)]))),
    added: [...added].map(([op, sum]) => ({ op, ...sum })).sort((a, b) => b.milliseconds - a.milliseconds),
  };
}

/** Keys come from the model: an object without a prototype holds `__proto__` like any other. */
function record<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  const plain = Object.create(null) as Record<string, T>;
  for (const [key, value] of map) plain[key] = value;
  return plain;
}
