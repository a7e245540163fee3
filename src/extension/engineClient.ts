// The extension host's end of the engine process: starts it on demand, carries requests, and lets no request hang when it dies.
import { fork, type ChildProcess } from 'node:child_process';
import { CancellationTokenSource, createMessageConnection, ErrorCodes, IPCMessageReader, IPCMessageWriter, ResponseError, type MessageConnection } from 'vscode-jsonrpc/node';
import { throwIfCancelled, type ReportProgress } from '../base/cancellation';
import type { Disposable } from '../base/disposable';
import { LatheError, type ErrorJson } from '../base/errors';
import type { Log } from '../base/log';
import { latheErrorCode, type EngineMethod, type EngineNotifications, type EngineRequests, type EngineSettings, type HostRequests } from '../protocol/engine';

export interface EngineClientOptions {
  /** Path of the engine's bundle. */
  readonly script: string;
  readonly settings: EngineSettings;
  readonly log: Log;
  /** The engine process ended without being asked to. */
  readonly onDied?: (error: LatheError) => void;
  readonly onStarted?: () => void;
  /** Asked when a run takes longer than it ought to; without it such a run is stopped. */
  readonly onOverBudget?: (asked: HostRequests['ask/overBudget']['params']) => Promise<HostRequests['ask/overBudget']['result']>;
  readonly onRunnerState?: (state: EngineNotifications['runner/state']) => void;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly progress?: ReportProgress;
}

interface RunningEngine {
  readonly child: ChildProcess;
  readonly connection: MessageConnection;
}

/** An engine that ends this often in {@link crashWindowMs} is not started again until the person asks. */
const crashLimit = 3;
const crashWindowMs = 180_000;

export class EngineClient implements Disposable {
  /** Grows by one with every process; document ids of one generation mean nothing to the next. */
  generation = 0;
  private running: RunningEngine | undefined;
  private settings: EngineSettings;
  private readonly crashes: number[] = [];
  private readonly watchers = new Map<string, ReportProgress>();
  private nextToken = 1;
  private disposed = false;

  constructor(private readonly options: EngineClientOptions) {
    this.settings = options.settings;
  }

  get processId(): number | undefined {
    return this.running?.child.pid;
  }

  /**
   * Sends a request, starting the engine where it does not run.
   * @throws LatheError what the engine answered, `cancelled`, or that the engine ended.
   */
  async request<M extends EngineMethod>(method: M, params: EngineRequests[M]['params'], options: RequestOptions = {}): Promise<EngineRequests[M]['result']> {
    if (options.signal !== undefined) throwIfCancelled(options.signal); // the protocol has no cancellation before the request
    const { connection } = this.running ?? this.start();
    const source = new CancellationTokenSource();
    const cancel = (): void => source.cancel();
    const token = options.progress === undefined ? undefined : String(this.nextToken++);
    if (token !== undefined && options.progress !== undefined) this.watchers.set(token, options.progress);
    options.signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await connection.sendRequest<EngineRequests[M]['result']>(method, token === undefined ? params : { ...params, progressToken: token }, source.token);
    } catch (thrown) {
      throw fromWire(thrown);
    } finally {
      options.signal?.removeEventListener('abort', cancel);
      if (token !== undefined) this.watchers.delete(token);
      source.dispose();
    }
  }

  /** New settings for this and every later engine process. */
  async configure(settings: EngineSettings): Promise<void> {
    this.settings = settings;
    if (this.running !== undefined) await this.request('engine/configure', { settings });
  }

  /** Ends the process if it runs and starts a new one, however often it has crashed. */
  restart(): void {
    this.crashes.length = 0;
    this.stop();
    this.start();
  }

  dispose(): void {
    this.disposed = true;
    this.stop();
  }

  private start(): RunningEngine {
    if (this.disposed) throw new LatheError('cancelled', 'The editor is closing.');
    this.refuseCrashLoop();
    const child = fork(this.options.script, [], {
      execPath: process.execPath,
      // The editor's own debugging flags must not reach the child, or both would claim one port.
      execArgv: [],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
    const engine: RunningEngine = { child, connection };
    this.running = engine;
    this.generation++;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => this.options.log.warn(`engine: ${data.toString('utf8').trimEnd()}`));
    child.once('error', (error) => this.ended(engine, error.message));
    child.once('exit', (code, signal) => this.ended(engine, signal === null ? `exit code ${String(code)}` : `signal ${signal}`));
    this.listen(connection);
    connection.listen();
    this.options.log.info(`engine started, process ${String(child.pid)}`);
    this.options.onStarted?.();
    connection.sendRequest('engine/configure', { settings: this.settings }).catch((error: unknown) => this.options.log.error(`engine: ${fromWire(error).message}`));
    return engine;
  }

  private listen(connection: MessageConnection): void {
    connection.onNotification('work/progress', (sent: EngineNotifications['work/progress']) => this.watchers.get(sent.token)?.(sent));
    connection.onNotification('log/line', (sent: EngineNotifications['log/line']) => this.options.log[sent.level](sent.message));
    connection.onNotification('runner/state', (sent: EngineNotifications['runner/state']) => this.options.onRunnerState?.(sent));
    connection.onRequest('ask/overBudget', async (asked: HostRequests['ask/overBudget']['params']) => (await this.options.onOverBudget?.(asked)) ?? 'stop');
    connection.onError(([error]) => this.options.log.error(`engine connection: ${error.message}`));
  }

  private ended(engine: RunningEngine, how: string): void {
    if (this.running !== engine) return;
    this.running = undefined;
    this.crashes.push(Date.now());
    this.options.log.error(`engine ended: ${how}`);
    engine.connection.dispose(); // rejects every pending request
    this.options.onDied?.(engineEnded(how));
  }

  private stop(): void {
    const engine = this.running;
    if (engine === undefined) return;
    this.running = undefined;
    engine.connection.dispose();
    engine.child.kill('SIGKILL');
  }

  private refuseCrashLoop(): void {
    const since = Date.now() - crashWindowMs;
    const recent = this.crashes.filter((time) => time >= since);
    if (recent.length < crashLimit) return;
    throw new LatheError('engine-died', `The engine ended ${recent.length} times within ${crashWindowMs / 60_000} minutes and was not started again.`, {
      hint: 'Run "Model Lathe: Restart Engine", and see the log for the reason.',
    });
  }
}

function engineEnded(how: string): LatheError {
  return new LatheError('engine-died', `The engine process ended (${how}).`, { hint: 'Run "Model Lathe: Restart Engine".' });
}

/** The LatheError a failed request stands for. */
function fromWire(thrown: unknown): LatheError {
  if (thrown instanceof LatheError) return thrown;
  if (thrown instanceof ResponseError && thrown.code === latheErrorCode && isErrorJson(thrown.data)) return LatheError.fromJSON(thrown.data);
  if (thrown instanceof ResponseError && thrown.code === ErrorCodes.PendingResponseRejected) return engineEnded('the request was not answered');
  return new LatheError('internal', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}

function isErrorJson(data: unknown): data is ErrorJson {
  return typeof data === 'object' && data !== null && 'code' in data && typeof data.code === 'string' && 'message' in data && typeof data.message === 'string';
}
