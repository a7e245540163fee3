// What this machine's processor can do, measured once per user and machine: the roofline's arithmetic rate, memory rate and cost of a kernel.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type WorkContext, detachedContext } from '../base/cancellation';
import { makeGraph, makeModel, makeNode, tensorValue } from '../graph/construct';
import type { Model } from '../graph/model';
import { seededTensor } from '../tensor/seeded';
import { type Tensor, float32Tensor, int64Tensor, tensorFromArray } from '../tensor/tensor';
import { acquireBenchmarkLock } from './benchmarkLock';
import { describeMachine } from './machine';
import { Runner, type RunnerStart } from './runner';
import type { Feeds } from './samples';
import { defaultThreads } from './sessionOptions';

/** Rates of the CPU provider on this machine with the given threads. */
export interface MeasuredDevice {
  readonly name: string;
  readonly threads: number;
  /** Floating-point operations per second: a multiply-add counts as two. */
  readonly flopsPerSecond: number;
  /** The same for int8 matrix products. */
  readonly int8OpsPerSecond: number;
  /** Bytes moved to and from memory per second. */
  readonly bytesPerSecond: number;
  /** Least milliseconds of one kernel. */
  readonly kernelMs: number;
  readonly onnxruntime: string;
}

export interface DeviceOptions extends Partial<WorkContext> {
  readonly threads?: number;
  readonly runner?: RunnerStart;
  /** Another place for the cached figures, in tests. */
  readonly cachePath?: string;
  readonly lockPath?: string;
}

const matrixSide = 512;
/** Eight times a usual last-level cache share, so that the additions stream from memory. */
const streamElements = 8 << 20;
const chainLength = 64;
const runs = 15;

function cacheFolder(): string {
  return process.env['XDG_CACHE_HOME'] ?? (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : process.platform === 'win32' ? (process.env['LOCALAPPDATA'] ?? homedir()) : join(homedir(), '.cache'));
}

/** Where the figures are kept. */
export function deviceCachePath(): string {
  return join(cacheFolder(), 'model-lathe', 'device.json');
}

/** The figures measured earlier on this machine with these threads; undefined when there are none. Reads one small file. */
export function knownDevice(threads = defaultThreads, cachePath = deviceCachePath()): MeasuredDevice | undefined {
  const { cpu } = describeMachine({ node: '', onnxruntime: '' });
  return readCache(cachePath).find((device) => device.name === cpu && device.threads === threads);
}

/**
 * The machine's rates, measured in about two seconds if they are not known yet.
 * @throws LatheError as a benchmark
 */
export async function measureDevice(options: DeviceOptions = {}): Promise<MeasuredDevice> {
  const { threads = defaultThreads, cachePath = deviceCachePath() } = options;
  const { signal, progress } = { ...detachedContext(), ...options };
  const known = knownDevice(threads, cachePath);
  if (known !== undefined) return known;
  const lock = await acquireBenchmarkLock({ signal, ...(options.lockPath === undefined ? {} : { path: options.lockPath }) });
  const runner = await Runner.start(options.runner);
  const stop = (): void => runner.kill();
  signal.addEventListener('abort', stop, { once: true });
  try {
    progress({ message: 'Measuring this machine, once' });
    const least = async ({ model, feeds }: Probe): Promise<number> => {
      const session = await runner.load(model, { threads });
      const times = await session.measure(feeds, { warmup: 3, runs });
      await session.release();
      return Math.min(...times);
    };
    const machine = describeMachine(runner.info);
    const perProduct = 2 * matrixSide ** 3;
    const kernelMs = (await least(chain())) / chainLength;
    const device: MeasuredDevice = {
      name: machine.cpu,
      threads,
      flopsPerSecond: perProduct / ((await least(product())) / 1000),
      int8OpsPerSecond: perProduct / ((await least(integerProduct())) / 1000),
      // Two tensors read, one written.
      bytesPerSecond: (3 * 4 * streamElements) / ((await least(stream())) / 1000),
      kernelMs,
      onnxruntime: machine.onnxruntime,
    };
    writeCache(cachePath, [...readCache(cachePath).filter((other) => other.name !== device.name || other.threads !== threads), device]);
    return device;
  } finally {
    signal.removeEventListener('abort', stop);
    runner.dispose();
    lock.dispose();
  }
}

