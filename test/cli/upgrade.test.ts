// `lathe upgrade`: a new file at a newer opset that gives the source's outputs, or a refusal that names node, operator and version.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLeNet } from '../../samples/architectures/lenet';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import { GraphBuilder } from '../../src/graph/builder';
import { tensorValue } from '../../src/graph/construct';
import type { Model } from '../../src/graph/model';
import type { UpgradeReport } from '../../src/recipes/upgrade';
import { lathe, latheError } from './support';

const folder = mkdtempSync(join(tmpdir(), 'lathe-upgrade-'));
const at = (name: string): string => join(folder, `${name}.onnx`);

function small(opset: number, body: (module: ReturnType<GraphBuilder['module']>, x: string) => string, shape: readonly number[] = [2, 3]): Model {
  const builder = new GraphBuilder('small', { opset });
  const x = builder.input('x', 'float32', shape);
  builder.output(body(builder.module(''), x), 'float32', [], 'y');
  const built = builder.build();
  built.graph.outputs = [tensorValue('y', 'float32')];
  return built;
}

beforeAll(async () => {
  await writeOnnxModel(buildLeNet(), at('digits'));
  await writeOnnxModel(small(11, (module, x) => module.node('ReduceMean', [module.node('Squeeze', [module.node('Unsqueeze', [x], { axes: [0] })], { axes: [0] })], { axes: [1] })), at('old'));
  await writeOnnxModel(small(6, (module, x) => module.node('Mul', [x, module.float32('rows', [2, 3], [2])], { broadcast: 1, axis: 0 })), at('ancient'));
  await writeOnnxModel(small(5, (module, x) => module.node('Tile', [x, module.int64('tiles', [2], []), module.int64('axis', [1], [])])), at('tiled'));
  await writeOnnxModel(small(16, (module, x) => module.node('RoiAlign', [x, module.float32('rois', [0, 0, 3, 3], [1, 4]), module.int64('batch', [0])], { output_height: 2, output_width: 2 }), [1, 1, 6, 6]), at('regions'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('lathe upgrade', () => {
  it('writes a copy beside the source, says what was rewritten, and compares the outputs', () => {
    const source = readFileSync(at('old'));
    const { status, stdout } = lathe('upgrade', at('old'), '--opset', '21', '--json');
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as UpgradeReport;
    expect(report).toMatchObject({
      path: at('old.opset21'),
      from: 11,
      to: 21,
      changes: [{ op: 'Unsqueeze', version: 13, nodes: 1 }, { op: 'Squeeze', version: 13, nodes: 1 }, { op: 'ReduceMean', version: 18, nodes: 1 }],
      outputs: [{ output: 'y', bitEqual: true }],
    });
    const written = readOnnxModel(report.path);
    expect(written.opsetImports.get('')).toBe(21);
    written.dispose();
    expect(readFileSync(at('old')).equals(source)).toBe(true);
  });

  it('takes the name it is given, and says the same to a person', () => {
    const { status, stdout } = lathe('upgrade', at('digits'), '--opset', '20', '-o', at('newer'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/opset 17 → 20: .*newer\.onnx\n.*\n {2}outputs: bit for bit those of the source/);
  });

  it('makes a model run that the runtime has no kernels for', () => {
    const { status, stdout } = lathe('upgrade', at('ancient'), '--opset', '13', '--json');
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as UpgradeReport).notCompared).toMatch(/the runtime does not run the source .*, and runs the copy$/);
  });

  it.each([
    ['the opset the model is at', 'digits', '17', 'usage', /at opset 17 already/],
    ['an older opset', 'digits', '13', 'usage', /only raised/],
    ['an opset nobody knows', 'digits', '99', 'unsupported', /newest is 26/],
    ['an operator whose change is not mechanical', 'tiled', '13', 'unsupported', /Tile changed in version 6, and it now repeats all axes/],
  ] as const)('refuses %s with exit code 2, and writes nothing', (_, name, opset, code, message) => {
    const before = readdirSync(folder);
    expect(latheError('upgrade', at(name), '--opset', opset)).toMatchObject({ status: 2, error: { code, message: expect.stringMatching(message) as unknown } });
    expect(readdirSync(folder)).toEqual(before);
  });

  it('keeps nothing that the runtime does not run where it runs the source', () => {
    const before = readdirSync(folder);
    expect(latheError('upgrade', at('regions'), '--opset', '22')).toMatchObject({ status: 1, error: { code: 'rejected', message: expect.stringMatching(/runs the source, not the copy .*RoiAlign\(22\)/) as unknown } });
    expect(readdirSync(folder)).toEqual(before);
  });

  it('never writes over the source or another file', () => {
    for (const output of ['digits', 'old']) expect(latheError('upgrade', at('digits'), '--opset', '20', '-o', at(output))).toMatchObject({ status: 2, error: { code: output === 'digits' ? 'source-touched' : 'io' } });
  });
});
