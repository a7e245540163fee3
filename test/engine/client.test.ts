// The engine process over a real fork: requests, typed errors, progress, cancellation, and death.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildFlawed } from '../../samples/architectures/flawed';
import { buildLeNet } from '../../samples/architectures/lenet';
import { buildManyNodes } from '../../samples/architectures/many';
import { LatheError } from '../../src/base/errors';
import { silentLog } from '../../src/base/log';
import { EngineClient } from '../../src/extension/engineClient';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import type { ModelSettings } from '../../src/protocol/engine';
import { hubCache } from '../support/hubCache';

const script = path.join(import.meta.dirname, '..', '..', 'dist', 'engine.js');
const settings: ModelSettings = { threads: 1, provider: 'cpu', oversizedShare: 0.5, oversizedMinimum: 0.05 };

let folder: string;
let digits: string;
let flawed: string;
const clients: EngineClient[] = [];

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'model-lathe-engine-'));
  digits = path.join(folder, 'digits.onnx');
  flawed = path.join(folder, 'flawed.onnx');
  fs.writeFileSync(digits, encodeOnnxModel(buildLeNet()));
  fs.writeFileSync(flawed, encodeOnnxModel(buildFlawed()));
});

afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describe.runIf(process.platform !== 'win32')('a model of the Hugging Face cache', () => {
  it('is opened with the permission only, then analyzed, its weights read and run like any other', async () => {
    const { client } = start();
    const { model } = hubCache(fs.mkdtempSync(path.join(folder, 'hub-')));
    const bindings = {};
    expect(await failure(client.request('model/open', { path: model, bindings }))).toMatchObject({ code: 'cache-link', file: model });
    const { document } = await client.request('model/open', { path: model, bindings, followCacheLinks: true });
    expect((await client.request('model/snapshot', { document, bindings })).summary.parameters).toBe(4);
    expect(await client.request('model/findings', { document, bindings, deep: true })).toEqual(expect.any(Array));
    expect((await client.request('model/profile', { document, bindings })).milliseconds).toHaveProperty('product');
    expect(await failure(client.request('bench/compare', { source: model, bindings }))).toMatchObject({ code: 'cache-link' });
    expect((await client.request('bench/compare', { source: model, bindings, followCacheLinks: [model] })).benchmark.rounds).toBeGreaterThan(0);
    expect(await failure(client.request('model/optimize', { document, bindings, goal: 'size', target: 'this machine' }))).toMatchObject({ code: 'usage', message: 'The model lies in the Hugging Face cache, which is only read: the result needs another place.' });
    expect(await failure(client.request('model/open', { path: model, bindings }))).toMatchObject({ code: 'cache-link' });
  });
});

interface Started {
  readonly client: EngineClient;
  readonly deaths: LatheError[];
}

function start(): Started {
  const deaths: LatheError[] = [];
  const client = new EngineClient({ script, settings: {}, log: silentLog, onDied: (error) => deaths.push(error) });
  clients.push(client);
  return { client, deaths };
}

async function failure(promise: Promise<unknown>): Promise<LatheError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof LatheError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

/** Ends a process and lets its parent notice. */
function kill(id: number | undefined): void {
  if (id !== undefined) process.kill(id, 'SIGKILL');
}

