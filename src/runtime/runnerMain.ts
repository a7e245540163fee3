// The runner child: holds onnxruntime-node, TensorFlow.js where a model of its is loaded, and nothing else. It may hang or die at any time; the engine's side (runner.ts) copes.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { InferenceSession, Tensor as OrtTensor, listSupportedBackends } from 'onnxruntime-node';
import type { LatheError } from '../base/errors';
import type { HeldFeeds, HeldModel } from './heldModel';
import type { LoadRequest, LoadResult, MemoryReading, RunnerHello, RunnerMessage, RunnerMethod, RunnerMethods, RunnerRequest, Timings } from './messages';
import { loadOnnx } from './onnxHeld';
import type { TensorFlow, startTensorFlow as startRuntime } from './tensorflow/main';
import { selfTestModel } from './selfTest';

const sessions = new Map<number, HeldModel>();
const prepared = new Map<number, HeldFeeds>();
let running = 0;
let tensorFlow: Promise<TensorFlow> | undefined;

/** TensorFlow.js lies in a bundle of its own beside this one, which only its models pay for. */
function startTensorFlow(): Promise<TensorFlow> {
  const { startTensorFlow: start } = createRequire(import.meta.url)(join(import.meta.dirname, 'runnerTfjs.js')) as { startTensorFlow: typeof startRuntime };
  // One that did not start is tried again with the next model.
  return (tensorFlow ??= start(import.meta.dirname).catch((thrown: unknown) => {
    tensorFlow = undefined;
    throw thrown;
  }));
}

function session(id: number): HeldModel {
  const found = sessions.get(id);
  if (found === undefined) throw new Error(`Session ${id} is not loaded.`);
  return found;
}

function feedsOf(id: number): HeldFeeds {
  const found = prepared.get(id);
  if (found === undefined) throw new Error(`Feeds ${id} were not prepared.`);
  return found;
}

async function load({ model, options }: LoadRequest): Promise<LoadResult> {
  const runtime = 'tensorflow' in model ? await startTensorFlow() : undefined;
  const start = performance.now();
  const made = await ('tensorflow' in model ? runtime?.load(model.tensorflow, model.externalData) : loadOnnx(model, options));
  if (made === undefined) throw new Error('There is no runtime.');
  const milliseconds = performance.now() - start;
  const id = ++running;
  sessions.set(id, made);
  return { session: id, inputs: made.inputs, outputs: made.outputs, milliseconds };
}

async function run({ session: id, feeds, outputs }: RunnerMethods['run']['params']): Promise<RunnerMethods['run']['result']> {
  const target = session(id);
  if (typeof feeds === 'number') return feedsOf(feeds).run(outputs);
  const held = target.hold(feeds);
  try {
    return await held.run(outputs);
  } finally {
    held.dispose();
  }
}

async function measure(params: RunnerMethods['measure']['params']): Promise<Timings> {
  const feeds = feedsOf(params.feeds);
  const began = performance.now();
  for (let i = 0; i < params.warmup; i++) await feeds.once();
  const milliseconds: number[] = [];
  const cpu = process.cpuUsage();
  for (let i = 0; i < params.runs; i++) {
    const start = performance.now();
    await feeds.once();
    const end = performance.now();
    milliseconds.push(end - start);
    if (params.limitMs !== undefined && end - began > params.limitMs) break;
  }
  const used = process.cpuUsage(cpu);
  return { milliseconds, cpuMs: (used.user + used.system) / 1000 };
}

/** On Linux the peak can be reset (proc(5), clear_refs 5) and read from the kernel; elsewhere it is the process's since its start. */
function memory(resetPeak: boolean): MemoryReading {
  const resident = process.memoryUsage.rss();
  if (process.platform === 'linux') {
    try {
      if (resetPeak) writeFileSync('/proc/self/clear_refs', '5');
      const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
      if (peak !== undefined) return { resident, peak: Number(peak) * 1024 };
    } catch {
      // A container may hide /proc; the portable figure below serves.
    }
  }
  return { resident, peak: Math.max(resident, process.resourceUsage().maxRSS * 1024) };
}