interface Probe {
  readonly model: Model;
  readonly feeds: Feeds;
}

const square = [matrixSide, matrixSide];

function product(): Probe {
  const graph = makeGraph('product', {
    nodes: [makeNode({ opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] })],
    inputs: [tensorValue('x', 'float32', square)],
    outputs: [tensorValue('y', 'float32', square)],
    initializers: new Map([['w', seededTensor('w', square, 1)]]),
  });
  return { model: makeModel(graph), feeds: new Map([['x', seededTensor('x', square, 2)]]) };
}

function integerProduct(): Probe {
  const bytes = new Uint8Array(matrixSide ** 2).map((_, i) => (i * 31) % 251);
  const tensor = (name: string, elementType: 'uint8' | 'int8'): Tensor => tensorFromArray(name, elementType, square, bytes);
  const graph = makeGraph('integer-product', {
    nodes: [makeNode({ opType: 'MatMulInteger', inputs: ['x', 'w'], outputs: ['y'] })],
    inputs: [tensorValue('x', 'uint8', square)],
    outputs: [tensorValue('y', 'int32', square)],
    initializers: new Map([['w', tensor('w', 'int8')]]),
  });
  return { model: makeModel(graph), feeds: new Map([['x', tensor('x', 'uint8')]]) };
}

/** A sum streamed through memory; its output is reduced inside the graph, so that nothing large leaves the runtime. */
function stream(): Probe {
  const graph = makeGraph('stream', {
    nodes: [makeNode({ opType: 'Add', inputs: ['x', 'z'], outputs: ['s'] }), makeNode({ opType: 'Slice', inputs: ['s', 'first', 'second'], outputs: ['y'] })],
    inputs: [tensorValue('x', 'float32', [streamElements]), tensorValue('z', 'float32', [streamElements])],
    outputs: [tensorValue('y', 'float32', [1])],
    initializers: new Map([
      ['first', int64Tensor('first', [1], [0])],
      ['second', int64Tensor('second', [1], [1])],
    ]),
  });
  return { model: makeModel(graph), feeds: new Map([['x', seededTensor('x', [streamElements], 1)], ['z', seededTensor('z', [streamElements], 2)]]) };
}

/** Kernels on one element each: what is left is the runtime's own cost per kernel. */
function chain(): Probe {
  const nodes = Array.from({ length: chainLength }, (_, i) => makeNode({ opType: 'Sin', inputs: [i === 0 ? 'x' : `v${i}`], outputs: [i === chainLength - 1 ? 'y' : `v${i + 1}`] }));
  const graph = makeGraph('chain', { nodes, inputs: [tensorValue('x', 'float32', [1])], outputs: [tensorValue('y', 'float32', [1])] });
  return { model: makeModel(graph), feeds: new Map([['x', float32Tensor('x', [1], [0.5])]]) };
}

function readCache(path: string): MeasuredDevice[] {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(parsed) ? parsed.filter(isDevice) : [];
  } catch {
    return [];
  }
}

const numbers = ['threads', 'flopsPerSecond', 'int8OpsPerSecond', 'bytesPerSecond', 'kernelMs'] as const satisfies readonly (keyof MeasuredDevice)[];

function isDevice(value: unknown): value is MeasuredDevice {
  if (typeof value !== 'object' || value === null) return false;
  const device = value as Partial<Record<keyof MeasuredDevice, unknown>>;
  return typeof device.name === 'string' && typeof device.onnxruntime === 'string' && numbers.every((key) => typeof device[key] === 'number' && device[key] > 0);
}

function writeCache(path: string, devices: readonly MeasuredDevice[]): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const aside = `${path}.${process.pid}`;
    writeFileSync(aside, JSON.stringify(devices, undefined, 2));
    renameSync(aside, path);
  } catch {
    // Without a cache the figures are measured again next time.
  }
}
