// TensorFlow.js models in the runner: what they compute is what TensorFlow.js computes in this process, nothing stays behind, and no code of theirs runs.
import { renameSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openModel } from '../../src/formats/open';
import { nodeKeys } from '../../src/graph/traverse';
import { profileModel } from '../../src/runtime/profile';
import { Runner } from '../../src/runtime/runner';
import { RunnerHost } from '../../src/runtime/runnerHost';
import type { Feeds } from '../../src/runtime/data/samples';
import { seededFeeds } from '../../src/runtime/data/sources/seededSamples';
import { defaultRunSettings } from '../../src/runtime/sessionOptions';
import { RunEstimator } from '../../src/runtime/workload';
import { readTensorFlowFiles } from '../../src/runtime/tensorflow/files';
import { SourceFile } from '../../src/tensor/fileSource';
import { toFloat64Array } from '../../src/tensor/decode';
import { type Tensor, tensorFromArray } from '../../src/tensor/tensor';
import { constant, graphDocument, layersDocument, placeholder, publicTfjsModels, tfjsFile } from '../support/tfjsModels';
import { temporaryFolder } from '../support/models';
import { toFloat32 } from './support';
import { loopDocument, runByTfjs, saveLayersModel, useBackend } from './tfjsSupport';

let runner: Runner;
beforeAll(async () => {
  runner = await Runner.start();
});
afterAll(() => runner.dispose());

const weights = { 'w.bin': new Uint8Array(Float32Array.of(10, 20).buffer) };
const float = { type: 'DT_FLOAT' };

function feed(name: string, dims: readonly number[], ...values: number[]): Feeds {
  return new Map([[name, tensorFromArray(name, 'float32', dims, Float32Array.from(values))]]);
}

function numbers(tensor: Tensor | undefined): number[] {
  return tensor === undefined ? [] : [...toFloat64Array(tensor)];
}

/** Largest distance, relative to the largest value. */
function distance(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  const scale = b.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-12);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? NaN))), 0) / scale;
}

/** Two branches, a model within the model, a layer called twice. */
function branchedModel(): tf.LayersModel {
  const inner = tf.sequential({ name: 'inner', layers: [tf.layers.conv2d({ name: 'conv', inputShape: [8, 8, 3], filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }), tf.layers.batchNormalization({ name: 'norm' })] });
  const shared = tf.layers.dense({ name: 'shared', units: 5 });
  const image = tf.input({ name: 'image', shape: [8, 8, 3] });
  const extra = tf.input({ name: 'extra', shape: [4] });
  const call = (layer: tf.layers.Layer, ...inputs: tf.SymbolicTensor[]): tf.SymbolicTensor => layer.apply(inputs.length === 1 ? (inputs[0] ?? []) : inputs) as tf.SymbolicTensor;
  const pooled = call(tf.layers.globalAveragePooling2d({ name: 'pool', dataFormat: 'channelsLast' }), call(inner, image));
  const sum = call(tf.layers.add({ name: 'sum' }), call(shared, pooled), call(shared, extra));
  return tf.model({ inputs: [image, extra], outputs: [call(tf.layers.softmax({ name: 'classes' }), sum), pooled] });
}