type Handlers = { readonly [M in RunnerMethod]: (params: RunnerMethods[M]['params']) => Promise<RunnerMethods[M]['result']> | RunnerMethods[M]['result'] };

const handlers: Handlers = {
  load,
  run,
  measure,
  startTensorFlow: async () => {
    await startTensorFlow();
    return null;
  },
  prepare: ({ session: target, feeds }) => {
    const held = session(target).hold(feeds);
    const id = ++running;
    prepared.set(id, held);
    return { feeds: id };
  },
  discard: ({ feeds }) => {
    prepared.get(feeds)?.dispose();
    prepared.delete(feeds);
    return null;
  },
  profile: ({ session: target, feeds, ...timing }) => session(target).profile(feedsOf(feeds), timing),
  use: (params) => session(params.session).use() ?? null,
  endProfiling: (params) => {
    session(params.session).endProfiling();
    return null;
  },
  release: async (params) => {
    await session(params.session).release();
    sessions.delete(params.session);
    return null;
  },
  memory: async ({ resetPeak }) => ({ ...memory(resetPeak), ...(tensorFlow === undefined ? {} : { tensors: (await tensorFlow).tensors() }) }),
};

function send(message: RunnerMessage): void {
  process.send?.(message);
}

/** By its name: TensorFlow.js's bundle has a class of its own. */
function isLatheError(thrown: unknown): thrown is LatheError {
  return thrown instanceof Error && thrown.name === 'LatheError' && 'toJSON' in thrown;
}

async function answer(request: RunnerRequest): Promise<void> {
  try {
    // The request's type pairs method and params; TypeScript cannot follow the pairing through a table lookup.
    const handler = handlers[request.method] as (params: RunnerRequest['params']) => Promise<RunnerMethods[RunnerMethod]['result']>;
    send({ kind: 'result', id: request.id, result: await handler(request.params) });
  } catch (thrown) {
    send({ kind: 'error', id: request.id, message: thrown instanceof Error ? thrown.message : String(thrown), ...(isLatheError(thrown) ? { error: thrown.toJSON() } : {}) });
  }
}

/** A native run blocks this thread, so a second one watches whether the parent still lives: no runner outlives its engine, even in an endless loop. */
function watchParent(): void {
  const source = `
    const parent = ${process.ppid};
    const orphaned = () => {
      if (process.platform !== 'win32') return process.ppid !== parent;
      try { process.kill(parent, 0); return false; } catch { return true; }
    };
    setInterval(() => { if (orphaned()) process.kill(process.pid, 'SIGKILL'); }, 1000);`;
  new Worker(source, { eval: true }).unref();
}

async function selfTest(): Promise<RunnerHello> {
  const about = { kind: 'hello', node: process.versions.node, onnxruntime: ortVersion(), providers: listSupportedBackends().map((backend) => backend.name) } as const;
  try {
    const tested = await InferenceSession.create(selfTestModel(), { graphOptimizationLevel: 'all', intraOpNumThreads: 1 });
    const result = await tested.run({ x: new OrtTensor('float32', Float32Array.of(1.5, -2), [2]) });
    const data = result['y']?.data;
    await tested.release();
    if (data instanceof Float32Array && data[0] === 3 && data[1] === -4) return about;
    return { ...about, problem: 'onnxruntime computed 1.5 + 1.5 wrongly' };
  } catch (thrown) {
    return { ...about, problem: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function ortVersion(): string {
  try {
    const manifest: unknown = createRequire(import.meta.url)('onnxruntime-node/package.json');
    return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
  } catch {
    return 'unknown';
  }
}

process.on('disconnect', () => process.exit(0));
watchParent();
// Requests wait until the self-test is through; then each is answered in the order it came.
let turn: Promise<void> = selfTest().then(send);
process.on('message', (request: RunnerRequest) => {
  turn = turn.then(() => answer(request));
});
