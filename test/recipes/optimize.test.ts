// An optimization end to end on small models: a new file or a reason, a report, a recipe that does it again.
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { detachedContext } from '../../src/base/cancellation';
import { runRecipe } from '../../src/recipes/execute';
import { optimizeModel } from '../../src/recipes/optimize';
import { reportMarkdown } from '../../src/recipes/markdown';
import { readReports } from '../../src/recipes/report';
import { sha256 } from '../../src/formats/publish';
import { Runner } from '../../src/runtime/runner';
import { smallNetwork, twoProducts } from '../techniques/quantize/support';
import { optimize, services, smallBudgets, temporaryFolder, writeSource } from './support';

let folder = temporaryFolder();
afterEach(() => {
  folder.remove();
  folder = temporaryFolder();
});

describe('a single fix', () => {
  it('becomes a new file with a report and a recipe; the source is not touched', async () => {
    const source = await writeSource(smallNetwork(), folder.path);
    const before = await sha256(source);
    const report = await optimize({ modelPath: source, goal: 'size', allowSlower: true, fix: { technique: 'float16', options: { leastElements: 1 } } });
    expect(report.winner).toBe('float16');
    const [variant] = report.variants;
    expect(variant).toMatchObject({ status: 'accepted', path: join(folder.path, 'source.float16.onnx'), uncalibrated: false });
    expect(variant?.reason).toMatch(/50 % fewer weight bytes/);
    expect(await sha256(source)).toBe(before);
    expect(readdirSync(folder.path).sort()).toEqual(['.lathe', 'source.float16.onnx', 'source.onnx']);
    expect(readReports(source)).toEqual([JSON.parse(JSON.stringify(report))]);
    expect(reportMarkdown(report)).toMatch(/Measured here/);
  });

  it('quantized without data is measured, reported as uncalibrated and not chosen', async () => {
    const source = await writeSource(smallNetwork(), folder.path);
    const report = await optimize({ modelPath: source, goal: 'size', allowSlower: true, floor: 0, fix: { technique: 'quantize-static', options: { preset: 'all' } } });
    expect(report.winner).toBeUndefined();
    expect(report.variants[0]).toMatchObject({ status: 'not-chosen', uncalibrated: true });
    expect(report.variants[0]?.reason).toMatch(/uncalibrated/);
    expect(report.variants[0]?.steps[0]?.notes.at(-1)).toMatch(/7 int8 kernels/);
    expect(existsSync(join(folder.path, 'source.int8.onnx'))).toBe(false);
  });

  it('quantized without data is accepted where the person allows it, and stays marked', async () => {
    const source = await writeSource(smallNetwork(), folder.path);
    const report = await optimize({ modelPath: source, goal: 'size', allowSlower: true, allowUncalibrated: true, floor: 0, fix: { technique: 'quantize-static', options: { preset: 'all' } } });
    expect(report.variants[0]).toMatchObject({ status: 'accepted', uncalibrated: true });
    expect(report.conclusion).toMatch(/Uncalibrated/);
  });

  it('below the floor gives up layers, and is rejected with the figure when that does not help', async () => {
    const source = await writeSource(twoProducts(), folder.path);
    const report = await optimize({ modelPath: source, goal: 'size', allowSlower: true, allowUncalibrated: true, floor: 200, fix: { technique: 'quantize-static', options: { preset: 'all' } } });
    expect(report.winner).toBeUndefined();
    expect(report.variants[0]?.status).toBe('rejected');
    expect(report.variants[0]?.reason).toMatch(/the floor is/);
  });

  it('that fails is a report, not an exception', async () => {
    const source = await writeSource(smallNetwork(), folder.path);
    await expect(optimize({ modelPath: source, goal: 'size', fix: { technique: 'shrink', options: {} } })).rejects.toThrow(/There is no technique shrink/);
  });
});