async function until(what: string, look: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!look()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('two models', () => {
  it('are compared as graphs in a thread, in typed arrays', async () => {
    const { client } = start();
    const [before, after] = await Promise.all([digits, flawed].map(async (file) => (await client.request('model/open', { path: file, bindings: {} })).document));
    const comparison = await client.request('model/compareGraphs', { before: before ?? 0, after: after ?? 0, bindings: { batch: 1 } });
    expect(comparison.before.layers.parameters).toBeInstanceOf(Float64Array);
    expect(comparison.pairs.changes).toBeInstanceOf(Uint8Array);
    expect(comparison.pairs.count).toBeGreaterThan(comparison.before.layers.count);
    expect(comparison.groups).toHaveLength(comparison.before.groups.length);
  });

  it.each(['model/compareTexts', 'model/compareGraphs'] as const)('are no longer compared once that is cancelled, and hold up nothing meanwhile: %s', async (method) => {
    const { client } = start();
    const [one, other] = [20_000, 20_002].map((nodes) => {
      const file = path.join(folder, `many-${nodes}.onnx`);
      fs.writeFileSync(file, encodeOnnxModel(buildManyNodes(nodes)));
      return file;
    });
    const open = async (file: string | undefined): Promise<number> => (await client.request('model/open', { path: file ?? '', bindings: {} })).document;
    const [before, after] = [await open(one), await open(other)];
    const abort = new AbortController();
    const comparing = failure(client.request(method, { before, after, bindings: {} }, { signal: abort.signal }));
    // The engine answers another question while it compares.
    expect(await client.request('engine/devices', {})).not.toEqual([]);
    const cancelled = performance.now();
    abort.abort();
    expect((await comparing).code).toBe('cancelled');
    expect(performance.now() - cancelled).toBeLessThan(1000);
  });
});

describe('the engine process', () => {
  it('is started by the first request only', async () => {
    const { client } = start();
    expect(client.processId).toBeUndefined();
    await client.request('engine/devices', {});
    expect(client.processId).toBeTypeOf('number');
  });

  it('opens a model once however often it is asked, and closes it with the last', async () => {
    const { client } = start();
    const first = await client.request('model/open', { path: digits, bindings: {} });
    const second = await client.request('model/open', { path: digits, bindings: {} });
    expect(second.document).toBe(first.document);
    expect(first.summary.parameters).toBeGreaterThan(0);
    await client.request('model/close', { document: first.document });
    await client.request('model/lineCosts', { document: first.document, bindings: {} });
    await client.request('model/close', { document: first.document });
    expect((await failure(client.request('model/lineCosts', { document: first.document, bindings: {} }))).code).toBe('not-found');
  });

  it('opens a file anew that was written anew', async () => {
    const { client } = start();
    const file = path.join(folder, 'changing.onnx');
    fs.writeFileSync(file, encodeOnnxModel(buildLeNet()));
    const first = await client.request('model/open', { path: file, bindings: {} });
    fs.writeFileSync(file, encodeOnnxModel(buildFlawed()));
    const second = await client.request('model/open', { path: file, bindings: {} });
    expect(second.document).not.toBe(first.document);
    expect(second.summary.nodes).not.toBe(first.summary.nodes);
  });

  it('opens a file once for each of the settings that folders give it, and runs and judges it by them', async () => {
    const { client } = start();
    const lone = await client.request('model/open', { path: digits, bindings: {}, settings });
    const other = await client.request('model/open', { path: digits, bindings: {}, settings: { ...settings, threads: 2, oversizedShare: 1, oversizedMinimum: 0.001 } });
    expect(other.document).not.toBe(lone.document);
    const oversized = async (document: number, deep: boolean): Promise<number> => (await client.request('model/findings', { document, bindings: { batch: 1 }, deep })).filter(({ code }) => code === 'oversized-layer').length;
    for (const deep of [false, true]) expect(await oversized(other.document, deep)).toBeGreaterThan(await oversized(lone.document, deep));
    expect((await client.request('model/profile', { document: other.document, bindings: { batch: 1 } })).settings.threads).toBe(2);
    expect((await client.request('model/profile', { document: lone.document, bindings: { batch: 1 } })).settings.threads).toBe(1);
    expect((await client.request('bench/compare', { source: digits, bindings: { batch: 1 }, settings: { ...settings, threads: 2 } })).benchmark.settings.threads).toBe(2);
  });

  it('sends the columns of a snapshot as typed arrays', async () => {
    const { client } = start();
    const { document, summary } = await client.request('model/open', { path: digits, bindings: {} });
    const snapshot = await client.request('model/snapshot', { document, bindings: { batch: 1 } });
    expect(snapshot.layers.count).toBe(summary.nodes);
    expect(snapshot.layers.parameters).toBeInstanceOf(Float64Array);
    expect(snapshot.layers.group).toBeInstanceOf(Uint32Array);
    expect(snapshot.edges).toBeInstanceOf(Int32Array);
    expect(snapshot.layers.parameters.reduce((sum, value) => sum + value, 0)).toBe(summary.parameters);
  });

  it('describes a layer with the statistics of its weights', async () => {
    const { client } = start();
    const { document } = await client.request('model/open', { path: digits, bindings: {} });
    const { layers } = await client.request('model/snapshot', { document, bindings: { batch: 1 } });
    const conv = layers.keys[layers.opNames.indexOf('Conv') === -1 ? 0 : [...layers.op].indexOf(layers.opNames.indexOf('Conv'))] ?? '';
    const detail = await client.request('model/detail', { document, layer: conv, bindings: { batch: 1 } });
    expect(detail.op).toBe('Conv');
    const [weight] = detail.weights;
    expect(weight?.statistics?.bins.reduce((sum, count) => sum + count, 0)).toBe(weight?.dims.reduce((product, dim) => product * dim, 1));
    expect((await failure(client.request('model/detail', { document, layer: 'no such layer', bindings: {} }))).code).toBe('not-found');
  });

  it('finds what needs the weights in a thread, with the same findings as before and more', async () => {
    const { client } = start();
    const { document } = await client.request('model/open', { path: flawed, bindings: {} });
    const shallow = await client.request('model/findings', { document, bindings: {}, deep: false });
    const deep = await client.request('model/findings', { document, bindings: {}, deep: true });
    const codes = (findings: typeof deep): string[] => findings.map((finding) => finding.code);
    expect(codes(deep)).toEqual(expect.arrayContaining(codes(shallow)));
    expect(codes(deep)).toContain('duplicate-weights');
    expect(codes(shallow)).not.toContain('duplicate-weights');
  });

  it('prints the model with a line for each of its nodes', async () => {
    const { client } = start();
    const { document, summary } = await client.request('model/open', { path: digits, bindings: {} });
    const text = await client.request('model/text', { document, keep: true });
    const lines = text.text.split('\n');
    expect(text.nodes).toHaveLength(summary.nodes);
    for (const node of text.nodes) expect(lines[node.line]?.length).toBeGreaterThanOrEqual(node.length);
  });

  it('answers what it cannot read with a typed error, and goes on', async () => {
    const { client } = start();
    const missing = await failure(client.request('model/open', { path: path.join(folder, 'missing.onnx'), bindings: {} }));
    expect(missing).toMatchObject({ code: 'not-found', file: path.join(folder, 'missing.onnx') });
    const page = path.join(folder, 'page.onnx');
    fs.writeFileSync(page, '<!DOCTYPE html><html></html>');
    expect(await failure(client.request('model/open', { path: page, bindings: {} }))).toMatchObject({ code: 'not-a-model' });
    expect((await client.request('model/open', { path: digits, bindings: {} })).document).toBeTypeOf('number');
  });

  it('lists no reports where there are none', async () => {
    const { client } = start();
    expect(await client.request('reports/list', { path: digits })).toEqual([]);
  });
});

describe('work in the engine', () => {
  it('profiles a model and tells its progress; later snapshots know the milliseconds', async () => {
    const { client } = start();
    const { document } = await client.request('model/open', { path: digits, bindings: {} });
    const messages: string[] = [];
    const profile = await client.request('model/profile', { document, bindings: { batch: 1 } }, { progress: ({ message }) => messages.push(message) });
    expect(profile.totalMs).toBeGreaterThan(0);
    expect(messages.length).toBeGreaterThan(0);
    const snapshot = await client.request('model/snapshot', { document, bindings: { batch: 1 } });
    expect(snapshot.profile?.latencyMs.value).toBe(profile.latencyMs.value);
    const costs = await client.request('model/lineCosts', { document, bindings: { batch: 1 } });
    expect(costs.some((cost) => cost.milliseconds !== undefined)).toBe(true);
  });

  it('lets go within a second when it is cancelled, and works on', async () => {
    const { client } = start();
    const { document } = await client.request('model/open', { path: digits, bindings: {} });
    const abort = new AbortController();
    const begun = client.request('model/optimize', { document, bindings: { batch: 1 }, goal: 'latency', target: 'this machine' }, { signal: abort.signal, progress: () => undefined });
    await new Promise((resolve) => setTimeout(resolve, 800));
    const cancelled = Date.now();
    abort.abort();
    expect((await failure(begun)).code).toBe('cancelled');
    expect(Date.now() - cancelled).toBeLessThan(1500); // a second, and what a busy machine adds
    expect(fs.readdirSync(folder).filter((name) => /digits\.\w+\.onnx|\.tmp/.test(name))).toEqual([]);
    expect(await client.request('reports/list', { path: digits })).toEqual([]);
  });

  it('refuses a request that was cancelled before it began', async () => {
    const { client } = start();
    const { document } = await client.request('model/open', { path: digits, bindings: {} });
    expect((await failure(client.request('model/profile', { document, bindings: { batch: 1 } }, { signal: AbortSignal.abort() }))).code).toBe('cancelled');
  });
});

describe('an engine that dies', () => {
  it('rejects every pending request with an error that says what to do', async () => {
    const { client, deaths } = start();
    const { document } = await client.request('model/open', { path: digits, bindings: {} });
    const pending = [client.request('model/profile', { document, bindings: { batch: 1 } }), client.request('bench/compare', { source: digits, bindings: { batch: 1 } })].map(failure);
    await new Promise((resolve) => setTimeout(resolve, 100));
    kill(client.processId);
    for (const error of await Promise.all(pending)) {
      expect(error.code).toBe('engine-died');
      expect(error.hint).toMatch(/Restart Engine/);
    }
    expect(deaths).toHaveLength(1);
    expect(deaths[0]?.message).toMatch(/SIGKILL/);
  });

  it('is started again by the next request, as another generation', async () => {
    const { client } = start();
    await client.request('engine/devices', {});
    const before = client.generation;
    kill(client.processId);
    await until('the death is noticed', () => client.processId === undefined);
    await client.request('engine/devices', {});
    expect(client.generation).toBe(before + 1);
  });

  it('is not started a fourth time within minutes, unless the person restarts it', async () => {
    const { client } = start();
    for (let crash = 0; crash < 3; crash++) {
      await client.request('engine/devices', {});
      kill(client.processId);
      await until('the death is noticed', () => client.processId === undefined);
    }
    expect(await failure(client.request('engine/devices', {}))).toMatchObject({ code: 'engine-died' });
    client.restart();
    await client.request('engine/devices', {});
  });

  it('that is restarted on purpose counts as no death', async () => {
    const { client, deaths } = start();
    await client.request('engine/devices', {});
    const first = client.processId;
    client.restart();
    await client.request('engine/devices', {});
    expect(client.processId).not.toBe(first);
    expect(deaths).toEqual([]);
  });
});
