// TensorFlow.js models are published as folders: model.json and its shards appear at once or not at all, and nothing is replaced.
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/formats/open';
import type { OutputFile } from '../../src/formats/output';
import { publishModel, type PublishOptions, type PublishStep } from '../../src/formats/publish';
import { graphDocument, tfjsFile } from '../support/tfjsModels';

function source(): { readonly path: string; readonly options: PublishOptions } {
  const path = tfjsFile(graphDocument(), { 'w.bin': new Uint8Array(Float32Array.of(1, 2).buffer) });
  return { path, options: { directory: dirname(path), stem: 'model', tag: 'uint8', source: path, signal: new AbortController().signal } };
}

describe('a TensorFlow.js model', () => {
  it('becomes the folder <stem>.<tag> beside its source, and -2, -3 where that is taken', async () => {
    const { path, options } = source();
    const model = openModel(path);
    expect(await publishModel(model, options)).toBe(join(dirname(path), 'model.uint8', 'model.json'));
    expect(await publishModel(model, { ...options, fileName: 'net.json' })).toBe(join(dirname(path), 'model.uint8-2', 'net.json'));
    expect(readdirSync(dirname(path)).sort()).toEqual(['model.json', 'model.uint8', 'model.uint8-2', 'w.bin']);
    expect(readdirSync(join(dirname(path), 'model.uint8')).sort()).toEqual(['group1-shard1of1.bin', 'model.json']);
    expect(readFileSync(join(dirname(path), 'model.uint8-2', 'group1-shard1of1.bin'))).toEqual(readFileSync(join(dirname(path), 'w.bin')));
    model.dispose();
  });

  it('has its whole folder checked before it appears', async () => {
    const { path, options } = source();
    const steps: PublishStep[] = [];
    await publishModel(openModel(path), {
      ...options,
      onStep: (step) => steps.push(step),
      verify: async (staged) => {
        openModel(staged).dispose();
        expect(readdirSync(dirname(path)).filter((name) => !name.startsWith('.')).sort()).toEqual(['model.json', 'w.bin']);
        await Promise.resolve();
      },
    });
    expect(steps).toEqual(['captured', 'staged', 'written', 'verified', 'compared', 'published']);
  });

  it.each(['written', 'verified', 'compared'] as const)('leaves nothing behind where it is cancelled once %s', async (at) => {
    const { path, options } = source();
    const controller = new AbortController();
    const work = publishModel(openModel(path), { ...options, signal: controller.signal, onStep: (step) => { if (step === at) controller.abort(); } });
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(dirname(path)).sort()).toEqual(['model.json', 'w.bin']);
  });

  it('leaves nothing behind where the disk fails at any write', async () => {
    const { path, options } = source();
    const failing = (n: number): ((file: string) => Promise<OutputFile>) => {
      let calls = 0;
      return async (file) => {
        const handle = await open(file, 'wx');
        const count = (): void => {
          if (++calls === n) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
        };
        return { write: async (bytes, offset, length) => { count(); return await handle.write(bytes, offset, length); }, sync: async () => { count(); await handle.sync(); }, close: async () => await handle.close() };
      };
    };
    for (let n = 1; n <= 4; n++) {
      await expect(publishModel(openModel(path), { ...options, openOutput: failing(n) })).rejects.toMatchObject({ code: 'no-space' });
      expect(readdirSync(dirname(path)).sort()).toEqual(['model.json', 'w.bin']);
    }
  });

  it.each([
    ['a folder', (place: string) => { mkdirSync(place); }],
    ['a file', (place: string) => { writeFileSync(place, 'mine'); }],
    ['a link that leads nowhere', (place: string) => { symlinkSync(join(place, 'nowhere'), place); }],
  ])('is not put where %s is, be it made at the last moment', async (_, make) => {
    const { path, options } = source();
    const place = join(dirname(path), 'out');
    const exact = { ...options, stem: 'out', tag: '', exact: true };
    await expect(publishModel(openModel(path), { ...exact, onStep: (step) => { if (step === 'compared') make(place); } })).rejects.toMatchObject({ code: 'io' });
    await expect(publishModel(openModel(path), exact)).rejects.toMatchObject({ code: 'io' });
    expect(readdirSync(dirname(path)).sort()).toEqual(['model.json', 'out', 'w.bin']);
  });

  it('is refused where a shard of its source changed meanwhile', async () => {
    const { path, options } = source();
    const model = openModel(path);
    const work = publishModel(model, { ...options, onStep: (step) => { if (step === 'compared') writeFileSync(join(dirname(path), 'w.bin'), new Uint8Array(8)); } });
    await expect(work).rejects.toMatchObject({ code: 'source-touched' });
    expect(readdirSync(dirname(path)).sort()).toEqual(['model.json', 'w.bin']);
  });
});
