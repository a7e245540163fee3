// The engine's side of the runner: starts the child, sends requests one at a time, guards them with a watchdog, and turns its death into an error.
import { throwIfCancelled } from '../base/cancellation';
import { LatheError } from '../base/errors';
import type { Model } from '../graph/model';
import { type Disposable, onDispose } from '../base/disposable';
import { type Log, silentLog } from '../base/log';
import { type StartedChild, nodesOnPath, runnerScript, startChild } from './childProcess';
import { guardMemory, residentMemory, runnerBudget, watchMemory } from './memory';
import { type ModelOrPath, materialize } from './materialize';
import type { MemoryReading, RunnerMessage, RunnerMethod, RunnerMethods, RunnerRequest } from './messages';
import { assertProvider, assertTensorFlowProvider, providerFailure } from './providers';
import { runtimeError } from './runtimeError';
import { type SessionOptions, runtimeOptions } from './sessionOptions';
import { type RunnerLink, RunnerSession, choreBudget, inFile } from './session';
import { type Budget, type OverBudget, Watchdog } from './watchdog';

export type { PreparedFeeds, RunnerSession } from './session';

export interface RunnerStart {
  /** The Node that runs it; by default the one running this process, else one on the PATH. */
  readonly nodePath?: string;
  readonly log?: Log;
  readonly onOverBudget?: OverBudget;
  /** Resident bytes at which the runner is stopped; by default most of what the machine has left. */
  readonly memoryBudgetBytes?: number;
  /** Longest time for one run of a model, instead of the watchdog's budget; what is no run may take the longer of both. */
  readonly timeoutMs?: number;
}

export interface RunnerInfo {
  readonly node: string;
  readonly onnxruntime: string;
  readonly providers: readonly string[];
  /** Set when another Node than the usual one had to be taken: which, and why. */
  readonly fallback?: string;
}

interface Pending {
  readonly what: string;
  readonly accept: (result: RunnerMethods[RunnerMethod]['result']) => void;
  readonly refuse: (error: LatheError) => void;
}

/** A Node that is slow to start (cold disk, busy machine) is not a broken one. */
const startTimeoutMs = 30_000;

export class Runner implements RunnerLink, Disposable {
  private readonly pending = new Map<number, Pending>();
  private turn: Promise<unknown> = Promise.resolve();
  private nextId = 1;
  private death: LatheError | undefined;
  /** Set before we kill it ourselves, so that its exit is not called a crash. */
  private sentence: LatheError | undefined;
  private readonly memoryLimit: number;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;

  private constructor(
    private readonly child: StartedChild,
    readonly info: RunnerInfo,
    private readonly options: RunnerStart,
  ) {
    this.memoryLimit = options.memoryBudgetBytes ?? runnerBudget(child.process.pid === undefined ? 0 : (residentMemory(child.process.pid) ?? 0));
    child.process.on('message', (message: RunnerMessage) => this.receive(message));
    child.process.on('error', (error) => this.die(new LatheError('runner-died', `The runner failed: ${error.message}.`)));
    this.exited = new Promise((resolve) => {
      child.process.on('exit', (code, signal) => {
        this.die(this.sentence ?? died(signal ?? `exit code ${code}`, this.current(), child.stderrTail()));
        resolve();
      });
    });
    // An idle runner must not keep its engine alive.
    child.process.unref();
    child.process.channel?.unref();
  }

  /**
   * Starts a runner: under `nodePath` if given, else under this process's Node; where that fails its self-test, under a Node on the PATH.
   * @throws LatheError `runtime` or `unsupported` with the reason of the first that failed.
   */
  static async start(options: RunnerStart = {}): Promise<Runner> {
    const script = runnerScript();
    const usual = options.nodePath ?? process.env['LATHE_NODE'] ?? process.execPath;
    let first: unknown;
    for (const execPath of new Set([usual, process.execPath, ...nodesOnPath(usual)])) {
      try {
        const child = await startChild(execPath, script, startTimeoutMs);
        const { node, onnxruntime, providers } = child.hello;
        const fallback = execPath === usual ? {} : { fallback: `Running models under ${execPath} (Node ${node}) instead of ${usual}. ${first instanceof Error ? first.message : ''}`.trim() };
        if (fallback.fallback !== undefined) (options.log ?? silentLog).warn(fallback.fallback);
        return new Runner(child, { node, onnxruntime, providers, ...fallback }, options);
      } catch (thrown) {
        first ??= thrown;
        // A missing binary is missing under every Node.
        if (thrown instanceof LatheError && thrown.code === 'unsupported') break;
      }
    }
    throw first;
  }

  get processId(): number | undefined {
    return this.child.process.pid;
  }

  get alive(): boolean {
    return this.death === undefined && this.child.process.connected;
  }

