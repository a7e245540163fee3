// Graphs that were rewritten are written as TensorFlow.js reads them; what the format cannot say is refused with its name.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../../src/formats/open';
import { writeTfjsModel } from '../../../../src/formats/tfjs/write';
import { planShards } from '../../../../src/formats/tfjs/write/shards';
import { attributes, cloneModel, makeNode } from '../../../../src/graph/construct';
import type { Model } from '../../../../src/graph/model';
import { assertValid } from '../../../../src/graph/verify';
import { float32Tensor, int64Tensor, tensorFromArray } from '../../../../src/tensor/tensor';
import { runByTfjs, useBackend } from '../../../runtime/tfjsSupport';
import { refusal, temporaryFolder } from '../../../support/models';
import { constant, decodedByTfjs, graphDocument, layersDocument, modelDocument, placeholder, tfjsFile, weight } from '../../../support/tfjsModels';

const float = { type: 'DT_FLOAT' };
const shards = { 'w.bin': new Uint8Array(Float32Array.of(10, 20).buffer) };

interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, unknown>>;
}

async function write(model: Model): Promise<string> {
  const path = join(temporaryFolder(), 'model.json');
  await writeTfjsModel(model, path);
  const again = openModel(path);
  assertValid(again);
  again.dispose();
  return path;
}

function nodesOf(path: string): NodeDef[] {
  const { node } = modelDocument(path).modelTopology as { readonly node: NodeDef[] };
  return node;
}

function graph(node: readonly object[], more: object = {}): object {
  return graphDocument({ modelTopology: { node, versions: { producer: 716 }, ...more } });
}

const product = { name: 'product', op: 'MatMul', input: ['x', 'm'], attr: { T: float, transpose_a: { b: false }, transpose_b: { b: true } } };
const matrix = { name: 'm', op: 'Const', attr: { dtype: float, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '2' }, { size: '2' }] } } } } };
const sum = { name: 'sum', op: 'AddV2', input: ['product', 'w'], attr: { T: float } };

