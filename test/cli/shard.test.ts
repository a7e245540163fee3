// `lathe shard`: the same model with other files of weights, in a new folder.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { graphDocument, modelDocument, tfjsFile, weight } from '../support/tfjsModels';
import { modelBytes, modelFile } from '../support/models';
import { lathe, latheError } from './support';

it('cuts the weights into files of the size that is asked for', () => {
  const bytes = Uint8Array.from({ length: 8 }, (_, i) => i);
  const path = tfjsFile(graphDocument({ weightsManifest: [{ paths: ['w.bin'], weights: [weight('w')] }] }), { 'w.bin': bytes });
  const output = join(dirname(path), 'cut');
  expect(lathe('shard', path, '--shard-bytes', '3', '-o', output)).toMatchObject({ status: 0, stdout: `${join(output, 'model.json')}\n  3 files with weights\n` });
  expect(readdirSync(output).sort()).toEqual(['group1-shard1of3.bin', 'group1-shard2of3.bin', 'group1-shard3of3.bin', 'model.json']);
  expect(statSync(join(output, 'group1-shard3of3.bin')).size).toBe(2);
  expect(Buffer.concat(modelDocument(join(output, 'model.json')).weightsManifest.flatMap(({ paths }) => paths.map((name) => readFileSync(join(output, name)))))).toEqual(Buffer.from(bytes));
  expect(latheError('shard', path, '-o', output)).toMatchObject({ status: 2, error: { code: 'io' } });
  expect(JSON.parse(lathe('shard', path, '--json').stdout)).toMatchObject({ path: join(dirname(path), 'model.sharded', 'model.json'), shards: 1 });
});

it('refuses ONNX models and sizes that are none', () => {
  const path = tfjsFile(graphDocument());
  expect(latheError('shard', modelFile(modelBytes()))).toMatchObject({ status: 2, error: { code: 'usage', message: 'An ONNX model has no shards.' } });
  expect(lathe('shard', path, '--shard-bytes', '0').status).toBe(2);
  expect(readdirSync(dirname(path)).sort()).toEqual(['model.json', 'w.bin']);
});