  /**
   * Loads a model; one in memory is written to a temporary place first, weights left where they lie.
   * @throws LatheError `runtime` (the runtime refuses it), `unsupported`, `too-large`, `timeout`, `runner-died`
   */
  async load(model: ModelOrPath, settings: SessionOptions = {}): Promise<RunnerSession> {
    const provider = settings.provider ?? 'cpu';
    const placed = await materialize(model);
    try {
      if ('tensorflow' in placed.model) assertTensorFlowProvider(provider);
      else assertProvider(provider, this.info.providers);
      guardMemory(placed.fileBytes, settings.activationBytes ?? 0, this.options.memoryBudgetBytes, placed.sourcePath);
      const options = runtimeOptions({ ...settings, configuration: { ...placed.configuration, ...settings.configuration } });
      const bytes = placed.fileBytes;
      const result = await this.call('load', { model: placed.model, options }, choreBudget(this, settings, { bytes }), `loading ${placed.label}`).catch((thrown: unknown) => {
        throw (thrown instanceof LatheError && thrown.code === 'runtime' ? providerFailure(provider, thrown.message) : undefined) ?? inFile(thrown, placed);
      });
      return new RunnerSession(this, result, placed, settings);
    } catch (thrown) {
      placed.dispose();
      throw thrown;
    }
  }

  /** Starts TensorFlow.js where a model is not onnxruntime's: what is measured then is measured without the start. */
  async startRuntime(format: Model['format']): Promise<void> {
    if (format !== 'onnx') await this.call('startTensorFlow', {}, choreBudget(this, {}, {}), 'starting TensorFlow.js');
  }

  /** Resident and peak memory of the child. */
  async memory(resetPeak = false): Promise<MemoryReading> {
    return this.call('memory', { resetPeak }, choreBudget(this, {}, {}), 'reading its memory');
  }

  get timeoutMs(): number | undefined {
    return this.options.timeoutMs;
  }

  get memoryBudgetBytes(): number | undefined {
    return this.options.memoryBudgetBytes;
  }

  /** Sends one request once those before it are answered. */
  call<M extends RunnerMethod>(method: M, params: RunnerMethods[M]['params'], budget: Budget, what: string): Promise<RunnerMethods[M]['result']> {
    const answer = this.turn.then(() => this.request(method, params, budget, what));
    this.turn = answer.catch(() => undefined);
    return answer;
  }

  private request<M extends RunnerMethod>(method: M, params: RunnerMethods[M]['params'], budget: Budget, what: string): Promise<RunnerMethods[M]['result']> {
    if (this.death !== undefined) return Promise.reject(this.death);
    const id = this.nextId++;
    const { process: child } = this.child;
    child.ref();
    child.channel?.ref();
    const watchdog = new Watchdog(budget, what, (error) => this.execute(error), this.options.onOverBudget);
    const watch = watchMemory(child.pid, this.memoryLimit, (error) => this.execute(error));
    return new Promise<RunnerMethods[M]['result']>((accept, refuse) => {
      // `receive` pairs the answer with this request's id, hence with its method.
      this.pending.set(id, { what, accept: accept, refuse });
      const message = { id, method, params } as RunnerRequest;
      child.send(message, (error) => {
        // A closed channel is a runner on its way out: its exit, made sure of here, refuses what waits, and no sooner is it dead.
        if (error !== null) child.kill('SIGKILL');
      });
    }).finally(() => {
      watchdog.stop();
      watch.dispose();
      child.unref();
      child.channel?.unref();
    });
  }

  private receive(message: RunnerMessage): void {
    if (message.kind === 'hello') return;
    const waiting = this.pending.get(message.id);
    this.pending.delete(message.id);
    if (message.kind === 'result') waiting?.accept(message.result);
    else waiting?.refuse(message.error === undefined ? runtimeError(message.message) : LatheError.fromJSON(message.error));
  }

  private current(): string | undefined {
    return [...this.pending.values()][0]?.what;
  }

  private die(error: LatheError): void {
    this.death ??= error;
    for (const waiting of this.pending.values()) waiting.refuse(this.death);
    this.pending.clear();
  }

  private execute(error: LatheError): void {
    this.sentence ??= error;
    // Whoever waits for its end must see it.
    this.child.process.ref();
    this.child.process.kill('SIGKILL');
  }

  /** Kills the runner when the signal fires, at once where it has fired already: a cancel may come while the runner starts. */
  killOn(signal: AbortSignal): Disposable {
    const kill = (): void => this.kill();
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    return onDispose(() => signal.removeEventListener('abort', kill));
  }

  /** Ends the process at once, whatever it is doing; what waits for it is rejected with `cancelled`. */
  kill(): void {
    this.execute(new LatheError('cancelled', 'The runner was stopped.'));
  }

  dispose(): void {
    this.kill();
  }
}

/** Work with a runner of its own, which ends with it or when it is cancelled. @throws LatheError `cancelled`; else what `use` throws */
export async function withRunner<T>(start: RunnerStart | undefined, signal: AbortSignal, use: (runner: Runner) => Promise<T>): Promise<T> {
  throwIfCancelled(signal);
  const runner = await Runner.start(start);
  const watch = runner.killOn(signal);
  try {
    return await use(runner);
  } catch (thrown) {
    throwIfCancelled(signal);
    throw thrown;
  } finally {
    watch.dispose();
    runner.dispose();
  }
}

function died(how: string, what: string | undefined, stderr: string): LatheError {
  const last = stderr.trim().split('\n').at(-1);
  return new LatheError('runner-died', `The runner process died (${how})${what === undefined ? '' : ` while ${what}`}. Nothing else is affected; the next run starts a new one.`, {
    hint: 'The model makes its runtime crash on this machine. It can still be viewed and changed.',
    ...(last === undefined || last === '' ? {} : { cause: last }),
  });
}
