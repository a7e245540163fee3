// The engine process: answers JSON-RPC requests on Node's IPC channel, with progress, cancellation and typed errors.
import { createMessageConnection, IPCMessageReader, IPCMessageWriter, ResponseError, type CancellationToken } from 'vscode-jsonrpc/node';
import type { ReportProgress, WorkContext } from '../base/cancellation';
import { LatheError, toLatheError } from '../base/errors';
import type { Log } from '../base/log';
import { latheErrorCode, type EngineMethod, type EngineNotifications, type EngineRequests, type HostRequests, type LatheErrorData } from '../protocol/engine';
import { createHandlers, type EngineHandlers } from './handlers';

/** Progress is told at most this often, so that a tight loop does not flood the channel. */
const progressIntervalMs = 50;

const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));

function notify<N extends keyof EngineNotifications>(method: N, params: EngineNotifications[N]): void {
  connection.sendNotification(method, params).catch(() => undefined); // the parent is gone: 'disconnect' ends us
}

const log: Log = {
  debug: (message) => notify('log/line', { level: 'debug', message }),
  info: (message) => notify('log/line', { level: 'info', message }),
  warn: (message) => notify('log/line', { level: 'warn', message }),
  error: (message) => notify('log/line', { level: 'error', message }),
};

const handlers: EngineHandlers = createHandlers({
  log,
  runnerState: (state) => notify('runner/state', state),
  overBudget: async (elapsedMs, what) => await connection.sendRequest<HostRequests['ask/overBudget']['result']>('ask/overBudget', { what, elapsedMs }),
});

function register<M extends EngineMethod>(method: M): void {
  connection.onRequest(method, async (params: EngineRequests[M]['params'] & { readonly progressToken?: string }, token: CancellationToken) => {
    const abort = new AbortController();
    const subscription = token.onCancellationRequested(() => abort.abort());
    if (token.isCancellationRequested) abort.abort();
    const context: WorkContext = { signal: abort.signal, progress: progressOf(params.progressToken) };
    try {
      return await handlers[method](params, context);
    } catch (thrown) {
      return responseError(abort.signal.aborted ? new LatheError('cancelled', 'Cancelled.', { cause: thrown }) : thrown, method);
    } finally {
      subscription.dispose();
    }
  });
}

function progressOf(token: string | undefined): ReportProgress {
  if (token === undefined) return () => undefined;
  let last = 0;
  return (progress) => {
    const now = Date.now();
    if (now - last < progressIntervalMs && progress.fraction !== 1) return;
    last = now;
    notify('work/progress', { token, ...progress });
  };
}

function responseError(thrown: unknown, method: EngineMethod): ResponseError<LatheErrorData> {
  const error = toLatheError(thrown);
  // A defect of ours is logged with its stack, here, where it happened; the person sees the message only.
  if (error.code === 'internal') log.error(`${method}: ${error.cause instanceof Error ? (error.cause.stack ?? error.message) : (error.stack ?? error.message)}`);
  return new ResponseError(latheErrorCode, error.message, error.toJSON());
}

for (const method of Object.keys(handlers) as EngineMethod[]) register(method);
connection.listen();

process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0)); // runs the exit hooks that end the runner
// An uncaught exception ends the process, as Node does by itself: the editor rejects what is pending and offers a restart.
process.on('unhandledRejection', (reason) => log.error(`engine: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`));
