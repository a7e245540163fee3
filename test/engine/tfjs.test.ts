// A TensorFlow.js model in the engine: profiled from its file, what was measured is told of its own nodes.
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { createHandlers } from '../../src/engine/handlers';
import { graphDocument, placeholder, tfjsFile } from '../support/tfjsModels';

const handlers = createHandlers({ log: silentLog, runnerState: () => undefined, overBudget: () => Promise.resolve('stop') });

describe('a TensorFlow.js model', () => {
  it('says which files its weights lie in, and is another document once one of them is another', async () => {
    const file = tfjsFile(graphDocument(), { 'w.bin': new Uint8Array(8) });
    const shard = join(dirname(file), 'w.bin');
    const open = async (): Promise<{ readonly document: number; readonly files: readonly string[] }> => await handlers['model/open']({ path: file, bindings: {} }, detachedContext());
    const versionOf = async (document: number): Promise<string | undefined> => (await handlers['model/snapshot']({ document, bindings: {} }, detachedContext())).version;
    const first = await open();
    expect(first.files).toEqual([shard]);
    expect((await open()).document).toBe(first.document);
    writeFileSync(shard, new Uint8Array(Float32Array.of(1, 2).buffer));
    const before = await versionOf(first.document);
    utimesSync(shard, 1, 1);
    const second = await open();
    expect(second.document).not.toBe(first.document);
    expect([await versionOf(first.document), (await versionOf(second.document)) === before]).toEqual([before, false]);
    rmSync(shard);
    await expect(open()).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is profiled, and shown with the milliseconds of its nodes', async () => {
    const file = tfjsFile(graphDocument(), { 'w.bin': new Uint8Array(Float32Array.of(10, 20).buffer) });
    const { document } = await handlers['model/open']({ path: file, bindings: {} }, detachedContext());
    await handlers['model/profile']({ document, bindings: {} }, detachedContext());
    const { profile, layers } = await handlers['model/snapshot']({ document, bindings: {} }, detachedContext());
    expect(Object.keys(profile?.milliseconds ?? {})).toEqual(['add']);
    expect(layers.keys).toContain('add');
    expect(profile?.runtime).toMatch(/^tfjs/);
  });

  it('is converted into a new ONNX file beside it, or all that stands in the way is named', async () => {
    const file = tfjsFile(graphDocument());
    const { document } = await handlers['model/open']({ path: file, bindings: {} }, detachedContext());
    const { path, notLowered } = await handlers['model/convert']({ document }, detachedContext());
    expect([path, notLowered]).toEqual([join(dirname(file), 'model.onnx'), []]);
    expect((await handlers['model/open']({ path: path ?? '', bindings: {} }, detachedContext())).summary.format).toBe('onnx');
    const node = [placeholder('x', '-1', '2'), { name: 'a', op: 'Bincount', input: ['x'] }, { name: 'b', op: 'StringLower', input: ['a'] }];
    const other = await handlers['model/open']({ path: tfjsFile({ format: 'graph-model', modelTopology: { node }, weightsManifest: [] }, {}), bindings: {} }, detachedContext());
    expect(await handlers['model/convert']({ document: other.document }, detachedContext())).toMatchObject({ notLowered: [{ node: 'a', op: 'Bincount' }, { node: 'b', op: 'StringLower' }] });
  });
});
