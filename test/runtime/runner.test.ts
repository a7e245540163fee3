// The runner child as its engine sees it: it answers, and its death or slowness is an error, never a hang.
import { execFileSync, fork } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseProvider } from '../../src/runtime/providers';
import { Runner } from '../../src/runtime/runner';
import { RunnerHost } from '../../src/runtime/runnerHost';
import { selfTestModel } from '../../src/runtime/selfTest';
import { seededFeeds } from '../../src/runtime/data/sources/seededSamples';
import { temporaryFolder } from '../../src/runtime/temporary';
import { float32Tensor } from '../../src/tensor/tensor';
import { endlessModel, matMulModel, toFloat32 } from './support';

describe('the runner', () => {
  const folder = temporaryFolder();
  const path = join(folder.path, 'add.onnx');
  let runner: Runner;
  beforeAll(async () => {
    writeFileSync(path, selfTestModel());
    runner = await Runner.start();
  });
  afterAll(() => {
    runner.dispose();
    folder.dispose();
  });

  it('tells its versions after a self-test', () => {
    expect(runner.info).toMatchObject({ node: process.versions.node, onnxruntime: '1.30.0' });
    expect(runner.info.providers).toContain('cpu');
    expect(runner.info.fallback).toBeUndefined();
  });

  it('loads a model, says its inputs and outputs, and runs it', async () => {
    const session = await runner.load({ path });
    expect(session.inputs).toEqual([{ name: 'x', elementType: 'float32', shape: [2] }]);
    const { outputs, milliseconds } = await session.run(new Map([['x', float32Tensor('x', [2], [1.25, -3])]]));
    expect(toFloat32(outputs.get('y'))).toEqual([2.5, -6]);
    expect(milliseconds).toBeGreaterThan(0);
    await session.release();
  });

  it('leaves nothing in the home folder or the temporary one: the runtime’s own telemetry is off', async () => {
    const places = { HOME: join(folder.path, 'home'), TMPDIR: join(folder.path, 'tmp') };
    for (const place of Object.values(places)) mkdirSync(place);
    const before = { HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] };
    Object.assign(process.env, places);
    try {
      const watched = await Runner.start();
      const session = await watched.load({ path });
      await session.run(new Map([['x', float32Tensor('x', [2], [1, 2])]]));
      watched.dispose();
      await watched.exited;
    } finally {
      for (const [name, value] of Object.entries(before)) if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    for (const place of Object.values(places)) expect(readdirSync(place)).toEqual([]);
  });

  it('times as many runs as asked', async () => {
    const session = await runner.load({ path });
    expect(await session.measure(new Map([['x', float32Tensor('x', [2], [1, 2])]]), { warmup: 1, runs: 7 })).toHaveLength(7);
    await session.release();
  });

  it('names the input that does not fit', async () => {
    const session = await runner.load({ path });
    await expect(session.run(new Map([['x', float32Tensor('x', [3], [1, 2, 3])]]))).rejects.toMatchObject({ code: 'runtime', file: path, message: expect.stringContaining('Got: 3 Expected: 2') as string });
    await expect(session.run(new Map())).rejects.toMatchObject({ code: 'runtime', message: expect.stringContaining("'x'") as string });
    await session.release();
  });

  it('says plainly which provider is unknown, and which this machine lacks', async () => {
    expect(() => parseProvider('tpu')).toThrow('Unknown execution provider "tpu"; known are cpu, webgpu, cuda, coreml, dml.');
    await expect(runner.load({ path }, { provider: process.platform === 'darwin' ? 'dml' : 'coreml' })).rejects.toMatchObject({ code: 'unsupported', message: expect.stringMatching(/has no (coreml|dml) provider; it has cpu/) as string });
  });

  it.runIf(process.platform === 'linux')('says plainly that a provider which is built in does not start here', async () => {
    // CUDA's libraries are never bundled.
    await expect(runner.load({ path }, { provider: 'cuda' })).rejects.toMatchObject({ code: 'unsupported', message: 'The cuda provider does not start on this machine.' });
  });
});

