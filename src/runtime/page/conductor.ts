// The benchmark in a page: a worker that starts one more for each backend, never has two of them run at once, and tells what was measured.
import { type PageBackend, type PageBenchmark, type PageBenchmarkMessage, type PageFailure, type PageMeasurement, runtimeOf, type StartPageBenchmark } from '../../protocol/pageBenchmark';
import { SeededRandom } from '../random';
import { driftOf, sentinelMs } from '../sentinel';
import { bootstrapMedian, median, pairedRatio, relativeHalfWidth } from '../metrics/statistics';
import { judge, leastRounds, mostDrift } from '../verdict';
import type { ContenderMethods, ContenderReply, LoadedContender } from './contender';
import { worstSqnrDb } from './outputs';
import { type ChildWorker, scope, startWorker } from './scope';

/** Time for the rounds of all backends together. */
const budgetMs = 15_000;
/** The least number of rounds is made even when the budget is spent, up to this long. */
const mostMs = 120_000;
const mostRounds = 60;
const precision = 0.02;
/** A page's clock ticks in tenths of a millisecond: short models run several times in one reading. */
const readingMs = 5;
const mostBatch = 100;
/** Slower models are read once a round, without another warm run before. */
const slowMs = 300;
const readingsPerRound = 3;
/** JavaScript is slow until it is compiled. */
const warming = { warmup: 0, samples: 30, batch: 1, limitMs: 500 };
/** A backend that answers nothing for this long is given up. */
const patienceMs = 180_000;
/** Kernels of about half a millisecond, read to about one per cent. */
const kernelsPerReading = 20;
const seed = 1;

const titles = { webgl: 'WebGL', webgpu: 'WebGPU', wasm: 'wasm', cpu: 'plain JavaScript', onnx: 'onnxruntime-web' } as const satisfies Record<PageBackend, string>;

interface Side {
  readonly backend: PageBackend;
  readonly link: Link;
  readonly loaded: LoadedContender;
  readonly roughMs: number;
  readonly medians: number[];
  readonly leasts: number[];
}

/** A backend's worker, asked one thing at a time. */
class Link {
  private settle: ((reply: ContenderReply) => void) | undefined;

  constructor(private readonly worker: ChildWorker) {
    worker.addEventListener('message', ({ data }) => this.settle?.(data as ContenderReply));
    for (const type of ['error', 'messageerror'] as const) worker.addEventListener(type, ({ message }) => this.settle?.({ problem: `Its worker failed: ${message ?? 'no reason was given'}.` }));
  }

  /** @throws Error with a sentence */
  async ask<M extends keyof ContenderMethods>(method: M, params: ContenderMethods[M]['params']): Promise<ContenderMethods[M]['result']> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const reply = await new Promise<ContenderReply>((resolve) => {
      this.settle = resolve;
      timer = setTimeout(() => resolve({ problem: `It gave no answer for ${patienceMs / 60_000} minutes.` }), patienceMs);
      this.worker.postMessage({ method, params });
    });
    clearTimeout(timer);
    this.settle = undefined;
    if ('problem' in reply) throw new Error(reply.problem);
    return reply.result;
  }

  end(): void {
    this.worker.terminate();
  }
}

const tell = (message: PageBenchmarkMessage): void => scope.postMessage(message);

async function run(start: StartPageBenchmark): Promise<PageBenchmark> {
  const failed: PageFailure[] = [];
  const sides: Side[] = [];
  for (const [i, backend] of start.backends.entries()) {
    tell({ type: 'progress', message: `Loading ${titles[backend]}`, fraction: (0.4 * i) / start.backends.length });
    try {
      sides.push(await openSide(backend, start));
    } catch (thrown) {
      failed.push({ backend, problem: sentence(thrown) });
    }
  }
  const readings = await runRounds(sides, failed);
  return conclude(sides, failed, readings);
}