describe('a graph that was rewritten', () => {
  it('is executed by TensorFlow.js as it is meant: new operators with attributes of every kind', async () => {
    const weightsManifest = [{ paths: ['w.bin'], weights: [weight('m', [2, 2]), weight('w')] }];
    const path = tfjsFile({ ...graph([placeholder('x', '1', '2'), matrix, constant('w'), product, sum]), weightsManifest }, { 'w.bin': new Uint8Array(Float32Array.of(1, 2, 3, 4, 10, 20).buffer) });
    const model = openModel(path);
    const changed = cloneModel(model);
    const fused = makeNode({ name: 'product_fused', opType: '_FusedMatMul', domain: 'tensorflow', inputs: ['x', 'm', 'w'], outputs: ['sum'], attributes: attributes({ T: 'DT_FLOAT', transpose_a: 0, transpose_b: 1, num_args: 1, fused_ops: { type: 'strings', value: ['BiasAdd', 'Relu'] }, epsilon: { type: 'float', value: 0.5 } }) });
    changed.graph.nodes = [fused];
    const written = await write(changed);
    const node = nodesOf(written).find(({ op }) => op === '_FusedMatMul');
    expect(node).toEqual({
      name: 'sum',
      op: '_FusedMatMul',
      input: ['x', 'm', 'w'],
      attr: { T: float, transpose_a: { b: false }, transpose_b: { b: true }, num_args: { i: '1' }, fused_ops: { list: { s: ['BiasAdd', 'Relu'].map((text) => Buffer.from(text).toString('base64')) } }, epsilon: { f: 0.5 } },
    });
    await useBackend('cpu');
    // x·mᵀ + w, and nothing below 0.
    const feeds = new Map([['x', float32Tensor('x', [1, 2], [1, -20])]]);
    expect(await runByTfjs(written, feeds)).toEqual([[Math.max(0, 1 - 40 + 10), Math.max(0, 3 - 80 + 20)]]);
    expect(await runByTfjs(written, new Map([['x', float32Tensor('x', [1, 2], [1, 1])]]))).toEqual(await runByTfjs(path, new Map([['x', float32Tensor('x', [1, 2], [1, 1])]])));
    model.dispose();
  });

  it('loses the weights nobody reads any more, keeps those no node of the file read', async () => {
    const weightsManifest = [{ paths: ['w.bin'], weights: [weight('w'), weight('v'), weight('stray')] }];
    const path = tfjsFile({ ...graph([placeholder('x', '2'), constant('w'), constant('v'), { ...sum, input: ['x', 'w'] }, { name: 'more', op: 'AddV2', input: ['sum', 'v'], attr: { T: float } }]), weightsManifest }, { 'w.bin': new Uint8Array(24) });
    const model = cloneModel(openModel(path));
    model.graph.nodes = model.graph.nodes.filter(({ name }) => name === 'sum');
    model.graph.initializers.delete('v');
    model.graph.outputs = [{ name: 'sum' }];
    const written = await write(model);
    expect(modelDocument(written).weightsManifest).toEqual([{ paths: ['group1-shard1of1.bin'], weights: [weight('w'), weight('stray')] }]);
    expect(nodesOf(written).map(({ name }) => name)).toEqual(['x', 'w', 'sum']);
  });

  it('waits no longer for nodes that are gone, and still for those that are there', async () => {
    const path = tfjsFile(graph([placeholder('x', '2'), constant('w'), { name: 'noise', op: 'NoOp' }, { name: 'check', op: 'NoOp' }, { ...sum, input: ['x', 'w', '^noise', '^check'] }]), shards);
    const model = cloneModel(openModel(path));
    model.graph.nodes = model.graph.nodes.filter(({ name }) => name !== 'noise');
    model.graph.outputs = [{ name: 'sum' }];
    expect(nodesOf(await write(model)).find(({ name }) => name === 'sum')?.input).toEqual(['x', 'w', '^check']);
  });

  it('writes what was changed of an attribute in the form the file has, and the rest as it stands', async () => {
    const odd = { T: float, flag: { b: true }, big: { i: '9223372036854775807' }, shape_of: { shape: { dim: [{ size: '3' }] } }, unknown: { shape: { unknownRank: true } }, kinds: { list: { type: ['DT_FLOAT', 'DT_INT32'] } }, _mine: { s: 'AAH/' } };
    const path = tfjsFile(graph([placeholder('x', '2'), constant('w'), { ...sum, input: ['x', 'w'], attr: odd }]), shards);
    const model = cloneModel(openModel(path));
    const [node] = model.graph.nodes;
    node?.attributes.set('flag', { type: 'int', value: 0 }).set('shape_of', { type: 'ints', value: [3, -1] }).set('kinds', { type: 'strings', value: ['DT_HALF'] });
    expect(nodesOf(await write(model)).find(({ name }) => name === 'sum')?.attr).toEqual({ ...odd, flag: { b: false }, shape_of: { shape: { dim: [{ size: '3' }, { size: '-1' }] } }, kinds: { list: { type: ['DT_HALF'] } } });
  });

  it('gives a second output that became a constant a name that a node can have', async () => {
    const split = { name: 'split', op: 'Split', input: ['axis', 'x'], attr: { T: float, num_split: { i: '2' } } };
    const axis = { name: 'axis', op: 'Const', attr: { dtype: { type: 'DT_INT32' }, value: { tensor: { dtype: 'DT_INT32', tensorShape: {} } } } };
    const path = tfjsFile({ ...graph([placeholder('x', '4'), axis, split, { ...sum, input: ['split', 'split:1'] }]), weightsManifest: [{ paths: ['w.bin'], weights: [weight('axis', [], { dtype: 'int32' })] }] }, { 'w.bin': new Uint8Array(4) });
    const model = cloneModel(openModel(path));
    model.graph.initializers.set('split:1', float32Tensor('split:1', [2], [1, 2]));
    const [node] = model.graph.nodes;
    if (node !== undefined) node.outputs = ['split'];
    const written = await write(model);
    expect(nodesOf(written).find(({ name }) => name === 'sum')?.input).toEqual(['split', 'split_1']);
    expect([...(decodedByTfjs(written).get('split_1')?.dataSync() ?? [])]).toEqual([1, 2]);
  });
});

describe('weights of types that TensorFlow.js does not have', () => {
  const withWeight = (tensor: Parameters<Model['graph']['initializers']['set']>[1]): Model => {
    const model = cloneModel(openModel(tfjsFile(graphDocument(), shards)));
    model.graph.initializers.set('w', { ...tensor, name: 'w' });
    return model;
  };

  it('are written as those it has, as its converter does', async () => {
    const wide = await write(withWeight(int64Tensor('w', [2], [-7, 2 ** 31 - 1])));
    expect([...(decodedByTfjs(wide).get('w')?.dataSync() ?? [])]).toEqual([-7, 2 ** 31 - 1]);
    expect(nodesOf(wide).find(({ name }) => name === 'w')?.attr?.['dtype']).toEqual({ type: 'DT_INT64' });
    const double = await write(withWeight(tensorFromArray('w', 'float64', [2], Float64Array.of(0.1, 2))));
    expect([...(decodedByTfjs(double).get('w')?.dataSync() ?? [])]).toEqual([Math.fround(0.1), 2]);
  });

  it('are refused where a number would be lost', async () => {
    await expect(write(withWeight(int64Tensor('w', [2], [0, 2 ** 31])))).rejects.toMatchObject({ code: 'unsupported', item: 'w' });
    await expect(write(withWeight(tensorFromArray('w', 'complex128', [1], Float64Array.of(1, 2))))).rejects.toMatchObject({ code: 'unsupported', item: 'w' });
  });
});