describe('the death of a runner', () => {
  const folder = temporaryFolder();
  const path = join(folder.path, 'add.onnx');
  const feeds = new Map([['x', float32Tensor('x', [2], [1, 2])]]);
  beforeAll(() => writeFileSync(path, selfTestModel()));
  afterAll(() => folder.dispose());

  it('rejects what was running and everything after, as runner-died', async () => {
    const runner = await Runner.start();
    const session = await runner.load({ path });
    const prepared = await session.prepare(feeds);
    const running = session.measurePrepared(prepared, { warmup: 0, runs: 100_000_000 });
    const queued = session.run(feeds);
    setTimeout(() => process.kill(runner.processId ?? 0, 'SIGKILL'), 50);
    await expect(running).rejects.toMatchObject({ code: 'runner-died', message: expect.stringContaining('SIGKILL') as string });
    await expect(queued).rejects.toMatchObject({ code: 'runner-died' });
    await expect(session.run(feeds)).rejects.toMatchObject({ code: 'runner-died' });
    expect(runner.alive).toBe(false);
  });

  it('leaves the host able to start another at once, whatever the moment of the kill', async () => {
    const host = new RunnerHost();
    for (const delay of [0, 1, 2, 5, 10, 20, 40]) {
      const runner = await host.runner();
      const work = runner.load({ path }).then((session) => session.measure(feeds, { warmup: 0, runs: 100_000_000 }));
      setTimeout(() => process.kill(runner.processId ?? 0, 'SIGKILL'), delay);
      await expect(work).rejects.toMatchObject({ code: 'runner-died' });
      const session = await (await host.runner()).load({ path });
      expect(toFloat32((await session.run(feeds)).outputs.get('y'))).toEqual([2, 4]);
    }
    host.dispose();
  });

  it('is "cancelled" when we stopped it ourselves', async () => {
    const runner = await Runner.start();
    const session = await runner.load({ path });
    const running = session.measure(feeds, { warmup: 0, runs: 100_000_000 });
    setTimeout(() => runner.kill(), 20);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await runner.exited;
  });

  it('comes as "timeout" when the budget is spent, unless the person says to wait', async () => {
    let asked = 0;
    const runner = await Runner.start({ timeoutMs: 200, onOverBudget: () => Promise.resolve(++asked < 2 ? 'wait' : 'stop') });
    const session = await runner.load(endlessModel());
    await expect(session.run(new Map([['x', float32Tensor('x', [1], [1])]]))).rejects.toMatchObject({ code: 'timeout', hint: expect.stringContaining('--timeout') as string });
    expect(asked).toBe(2);
  });

  it('comes only when one run takes too long: neither many runs, nor loading, nor what else a runner does', async () => {
    const model = matMulModel(400, 4);
    const runner = await Runner.start({ timeoutMs: 150 });
    const session = await runner.load(model);
    await runner.memory();
    const times = await session.measure(seededFeeds(model, {}), { warmup: 0, runs: 60 });
    expect(times.reduce((sum, time) => sum + time, 0)).toBeGreaterThan(150);
    runner.dispose();
    const strict = await Runner.start({ timeoutMs: 0.001 });
    await (await strict.load({ path })).release();
    strict.dispose();
  });

  it('follows when the engine dies, even in the middle of a run', async () => {
    // The parent of this runner is a process of its own, killed while the runner is busy.
    const parent = join(folder.path, 'parent.cjs');
    const script = join(import.meta.dirname, '../../dist/runner.js');
    writeFileSync(parent, `
      const { fork } = require('node:child_process');
      const child = fork(${JSON.stringify(script)}, [], { serialization: 'advanced', execArgv: [] });
      child.once('message', () => {
        child.send({ id: 1, method: 'load', params: { model: { path: ${JSON.stringify(path)} }, options: {} } });
        child.once('message', ({ result }) => {
          child.send({ id: 2, method: 'prepare', params: { session: result.session, feeds: [['x', { type: 'float32', dims: [2], data: new Uint8Array(8) }]] } });
          child.once('message', (reply) => {
            child.send({ id: 3, method: 'measure', params: { feeds: reply.result.feeds, warmup: 0, runs: 1e9 } });
            process.send(child.pid);
          });
        });
      });`);
    const process1 = fork(parent, [], { execArgv: [], env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' } });
    const pid = await new Promise<number>((resolve) => process1.once('message', resolve as (message: unknown) => void));
    process1.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  it('at its start is told with its reason, and another Node is tried', async () => {
    const broken = join(folder.path, 'node');
    writeFileSync(broken, '#!/bin/sh\necho "Error: no such luck" >&2\nexit 3\n', { mode: 0o755 });
    const runner = await Runner.start({ nodePath: broken });
    expect(runner.info.fallback).toContain('exit code 3');
    expect(runner.info.fallback).toContain('no such luck');
    runner.dispose();
  });
});

function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody has reaped counts as dead.
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim().startsWith('Z');
  } catch {
    return false;
  }
}
