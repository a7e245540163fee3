// Findings that read the weights, made in a thread of their own: a gigabyte of weights must not hold up what the person looks at.
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { LatheError, toLatheError, type ErrorJson } from '../base/errors';
import type { Bindings, ModelSettings } from '../protocol/engine';
import type { Finding } from '../protocol/findings';
import type { Profile } from '../protocol/measurement';
import { Documents, type EngineDocument } from './documents';
import { findings, profileOf, rememberProfile } from './service';

interface Question {
  readonly path: string;
  readonly followCacheLinks: boolean;
  readonly bindings: Bindings;
  readonly settings: ModelSettings;
  readonly profile: Profile | undefined;
}

type Answer = { readonly findings: readonly Finding[] } | { readonly error: ErrorJson };

/** A stand-in for `service.findings` that opens the file anew in a thread. @param script the engine's bundle. */
export function deepFindingsInThread(script: string): typeof findings {
  return async (document: EngineDocument, bindings, _deep, signal) => {
    const { path, followCacheLinks, settings } = document;
    const question: Question = { path, followCacheLinks, bindings, settings, profile: profileOf(document, bindings) };
    return await new Promise<readonly Finding[]>((resolve, reject) => {
      const worker = new Worker(script, { workerData: question });
      const cancel = (): void => {
        reject(new LatheError('cancelled', 'Cancelled.'));
        void worker.terminate();
      };
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel, { once: true });
      worker.once('message', (answer: Answer) => {
        if ('error' in answer) reject(LatheError.fromJSON(answer.error));
        else resolve(answer.findings);
      });
      worker.once('error', (thrown) => reject(toLatheError(thrown, document.path)));
      worker.once('exit', () => {
        signal.removeEventListener('abort', cancel);
        reject(new LatheError('internal', 'The thread that reads weights ended early.', { file: document.path }));
      });
    });
  };
}

/** The thread's side: one question, one answer. */
export async function answerInThread(): Promise<void> {
  parentPort?.postMessage(await answer(workerData as Question));
}

async function answer({ path, followCacheLinks, bindings, settings, profile }: Question): Promise<Answer> {
  const documents = new Documents();
  try {
    const document = await documents.open(path, followCacheLinks, settings);
    if (profile !== undefined) rememberProfile(document, bindings, profile);
    return { findings: await findings(document, bindings, true, new AbortController().signal) };
  } catch (thrown) {
    return { error: toLatheError(thrown, path).toJSON() };
  }
}