describe('a layers model', () => {
  it('says its inputs and outputs, and computes what TensorFlow.js computes', async () => {
    await useBackend('wasm');
    const path = await saveLayersModel(branchedModel());
    const session = await runner.load({ path });
    expect(session.inputs).toEqual([
      { name: 'image', elementType: 'float32', shape: ['batch', 8, 8, 3] },
      { name: 'extra', elementType: 'float32', shape: ['batch', 4] },
    ]);
    expect(session.outputs.map(({ name, shape }) => [name, shape])).toEqual([['classes', ['batch', 5]], ['pool', ['batch', 4]]]);
    expect(await session.runtime()).toBe(`tfjs ${tf.version_core} wasm, 1 thread`);
    const feeds = seededFeeds(session.structure, { batch: 2 });
    const { outputs } = await session.run(feeds);
    const truth = await runByTfjs(path, feeds);
    expect([...outputs.keys()]).toEqual(['classes', 'pool']);
    expect(outputs.get('classes')?.dims).toEqual([2, 5]);
    for (const [i, tensor] of [...outputs.values()].entries()) expect(distance(numbers(tensor), truth[i] ?? [])).toBeLessThan(1e-6);
    expect([...(await session.run(feeds, ['pool'])).outputs.keys()]).toEqual(['pool']);
    await session.release();
  });

  it('is profiled by the keys its nodes have in the model, models within it and repeated calls too', async () => {
    await useBackend('cpu');
    const path = await saveLayersModel(branchedModel());
    const profile = await profileModel({ path }, { settings: defaultRunSettings(), runner, runs: 3, lockPath: join(temporaryFolder(), 'lock') });
    const keys = new Set(nodeKeys(openModel(path).graph).values());
    const measured = Object.keys(profile.milliseconds);
    expect(measured.filter((key) => !keys.has(key))).toEqual([]);
    expect(measured).toEqual(expect.arrayContaining(['inner/conv', 'inner/norm', 'pool', 'shared', 'shared_1', 'sum', 'classes']));
    expect(profile.totalMs).toBeGreaterThan(0);
    expect(profile.totalMs).toBeLessThanOrEqual(Object.values(profile.milliseconds).reduce((sum, each) => sum + each, 0) + 1e-9);
    expect(profile.runtime).toContain('wasm');
  });

  it.each([['Lambda', 'a Lambda layer, which holds code of its own'], ['Mystery', 'of the class Mystery, which TensorFlow.js does not know']])('with a %s layer is refused by the name of the layer', async (className, what) => {
    const path = tfjsFile(layersDocument([{ class_name: 'Dense', config: { name: 'first', units: 1, batch_input_shape: [null, 2] } }, { class_name: className, config: { name: 'culprit', function: ['process.exit(7)'] } }]), { 'w.bin': new Uint8Array() });
    await expect(runner.load({ path })).rejects.toMatchObject({ code: 'unsupported', item: 'culprit', file: path, message: `The layer culprit is ${what}: it is never executed, so the model can be viewed, not run.` });
    expect(runner.alive).toBe(true);
  });
});