describe('a file that is asked for', () => {
  const work = { goal: 'size', allowSlower: true, fix: { technique: 'float16', options: { leastElements: 1 } } } as const;

  it('gets the name asked for, and `.onnx` where it lacks that', async () => {
    const modelPath = await writeSource(smallNetwork(), folder.path);
    const report = await optimize({ ...work, modelPath, outputPath: join(folder.path, 'result-1.2') });
    expect(report.variants[0]?.path).toBe(join(folder.path, 'result-1.2.onnx'));
  });

  it('is refused before the work where its folder is not there or its name is taken', async () => {
    const modelPath = await writeSource(smallNetwork(), folder.path);
    writeFileSync(join(folder.path, 'taken.onnx'), '');
    const idle = { ...services, startRunner: () => Promise.reject(new Error('It was started.')) };
    const refused = (outputPath: string): Promise<unknown> => optimizeModel({ ...work, modelPath, outputPath }, idle, detachedContext());
    await expect(refused(join(folder.path, 'none', 'x.onnx'))).rejects.toMatchObject({ code: 'not-found', file: join(folder.path, 'none') });
    await expect(refused(join(folder.path, 'taken.onnx'))).rejects.toMatchObject({ code: 'io', message: 'taken.onnx exists already; nothing is replaced.' });
    await expect(refused(modelPath)).rejects.toMatchObject({ code: 'source-touched' });
  });
});

describe('a model whose weights lie in a file of their own', () => {
  const external = { externalData: 'always', externalThreshold: 16 } as const;

  it('counts with them, before and after', async () => {
    const source = await writeSource(smallNetwork(), folder.path, 'source.onnx', external);
    const { source: before, variants, confirmation } = await optimize({ modelPath: source, goal: 'size', allowSlower: true, fix: { technique: 'float16', options: { leastElements: 1 } } });
    const sizes = (name: string): number => statSync(join(folder.path, name)).size + statSync(join(folder.path, `${name}.data`), { throwIfNoEntry: true }).size;
    expect(before.fileBytes).toBe(confirmation?.source.fileBytes);
    expect(before.fileBytes).toBeGreaterThan(before.weightBytes);
    expect(before.fileBytes).toBeLessThanOrEqual(sizes('source.onnx'));
    expect(variants[0]?.fileBytes).toBeGreaterThan(variants[0]?.weightBytes ?? Infinity);
  });
});

describe('external data that change', () => {
  const external = { externalData: 'always', externalThreshold: 16 } as const;
  const work = { goal: 'size', allowSlower: true, fix: { technique: 'float16', options: { leastElements: 1 } } } as const;
  const change = (): void => {
    const path = join(folder.path, 'source.onnx.data');
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.map((byte) => byte ^ 1));
  };

  it('after a run are another source to its replay', async () => {
    const modelPath = await writeSource(smallNetwork(), folder.path, 'source.onnx', external);
    const { recipePath = '' } = await optimize({ ...work, modelPath });
    change();
    await expect(runRecipe(recipePath, { frozen: true, budgets: smallBudgets }, services, detachedContext())).rejects.toMatchObject({ code: 'source-touched' });
  });

  it('during a run keep its result from being written', async () => {
    const modelPath = await writeSource(smallNetwork(), folder.path, 'source.onnx', external);
    const before = readdirSync(folder.path);
    let changed = false;
    const progress = ({ message }: { message: string }): void => {
      if (!changed && message.startsWith('Profile: Profiling its nodes')) change();
      changed ||= message.startsWith('Profile: Profiling its nodes');
    };
    await expect(optimizeModel({ ...work, modelPath, budgets: smallBudgets }, services, { ...detachedContext(), progress })).rejects.toMatchObject({ code: 'source-touched' });
    expect(readdirSync(folder.path)).toEqual(before);
  });
});

describe('an optimization that is cancelled', () => {
  it.each([1, 2])('while its profile %i is made ends as cancelled, without any file', async (profile) => {
    const source = await writeSource(smallNetwork(), folder.path);
    const controller = new AbortController();
    let profiles = 0;
    const work = { signal: controller.signal, progress: ({ message }: { message: string }) => { if (message.startsWith('Profile: Measuring the whole') && ++profiles === profile) controller.abort(); } };
    const running = optimizeModel({ modelPath: source, goal: 'size', allowSlower: true, fix: { technique: 'float16', options: { leastElements: 1 } }, budgets: smallBudgets }, services, work);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(profiles).toBe(profile);
    expect(readdirSync(folder.path)).toEqual(['source.onnx']);
  });
});

