// The command line as a person or a script meets it: JSON on stdout, words on stderr, exit codes 0, 1 and 2.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFlawed } from '../../samples/architectures/flawed';
import { buildLeNet } from '../../samples/architectures/lenet';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import type { Inspection, StructureComparison } from '../../src/protocol/analysis';
import type { OptimizationReport } from '../../src/protocol/report';
import { lathe, spawnLathe } from './support';

const folder = mkdtempSync(join(tmpdir(), 'lathe-cli-'));
const digits = join(folder, 'digits.onnx');
const flawed = join(folder, 'flawed.onnx');

beforeAll(async () => {
  await writeOnnxModel(buildLeNet(), digits);
  await writeOnnxModel(buildFlawed(), flawed);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('lathe inspect', () => {
  it('prints one JSON document with every node among the layers', () => {
    const { status, stdout, stderr } = lathe('inspect', digits, '--json');
    const inspection = JSON.parse(stdout) as Inspection;
    expect(status).toBe(0);
    expect(stderr).toBe('');
    // conv1 8·25+8, conv2 16·8·25+16, fc1 784·64+64, fc2 64·10+10
    expect(inspection.parameters).toBe(208 + 3216 + 50_240 + 650);
    expect(inspection.layers).toHaveLength(inspection.nodes);
    for (const key of ['format', 'opsets', 'weightBytes', 'macs', 'flops', 'peakActivationBytes', 'inputs', 'outputs', 'findings']) expect(inspection).toHaveProperty(key);
  });

  it('evaluates costs at the bindings it is given', () => {
    const macs = (batch: number): number => (JSON.parse(lathe('inspect', digits, '--bind', `batch=${batch}`, '--json').stdout) as Inspection).macs ?? 0;
    expect(macs(4)).toBe(macs(1) * 4);
  });

  it('reads the weights only when asked to', () => {
    const codes = (...options: string[]): string[] => (JSON.parse(lathe('inspect', flawed, '--json', ...options).stdout) as Inspection).findings.map((finding) => finding.code);
    expect(codes()).not.toContain('duplicate-weights');
    expect(codes('--deep')).toContain('duplicate-weights');
  });
});

describe('lathe', () => {
  it('says what a bad file is and exits 2, in JSON too', () => {
    const page = join(folder, 'page.onnx');
    writeFileSync(page, '<!DOCTYPE html><title>404</title>');
    const { status, stderr } = lathe('inspect', page);
    expect(status).toBe(2);
    expect(stderr).toMatch(/HTML/);
    expect(JSON.parse(lathe('inspect', page, '--json').stdout)).toMatchObject({ error: { code: 'not-a-model', file: page } });
  });

  it.each([
    ['an unknown command', ['frobnicate']],
    ['a missing argument', ['inspect']],
    ['a binding that is none', ['inspect', digits, '--bind', 'batch']],
    ['a binding of no dimension', ['inspect', digits, '--bind', 'nosuch=7']],
    ['a binding of no dimension of what is measured', ['bench', digits, '--bind', 'nosuch=7']],
    ['a binding of no dimension of what is optimized', ['optimize', digits, '--bind', 'nosuch=7']],
    ['an unknown device', ['optimize', digits, '--target', 'abacus']],
    ['a time that is none', ['profile', digits, '--timeout', '0']],
    ['threads beside a recipe that says them', ['run', join(folder, 'size.lathe.json'), '--threads', '2']],
    ['an unknown goal', ['optimize', digits, '--goal', 'beauty']],
    ['an unknown order of channels', ['compare', digits, digits, '--data', folder, '--image-order', 'rbg']],
    ['an unknown scale of pixels', ['optimize', digits, '--data', folder, '--image-scale', 'half']],
    ['images that are not there', ['bench', digits, '--image-scale', 'unit']],
    ['an unknown way to name weights', ['text', digits, '--weights', 'colour']],
    ['an unknown provider', ['bench', digits, '--provider', 'abacus']],
    ['a missing file', ['inspect', join(folder, 'nowhere.onnx')]],
  ])('exits 2 for %s, and says so', (_, args) => {
    const { status, stderr } = lathe(...args);
    expect(status).toBe(2);
    expect(stderr).not.toBe('');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it.each([
    ['a missing argument', ['inspect'], "missing required argument 'model'"],
    ['an unknown option', ['inspect', digits, '--depp'], "unknown option '--depp'"],
    ['no command', [], "unknown option '--json'"],
  ])('gives a script one JSON document for %s', (_, args, message) => {
    const { status, stdout } = lathe(...args, '--json');
    expect(status).toBe(2);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe('usage');
    expect(error.message).toContain(message);
  });

  it('ends quietly and with its own exit code when its reader has gone, as under head', async () => {
    const command = spawnLathe('inspect', digits, '--json');
    command.stdout.destroy();
    let words = '';
    command.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
    const [status] = (await once(command, 'close')) as [number];
    expect([status, words]).toEqual([0, '']);
  });

  it('checks a valid model with 0', () => {
    expect(lathe('check', digits).status).toBe(0);
  });

  it('compares a model with itself as bit-equal', () => {
    const { status, stdout } = lathe('compare', digits, digits, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outputs: [{ bitEqual: true, maxAbs: 0 }] });
  });

  it('compares two models node by node: what was fused, what it cost and costs', () => {
    const simplified = join(folder, 'compared.onnx');
    expect(lathe('optimize', flawed, '--goal', 'simplification', '-o', simplified, '--json').stdout).toContain('accepted');
    const { stdout } = lathe('compare', flawed, simplified, '--json');
    const { structure } = JSON.parse(stdout) as { structure: StructureComparison };
    expect(structure.layers.flatMap(({ after }) => after)).toHaveLength(structure.nodes.after);
    expect(structure.layers.some(({ operators }) => /BatchNormalization.* → /.test(operators))).toBe(true);
    expect(lathe('compare', flawed, simplified, '--layers', '3').stdout).toMatch(/nodes → \d+: \d+ of the first have a counterpart/);
  });

  it('feeds images in the order and scale asked for, and states it', () => {
    const images = join(folder, 'images');
    mkdirSync(images);
    writeFileSync(join(images, 'a.png'), PNG.sync.write(Object.assign(new PNG({ width: 28, height: 28 }), { data: Buffer.alloc(28 * 28 * 4, 255) })));
    const { status, stdout } = lathe('compare', digits, digits, '--data', images, '--image-order', 'bgr', '--image-scale', 'unit', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ data: { kind: 'images', samples: 1, note: 'grey, value/255, NCHW, resized to 28×28 (height × width)' } });
  });

  it('optimizes on images as told, and writes it into the recipe', () => {
    const { stdout } = lathe('optimize', digits, '--goal', 'simplification', '--data', join(folder, 'images'), '--image-scale', 'unit', '--json');
    const { recipePath, data } = JSON.parse(stdout) as OptimizationReport;
    expect(data.note).toContain('value/255');
    expect(JSON.parse(readFileSync(recipePath ?? '', 'utf8'))).toMatchObject({ data: '../images', pictures: { order: 'rgb', scale: 'unit' } });
  });

  it('does what a recipe says with another model, but for what is said beside it', () => {
    const recipe = join(folder, 'clean.lathe.json');
    writeFileSync(recipe, JSON.stringify({ model: 'another.onnx', goal: 'simplification', data: 'images', pictures: { order: 'bgr', scale: 'unit' }, bindings: { batch: 2 }, seed: 7, output: 'another.clean.onnx', accept: { floor: 0.5, allowSlower: true }, steps: [{ technique: 'simplify' }] }));
    const run = (...options: string[]): OptimizationReport => JSON.parse(lathe('optimize', digits, '--recipe', recipe, '--json', ...options).stdout) as OptimizationReport;
    expect(run()).toMatchObject({ goal: 'simplification', seed: 7, floor: { minimum: 0.5 }, settings: { bindings: { batch: 2 }, threads: 1 }, data: { kind: 'images', note: expect.stringContaining('value/255') as unknown } });
    expect(run('--threads', '2', '--bind', 'batch=1', '--floor', '0.75', '--image-scale', 'raw')).toMatchObject({ goal: 'simplification', seed: 7, floor: { minimum: 0.75 }, settings: { bindings: { batch: 1 }, threads: 2 } });
  });

  it('profiles every kernel in milliseconds', () => {
    const { status, stdout } = lathe('profile', digits, '--json');
    expect(status).toBe(0);
    expect(Object.keys((JSON.parse(stdout) as { milliseconds: object }).milliseconds).length).toBeGreaterThan(3);
  });

  it('refuses to write over its source, and leaves nothing behind', () => {
    const before = readdirSync(folder);
    expect(lathe('optimize', digits, '--goal', 'size', '--allow-slower', '--allow-uncalibrated', '-o', digits).status).toBe(2);
    expect(readdirSync(folder).filter((name) => name.endsWith('.onnx'))).toEqual(before.filter((name) => name.endsWith('.onnx')));
  });
});
