// What this machine's processor can do, measured once per user and machine: the roofline's arithmetic rate, memory rate and cost of a kernel.
import { type WorkContext, detachedContext, throwIfCancelled } from '../base/cancellation';
import { DisposableStore } from '../base/disposable';
import { makeGraph, makeModel, makeNode, tensorValue } from '../graph/construct';
import type { Model } from '../graph/model';
import { seededTensor } from '../tensor/seeded';
import { type Tensor, float32Tensor, int64Tensor, tensorFromArray } from '../tensor/tensor';
import { acquireBenchmarkLock } from './benchmarkLock';
import { type MeasuredDevice, deviceCachePath, knownDevice, rememberDevice } from './deviceCache';
import { describeMachine } from './machine';
import { Runner, type RunnerStart } from './runner';
import type { Feeds } from './data/samples';
import { defaultThreads } from './sessionOptions';

export { type MeasuredDevice, knownDevice } from './deviceCache';

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

/**
 * The machine's rates, measured in about two seconds if they are not known yet.
 * @throws LatheError as a benchmark
 */
export async function measureDevice(options: DeviceOptions = {}): Promise<MeasuredDevice> {
  const { threads = defaultThreads, cachePath = deviceCachePath() } = options;
  const { signal, progress } = { ...detachedContext(), ...options };
  const known = knownDevice(threads, cachePath);
  if (known !== undefined) return known;
  const owned = new DisposableStore();
  try {
    owned.add(await acquireBenchmarkLock({ signal, ...(options.lockPath === undefined ? {} : { path: options.lockPath }) }));
    const runner = owned.add(await Runner.start(options.runner));
    owned.add(runner.killOn(signal));
    throwIfCancelled(signal);
    progress({ message: 'Measuring this machine, once' });
    const device = await measureRates(runner, threads);
    rememberDevice(device, cachePath);
    return device;
  } catch (thrown) {
    throwIfCancelled(signal);
    throw thrown;
  } finally {
    owned.dispose();
  }
}

/** Measures in a runner at hand, while the caller holds the benchmark lock. @throws LatheError as {@link Runner.load} */
export async function measureRates(runner: Runner, threads: number): Promise<MeasuredDevice> {
  const least = async ({ model, feeds }: Probe): Promise<number> => {
    const session = await runner.load(model, { threads });
    const times = await session.measure(feeds, { warmup: 3, runs });
    await session.release();
    return Math.min(...times);
  };
  const machine = describeMachine(runner.info);
  const perProduct = 2 * matrixSide ** 3;
  return {
    name: machine.cpu,
    threads,
    kernelMs: (await least(chain())) / chainLength,
    flopsPerSecond: perProduct / ((await least(product())) / 1000),
    int8OpsPerSecond: perProduct / ((await least(integerProduct())) / 1000),
    // Two tensors read, one written.
    bytesPerSecond: (3 * 4 * streamElements) / ((await least(stream())) / 1000),
    onnxruntime: machine.onnxruntime,
  };
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
  const halves = new Float32Array(streamElements).fill(0.5);
  const graph = makeGraph('stream', {
    nodes: [makeNode({ opType: 'Add', inputs: ['x', 'z'], outputs: ['s'] }), makeNode({ opType: 'Slice', inputs: ['s', 'first', 'second'], outputs: ['y'] })],
    inputs: [tensorValue('x', 'float32', [streamElements]), tensorValue('z', 'float32', [streamElements])],
    outputs: [tensorValue('y', 'float32', [1])],
    initializers: new Map([
      ['first', int64Tensor('first', [1], [0])],
      ['second', int64Tensor('second', [1], [1])],
    ]),
  });
  return { model: makeModel(graph), feeds: new Map(['x', 'z'].map((name) => [name, tensorFromArray(name, 'float32', [streamElements], halves)])) };
}

/** Kernels on one element each: what is left is the runtime's own cost per kernel. */
function chain(): Probe {
  const nodes = Array.from({ length: chainLength }, (_, i) => makeNode({ opType: 'Sin', inputs: [i === 0 ? 'x' : `v${i}`], outputs: [i === chainLength - 1 ? 'y' : `v${i + 1}`] }));
  const graph = makeGraph('chain', { nodes, inputs: [tensorValue('x', 'float32', [1])], outputs: [tensorValue('y', 'float32', [1])] });
  return { model: makeModel(graph), feeds: new Map([['x', float32Tensor('x', [1], [0.5])]]) };
}
