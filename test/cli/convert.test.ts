// `lathe convert`: a TensorFlow.js model as a new ONNX file, or everything that stands in the way.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOnnxModel } from '../../src/formats/onnx/read';
import type { ConvertReport } from '../../src/recipes/convert';
import { graphDocument, placeholder, tfjsFile } from '../support/tfjsModels';
import { modelBytes, modelFile } from '../support/models';
import { lathe, latheError } from './support';

const shards = { 'w.bin': new Uint8Array(Float32Array.of(1, 2).buffer) };

describe('lathe convert', () => {
  it('writes model.onnx beside model.json, whose nodes remember what they came from', () => {
    const path = tfjsFile(graphDocument(), shards);
    const before = readFileSync(path);
    const { status, stdout } = lathe('convert', path, '--json');
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as ConvertReport;
    expect(report).toMatchObject({ source: path, path: join(dirname(path), 'model.onnx'), nodes: { source: 1, result: 1 }, transposes: 0, notLowered: [] });
    const written = readOnnxModel(report.path ?? '');
    expect(written.graph.nodes).toMatchObject([{ opType: 'Add', inputs: ['x', 'w'], outputs: ['add'], origin: ['add'] }]);
    expect([...written.graph.initializers.values()]).toMatchObject([{ name: 'w', elementType: 'float32', dims: [2] }]);
    written.dispose();
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('takes the name it is given, and never writes over anything', () => {
    const path = tfjsFile(graphDocument(), shards);
    const output = join(dirname(path), 'other.onnx');
    expect(lathe('convert', path, '-o', output)).toMatchObject({ status: 0, stdout: `${output}\n  1 node → 1, 0 of them Transposes\n` });
    expect(latheError('convert', path, '-o', output)).toMatchObject({ status: 2, error: { code: 'io' } });
    expect(lathe('convert', path).status).toBe(0);
    expect(lathe('convert', path).stdout).toContain('model-2.onnx');
  });

  it('lists all that cannot be converted, and writes nothing', () => {
    const node = [placeholder('x', '-1', '2'), { name: 'a', op: 'Bincount', input: ['x'] }, { name: 'b', op: 'StringLower', input: ['x'] }, { name: 'c', op: 'AddV2', input: ['a', 'b'] }];
    const path = tfjsFile({ format: 'graph-model', modelTopology: { node }, weightsManifest: [] }, {});
    const { status, stdout } = lathe('convert', path);
    expect(status).toBe(1);
    expect(stdout).toBe(`${path} was not converted, nothing was written:\n  Bincount a: ONNX has no operator that counts values\n  StringLower b: ONNX has no operator that does this to texts\n`);
    expect(JSON.parse(lathe('convert', path, '--json').stdout)).toMatchObject({ nodes: { source: 3 }, notLowered: [{ node: 'a', op: 'Bincount' }, { node: 'b', op: 'StringLower' }] });
    expect(readdirSync(dirname(path))).toEqual(['model.json']);
  });

  it('has nothing to do for a model that is ONNX, and says where a folder is missing', () => {
    const onnx = modelFile(modelBytes());
    expect(latheError('convert', onnx)).toMatchObject({ status: 2, error: { code: 'usage', message: 'The model is ONNX already.' } });
    const path = tfjsFile(graphDocument(), shards);
    expect(latheError('convert', path, '-o', join(dirname(path), 'nowhere', 'm.onnx'))).toMatchObject({ status: 2, error: { code: 'not-found' } });
    expect(existsSync(join(dirname(path), 'nowhere'))).toBe(false);
  });
});
