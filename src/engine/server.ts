// The engine's end of the channel to the editor: JSON-RPC requests with progress, cancellation and typed errors.
import { createMessageConnection, IPCMessageReader, IPCMessageWriter, ResponseError, type CancellationToken, type MessageConnection } from 'vscode-jsonrpc/node';
import type { WorkContext } from '../base/cancellation';
import { LatheError, toLatheError } from '../base/errors';
import type { Log } from '../base/log';
import { latheErrorCode, type EngineMethod, type EngineNotifications, type EngineRequests, type HostRequests, type LatheErrorData, type WithProgress } from '../protocol/engine';
import { heavyWorkInThreads } from './threads';
import { createHandlers, type EngineHandlers } from './handlers';
import { SpacedProgress } from './spacedProgress';

/** Progress is told at most this often. */
const progressIntervalMs = 50;

/** Serves requests until the editor lets go of the channel. @param script path of this bundle, for threads of its own. */
export function serve(script: string): void {
  const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
  const channel = new Channel(connection);
  const handlers = createHandlers({
    log: channel.log,
    runnerState: (state) => channel.notify('runner/state', state),
    overBudget: async (elapsedMs, what) => await connection.sendRequest<HostRequests['ask/overBudget']['result']>('ask/overBudget', { what, elapsedMs }),
    heavyWork: heavyWorkInThreads(script),
  });
  for (const method of Object.keys(handlers) as EngineMethod[]) channel.register(method, handlers);
  connection.listen();
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0)); // runs the exit hooks that end the runner
  // An uncaught exception ends the process, as Node does by itself: the editor rejects what is pending and offers a restart.
  process.on('unhandledRejection', (reason) => channel.log.error(`engine: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`));
}

class Channel {
  readonly log: Log = {
    debug: (message) => this.notify('log/line', { level: 'debug', message }),
    info: (message) => this.notify('log/line', { level: 'info', message }),
    warn: (message) => this.notify('log/line', { level: 'warn', message }),
    error: (message) => this.notify('log/line', { level: 'error', message }),
  };

  constructor(private readonly connection: MessageConnection) {}

  notify<N extends keyof EngineNotifications>(method: N, params: EngineNotifications[N]): void {
    this.connection.sendNotification(method, params).catch(() => undefined); // the editor is gone: 'disconnect' ends us
  }

  register(method: EngineMethod, handlers: EngineHandlers): void {
    // Of a method that is one of many, the compiler only knows that its parameters fit it.
    const handle: (params: never, context: WorkContext) => Promise<EngineRequests[EngineMethod]['result']> = handlers[method];
    this.connection.onRequest(method, async (params: WithProgress<object>, token: CancellationToken) => {
      const abort = new AbortController();
      const subscription = token.onCancellationRequested(() => abort.abort());
      if (token.isCancellationRequested) abort.abort();
      const progress = this.progressOf(params.progressToken);
      const context: WorkContext = { signal: abort.signal, progress: progress.report };
      try {
        return await handle(params as never, context);
      } catch (thrown) {
        return this.responseError(abort.signal.aborted ? new LatheError('cancelled', 'Cancelled.', { cause: thrown }) : thrown, method);
      } finally {
        progress.dispose();
        subscription.dispose();
      }
    });
  }

  private progressOf(token: string | undefined): SpacedProgress {
    return new SpacedProgress((progress) => {
      if (token !== undefined) this.notify('work/progress', { token, ...progress });
    }, progressIntervalMs);
  }

  private responseError(thrown: unknown, method: EngineMethod): ResponseError<LatheErrorData> {
    const error = toLatheError(thrown);
    // A defect of ours is logged with its stack, here, where it happened; the person sees the message only.
    if (error.code === 'internal') this.log.error(`${method}: ${error.cause instanceof Error ? (error.cause.stack ?? error.message) : (error.stack ?? error.message)}`);
    return new ResponseError(latheErrorCode, error.message, error.toJSON());
  }
}
