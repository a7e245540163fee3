// The runner child: holds onnxruntime-node and nothing else. It may hang or die at any time; the engine's side (runner.ts) copes.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { InferenceSession, Tensor as OrtTensor, listSupportedBackends } from 'onnxruntime-node';
import type { LoadRequest, LoadResult, MemoryReading, NamedTensors, RunnerHello, RunnerMessage, RunnerMethod, RunnerMethods, RunnerRequest, SessionValue, Timings } from './messages';
import { fromOrtTensor, toOrtFeeds } from './ortTensors';
import { selfTestModel } from './selfTest';

const sessions = new Map<number, InferenceSession>();
const prepared = new Map<number, Record<string, OrtTensor>>();
let running = 0;

function session(id: number): InferenceSession {
  const found = sessions.get(id);
  if (found === undefined) throw new Error(`Session ${id} is not loaded.`);
  return found;
}

function feedsOf(feeds: NamedTensors | number): Record<string, OrtTensor> {
  if (typeof feeds !== 'number') return toOrtFeeds(feeds);
  const found = prepared.get(feeds);
  if (found === undefined) throw new Error(`Feeds ${feeds} were not prepared.`);
  return found;
}

function sessionValues(values: readonly InferenceSession.ValueMetadata[]): SessionValue[] {
  return values.map((value) => (value.isTensor ? { name: value.name, elementType: value.type as NonNullable<SessionValue['elementType']>, shape: value.shape } : { name: value.name }));
}

async function load({ model, options }: LoadRequest): Promise<LoadResult> {
  const start = performance.now();
  const made = await ('path' in model ? InferenceSession.create(model.path, options) : InferenceSession.create(model.bytes, options));
  const milliseconds = performance.now() - start;
  const id = ++running;
  sessions.set(id, made);
  return { session: id, inputs: sessionValues(made.inputMetadata), outputs: sessionValues(made.outputMetadata), milliseconds };
}

async function run(params: RunnerMethods['run']['params']): Promise<RunnerMethods['run']['result']> {
  const target = session(params.session);
  const feeds = feedsOf(params.feeds);
  const start = performance.now();
  const results = await (params.outputs === undefined ? target.run(feeds) : target.run(feeds, [...params.outputs]));
  const milliseconds = performance.now() - start;
  return { outputs: Object.entries(results).map(([name, value]) => [name, fromOrtTensor(name, value)]), milliseconds };
}

async function measure(params: RunnerMethods['measure']['params']): Promise<Timings> {
  const target = session(params.session);
  const feeds = feedsOf(params.feeds);
  const began = performance.now();
  for (let i = 0; i < params.warmup; i++) await target.run(feeds);
  const milliseconds: number[] = [];
  const cpu = process.cpuUsage();
  for (let i = 0; i < params.runs; i++) {
    const start = performance.now();
    await target.run(feeds);
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
  prepare: ({ feeds }) => {
    const id = ++running;
    prepared.set(id, toOrtFeeds(feeds));
    return { feeds: id };
  },
  discard: ({ feeds }) => {
    prepared.delete(feeds);
    return null;
  },
  endProfiling: (params) => {
    session(params.session).endProfiling();
    return null;
  },
  release: async (params) => {
    await session(params.session).release();
    sessions.delete(params.session);
    return null;
  },
  memory: ({ resetPeak }) => memory(resetPeak),
};

function send(message: RunnerMessage): void {
  process.send?.(message);
}

async function answer(request: RunnerRequest): Promise<void> {
  try {
    // The request's type pairs method and params; TypeScript cannot follow the pairing through a table lookup.
    const handler = handlers[request.method] as (params: RunnerRequest['params']) => Promise<RunnerMethods[RunnerMethod]['result']>;
    send({ kind: 'result', id: request.id, result: await handler(request.params) });
  } catch (thrown) {
    send({ kind: 'error', id: request.id, message: thrown instanceof Error ? thrown.message : String(thrown) });
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