async function openSide(backend: PageBackend, { models, code }: StartPageBenchmark): Promise<Side> {
  const runtime = runtimeOf(backend);
  const [model, program] = [models.find((each) => each.runtime === runtime), code[runtime]];
  if (model === undefined || program === undefined) throw new Error('There is no model for it.');
  const link = new Link(startWorker(program.script));
  try {
    const loaded = await link.ask('load', { backend, files: model.files, inputs: model.inputs, wasm: program.wasm });
    const roughMs = Math.min(...(await link.ask('measure', warming)));
    return { backend, link, loaded, roughMs, medians: [], leasts: [] };
  } catch (thrown) {
    link.end();
    throw thrown;
  }
}

/** Rounds until every ratio is known well enough or the budget is spent; a backend that fails on the way leaves them. @returns the sentinel's readings */
async function runRounds(sides: Side[], failed: PageFailure[]): Promise<number[]> {
  const random = new SeededRandom(seed);
  const readings: number[] = [];
  const begin = performance.now();
  // The first readings pay for compiling the kernel.
  for (let i = 0; i < 5; i++) sentinelMs(kernelsPerReading);
  for (let round = 1; round <= mostRounds && sides.length > 0; round++) {
    readings.push(sentinelMs(kernelsPerReading));
    for (const side of shuffled(sides, random)) {
      try {
        await runSide(side);
      } catch (thrown) {
        side.link.end();
        sides.splice(sides.indexOf(side), 1);
        failed.push({ backend: side.backend, problem: sentence(thrown) });
      }
    }
    const elapsed = performance.now() - begin;
    if (elapsed > (round < leastRounds ? mostMs : budgetMs) || (round >= leastRounds && isKnown(sides, readings))) break;
    tell({ type: 'progress', message: `Round ${round + 1}`, fraction: 0.4 + 0.6 * Math.min(0.99, Math.max(elapsed / budgetMs, 0)) });
  }
  return readings;
}

function shuffled<T>(values: readonly T[], random: SeededRandom): T[] {
  const mixed = [...values];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const [a, b] = [mixed[i], mixed[j]];
    if (a !== undefined && b !== undefined) [mixed[i], mixed[j]] = [b, a];
  }
  return mixed;
}

async function runSide(side: Side): Promise<void> {
  const { roughMs, link } = side;
  const slow = roughMs >= slowMs;
  const batch = Math.min(mostBatch, Math.max(1, Math.ceil(readingMs / Math.max(roughMs, 0.01))));
  const times = await link.ask('measure', { warmup: slow ? 0 : 1, samples: slow ? 1 : readingsPerRound, batch });
  side.medians.push(median(times));
  side.leasts.push(Math.min(...times));
}

function isKnown(sides: readonly Side[], readings: readonly number[]): boolean {
  return driftOf(readings) <= mostDrift && sides.every(({ leasts }) => relativeHalfWidth(bootstrapMedian(leasts, seed)) <= precision);
}

function conclude(sides: readonly Side[], failed: readonly PageFailure[], readings: readonly number[]): PageBenchmark {
  // A graphics card that is none is no measure of anything: it stands as the reference only where nothing else ran.
  const reference = sides.find(({ loaded }) => loaded.software !== true) ?? sides[0];
  const drift = driftOf(readings);
  return {
    measured: sides.map((side) => measurement(side, reference, drift)),
    failed,
    ...(reference === undefined ? {} : { reference: reference.backend }),
    rounds: readings.length,
    drift,
    measuredAt: new Date().toISOString(),
  };
}

function measurement(side: Side, reference: Side | undefined, drift: number): PageMeasurement {
  const { backend, loaded: { outputs, ...loaded }, medians, leasts } = side;
  const common = { backend, ...loaded, medianMs: bootstrapMedian(medians, seed), samplesMs: medians };
  if (reference === undefined || reference === side) return common;
  const ratio = pairedRatio(reference.leasts, leasts, seed);
  const sqnrDb = worstSqnrDb(reference.loaded.outputs, outputs);
  return { ...common, ratio, ...judge(ratio, drift, leasts.length), ...(sqnrDb === undefined ? {} : { sqnrDb }) };
}

function sentence(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

scope.addEventListener('message', ({ data }) => {
  run(data as StartPageBenchmark).then(
    (benchmark) => tell({ type: 'done', benchmark }),
    (thrown: unknown) => tell({ type: 'failed', message: sentence(thrown) }),
  );
});
