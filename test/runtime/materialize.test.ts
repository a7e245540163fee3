// Models in memory run as their files do; weights are left where they lie, and nothing is left behind.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel } from '../../src/formats/open';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import { compareModels } from '../../src/runtime/compare';
import { asFile, materialize } from '../../src/runtime/materialize';
import { Runner } from '../../src/runtime/runner';
import { openSamples } from '../../src/runtime/data/datasets';
import { sweepTemporaries, temporaryFolder } from '../../src/runtime/temporary';
import { matMulModel, ocrModel, packageFile } from './support';

const leftBehind = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(`model-lathe-run-${process.pid}-`) && existsSync(join(tmpdir(), name, 'weights.bin')));

describe('a model in memory', () => {
  let runner: Runner;
  beforeAll(async () => {
    runner = await Runner.start();
  });
  afterAll(() => runner.dispose());

  const vad = packageFile('@ricky0123/vad-web', 'dist', 'silero_vad_v5.onnx');

  it.each([
    ['PP-OCR rec, weights in Constant nodes', ocrModel('rec')],
    ['PP-OCR det', ocrModel('det')],
    ['Silero VAD, weights in subgraphs', vad],
  ])('gives the bits its file gives: %s', async (_name, path) => {
    const model = openModel(path);
    const comparison = await compareModels({ path }, model, await openSamples(undefined, model, { limit: 1 }), { runner });
    expect(comparison.outputs.every(({ bitEqual }) => bitEqual)).toBe(true);
    model.dispose();
  });

  it('refers to weights in its own file instead of copying them', async () => {
    const model = openModel(ocrModel('rec'));
    const before = leftBehind();
    const placed = await materialize(model);
    expect('bytes' in placed.model && placed.model.bytes.byteLength).toBeLessThan(3e6);
    expect(placed.fileBytes).toBeGreaterThan(10e6);
    expect(leftBehind()).toEqual(before);
    placed.dispose();
    model.dispose();
  });

  it('has its computed weights streamed to a temporary file, gone after release', async () => {
    // Other suites make and drop such files meanwhile: only what appeared with this load counts, and one of it must go.
    const before = leftBehind();
    const session = await runner.load(matMulModel(256, 2));
    const made = leftBehind().filter((name) => !before.includes(name));
    expect(made.length).toBeGreaterThan(0);
    await session.release();
    const after = leftBehind();
    expect(made.some((name) => !after.includes(name))).toBe(true);
  });

  it('killed with its process leaves a folder that the next one sweeps', () => {
    const gone = Number(execFileSync(process.execPath, ['-e', 'console.log(process.pid)'], { encoding: 'utf8' }));
    const orphan = join(tmpdir(), `model-lathe-run-${gone}-test`);
    mkdirSync(orphan);
    const own = temporaryFolder();
    sweepTemporaries();
    expect([existsSync(orphan), existsSync(own.path)]).toEqual([false, true]);
    own.dispose();
  });

  it('reads external data of a file that was saved with them', async () => {
    const folder = temporaryFolder();
    const path = join(folder.path, 'external.onnx');
    const model = matMulModel(128, 2);
    await writeOnnxModel(model, path, { externalData: 'always' });
    const file = await asFile({ path });
    expect(file.bytes).toBeGreaterThan(128 * 128 * 4);
    const opened = openModel(path);
    const samples = await openSamples(undefined, model, { limit: 2 });
    for (const other of [opened, { path }]) expect((await compareModels(model, other, samples, { runner })).outputs).toMatchObject([{ bitEqual: true }]);
    opened.dispose();
    folder.dispose();
  });
});
