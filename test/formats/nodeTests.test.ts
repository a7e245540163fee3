// Every model of ONNX's own backend tests is read, verified, written and read again, and stays the same.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifyModel } from '../../src/graph/verify';
import { readOnnxBytes, readOnnxModel } from '../../src/formats/onnx/read';
import { readTensorFile } from '../../src/formats/onnx/tensorFile';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { listLightModels, listNodeTests } from '../support/nodeTests';
import { canonicalModel } from '../support/onnxProto';

const tests = listNodeTests();

describe.skipIf(tests.length === 0)("ONNX's node tests", () => {
  it('holds all 1,802 of them', () => {
    expect(tests.length).toBe(1802);
  });

  it('are read and found valid, with no error', () => {
    const problems = tests.flatMap(({ name, model }) => {
      const read = readOnnxModel(model);
      read.dispose();
      return verifyModel(read)
        .filter(({ severity }) => severity === 'error')
        .map(({ message }) => `${name}: ${message}`);
    });
    expect(problems).toEqual([]);
  });

  it('mean the same to protobufjs after a rewrite', () => {
    for (const { name, model } of [...tests, ...listLightModels()]) {
      const bytes = readFileSync(model);
      const written = encodeOnnxModel(readOnnxBytes(bytes));
      expect(canonicalModel(written), name).toEqual(canonicalModel(bytes));
      expect(Buffer.compare(encodeOnnxModel(readOnnxBytes(written)), written), name).toBe(0);
    }
  });

  it('have inputs and outputs that are read as tensors', () => {
    const tensor = tests.find(({ name }) => name === 'test_abs');
    const [folder] = tensor?.dataSets ?? [];
    expect(folder).toBeDefined();
    expect(readTensorFile(`${folder ?? ''}/input_0.pb`)).toMatchObject({ elementType: 'float32', dims: [3, 4, 5] });
  });
});