describe('a graph model', () => {
  it('is fed and read by the names of its nodes', async () => {
    const session = await runner.load({ path: tfjsFile(graphDocument(), weights) });
    expect(session.inputs).toEqual([{ name: 'x', elementType: 'float32', shape: ['', 2] }]);
    const { outputs } = await session.run(feed('x', [2, 2], 1, 2, 3, 4));
    expect(toFloat32(outputs.get('add'))).toEqual([11, 22, 13, 24]);
    await expect(session.run(feed('x', [1, 3], 1, 2, 3))).rejects.toMatchObject({ code: 'runtime', message: /TensorFlow\.js: .*\[-1,2\]/ as unknown as string });
  });

  it('runs without the versions that only say what wrote it', async () => {
    const node = [placeholder('x', '-1', '2'), constant('w'), { name: 'add', op: 'AddV2', input: ['x', 'w'], attr: { T: float } }];
    for (const versions of [{}, { versions: null }]) {
      const session = await runner.load({ path: tfjsFile(graphDocument({ modelTopology: { node, ...versions } }), weights) });
      const { outputs } = await session.run(feed('x', [1, 2], 1, 2));
      expect(toFloat32(outputs.get('add'))).toEqual([11, 22]);
    }
  });

  it('gives a weight or an input that is an output itself, and keeps both', async () => {
    const node = [placeholder('x', '-1', '2'), constant('w'), { name: 'add', op: 'AddV2', input: ['x', 'w'], attr: { T: float } }];
    const signature = { outputs: { sum: { name: 'add:0', dtype: 'DT_FLOAT' }, weight: { name: 'w:0', dtype: 'DT_FLOAT' }, same: { name: 'x:0', dtype: 'DT_FLOAT' } } };
    const session = await runner.load({ path: tfjsFile(graphDocument({ modelTopology: { node, versions: { producer: 716 } }, signature }), weights) });
    const prepared = await session.prepare(feed('x', [1, 2], 1, 2));
    for (let i = 0; i < 3; i++) {
      const { outputs } = await session.run(prepared);
      expect([...outputs].map(([name, tensor]) => [name, toFloat32(tensor)])).toEqual([['add', [11, 22]], ['w', [10, 20]], ['x', [1, 2]]]);
    }
  });

  it('takes texts and gives whole numbers and texts', async () => {
    const text = { name: 's', op: 'Placeholder', attr: { dtype: { type: 'DT_STRING' }, shape: { shape: { dim: [{ size: '-1' }] } } } };
    const hash = { name: 'hash', op: 'StringToHashBucketFast', input: ['s'], attr: { num_buckets: { i: '1000' } } };
    const signature = { outputs: { hash: { name: 'hash:0', dtype: 'DT_INT64' }, same: { name: 's:0', dtype: 'DT_STRING' } } };
    const session = await runner.load({ path: tfjsFile(graphDocument({ modelTopology: { node: [text, hash], versions: { producer: 716 } }, weightsManifest: [], signature })) });
    const strings = ['Hello', 'TensorFlow', '2.x'].map((each) => new TextEncoder().encode(each));
    const { outputs } = await session.run(new Map([['s', { name: 's', elementType: 'string', dims: [3], source: { byteLength: 0, read: () => new Uint8Array() }, strings }]]));
    expect(numbers(outputs.get('hash'))).toEqual([...tf.string.stringToHashBucketFast(['Hello', 'TensorFlow', '2.x'], 1000).dataSync()]);
    expect(outputs.get('s')?.strings?.map((bytes) => Buffer.from(bytes).toString())).toEqual(['Hello', 'TensorFlow', '2.x']);
  });

  it('runs on the plain backend what wasm has no kernel for, and says so', async () => {
    const node = [placeholder('x', '2', '2'), { name: 'product', op: 'Einsum', input: ['x', 'x'], attr: { T: float, N: { i: '2' }, equation: { s: Buffer.from('ij,jk->ik').toString('base64') } } }];
    const session = await runner.load({ path: tfjsFile(graphDocument({ modelTopology: { node, versions: { producer: 716 } }, weightsManifest: [] })) });
    const { outputs } = await session.run(feed('x', [2, 2], 1, 2, 3, 4));
    expect(toFloat32(outputs.get('product'))).toEqual([7, 10, 15, 22]);
    expect(await session.runtime()).toBe(`tfjs ${tf.version_core} cpu, 1 thread (wasm has no Einsum)`);
    // Other models stay where they were.
    const other = await runner.load({ path: tfjsFile(graphDocument(), weights) });
    await other.run(feed('x', [1, 2], 1, 2));
    expect(await other.runtime()).toContain('wasm, 1 thread');
  });

  it('with an operator that nobody knows is refused by the name of the node', async () => {
    const node = [placeholder('x', '-1', '2'), { name: 'culprit', op: 'FancyOp', input: ['x'], attr: {} }];
    const session = await runner.load({ path: tfjsFile(graphDocument({ modelTopology: { node, versions: { producer: 716 } }, weightsManifest: [] })) });
    await expect(session.run(feed('x', [1, 2], 1, 2))).rejects.toMatchObject({ code: 'unsupported', item: 'culprit' });
  });

  it('with a loop runs asynchronously; one without end is stopped, and the next call works', async () => {
    const once = await runner.load({ path: tfjsFile(loopDocument('Less')) });
    expect(toFloat32((await once.run(feed('x', [1], 3))).outputs.get('y'))).toEqual([3]);
    const host = new RunnerHost({ timeoutMs: 1500 });
    const endless = await (await host.runner()).load({ path: tfjsFile(loopDocument('LessEqual')) });
    await expect(endless.run(feed('x', [1], 0))).rejects.toMatchObject({ code: 'timeout' });
    const again = await (await host.runner()).load({ path: tfjsFile(graphDocument(), weights) });
    expect(toFloat32((await again.run(feed('x', [1, 2], 1, 2))).outputs.get('add'))).toEqual([11, 22]);
    host.dispose();
  });

  it('counts what a function computes for the node that calls it', async () => {
    const path = tfjsFile(loopDocument('Less'));
    const profile = await profileModel({ path }, { settings: defaultRunSettings(), runner, runs: 2, lockPath: join(temporaryFolder(), 'lock') });
    expect(Object.keys(profile.milliseconds)).toContain('loop');
    expect(Object.keys(profile.milliseconds)).not.toContain('test');
  });
});

describe('the files of a model', () => {
  it('are refused by the runner itself when a shard became a link after they were checked', async () => {
    const path = tfjsFile(graphDocument(), weights);
    const shard = join(dirname(path), 'w.bin');
    const outside = join(temporaryFolder(), 'w.bin');
    renameSync(shard, outside);
    symlinkSync(outside, shard);
    const load = runner.call('load', { model: { tensorflow: path }, options: {} }, { milliseconds: 10_000 }, 'loading');
    await expect(load).rejects.toMatchObject({ code: 'unsafe-path', item: 'w.bin' });
  });

  it('are closed where a later one is missing', () => {
    const closed: string[] = [];
    const dispose = vi.spyOn(SourceFile.prototype, 'dispose').mockImplementation(function (this: SourceFile) {
      closed.push(basename(this.path));
    });
    const path = tfjsFile(graphDocument({ weightsManifest: [{ paths: ['w.bin', 'missing.bin'], weights: [] }] }), weights);
    expect(() => readTensorFlowFiles(path)).toThrow(expect.objectContaining({ code: 'not-found', item: 'missing.bin' }));
    expect(closed).toEqual(['model.json', 'w.bin']);
    dispose.mockRestore();
  });

  it.each(['../w.bin', 'https://example.com/w.bin', '/w.bin'])('are never looked for at %s', async (shard) => {
    const path = tfjsFile(graphDocument({ weightsManifest: [{ paths: [shard], weights: [] }] }));
    await expect(runner.call('load', { model: { tensorflow: path }, options: {} }, { milliseconds: 10_000 }, 'loading')).rejects.toMatchObject({ code: 'unsafe-path' });
    await expect(runner.load({ path })).rejects.toMatchObject({ code: 'unsafe-path' });
  });
});

