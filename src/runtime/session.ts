// A model loaded in a runner: runs it, times it, and knows beforehand what a run on given inputs ought to take.
import type { Disposable } from '../base/disposable';
import { LatheError } from '../base/errors';
import type { Model } from '../graph/model';
import type { Tensor } from '../tensor/tensor';
import type { Materialized } from './materialize';
import { guardActivations } from './memory';
import type { KernelReading, LoadResult, RunnerMethod, RunnerMethods, SessionValue, Timings } from './messages';
import type { Feeds } from './data/samples';
import { type SessionOptions, defaultThreads } from './sessionOptions';
import { type Budget, type Workload, watchdogBudgetMs } from './watchdog';
import { tensorMap, wireBytes, wireFeeds } from './wireTensors';
import { RunEstimator, type RunEstimate } from './workload';

/** The runner as its sessions see it. */
export interface RunnerLink {
  readonly alive: boolean;
  readonly processId: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly memoryBudgetBytes: number | undefined;
  readonly info: { readonly onnxruntime: string };
  call<M extends RunnerMethod>(method: M, params: RunnerMethods[M]['params'], budget: Budget, what: string): Promise<RunnerMethods[M]['result']>;
}

/** For what is no run (loading, keeping inputs, reading memory): the workload's own, or the person's time where that is more. */
export function choreBudget(runner: Pick<RunnerLink, 'timeoutMs'>, { timeoutMs }: SessionOptions, workload: Workload): Budget {
  return { milliseconds: Math.max(watchdogBudgetMs(workload), timeoutMs ?? runner.timeoutMs ?? 0) };
}

/** For runs: the person's time for each where set, else by the workload; `full` is asked when the first budget is spent. */
function runBudget(runner: Pick<RunnerLink, 'timeoutMs'>, { timeoutMs }: SessionOptions, workload: Workload, full: () => Workload): Budget {
  const fixed = timeoutMs ?? runner.timeoutMs;
  if (fixed !== undefined) return { milliseconds: fixed * (workload.runs ?? 1) };
  return { milliseconds: watchdogBudgetMs(workload), full: () => watchdogBudgetMs(full()) };
}

export interface Timing {
  readonly warmup: number;
  readonly runs: number;
  /** Stop early after this long. */
  readonly limitMs?: number;
}

export class RunnerSession implements Disposable {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  readonly loadMs: number;
  private readonly estimator: RunEstimator;
  /** The slowest run so far: what later budgets may count on. */
  private slowestMs = 0;

  constructor(
    readonly runner: RunnerLink,
    private readonly loaded: LoadResult,
    private readonly placed: Materialized,
    private readonly settings: SessionOptions,
  ) {
    this.inputs = loaded.inputs;
    this.outputs = loaded.outputs;
    this.loadMs = loaded.milliseconds;
    this.estimator = new RunEstimator(placed.structure);
  }

  /**
   * One run; `milliseconds` is the runtime's own, without sending feeds and results.
   * @throws LatheError `runtime`, `too-large` (predicted, or grown beyond the memory allowed), `timeout`, `runner-died`
   */
  async run(feeds: Feeds | PreparedFeeds, outputs?: readonly string[]): Promise<{ outputs: Map<string, Tensor>; milliseconds: number }> {
    const estimate = feeds instanceof PreparedFeeds ? feeds.estimate : this.checked(feeds);
    const sent = feeds instanceof PreparedFeeds ? feeds.id : wireFeeds(feeds);
    const params = { session: this.loaded.session, feeds: sent, ...(outputs === undefined ? {} : { outputs }) };
    const result = await this.call('run', params, this.budget(1, typeof sent === 'number' ? 0 : wireBytes(sent), estimate));
    this.slowestMs = Math.max(this.slowestMs, result.milliseconds);
    return { outputs: tensorMap(result.outputs, outputs), milliseconds: result.milliseconds };
  }

  /** Keeps feeds in the runner for {@link measurePrepared}. @throws LatheError as {@link run} */
  async prepare(feeds: Feeds): Promise<PreparedFeeds> {
    const estimate = this.checked(feeds);
    const sent = wireFeeds(feeds);
    const { feeds: id } = await this.runner.call('prepare', { session: this.loaded.session, feeds: sent }, this.chore(wireBytes(sent)), 'taking its inputs');
    return new PreparedFeeds(this.runner, id, estimate);
  }

  /** @throws LatheError as {@link run} */
  async measurePrepared(feeds: PreparedFeeds, timing: Timing): Promise<Timings> {
    const result = await this.call('measure', { feeds: feeds.id, ...timing }, this.budget(timing.warmup + timing.runs, 0, feeds.estimate));
    this.slowestMs = Math.max(this.slowestMs, ...result.milliseconds);
    return result;
  }

