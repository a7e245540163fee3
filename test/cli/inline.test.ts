// `lathe inline`: a new file without the functions asked for that gives the source's outputs bit for bit, or a refusal that says why.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import type { InlineReport } from '../../src/recipes/inline';
import type { UpgradeReport } from '../../src/recipes/upgrade';
import { header, modelWith } from '../techniques/inline/models';
import { lathe, latheError } from './support';

const folder = mkdtempSync(join(tmpdir(), 'lathe-inline-'));
const at = (name: string): string => join(folder, `${name}.onnx`);
const functions = `${header()} outer (a) => (b) { h = own.twice (a) b = own.twice (h) }\n${header()} twice (a) => (b) { b = Add (a, a) }`;

beforeAll(async () => {
  await writeOnnxModel(modelWith('["block"] h = own.outer (x)\ny = own.twice (h)', functions), at('blocks'));
  await writeOnnxModel(modelWith('y = Neg (x)', ''), at('plain'));
  await writeOnnxModel(modelWith('y = own.f (x)', `${header(21)} f (a) => (b) { b = Neg (a) }`), at('newer'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('lathe inline', () => {
  it('writes a copy beside the source, says what was inlined, and compares the outputs', () => {
    const source = readFileSync(at('blocks'));
    const { status, stdout } = lathe('inline', at('blocks'), '--json');
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as InlineReport;
    expect(report).toMatchObject({ path: at('blocks.inlined'), inlined: [{ function: 'own::outer', calls: 1 }, { function: 'own::twice', calls: 3 }], kept: [], outputs: [{ output: 'y', bitEqual: true }] });
    const written = readOnnxModel(report.path);
    expect(written.functions).toEqual([]);
    expect(written.graph.nodes.map(({ name, origin }) => [name, origin])).toEqual([['block/twice/Add', ['block']], ['block/twice_2/Add', ['block']], ['twice/Add', ['twice#1']]]);
    written.dispose();
    expect(readFileSync(at('blocks')).equals(source)).toBe(true);
  });

  it('inlines one function alone under the name it is given, and says the same to a person', () => {
    const { status, stdout } = lathe('inline', at('blocks'), '--function', 'own::outer', '-o', at('named'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^functions inlined: .*named\.onnx\n {2}own::outer: 1 call inlined\n {2}outputs: bit for bit those of the source, measured here\n$/);
    const written = readOnnxModel(at('named'));
    expect(written.functions.map(({ name }) => name)).toEqual(['twice']);
    written.dispose();
  });

  it.each([
    ['a model without functions', 'plain', [], 'usage', /no functions of its own/],
    ['a function it does not have', 'blocks', ['--function', 'own::thrice'], 'usage', /no function own::thrice/],
    ['a function that cannot be inlined', 'newer', [], 'unsupported', /own::f cannot be inlined. It is written in version 21/],
  ] as const)('refuses %s, and writes nothing', (_, name, options, code, message) => {
    const before = readdirSync(folder);
    expect(latheError('inline', at(name), ...options)).toMatchObject({ status: 2, error: { code, message: expect.stringMatching(message) as unknown } });
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('lathe upgrade of a model with functions', () => {
  it('inlines them on the way, and says so', () => {
    const { status, stdout } = lathe('upgrade', at('newer'), '--opset', '21', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout) as UpgradeReport).toMatchObject({ from: 17, to: 21, inlined: [{ function: 'own::f', calls: 1 }] });
    expect(lathe('upgrade', at('blocks'), '--opset', '20').stdout).toMatch(/opset 17 → 20: .*\n {2}own::outer: 1 call inlined\n/);
  });
});
