// Small models as plain objects of ONNX's messages, encoded by protobufjs, and folders that are removed after each test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { LatheError, type ErrorJson } from '../../src/base/errors';
import { encodeProto } from './onnxProto';

type Fields = Record<string, unknown>;

/** A float32 TypeProto. */
export function floatType(...dims: readonly (number | string)[]): Fields {
  return { tensor_type: { elem_type: 1, shape: { dim: dims.map((dim) => (typeof dim === 'number' ? { dim_value: dim } : { dim_param: dim })) } } };
}

/** x → Relu → y, with the graph's and the model's fields replaced or added. */
export function plainModel(graph: Fields = {}, model: Fields = {}): Fields {
  return {
    ir_version: 8,
    opset_import: [{ version: 17 }],
    graph: {
      name: 'g',
      node: [{ op_type: 'Relu', name: 'relu', input: ['x'], output: ['y'] }],
      input: [{ name: 'x', type: floatType(2) }],
      output: [{ name: 'y', type: floatType(2) }],
      ...graph,
    },
    ...model,
  };
}

export function modelBytes(graph: Fields = {}, model: Fields = {}): Uint8Array {
  return encodeProto('ModelProto', plainModel(graph, model));
}

/** A model whose only initializer is `tensor`. */
export function tensorModel(tensor: Fields): Uint8Array {
  return modelBytes({ initializer: [{ name: 'w', ...tensor }] });
}

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A fresh folder, removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lathe-test-'));
  folders.push(folder);
  return folder;
}

/** Writes bytes as `model.onnx` in a fresh folder. */
export function modelFile(bytes: Uint8Array | string, name = 'model.onnx'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, bytes);
  return path;
}

/** The LatheError that `work` must throw, as JSON. */
export function refusal(work: () => unknown): ErrorJson {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof LatheError) return thrown.toJSON();
    throw thrown;
  }
  throw new Error('Nothing was thrown.');
}

export async function asyncRefusal(work: () => Promise<unknown>): Promise<ErrorJson> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof LatheError) return thrown.toJSON();
    throw thrown;
  }
  throw new Error('Nothing was thrown.');
}
