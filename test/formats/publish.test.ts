// Bad input 37–39: a new file is whole or absent, the source and what else is there are never touched, killed jobs leave nothing for long.
import { fork } from 'node:child_process';
import { appendFileSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import type { Model } from '../../src/graph/model';
import { openModel } from '../../src/formats/open';
import type { OutputFile } from '../../src/formats/output';
import { type PublishStep, publishModel, publishText, sweepOrphans } from '../../src/formats/publish';
import { float32Tensor } from '../../src/tensor/tensor';
import { asyncRefusal, modelBytes, temporaryFolder } from '../support/models';

const { signal } = new AbortController();

/** y = x + w, w of 300,000 elements. */
function model(): Model {
  const graph = makeGraph('g', { inputs: [tensorValue('x', 'float32', [1])], outputs: [tensorValue('y', 'float32', [300_000])], nodes: [makeNode({ opType: 'Add', inputs: ['x', 'w'], outputs: ['y'] })] });
  graph.initializers.set('w', { ...float32Tensor('w', [300_000], new Float32Array(300_000).fill(1)) });
  return makeModel(graph);
}

/** The same, its weights in an external file. */
function externalModel(): Model {
  const made = model();
  const tensor = made.graph.initializers.get('w');
  if (tensor !== undefined) made.graph.initializers.set('w', { ...tensor, storage: 'external' });
  return made;
}

function folderWithSource(): { directory: string; source: string } {
  const directory = temporaryFolder();
  const source = join(directory, 'm.onnx');
  writeFileSync(source, modelBytes());
  return { directory, source };
}

describe('publishing', () => {
  it('makes <stem>.<tag>.onnx beside the source, and -2, -3 where that is taken', async () => {
    const { directory, source } = folderWithSource();
    const before = readFileSync(source);
    const options = { directory, stem: 'm', tag: 'int8', source, signal };
    expect(await publishModel(model(), options)).toBe(join(directory, 'm.int8.onnx'));
    expect(await publishModel(model(), options)).toBe(join(directory, 'm.int8-2.onnx'));
    expect(await publishModel(model(), options)).toBe(join(directory, 'm.int8-3.onnx'));
    expect(readdirSync(directory).sort()).toEqual(['m.int8-2.onnx', 'm.int8-3.onnx', 'm.int8.onnx', 'm.onnx']);
    expect(readFileSync(source).equals(before)).toBe(true);
  });

  it('puts external weights beside the model under its own name', async () => {
    const { directory } = folderWithSource();
    const path = await publishModel(externalModel(), { directory, stem: 'm', tag: 'big', signal, verify: async (staged) => {
      openModel(staged).dispose();
      await Promise.resolve();
    } });
    expect(readdirSync(directory).sort()).toEqual(['m.big.onnx', 'm.big.onnx.data', 'm.onnx']);
    expect(statSync(`${path}.data`).size).toBe(1_200_000);
    const opened = openModel(path);
    expect(opened.graph.initializers.get('w')?.source.location).toEqual({ path: `${path}.data`, offset: 0 });
    opened.dispose();
  });

  it('keeps nothing where the check of the written file refuses it', async () => {
    const { directory } = folderWithSource();
    const work = publishModel(model(), { directory, stem: 'm', tag: 'x', signal, verify: () => Promise.reject(new Error('outputs differ')) });
    await expect(work).rejects.toThrow('outputs differ');
    expect(readdirSync(directory)).toEqual(['m.onnx']);
  });

  it('tells its steps in order', async () => {
    const { directory } = folderWithSource();
    const steps: PublishStep[] = [];
    await publishModel(externalModel(), { directory, stem: 'm', tag: 'x', signal, onStep: (step) => steps.push(step) });
    expect(steps).toEqual(['captured', 'staged', 'written', 'verified', 'compared', 'weights-published', 'published']);
  });
});

/** A disk that fails with `code` at its `n`th write, flush or close; counts them. */
function failingDisk(code: string, n: number): { openOutput: (path: string) => Promise<OutputFile>; calls: () => number } {
  let calls = 0;
  const count = (): void => {
    if (++calls === n) throw Object.assign(new Error(code), { code });
  };
  return {
    calls: () => calls,
    openOutput: async (path) => {
      const handle = await open(path, 'wx');
      return {
        write: async (bytes, offset, length) => {
          count();
          return await handle.write(bytes, offset, length);
        },
        sync: async () => {
          count();
          await handle.sync();
        },
        close: async () => await handle.close(),
      };
    },
  };
}

describe('a disk that fails', () => {
  it.each([
    ['ENOSPC', 'no-space'],
    ['EIO', 'io'],
  ])('with %s at any write leaves nothing behind', async (errno, code) => {
    const counting = failingDisk('', -1);
    await publishModel(externalModel(), { directory: folderWithSource().directory, stem: 'm', tag: 'x', signal, openOutput: counting.openOutput });
    expect(counting.calls()).toBeGreaterThan(3);
    for (let n = 1; n <= counting.calls(); n++) {
      const { directory } = folderWithSource();
      const { openOutput } = failingDisk(errno, n);
      expect(await asyncRefusal(() => publishModel(externalModel(), { directory, stem: 'm', tag: 'x', signal, openOutput }))).toMatchObject({ code });
      expect(readdirSync(directory)).toEqual(['m.onnx']);
    }
  });
});

describe('a cancel', () => {
  it.each<PublishStep>(['captured', 'staged', 'written', 'verified', 'compared'])('after step "%s" leaves nothing behind', async (at) => {
    const { directory } = folderWithSource();
    const controller = new AbortController();
    const onStep = (step: PublishStep): void => {
      if (step === at) controller.abort();
    };
    expect(await asyncRefusal(() => publishModel(externalModel(), { directory, stem: 'm', tag: 'x', signal: controller.signal, onStep }))).toMatchObject({ code: 'cancelled' });
    expect(readdirSync(directory)).toEqual(['m.onnx']);
  });
});

describe('what is there already', () => {
  it('is not replaced where a name is asked for exactly', async () => {
    const { directory, source } = folderWithSource();
    writeFileSync(join(directory, 'm.out.onnx'), 'mine');
    const options = { directory, stem: 'm', tag: 'out', exact: true, source, signal };
    expect(await asyncRefusal(() => publishModel(model(), options))).toMatchObject({ code: 'io', message: 'm.out.onnx exists already; nothing is replaced.' });
    expect(readFileSync(join(directory, 'm.out.onnx'), 'utf8')).toBe('mine');
  });

  it('is the source: asked for by its name, a hard link or a symbolic link, it is refused', async () => {
    const { directory, source } = folderWithSource();
    linkSync(source, join(directory, 'hard.onnx'));
    symlinkSync(source, join(directory, 'soft.onnx'));
    for (const stem of ['m', 'hard', 'soft'])
      expect(await asyncRefusal(() => publishModel(model(), { directory, stem, tag: '', exact: true, source, signal }))).toMatchObject({ code: 'source-touched', message: 'The output would replace the source, which is never written to.' });
  });

  it('is a planted link, even one that leads nowhere: it is not written through', async () => {
    const { directory, source } = folderWithSource();
    const elsewhere = join(temporaryFolder(), 'victim');
    symlinkSync(elsewhere, join(directory, 'm.int8.onnx'));
    expect(await asyncRefusal(() => publishModel(model(), { directory, stem: 'm', tag: 'int8', exact: true, source, signal }))).toMatchObject({ message: 'm.int8.onnx exists already as a link to somewhere else; nothing is replaced.' });
    expect(await publishModel(model(), { directory, stem: 'm', tag: 'int8', source, signal })).toBe(join(directory, 'm.int8-2.onnx'));
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('is a source that changes meanwhile: the result is discarded', async () => {
    const { directory, source } = folderWithSource();
    const verify = async (): Promise<void> => {
      appendFileSync(source, Buffer.from([0]));
      await Promise.resolve();
    };
    expect(await asyncRefusal(() => publishModel(model(), { directory, stem: 'm', tag: 'x', source, signal, verify }))).toMatchObject({ code: 'source-touched', file: source });
    expect(readdirSync(directory)).toEqual(['m.onnx']);
  });

  it('is a source that was only touched: that is no change', async () => {
    const { directory, source } = folderWithSource();
    const verify = async (): Promise<void> => {
      utimesSync(source, 1, 1);
      await Promise.resolve();
    };
    expect(await publishModel(model(), { directory, stem: 'm', tag: 'x', source, signal, verify })).toBe(join(directory, 'm.x.onnx'));
  });
});

describe('text', () => {
  it('appears whole, its folder made where needed, and replaces nothing', async () => {
    const path = join(temporaryFolder(), '.lathe', 'm.report.json');
    await publishText(path, '{}\n');
    expect(readFileSync(path, 'utf8')).toBe('{}\n');
    expect(readdirSync(join(path, '..'))).toEqual(['m.report.json']);
    expect(await asyncRefusal(() => publishText(path, 'other'))).toMatchObject({ code: 'io', message: 'm.report.json exists already; nothing is replaced.' });
  });

  it('is not written through a .lathe folder that is a link', async () => {
    const directory = temporaryFolder();
    const elsewhere = temporaryFolder();
    symlinkSync(elsewhere, join(directory, '.lathe'));
    expect(await asyncRefusal(() => publishText(join(directory, '.lathe', 'r.json'), '{}'))).toMatchObject({ code: 'unsafe-path' });
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});

describe('a job that is killed', () => {
  let script = '';
  beforeAll(async () => {
    script = join(import.meta.dirname, '../../.artefacts/publishAndDie.cjs');
    await build({ entryPoints: [join(import.meta.dirname, '../support/publishAndDie.ts')], bundle: true, platform: 'node', format: 'cjs', outfile: script, logLevel: 'error' });
  });

  it.each<[PublishStep, string[]]>([
    ['captured', ['m.onnx']],
    ['staged', ['m.onnx']],
    ['written', ['m.onnx']],
    ['verified', ['m.onnx']],
    ['compared', ['m.onnx']],
    ['weights-published', ['m.onnx']],
    ['published', ['m.onnx', 'm.x.onnx', 'm.x.onnx.data']],
  ])('at step "%s" leaves the old state or the complete new file, and the next job sweeps the rest', async (step, left) => {
    const { directory, source } = folderWithSource();
    const child = fork(script, [directory, source, step]);
    const ended = await new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
    expect(ended).toBe('SIGKILL');
    sweepOrphans(directory);
    expect(readdirSync(directory).sort()).toEqual(left);
    if (left.length > 1) openModel(join(directory, 'm.x.onnx')).dispose();
  });

  it('is not swept while its process lives, nor are folders of other makers', () => {
    const { directory } = folderWithSource();
    mkdirSync(join(directory, `.lathe-00000000-1-abcdef.tmp`));
    mkdirSync(join(directory, '.lathe'));
    expect(sweepOrphans(directory)).toEqual([]);
    utimesSync(join(directory, '.lathe-00000000-1-abcdef.tmp'), 1, 1);
    expect(sweepOrphans(directory)).toEqual([join(directory, '.lathe-00000000-1-abcdef.tmp')]);
  });

  it('is not believed where its folder was planted: what it names stays', () => {
    const { directory } = folderWithSource();
    writeFileSync(join(directory, 'm.onnx.data'), 'weights');
    writeFileSync(join(directory, 'empty.txt'), '');
    const plant = (name: string, files: Readonly<Record<string, string>>): void => {
      const folder = join(directory, name);
      mkdirSync(folder);
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
      utimesSync(folder, 1, 1);
    };
    plant('.lathe-00000000-1-a0.tmp', { 'nope.moving': '', 'nope.data.moving': '', 'm.onnx.moving': '', 'empty.txt.moving': '' });
    plant('.lathe-00000000-1-a1.tmp', { 'nope.marker': '1:1\n', 'nope.data.marker': '1:1\n', 'm.onnx.marker': '1:1\n' });
    plant('.lathe-00000000-1-a2.tmp', { 'm.onnx': 'planted', 'm.onnx.data.marker': '1:1\n' });
    plant('.lathe-00000000-1-a3.tmp', { 'empty.txt': 'planted', 'empty.txt.marker': '' });
    sweepOrphans(directory);
    expect(readdirSync(directory).sort()).toEqual(['empty.txt', 'm.onnx', 'm.onnx.data']);
  });
});
