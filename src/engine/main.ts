// Entry of the engine process, and of the threads it starts from the same script.
import { isMainThread } from 'node:worker_threads';

/** @param script the file that this process or thread was started with */
export async function startEngine(script: string): Promise<void> {
  if (isMainThread) (await import('./server')).serve(script);
  else await (await import('./threads')).answerInThread();
}
