// Work that reads weights or lays two models side by side, done in a thread of its own: it must not hold up what the person looks at, and it can be cancelled whatever it does.
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { detachedContext } from '../base/cancellation';
import { LatheError, toLatheError, type ErrorJson } from '../base/errors';
import type { Bindings, ModelSettings } from '../protocol/engine';
import type { Profile } from '../protocol/measurement';
import { Documents, type EngineDocument } from './documents';
import * as service from './service';

/** What may be done in a thread: functions of the service by name. */
export type HeavyWork = Pick<typeof service, 'findings' | 'compareTexts' | 'compareGraphs'>;

/** A document as a thread opens it anew. */
interface Place {
  readonly path: string;
  readonly followCacheLinks: boolean;
  readonly settings: ModelSettings;
  readonly profile: Profile | undefined;
}

type Question =
  | { readonly task: 'findings'; readonly document: Place; readonly bindings: Bindings }
  | { readonly task: 'compareTexts' | 'compareGraphs'; readonly before: Place; readonly after: Place; readonly bindings: Bindings };

type Answer = { readonly result: unknown } | { readonly error: ErrorJson };

/** Stand-ins for the service's functions that do their work in threads. @param script the engine's bundle. */
export function heavyWorkInThreads(script: string): HeavyWork {
  const compare = async (task: 'compareTexts' | 'compareGraphs', before: EngineDocument, after: EngineDocument, bindings: Bindings, signal: AbortSignal): Promise<unknown> =>
    await ask(script, { task, before: placeOf(before, bindings), after: placeOf(after, bindings), bindings }, before.path, signal);
  // A thread answers with what the function of this name returns.
  return {
    findings: async (document, bindings, _deep, signal) => (await ask(script, { task: 'findings', document: placeOf(document, bindings), bindings }, document.path, signal)) as Awaited<ReturnType<HeavyWork['findings']>>,
    compareTexts: async (before, after, signal) => (await compare('compareTexts', before, after, {}, signal)) as Awaited<ReturnType<HeavyWork['compareTexts']>>,
    compareGraphs: async (before, after, bindings, signal) => (await compare('compareGraphs', before, after, bindings, signal)) as Awaited<ReturnType<HeavyWork['compareGraphs']>>,
  };
}

function placeOf(document: EngineDocument, bindings: Bindings): Place {
  const { path, followCacheLinks, settings } = document;
  return { path, followCacheLinks, settings, profile: service.profileOf(document, bindings) };
}

async function ask(script: string, question: Question, file: string, signal: AbortSignal): Promise<unknown> {
  return await new Promise<unknown>((resolve, reject) => {
    const worker = new Worker(script, { workerData: question });
    const cancel = (): void => {
      reject(new LatheError('cancelled', 'Cancelled.'));
      void worker.terminate();
    };
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    worker.once('message', (answer: Answer) => {
      if ('error' in answer) reject(LatheError.fromJSON(answer.error));
      else resolve(answer.result);
    });
    worker.once('error', (thrown) => reject(toLatheError(thrown, file)));
    worker.once('exit', () => {
      signal.removeEventListener('abort', cancel);
      reject(new LatheError('internal', 'The thread that reads weights ended early.', { file }));
    });
  });
}

/** The thread's side: one question, one answer. */
export async function answerInThread(): Promise<void> {
  parentPort?.postMessage(await answer(workerData as Question));
}

async function answer(question: Question): Promise<Answer> {
  const documents = new Documents();
  const { signal } = detachedContext(); // who cancels ends the thread
  const open = async ({ path, followCacheLinks, settings, profile }: Place): Promise<EngineDocument> => {
    try {
      const document = await documents.open(path, followCacheLinks, settings);
      if (profile !== undefined) service.rememberProfile(document, question.bindings, profile);
      return document;
    } catch (thrown) {
      throw toLatheError(thrown, path);
    }
  };
  try {
    switch (question.task) {
      case 'findings':
        return { result: await service.findings(await open(question.document), question.bindings, true, signal) };
      case 'compareTexts':
        return { result: await service.compareTexts(await open(question.before), await open(question.after), signal) };
      case 'compareGraphs':
        return { result: await service.compareGraphs(await open(question.before), await open(question.after), question.bindings, signal) };
      default:
        return question satisfies never;
    }
  } catch (thrown) {
    return { error: toLatheError(thrown, question.task === 'findings' ? question.document.path : question.before.path).toJSON() };
  }
}
