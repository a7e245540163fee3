// Bad input 29 at the command line: a model of the Hugging Face cache is opened when the person says so, and only read.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Inspection } from '../../src/protocol/analysis';
import type { OptimizationReport } from '../../src/protocol/report';
import { hubCache, hubWeights } from '../support/hubCache';
import { lathe, latheError } from './support';

const root = mkdtempSync(join(tmpdir(), 'lathe-hub-'));
afterAll(() => rmSync(root, { recursive: true }));

describe.runIf(process.platform !== 'win32')('a model of the Hugging Face cache', () => {
  const { folder, model } = hubCache(root);
  const files = (): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const before = files();
  const output = join(root, 'out', 'smaller.onnx');

  it.each(['inspect', 'check', 'bench', 'profile', 'optimize'])('is not opened by %s, which says how to', (command) => {
    expect(latheError(command, model, ...(command === 'optimize' ? ['-o', output] : []))).toMatchObject({
      status: 2,
      error: {
        code: 'cache-link',
        file: model,
        message: 'The external data path "model.onnx_data" is a symbolic link, as the Hugging Face cache keeps its files.',
        hint: expect.stringContaining('--follow-cache-links opens the model read-only (results go elsewhere, with -o)') as string,
      },
    });
  });

  it('is read, weights and all, and run where the person says so', () => {
    const inspected = lathe('inspect', model, '--deep', '--follow-cache-links', '--json');
    expect([inspected.status, inspected.stderr]).toEqual([0, '']);
    expect((JSON.parse(inspected.stdout) as Inspection).parameters).toBe(4);
    for (const command of ['check', 'bench', 'profile']) expect(lathe(command, model, '--follow-cache-links').status, command).toBe(0);
    expect(JSON.parse(lathe('compare', model, model, '--follow-cache-links', '--json').stdout)).toMatchObject({ outputs: [{ bitEqual: true }] });
  });

  it.each([[[]], [['-o', join(folder, 'smaller.onnx')]]])('is optimized only to another place, not with %j', (more) => {
    expect(latheError('optimize', model, '--follow-cache-links', ...more)).toMatchObject({ status: 2, error: { code: 'usage', message: 'The model lies in the Hugging Face cache, which is only read: the result needs another place.' } });
  });

  it('gives a result and a report elsewhere, and its folder stays as it was', () => {
    mkdirSync(join(root, 'out'));
    const recipe = join(root, 'half.lathe.json');
    writeFileSync(recipe, JSON.stringify({ model, goal: 'size', steps: [{ technique: 'float16', options: { leastElements: 1 } }], accept: { allowSlower: true, floor: 0 }, output }));
    const { status, stdout } = lathe('run', recipe, '--follow-cache-links', '--json');
    expect(status).toBe(0);
    const { reportPath, variants } = JSON.parse(stdout) as OptimizationReport;
    expect(variants[0]).toMatchObject({ status: 'accepted', path: output });
    expect(existsSync(output)).toBe(true);
    expect(reportPath).toMatch(new RegExp(`^${join(root, 'out', '.lathe')}/`));
    expect(files()).toEqual(before);
    expect(readFileSync(join(folder, 'blobs', 'bbbb')).equals(hubWeights)).toBe(true);
  });

  it('is refused where a link leaves its folder, whatever the person says', () => {
    const other = mkdtempSync(join(root, 'other-'));
    writeFileSync(join(other, 'secret'), hubWeights);
    const planted = hubCache(other, join(other, 'secret'));
    expect(latheError('inspect', planted.model, '--follow-cache-links')).toMatchObject({ status: 2, error: { code: 'unsafe-path' } });
    const plain = mkdtempSync(join(root, 'plain-'));
    writeFileSync(join(plain, 'model.onnx'), readFileSync(model));
    symlinkSync(join(folder, 'blobs', 'bbbb'), join(plain, 'model.onnx_data'));
    expect(latheError('inspect', join(plain, 'model.onnx'), '--follow-cache-links')).toMatchObject({ status: 2, error: { code: 'unsafe-path' } });
  });
});