  /** Runs until a runtime written in JavaScript is compiled as far as it will be, within half a second. @throws LatheError as {@link run} */
  async warm(feeds: PreparedFeeds): Promise<void> {
    if (this.runtimeName === 'tensorflow') await this.measurePrepared(feeds, { warmup: 0, runs: 30, limitMs: 500 });
  }

  /** Milliseconds of each of `runs` runs after `warmup` more. @throws LatheError as {@link run} */
  async measure(feeds: Feeds, timing: Timing): Promise<readonly number[]> {
    const prepared = await this.prepare(feeds);
    try {
      return (await this.measurePrepared(prepared, timing)).milliseconds;
    } finally {
      await prepared.discard();
    }
  }

  /** Milliseconds per native node, of runtimes that time them themselves. @throws LatheError as {@link run} */
  async profilePrepared(feeds: PreparedFeeds, timing: { readonly warmup: number; readonly runs: number }): Promise<KernelReading> {
    return this.call('profile', { session: this.loaded.session, feeds: feeds.id, ...timing }, this.budget(timing.warmup + timing.runs, 0, feeds.estimate));
  }

  /** The model's; its file may be closed. */
  get structure(): Model {
    return this.placed.structure;
  }

  get runtimeName(): 'onnxruntime' | 'tensorflow' {
    return 'tensorflow' in this.placed.model ? 'tensorflow' : 'onnxruntime';
  }

  /** By what it is run, e.g. `onnxruntime 1.30.0 cpu, 1 thread`; the backend may be known only after a first run. */
  async runtime(): Promise<string> {
    const use = (await this.call('use', { session: this.loaded.session }, this.chore(0))) ?? { runtime: 'onnxruntime', version: this.runner.info.onnxruntime, backend: this.settings.provider ?? 'cpu', threads: this.settings.threads ?? defaultThreads };
    const { runtime, version, backend, threads, reason } = use;
    return `${runtime} ${version} ${backend}, ${threads} ${threads === 1 ? 'thread' : 'threads'}${reason === undefined ? '' : ` (${reason})`}`;
  }

  /** Has the runtime write its profile file. Only for a session loaded with `profilePrefix`. */
  async endProfiling(): Promise<void> {
    await this.call('endProfiling', { session: this.loaded.session }, this.chore(0));
  }

  async release(): Promise<void> {
    this.placed.dispose();
    if (this.runner.alive) await this.call('release', { session: this.loaded.session }, this.chore(0));
  }

  dispose(): void {
    void this.release().catch(() => undefined);
  }

  private call<M extends RunnerMethod>(method: M, params: RunnerMethods[M]['params'], budget: Budget): Promise<RunnerMethods[M]['result']> {
    return this.runner.call(method, params, budget, `running ${this.placed.label}`).catch((thrown: unknown) => {
      throw inFile(thrown, this.placed);
    });
  }

  /** The estimate for these inputs, once it is known that their activations fit. */
  private checked(feeds: Feeds): RunEstimate {
    const estimate = this.estimator.estimate(feeds);
    const activationBytes = this.settings.activationBytes ?? estimate.activationBytes;
    if (activationBytes !== undefined) guardActivations(activationBytes, this.runner.processId, this.runner.memoryBudgetBytes, this.placed.sourcePath);
    return estimate;
  }

  private chore(bytes: number): Budget {
    return choreBudget(this.runner, this.settings, { bytes: this.placed.fileBytes + bytes });
  }

  /** What the first budget does not allow for is worked out when it is spent: the roofline's estimate, or ten seconds a run where that is unknown. */
  private budget(runs: number, bytes: number, { milliseconds }: RunEstimate): Budget {
    const all = this.placed.fileBytes + bytes;
    const seen = Math.max(this.slowestMs, this.settings.estimateMs ?? 0);
    const estimateMs = Math.max(seen, milliseconds ?? unknownRunMs);
    return runBudget(this.runner, this.settings, { bytes: all, runs, estimateMs: seen }, () => ({ bytes: all, runs, estimateMs }));
  }
}

/** A run of unknown cost counts as this long: twenty times it is the ten seconds a small model gets. */
const unknownRunMs = 500;

/** Feeds that wait inside the runner. */
export class PreparedFeeds {
  constructor(
    private readonly runner: RunnerLink,
    readonly id: number,
    readonly estimate: RunEstimate,
  ) {}

  async discard(): Promise<void> {
    if (this.runner.alive) await this.runner.call('discard', { feeds: this.id }, choreBudget(this.runner, {}, {}), 'dropping its inputs');
  }
}

/** Adds the model's path to an error of the runtime. */
export function inFile(thrown: unknown, { sourcePath }: Pick<Materialized, 'sourcePath'>): unknown {
  if (!(thrown instanceof LatheError) || thrown.file !== undefined || sourcePath === undefined) return thrown;
  return new LatheError(thrown.code, thrown.message, { file: sourcePath, ...(thrown.item === undefined ? {} : { item: thrown.item }), ...(thrown.hint === undefined ? {} : { hint: thrown.hint }), cause: thrown.cause });
}