describe('what a run ought to take', () => {
  it('is known beforehand, as of an ONNX model: so much the watchdog allows for, and so much memory must be free', () => {
    const model = openModel(tfjsFile(graphDocument(), weights));
    const estimator = new RunEstimator(model);
    const { milliseconds, activationBytes } = estimator.estimate(seededFeeds(model, { 'x.0': 1000 }));
    // The input and what is made of it: 1000 × 2 floats each, the sum in the input's place at best.
    expect(activationBytes).toBeGreaterThanOrEqual(8000);
    expect(activationBytes).toBeLessThanOrEqual(16_000);
    expect(milliseconds).toBeGreaterThan(0);
    model.dispose();
  });
});

describe('many runs', () => {
  it('leave no tensor behind, and neither do models that are released', async () => {
    await useBackend('cpu');
    const before = (await runner.memory()).tensors ?? NaN;
    for (const path of [await saveLayersModel(branchedModel()), tfjsFile(graphDocument(), weights), tfjsFile(loopDocument('Less'))]) {
      const session = await runner.load({ path });
      const prepared = await session.prepare(seededFeeds(session.structure, {}));
      await session.measurePrepared(prepared, { warmup: 1, runs: 1 });
      const loaded = (await runner.memory()).tensors;
      const { milliseconds, cpuMs } = await session.measurePrepared(prepared, { warmup: 1, runs: 20 });
      expect(milliseconds).toHaveLength(20);
      expect(cpuMs).toBeGreaterThan(0);
      expect((await runner.memory()).tensors).toBe(loaded);
      await prepared.discard();
      await session.release();
    }
    expect((await runner.memory()).tensors).toBe(before);
  });

  it('that fail halfway through an asynchronous run leave none behind either', async () => {
    const document = loopDocument('Less') as { readonly modelTopology: { readonly node: readonly object[] } };
    const loop = document.modelTopology.node.slice(0, 2);
    const shape = { name: 'shape', op: 'Const', attr: { dtype: { type: 'DT_INT32' }, value: { tensor: { dtype: 'DT_INT32', tensorShape: { dim: [{ size: '1' }] } } } } };
    const node = [...loop, shape, { name: 'twice', op: 'AddV2', input: ['loop', 'loop'], attr: { T: float } }, { name: 'other', op: 'Mul', input: ['x', 'loop'], attr: { T: float } }, { name: 'y', op: 'Reshape', input: ['twice', 'shape'], attr: { T: float } }, { name: 'z', op: 'AddV2', input: ['y', 'other'], attr: { T: float } }];
    const path = tfjsFile({ ...document, modelTopology: { ...document.modelTopology, node }, weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'shape', shape: [1], dtype: 'int32' }] }] }, { 'w.bin': new Uint8Array(Int32Array.of(7).buffer) });
    const session = await runner.load({ path });
    const before = (await runner.memory()).tensors;
    for (let i = 0; i < 3; i++) await expect(session.run(feed('x', [1], 3))).rejects.toMatchObject({ code: 'runtime' });
    // What was fed is held by the run that failed, and goes with it.
    expect((await runner.memory()).tensors).toBe(before);
    await session.release();
  });

  it('are not asked of a device that TensorFlow.js does not reach here', async () => {
    await expect(runner.load({ path: tfjsFile(graphDocument(), weights) }, { provider: 'webgpu' })).rejects.toMatchObject({ code: 'unsupported', item: 'webgpu' });
  });
});

describe('models of others', () => {
  // TensorFlow.js 4.22 itself fails on language detection: it lets go of a tensor that is still read.
  const models = publicTfjsModels().filter(({ name }) => name !== 'language detection');

  it.each(models)('$name: outputs equal those of TensorFlow.js in this process', async ({ path }) => {
    await useBackend('wasm');
    const session = await runner.load({ path });
    const feeds = seededFeeds(session.structure, {});
    const { outputs } = await session.run(feeds);
    expect(await session.runtime()).toContain('wasm, 1 thread');
    const truth = await runByTfjs(path, feeds);
    expect(outputs.size).toBe(truth.length);
    for (const [i, tensor] of [...outputs.values()].entries()) expect(distance(numbers(tensor), truth[i] ?? [])).toBeLessThan(1e-5);
    await session.release();
    tf.disposeVariables();
  });
});
