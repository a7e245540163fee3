// Public TensorFlow.js models are written back as they were read: same JSON, same weights to the bit, shards as the converter cuts them.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../../src/formats/open';
import { writeTfjsModel } from '../../../../src/formats/tfjs/write';
import { cloneModel } from '../../../../src/graph/construct';
import { temporaryFolder } from '../../../support/models';
import { modelDocument, publicTfjsModels } from '../../../support/tfjsModels';

function weightBytes(path: string): Buffer {
  return Buffer.concat(modelDocument(path).weightsManifest.flatMap(({ paths }) => paths.map((shard) => readFileSync(join(dirname(path), shard)))));
}

describe.each(publicTfjsModels())('$name', ({ path }) => {
  it('is written back unchanged, its weights in shards of at most 4 MB', async () => {
    const model = openModel(path);
    const written = join(temporaryFolder(), 'model.json');
    const { files } = await writeTfjsModel(cloneModel(model), written);
    model.dispose();
    const before = modelDocument(path);
    const after = modelDocument(written);
    const manifest = before.weightsManifest.map(({ weights }, i) => ({ paths: after.weightsManifest[i]?.paths, weights }));
    expect(after).toEqual({ ...before, weightsManifest: manifest });
    expect(Buffer.compare(weightBytes(path), weightBytes(written))).toBe(0);
    const shards = after.weightsManifest.flatMap(({ paths }, i) => paths.map((name, at) => ({ name, expected: `group${i + 1}-shard${at + 1}of${paths.length}.bin` })));
    for (const { name, expected } of shards) {
      expect(name).toBe(expected);
      expect(statSync(join(dirname(written), name)).size).toBeLessThanOrEqual(4 * 2 ** 20);
    }
    expect(readdirSync(dirname(written)).sort()).toEqual(['model.json', ...shards.map(({ name }) => name)].sort());
    expect(files).toEqual([...shards.map(({ name }) => join(dirname(written), name)), written]);
  });

  it('is read back as the model that was written', async () => {
    const model = openModel(path);
    const written = join(temporaryFolder(), 'model.json');
    await writeTfjsModel(model, written, { shardBytes: 300_001 });
    const again = openModel(written);
    expect(again.graph.nodes).toEqual(model.graph.nodes);
    expect(again.graph.inputs).toEqual(model.graph.inputs);
    expect(again.graph.outputs).toEqual(model.graph.outputs);
    expect([...again.graph.initializers.keys()]).toEqual([...model.graph.initializers.keys()]);
    for (const [name, tensor] of model.graph.initializers) {
      const other = again.graph.initializers.get(name);
      expect(other?.dims, name).toEqual(tensor.dims);
      expect(other?.strings, name).toEqual(tensor.strings);
      expect(Buffer.compare(other?.source.read() ?? Buffer.of(), tensor.source.read()), name).toBe(0);
    }
    expect(again.functions.map(({ name }) => name)).toEqual(model.functions.map(({ name }) => name));
    model.dispose();
    again.dispose();
  });
});
