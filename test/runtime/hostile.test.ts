// Models that hang, swell or are broken: the runner is stopped or refuses, says why, and the next call works.
import { readFileSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LatheError } from '../../src/base/errors';
import { makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import { residentMemory, runnerBudget, watchMemory } from '../../src/runtime/memory';
import { RunnerHost } from '../../src/runtime/runnerHost';
import { temporaryFolder } from '../../src/runtime/temporary';
import { Watchdog, watchdogBudgetMs } from '../../src/runtime/watchdog';
import { float32Tensor, int64Tensor } from '../../src/tensor/tensor';
import { endlessModel, expandModel, matMulModel, ocrModel } from './support';
import { seededFeeds } from '../../src/runtime/data/sources/seededSamples';

describe('the watchdog’s budget', () => {
  it('is ten seconds for a small model, and grows with the roofline estimate and the bytes', () => {
    expect(watchdogBudgetMs({})).toBe(10_000);
    expect(watchdogBudgetMs({ estimateMs: 1000, bytes: 1.5e9 })).toBe(20_000 + 30_000);
  });

  it('is worked out in full only when the first one is spent, and asked for once', async () => {
    let asked = 0;
    const start = performance.now();
    const error = await new Promise<LatheError>((resolve) => new Watchdog({ milliseconds: 30, full: () => (asked++, 120) }, 'working', resolve, undefined));
    expect(performance.now() - start).toBeGreaterThan(110);
    expect([asked, error.code]).toEqual([1, 'timeout']);
  });
});

describe('the memory a runner may take', () => {
  it('is most of what the machine could give when it started, beyond what it held then', () => {
    expect(runnerBudget(50e6, 1e9)).toBe(950e6);
  });

  it.runIf(process.platform === 'linux')('never runs out for one that does not grow, however little was left', async () => {
    const errors: LatheError[] = [];
    const watch = watchMemory(process.pid, runnerBudget(residentMemory(process.pid) ?? 0, 0.09 * totalmem()), (error) => errors.push(error));
    await new Promise((resolve) => setTimeout(resolve, 500));
    watch.dispose();
    expect(errors).toEqual([]);
  });
});

describe('a hostile model', () => {
  const folder = temporaryFolder();
  let host: RunnerHost;
  beforeAll(() => {
    host = new RunnerHost({ timeoutMs: 1500, memoryBudgetBytes: 700e6 });
  });
  afterAll(() => {
    host.dispose();
    folder.dispose();
  });
  const x = new Map([['x', float32Tensor('x', [1], [1])]]);

  const stillWorks = async (): Promise<void> => {
    const model = matMulModel(8, 1);
    const session = await (await host.runner()).load(model);
    expect((await session.run(seededFeeds(model, {}))).outputs.has('y')).toBe(true);
  };

  it('that loops without end is stopped when its budget is spent', async () => {
    const session = await (await host.runner()).load(endlessModel());
    await expect(session.run(x)).rejects.toMatchObject({ code: 'timeout', message: 'The runtime did not finish running the model within 1.5 s; the runner was stopped.' });
    await stillWorks();
  });

  it('whose inputs would take too much memory is refused before it runs', async () => {
    const session = await (await host.runner()).load(expandModel(600e6));
    await expect(session.run(x)).rejects.toMatchObject({ code: 'too-large', message: expect.stringMatching(/^These inputs would take about \d\.\d+ GB of memory while they run/) as string });
    await stillWorks();
  });

  it('that swells beyond the memory it may take, unforeseen, is stopped', async () => {
    const session = await (await host.runner()).load(expandModel(undefined), { timeoutMs: 60_000 });
    const shape = int64Tensor('shape', [1], [600e6]);
    await expect(session.run(new Map([...x, ['shape', shape]]))).rejects.toMatchObject({ code: 'too-large', message: expect.stringContaining('The runner was stopped: it held') as string });
    await stillWorks();
  });

  it('whose weights alone cannot fit is refused before it is loaded', async () => {
    const small = new RunnerHost({ memoryBudgetBytes: 1e6 });
    await expect((await small.runner()).load({ path: ocrModel('det') })).rejects.toMatchObject({ code: 'too-large', message: expect.stringContaining('would take about 0.01 GB') as string });
    small.dispose();
  });

  it('with an int4 output, which would abort the process, is refused', async () => {
    const model = makeModel(makeGraph('g', { nodes: [makeNode({ opType: 'Cast', inputs: ['x'], outputs: ['y'] })], inputs: [tensorValue('x', 'float32', [1])], outputs: [tensorValue('y', 'int4', [1])] }));
    await expect((await host.runner()).load(model)).rejects.toMatchObject({ code: 'unsupported', item: 'y', message: 'Output y is int4, which onnxruntime-node cannot return.' });
  });

  it('with an operator nobody knows is an error that names it', async () => {
    const model = makeModel(makeGraph('g', { nodes: [makeNode({ name: 'odd', opType: 'Frobnicate', inputs: ['x'], outputs: ['y'] })], inputs: [tensorValue('x', 'float32', [1])], outputs: [tensorValue('y', 'float32', [1])] }));
    await expect((await host.runner()).load(model)).rejects.toMatchObject({ code: 'runtime', item: 'odd', message: 'onnxruntime does not know the operator Frobnicate of opset 17: the model can be viewed, not run.' });
    await stillWorks();
  });

  it('cut off or overwritten at any place is an error, never a hang', async () => {
    const whole = readFileSync(ocrModel('cls'));
    const path = join(folder.path, 'broken.onnx');
    for (let i = 1; i <= 24; i++) {
      const bytes = Buffer.from(whole);
      const at = Math.floor((i * whole.byteLength) / 25);
      writeFileSync(path, i % 2 === 0 ? bytes.subarray(0, at) : bytes.fill(0xff, at, at + 64));
      const outcome = await (await host.runner()).load({ path }).then(
        async (session) => {
          await session.release();
          return 'loaded';
        },
        (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
      );
      // Overwritten weights are still weights.
      expect(['LatheError', 'loaded']).toContain(outcome);
    }
    await stillWorks();
  });

  it('that does not exist is "not-found"', async () => {
    await expect((await host.runner()).load({ path: join(folder.path, 'none.onnx') })).rejects.toMatchObject({ code: 'not-found' });
  });
});