describe('an optimization that is refused', () => {
  it.runIf(process.platform === 'linux')('leaves no file open and no temporary folder', async () => {
    const source = await writeSource(smallNetwork(), folder.path);
    const open = (): string[] => readdirSync('/proc/self/fd').flatMap((fd) => { try { return readlinkSync(`/proc/self/fd/${fd}`); } catch { return []; } }).filter((path) => path === source);
    const strays = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(`model-lathe-run-${process.pid}-`) || /^lathe-[^t]/.test(name)).sort();
    const before = strays();
    for (let i = 0; i < 3; i++) await expect(optimize({ modelPath: source, goal: 'latency', data: join(folder.path, 'none') })).rejects.toMatchObject({ code: 'not-found' });
    expect(open()).toEqual([]);
    expect(strays()).toEqual(before);
  });
});

describe.runIf(process.platform !== 'win32')('every runner of an optimization', () => {
  it('is started as the person said', async () => {
    const source = await writeSource(smallNetwork(), folder.path);
    const [node, log] = [join(folder.path, 'node'), join(folder.path, 'starts')];
    writeFileSync(node, `#!/bin/sh\necho start >> ${log}\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    const start = { nodePath: node };
    await optimizeModel({ modelPath: source, goal: 'size', allowSlower: true, fix: { technique: 'float16', options: { leastElements: 1 } }, budgets: smallBudgets }, { ...services, runnerStart: start, startRunner: () => Runner.start(start) }, detachedContext());
    // The workbench, the comparison, two of the benchmark, two of its confirmation, the profiles of source and variant.
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(8);
  });
});

describe('a recipe that was written', () => {
  it('names no schema of its own, which would hide the one that editors know its name by', async () => {
    const source = await writeSource(smallNetwork(), folder.path);
    const { recipePath } = await optimize({ modelPath: source, goal: 'simplification', fix: { technique: 'simplify', options: {} } });
    expect(JSON.parse(readFileSync(recipePath ?? '', 'utf8'))).not.toHaveProperty('$schema');
  });

  it('replayed frozen makes the same bytes under a new name', async () => {
    const source = await writeSource(smallNetwork(), folder.path);
    const first = await optimize({ modelPath: source, goal: 'size', allowSlower: true, allowUncalibrated: true, floor: 0, fix: { technique: 'quantize-static', options: { preset: 'all' } } });
    const replayed = await runRecipe(first.recipePath ?? '', { frozen: true, budgets: smallBudgets }, services, detachedContext());
    expect(replayed.conclusion).toBe('Replayed: the same bytes as recorded.');
    // Nothing was timed: old figures are not shown as this run's.
    expect(replayed.confirmation).toBeUndefined();
    expect(replayed.variants[0]?.benchmark).toBeUndefined();
    expect(replayed.variants[0]?.reason).toMatch(/^Recorded on \d{4}-\d\d-\d\d: /);
    expect(replayed.variants[0]?.path).toBe(join(folder.path, 'source.int8-2.onnx'));
    expect(readFileSync(replayed.variants[0]?.path ?? '').equals(readFileSync(first.variants[0]?.path ?? ''))).toBe(true);
  });

  it('is refused frozen when the source is another file', async () => {
    const source = await writeSource(smallNetwork(), folder.path);
    const first = await optimize({ modelPath: source, goal: 'size', allowSlower: true, fix: { technique: 'float16', options: { leastElements: 1 } } });
    const { rmSync } = await import('node:fs');
    rmSync(source);
    const changed = smallNetwork();
    changed.graph.name = 'other';
    await writeSource(changed, folder.path);
    await expect(runRecipe(first.recipePath ?? '', { frozen: true }, services, detachedContext())).rejects.toThrow(/not the file the report is about/);
  });
});

describe('the search', () => {
  it('tries every candidate of the goal and gives each a reason', async () => {
    const source = await writeSource(smallNetwork(), folder.path);
    const report = await optimize({ modelPath: source, goal: 'latency' });
    const tried = report.variants.map((variant) => variant.id);
    expect(tried.slice(0, 6)).toEqual(['simplified', 'int8-rule', 'int8-rule-depthwise-add', 'int8-all', 'int8-dynamic', 'weights-int4']);
    // A mix by measured layer times follows only where these promise one.
    expect([[], ['int8-measured']]).toContainEqual(tried.slice(6));
    for (const variant of report.variants) expect(variant.reason).toMatch(/^[A-Z0-9“].*\.$/);
    expect(report.conclusion).not.toBe('');
  });
});
