// One model on one backend in a worker of its own: what it is asked, and how each runtime's worker answers.
import type { PageBackend, PageTensor } from '../../protocol/pageBenchmark';
import { scope } from './scope';

export interface LoadContender {
  readonly backend: PageBackend;
  readonly files: readonly ArrayBuffer[];
  readonly inputs: readonly PageTensor[];
  readonly wasm: ArrayBuffer;
}

export interface LoadedContender {
  readonly runtime: string;
  readonly device?: string;
  readonly software?: boolean;
  readonly loadMs: number;
  readonly firstMs: number;
  readonly outputs: readonly PageTensor[];
}

/** Milliseconds of each of `samples`, a sample being `batch` runs divided by their number. Stops early after `limitMs`. */
export interface MeasureContender {
  readonly warmup: number;
  readonly samples: number;
  readonly batch: number;
  readonly limitMs?: number;
}

export interface ContenderMethods {
  load: { params: LoadContender; result: LoadedContender };
  measure: { params: MeasureContender; result: readonly number[] };
}

export type ContenderRequest = { readonly [M in keyof ContenderMethods]: { readonly method: M; readonly params: ContenderMethods[M]['params'] } }[keyof ContenderMethods];
export type ContenderReply = { readonly result: LoadedContender | readonly number[] } | { readonly problem: string };

/** A model that is ready to run on its inputs. */
export interface Contender {
  readonly runtime: string;
  readonly device?: string;
  readonly software?: boolean;
  /** One run, its outputs read. */
  run(): Promise<readonly PageTensor[]>;
}

/**
 * Answers the benchmark's requests, one at a time.
 * @param open starts the runtime and reads the model
 * @param explain what a runtime threw, as a sentence
 */
export function serveContender(open: (request: LoadContender) => Promise<Contender>, explain: (thrown: unknown) => string): void {
  let contender: Contender | undefined;
  const answer = async (request: ContenderRequest): Promise<ContenderReply> => {
    try {
      switch (request.method) {
        case 'load': {
          const start = performance.now();
          contender = await open(request.params);
          const loadMs = performance.now() - start;
          const { runtime, device, software } = contender;
          const begun = performance.now();
          const outputs = await contender.run();
          return { result: { runtime, ...(device === undefined ? {} : { device }), ...(software === undefined ? {} : { software }), loadMs, firstMs: performance.now() - begun, outputs } };
        }
        case 'measure':
          if (contender === undefined) return { problem: 'Nothing is loaded.' };
          return { result: await measure(contender, request.params) };
        default:
          return request satisfies never;
      }
    } catch (thrown) {
      return { problem: explain(thrown) };
    }
  };
  scope.addEventListener('message', ({ data }) => void answer(data as ContenderRequest).then((reply) => scope.postMessage(reply)));
}

async function measure(contender: Contender, { warmup, samples, batch, limitMs = Infinity }: MeasureContender): Promise<number[]> {
  const begun = performance.now();
  for (let i = 0; i < warmup; i++) await contender.run();
  const times: number[] = [];
  for (let i = 0; i < samples && (i === 0 || performance.now() - begun < limitMs); i++) {
    const start = performance.now();
    for (let run = 0; run < batch; run++) await contender.run();
    times.push((performance.now() - start) / batch);
  }
  return times;
}
