// A model as the Hugging Face cache keeps it: snapshots of links into a folder of blobs.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { floatType, modelBytes } from './models';

export interface HubCache {
  /** `models--org--name`. */
  readonly folder: string;
  readonly snapshot: string;
  /** The model in the snapshot: y = x·w, w of 2×2 in external data. */
  readonly model: string;
}

/** Weights of 2×2 after eight other bytes. */
export const hubWeights = Buffer.from(Float32Array.of(9, 9, 1, 2, 3, 4).buffer);

/** Model and weights are links into `blobs`; `target` says where the link to the weights leads instead. */
export function hubCache(root: string, target?: string): HubCache {
  const folder = join(root, 'models--org--tiny');
  const snapshot = join(folder, 'snapshots', '0123abcd');
  const model = join(snapshot, 'onnx', 'model.onnx');
  const external_data = Object.entries({ location: 'model.onnx_data', offset: '8' }).map(([key, value]) => ({ key, value }));
  const graph = {
    node: [{ op_type: 'MatMul', name: 'product', input: ['x', 'w'], output: ['y'] }],
    initializer: [{ name: 'w', data_type: 1, dims: [2, 2], data_location: 1, external_data }],
    input: [{ name: 'x', type: floatType(1, 2) }],
    output: [{ name: 'y', type: floatType(1, 2) }],
  };
  mkdirSync(dirname(model), { recursive: true });
  mkdirSync(join(folder, 'blobs'));
  writeFileSync(join(folder, 'blobs', 'aaaa'), modelBytes(graph));
  writeFileSync(join(folder, 'blobs', 'bbbb'), hubWeights);
  symlinkSync(relative(dirname(model), join(folder, 'blobs', 'aaaa')), model);
  symlinkSync(target ?? relative(dirname(model), join(folder, 'blobs', 'bbbb')), join(dirname(model), 'model.onnx_data'));
  return { folder, snapshot, model };
}
