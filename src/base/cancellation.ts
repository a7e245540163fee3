// Cancellation and progress for long work: work checks a token, and yields to the event loop so that a cancel can arrive.
import { LatheError } from './errors';

/** Step, share done and a line for the person; `fraction` is absent where it is not known. */
export interface Progress {
  readonly message: string;
  readonly fraction?: number;
}

export type ReportProgress = (progress: Progress) => void;

/** What long-running work gets from its caller. */
export interface WorkContext {
  readonly signal: AbortSignal;
  readonly progress: ReportProgress;
}

/** A context for work that nobody watches or cancels. */
export function detachedContext(): WorkContext {
  return { signal: new AbortController().signal, progress: () => undefined };
}

/** @throws LatheError `cancelled` when the signal has fired. */
export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new LatheError('cancelled', 'Cancelled.');
}

/** Lets the event loop run, so that a cancel message can arrive, then checks for it. */
export async function checkpoint(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  throwIfCancelled(signal);
}
