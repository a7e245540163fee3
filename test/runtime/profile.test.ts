// Measured milliseconds per node: every kernel finds its node, fused nodes theirs.
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openModel } from '../../src/formats/open';
import { walkNodes } from '../../src/graph/traverse';
import { measureDevice } from '../../src/runtime/device';
import { knownDevice } from '../../src/runtime/deviceCache';
import { profileModel } from '../../src/runtime/profile';
import { readProfile } from '../../src/runtime/profileEvents';
import { defaultRunSettings } from '../../src/runtime/sessionOptions';
import { temporaryFolder } from '../../src/runtime/temporary';
import { convolutionModel, ocrModel } from './support';

const folder = temporaryFolder();
afterAll(() => folder.dispose());
const lockPath = join(folder.path, 'lock');
const deviceCachePath = join(folder.path, 'device.json');
const settings = defaultRunSettings();

describe('a profile', () => {
  it('gives a fused Conv, BatchNormalization and Relu one kernel, the Conv’s', async () => {
    const profile = await profileModel(convolutionModel(), { settings, runs: 5, lockPath, deviceCachePath });
    expect(Object.keys(profile.milliseconds)).toEqual(['Conv#0', 'GlobalAveragePool#3']);
    expect(profile.fusedInto).toEqual(Object.assign(Object.create(null) as object, { 'BatchNormalization#1': 'Conv#0', 'Relu#2': 'Conv#0' }));
    expect(profile.runs).toBe(5);
    expect(profile.latencyMs.value).toBeGreaterThan(0);
  });

  it('accounts for every node of PP-OCR rec that is not computed beforehand', async () => {
    const path = ocrModel('rec');
    const model = openModel(path);
    const profile = await profileModel({ path }, { settings, runs: 3, lockPath, deviceCachePath });
    const accounted = new Set([...Object.keys(profile.milliseconds), ...Object.keys(profile.fusedInto)]);
    const missing = [...walkNodes(model.graph)].filter(({ key, node }) => !accounted.has(key) && node.opType !== 'Constant');
    // What is left was folded: Casts and shape arithmetic.
    expect(new Set(missing.map(({ node }) => node.opType))).toEqual(new Set(['Cast']));
    expect(profile.added.map(({ op }) => op)).toEqual(expect.arrayContaining(['ReorderInput', 'ReorderOutput']));
    const keys = new Set([...walkNodes(model.graph)].map(({ key }) => key));
    expect(Object.keys(profile.milliseconds).every((key) => keys.has(key))).toBe(true);
    // A kernel's own time never exceeds the whole.
    expect(Object.values(profile.milliseconds).reduce((sum, time) => sum + time, 0)).toBeLessThan(1.5 * profile.totalMs);
    // Bindings are those of the inputs it was run with.
    expect(profile.settings.bindings).toEqual({ 'p2o.DynamicDimension.0': 1, 'p2o.DynamicDimension.1': 320 });
    model.dispose();
  });
});

describe('this machine’s rates', () => {
  it('are measured with the first profile and kept', async () => {
    expect(knownDevice(1, join(folder.path, 'none.json'))).toBeUndefined();
    const device = await measureDevice({ cachePath: deviceCachePath, lockPath });
    expect(knownDevice(1, deviceCachePath)).toEqual(device);
    // Any processor of the last twenty years makes between a hundred million and ten trillion operations a second on one core.
    expect(device.flopsPerSecond).toBeGreaterThan(1e8);
    expect(device.flopsPerSecond).toBeLessThan(1e13);
    expect(device.bytesPerSecond).toBeGreaterThan(1e8);
    expect(device.kernelMs).toBeLessThan(1);
    expect(await measureDevice({ cachePath: deviceCachePath, lockPath })).toEqual(device);
  });
});

describe('a profile file', () => {
  it('counts a Loop’s body once: its kernels’ time is not the Loop’s', () => {
    const event = (name: string, op: string, ts: number, dur: number) => ({ cat: 'Node', name: `${name}_kernel_time`, ts, dur, args: { op_name: op } });
    const run = (ts: number) => ({ cat: 'Session', name: 'model_run', ts, dur: 1000 });
    const path = join(folder.path, 'profile.json');
    writeFileSync(path, JSON.stringify([run(0), event('cold', 'Add', 10, 900), run(1000), event('loop', 'Loop', 1000, 500), event('body', 'Add', 1100, 100), event('body', 'Add', 1200, 100), event('after', 'Mul', 1500, 50)]));
    expect(readProfile(path, 1)).toEqual({
      kernels: [
        { name: 'loop', op: 'Loop', milliseconds: 0.3 },
        { name: 'body', op: 'Add', milliseconds: 0.2 },
        { name: 'after', op: 'Mul', milliseconds: 0.05 },
      ],
      totalMs: 0.55,
      runs: 1,
    });
  });
});