it('string and complex weights are written as they were', async () => {
  const weights = [weight('s', [2], { dtype: 'string' }), weight('c', [1], { dtype: 'complex64' }), weight('w')];
  const bytes = Uint8Array.from([2, 0, 0, 0, 72, 105, 0, 0, 0, 0, ...new Uint8Array(Float32Array.of(1, 2, 10, 20).buffer)]);
  const path = tfjsFile(graphDocument({ weightsManifest: [{ paths: ['w.bin'], weights }] }), { 'w.bin': bytes });
  const model = openModel(path);
  const written = await write(cloneModel(model));
  expect(readFileSync(join(dirname(written), 'group1-shard1of1.bin'))).toEqual(Buffer.from(bytes));
  model.dispose();
});

it('the library of functions is kept, its constants follow their weights', async () => {
  const library = { function: [{ signature: { name: 'f', inputArg: [{ name: 'i', type: 'DT_FLOAT' }], outputArg: [{ name: 'o', type: 'DT_FLOAT' }] }, nodeDef: [constant('k'), { name: 'add', op: 'AddV2', input: ['i', 'k:output:0'], attr: { T: float } }], ret: { o: 'add:z:0' } }] };
  const call = { name: 'y', op: 'StatefulPartitionedCall', input: ['x'], attr: { Tin: { list: { type: ['DT_FLOAT'] } }, Tout: { list: { type: ['DT_FLOAT'] } }, f: { func: { name: 'f' } } } };
  const path = tfjsFile({ ...graph([placeholder('x', '2'), call], { library }), weightsManifest: [{ paths: ['w.bin'], weights: [weight('k')] }] }, shards);
  const model = cloneModel(openModel(path));
  expect(modelDocument(await write(model)).modelTopology).toEqual(modelDocument(path).modelTopology);
  const [body] = model.functions;
  body?.nodes.find(({ opType }) => opType === 'Const')?.attributes.set('value', { type: 'tensor', value: float32Tensor('k', [2], [5, 6]) });
  const written = await write(model);
  expect([...(decodedByTfjs(written).get('k')?.dataSync() ?? [])]).toEqual([5, 6]);
  expect(modelDocument(written).modelTopology).toEqual(modelDocument(path).modelTopology);
});

describe('a layers model', () => {
  const dense = { class_name: 'Dense', config: { name: 'd', units: 2, use_bias: false, batch_input_shape: [null, 1] } };
  const path = (): string => tfjsFile(layersDocument([dense], [weight('d/kernel', [1, 2])]), shards);

  it('may have other weights', async () => {
    const model = cloneModel(openModel(path()));
    model.graph.initializers.set('d/kernel', float32Tensor('d/kernel', [1, 2], [3, 4]));
    expect([...(decodedByTfjs(await write(model)).get('d/kernel')?.dataSync() ?? [])]).toEqual([3, 4]);
  });

  it('may not have other layers, nor weights of other shapes', async () => {
    const model = cloneModel(openModel(path()));
    model.graph.nodes[0]?.attributes.set('units', { type: 'int', value: 3 });
    await expect(write(model)).rejects.toMatchObject({ code: 'unsupported' });
    const other = cloneModel(openModel(path()));
    other.graph.initializers.set('d/kernel', float32Tensor('d/kernel', [2, 1], [3, 4]));
    await expect(write(other)).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('nothing is written', () => {
  it.each([
    ['model.json', (folder: string) => { writeFileSync(join(folder, 'model.json'), JSON.stringify(graphDocument({ generatedBy: 'another' }))); }],
    ['a shard', (folder: string) => { writeFileSync(join(folder, 'w.bin'), new Uint8Array(8)); }],
  ])('where %s changed since the model was opened', async (_, change) => {
    const path = tfjsFile(graphDocument(), shards);
    const model = openModel(path);
    model.dispose();
    change(dirname(path));
    const target = temporaryFolder();
    await expect(writeTfjsModel(model, join(target, 'model.json'))).rejects.toMatchObject({ code: 'source-touched' });
    expect(readdirSync(target)).toEqual([]);
  });

  it('for more files than a folder should have', () => {
    const bytes = { byteLength: 2 ** 40, read: (): Uint8Array => new Uint8Array(0) };
    expect(refusal(() => planShards([[{ entry: {}, bytes }]], 2 ** 20))).toMatchObject({ code: 'usage', message: expect.stringMatching(/1048576 files/) as unknown });
    expect(planShards([[{ entry: {}, bytes }]], 2 ** 30).shards).toHaveLength(1024);
  });

  it.each([0, -1, 1.5, NaN])('for shards of %d bytes', async (shardBytes) => {
    const model = openModel(tfjsFile(graphDocument(), shards));
    await expect(writeTfjsModel(model, join(temporaryFolder(), 'model.json'), { shardBytes })).rejects.toMatchObject({ code: 'usage' });
    model.dispose();
  });
});
