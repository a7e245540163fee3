// Bad input 31–35 and around them: what is wrong with a TensorFlow.js model is named by file and item, and nothing else is touched.
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../src/formats/open';
import { modelFile, refusal } from '../../support/models';
import { constant, graphDocument, layersDocument, tfjsFile, weight } from '../../support/tfjsModels';

const manifest = (...weights: readonly object[]): object => graphDocument({ weightsManifest: [{ paths: ['w.bin'], weights }] });
const posix = process.platform !== 'win32';

describe('a shard path', () => {
  it.each([
    ['../w.bin', "leaves the model's folder"],
    ['a/../../w.bin', "leaves the model's folder"],
    ['/etc/passwd', 'is an absolute or network path'],
    ['C:\\w.bin', 'names a drive'],
    ['https://example.org/w.bin', 'is an address on a network'],
    ['', 'names no file'],
  ])('%s is refused', (path, what) => {
    const file = tfjsFile(graphDocument({ weightsManifest: [{ paths: [path], weights: [weight('w')] }] }));
    expect(refusal(() => openModel(file))).toMatchObject({ code: 'unsafe-path', message: `The weights path "${path}" ${what}.`, file, item: 'weightsManifest[0]' });
  });

  it.runIf(posix)('that is a link, symbolic or hard, is refused', () => {
    const file = tfjsFile(graphDocument(), { 'real.bin': new Uint8Array(8) });
    symlinkSync('real.bin', join(dirname(file), 'w.bin'));
    expect(refusal(() => openModel(file))).toMatchObject({ code: 'unsafe-path', message: 'The weights path "w.bin" is or goes through a symbolic link.' });
    const other = tfjsFile(graphDocument(), { 'real.bin': new Uint8Array(8) });
    linkSync(join(dirname(other), 'real.bin'), join(dirname(other), 'w.bin'));
    expect(refusal(() => openModel(other))).toMatchObject({ code: 'unsafe-path', message: 'The weights path "w.bin" is a hard link: the same file has another name elsewhere.' });
  });

  it('that is a folder is refused', () => {
    const file = tfjsFile(graphDocument(), {});
    mkdirSync(join(dirname(file), 'w.bin'));
    expect(refusal(() => openModel(file))).toMatchObject({ code: 'unsafe-path', message: 'The weights path "w.bin" is a folder.' });
  });
});

describe('shards', () => {
  it('that are missing are named', () => {
    const file = tfjsFile(graphDocument(), {});
    expect(refusal(() => openModel(file))).toMatchObject({ code: 'not-found', message: 'The weights file w.bin is missing.', file, item: 'w.bin' });
  });

  it('that are too short name the weight that does not fit', () => {
    const file = tfjsFile(graphDocument(), { 'w.bin': new Uint8Array(7) });
    expect(refusal(() => openModel(file))).toMatchObject({ code: 'malformed', message: 'The weight needs 8 bytes for its 2 elements, but its files have only 7 left.', file, item: 'w' });
  });

  it('that are longer than the manifest says do not belong to it', () => {
    const file = tfjsFile(graphDocument(), { 'w.bin': new Uint8Array(12) });
    expect(refusal(() => openModel(file))).toMatchObject({ code: 'malformed', message: 'The weights of weightsManifest[0] take 8 bytes, but its files have 12: they do not belong together.', file, item: 'w.bin' });
  });

  it('named twice are refused', () => {
    const file = tfjsFile(graphDocument({ weightsManifest: [{ paths: ['w.bin'], weights: [weight('w')] }, { paths: ['w.bin'], weights: [weight('v')] }] }));
    expect(refusal(() => openModel(file))).toMatchObject({ code: 'malformed', message: 'The weights file w.bin is named twice, in weightsManifest[0] and weightsManifest[1].' });
  });
});

describe('a manifest', () => {
  it.each<[string, object, string, string]>([
    ['a weight twice', manifest(weight('w', [1]), weight('w', [1])), 'The manifest names the weight "w" twice.', 'w'],
    ['an unknown dtype', manifest(weight('w', [2], { dtype: 'float12' })), 'The weight has the dtype "float12", which TensorFlow.js does not know.', 'w'],
    ['a shape as texts', manifest(weight('w', ['2'])), 'The shape of the weight holds the string "2", not a whole number.', 'w'],
    ['no shape', manifest({ name: 'w', dtype: 'float32' }), 'The shape of the weight should be a list, but is missing.', 'w'],
    ['a negative dimension', manifest(weight('w', [-2])), 'The tensor has the negative dimension -2.', 'w'],
    ['more elements than can be counted', manifest(weight('w', [2 ** 30, 2 ** 30])), 'The shape 1073741824×1073741824 has more than 2^53 elements or bytes.', 'w'],
    ['a shape of 5e8 with no bytes', manifest(weight('w', [5e8])), 'The weight needs 2000000000 bytes for its 500000000 elements, but its files have only 8 left.', 'w'],
    ['strings of 5e8 with no bytes', manifest(weight('w', [5e8], { dtype: 'string' })), 'The weight needs 2000000000 bytes for its 500000000 elements, but its files have only 8 left.', 'w'],
    ['an unknown quantisation', manifest(weight('w', [2], { quantization: { dtype: 'uint4' } })), 'The weight is quantised as the string "uint4", which TensorFlow.js does not know.', 'w'],
    ['a quantisation without scale', manifest(weight('w', [8], { quantization: { dtype: 'uint8', min: 0 } })), 'The weight is quantised as uint8, but its scale or min is missing.', 'w'],
    ['whole numbers in float16', manifest(weight('w', [4], { dtype: 'int32', quantization: { dtype: 'float16' } })), 'A int32 weight cannot be quantised as float16.', 'w'],
    ['no name for a weight', manifest({ shape: [2], dtype: 'float32' }), 'weightsManifest[0].weights[0].name should be a text, but is missing.', 'weightsManifest[0].weights[0].name'],
    ['no list', graphDocument({ weightsManifest: {} }), 'weightsManifest should be a list, but is an object.', 'weightsManifest'],
    ['no data for a constant', manifest(weight('v')), 'The constant "w" of the graph is in no group of weightsManifest.', 'w'],
  ])('with %s is refused within a second', (_, document, message, item) => {
    const file = tfjsFile(document);
    const start = performance.now();
    expect(refusal(() => openModel(file))).toMatchObject({ code: 'malformed', message, item, file });
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('whose strings run past the end of the files is refused', () => {
    const file = tfjsFile(manifest(weight('w', [1], { dtype: 'string' })), { 'w.bin': Uint8Array.of(9, 0, 0, 0, 65) });
    expect(refusal(() => openModel(file))).toMatchObject({ code: 'malformed', message: 'The files end before the 1 strings of the weight do.', item: 'w' });
  });
});

describe('JSON', () => {
  it('nested over 64 deep is refused, 64 is not', () => {
    const nested = (depth: number): string => JSON.stringify(graphDocument({ userDefinedMetadata: 0 })).replace('"userDefinedMetadata":0', `"x":${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(refusal(() => openModel(tfjsFile(nested(64))))).toMatchObject({ code: 'malformed', message: 'Objects and arrays are nested over 64 deep.' });
    openModel(tfjsFile(nested(63))).dispose();
  });

  it('of nothing but brackets is refused without being parsed', () => {
    expect(refusal(() => openModel(tfjsFile('['.repeat(5_000_000))))).toMatchObject({ code: 'malformed', message: 'Objects and arrays are nested over 64 deep.' });
  });

  it('with millions of objects of nothing goes over the memory budget', () => {
    expect(refusal(() => openModel(tfjsFile(`{"modelTopology":{"node":[${'{},'.repeat(9_000_000)}{}]}}`)))).toMatchObject({ code: 'too-large' });
  });

  it.each([
    ['the same key', '{"modelTopology":{"node":[{"name":"a","op":"A","name":"b"}]}}', 'The key "name" stands twice in one object.', 'modelTopology.node.0'],
    ['the same key written another way', '{"modelTopology":{"node":[{"name":"a","op":"A","n\\u0061me":"b"}]}}', 'The key "name" stands twice in one object.', 'modelTopology.node.0'],
    ['the same key among many', `{"x":{${Array.from({ length: 40 }, (_, i) => `"k${i % 39}":0`).join(',')}},"modelTopology":{}}`, 'The key "k0" stands twice in one object.', 'x'],
  ])('with %s twice is refused', (_, text, message, item) => {
    expect(refusal(() => openModel(tfjsFile(text)))).toMatchObject({ code: 'malformed', message, item });
  });

  it('with a key twice in strings only is fine', () => {
    openModel(tfjsFile(graphDocument({ generatedBy: '{"a":1,"a":2} \\" {' }))).dispose();
  });

  it('that is broken off says so', () => {
    expect(refusal(() => openModel(tfjsFile('{"modelTopology":')))).toMatchObject({ code: 'malformed', message: expect.stringMatching(/^This is not valid JSON: /) as string });
  });

  it('that is not UTF-8 is refused, a byte order mark is not', () => {
    const path = tfjsFile('');
    writeFileSync(path, Buffer.concat([Buffer.from('{"modelTopology":"'), Buffer.of(0xff), Buffer.from('"}')]));
    expect(refusal(() => openModel(path))).toMatchObject({ code: 'malformed', message: 'The JSON file is not UTF-8.' });
    openModel(tfjsFile(`\ufeff${JSON.stringify(graphDocument())}`)).dispose();
  });

  it('keys named as properties of every object are data like others', () => {
    const file = tfjsFile(JSON.stringify(graphDocument()).replace('"attr":{"T"', '"attr":{"__proto__":{"i":"3"},"constructor":{"i":"4"},"T"'));
    const model = openModel(file);
    expect(model.graph.nodes[0]?.attributes.get('__proto__')).toEqual({ type: 'int', value: 3 });
    expect(model.graph.nodes[0]?.attributes.get('constructor')).toEqual({ type: 'int', value: 4 });
    model.dispose();
  });
});

describe('something else in place of model.json', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['a web page', '<!DOCTYPE html>', 'This is a web page (HTML), not a TensorFlow.js model.'],
    ['YAML', 'backend: tensorflow\nclass_name: Model\n', 'This is a YAML document, not a TensorFlow.js model.'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', 'This is a Git LFS pointer, not the file it points to, not a TensorFlow.js model.'],
    ['a .keras archive', Buffer.concat([Buffer.of(0x50, 0x4b, 3, 4), Buffer.alloc(26), Buffer.from('metadata.json')]), 'This is a Keras 3 model (.keras), not a TensorFlow.js model.'],
    ['an HDF5 file', Uint8Array.of(0x89, 0x48, 0x44, 0x46), 'This is an HDF5 file (Keras), not a TensorFlow.js model.'],
    ['a Keras 3 configuration', '{"module":"keras","class_name":"Functional","config":{},"registered_name":"Functional"}', 'This is the configuration of a Keras 3 model, without its weights, not a TensorFlow.js model.'],
    ['the metadata of a .keras archive', '{"keras_version":"3.4.1","date_saved":"2024-07-01@10:00:00"}', 'This is the metadata of a Keras 3 model, not a TensorFlow.js model.'],
    ['a Keras 2 configuration', '{"class_name":"Sequential","config":{},"keras_version":"2.4.0"}', 'This is the configuration of a Keras model, without its weights, not a TensorFlow.js model.'],
    ['a SavedModel as JSON', '{"savedModelSchemaVersion":"1","metaGraphs":[]}', 'This is a TensorFlow SavedModel as JSON, not a TensorFlow.js model.'],
    ['a frozen graph as JSON', '{"node":[],"versions":{}}', 'This is a TensorFlow graph without its weights, not a TensorFlow.js model.'],
    ['a manifest alone', '[{"paths":["w.bin"],"weights":[]}]', 'This is a weights manifest of an old TensorFlow.js model, not a TensorFlow.js model.'],
    ['a package file', '{"name":"x","version":"1.0.0"}', 'This is a JSON document, but not a TensorFlow.js model: it has no modelTopology.'],
    ['a list', '[1]', 'This is a JSON document, but not a TensorFlow.js model: it has no modelTopology.'],
  ])('%s is named', (_, content, message) => {
    expect(refusal(() => openModel(modelFile(content, 'model.json')))).toMatchObject({ code: 'not-a-model', message });
  });

  it('a SavedModel is named', () => {
    const saved = Buffer.concat([Buffer.of(0x08, 0x01, 0x12, 0x80, 0x20, 0x0a, 0x10), Buffer.alloc(4000)]);
    expect(refusal(() => openModel(modelFile(saved, 'saved_model.pb')))).toMatchObject({ code: 'not-a-model', message: 'This is a TensorFlow SavedModel, not an ONNX model.' });
  });
});

describe('a graph', () => {
  const nodes = (...more: readonly object[]): object => graphDocument({ modelTopology: { node: [constant('w'), ...more] } });
  it.each<[string, object, string, string]>([
    ['nodes of one name', nodes({ name: 'a', op: 'Relu', input: ['w'] }, { name: 'a', op: 'Relu', input: ['w'] }), 'malformed', 'Two nodes of the graph have the name "a".'],
    ['a node without an operator', nodes({ name: 'a' }), 'malformed', 'Node "a" of the graph has no operator.'],
    ['a value nobody makes', nodes({ name: 'a', op: 'Relu', input: ['nowhere:1'] }), 'invalid-model', 'a in graph reads "nowhere:1", which no node, input or initializer gives.'],
    ['a cycle', nodes({ name: 'a', op: 'Add', input: ['b', 'w'] }, { name: 'b', op: 'Relu', input: ['a'] }), 'invalid-model', 'The nodes of graph form a cycle: b → a → b.'],
    ['its millionth output read', nodes({ name: 'a', op: 'Split', input: ['w'] }, { name: 'b', op: 'Relu', input: ['a:999999'] }), 'malformed', 'Output 999999 of the node is read; 10000 are the most.'],
    ['an output that is not there', graphDocument({ signature: { outputs: { y: { name: 'gone:0' } } } }), 'invalid-model', 'The output "gone" of graph is made by no node.'],
  ])('with %s is refused', (_, document, code, message) => {
    expect(refusal(() => openModel(tfjsFile(document)))).toMatchObject({ code, message });
  });
});

describe('layers', () => {
  const functional = (layers: readonly object[], more: object = {}): object => ({ modelTopology: { model_config: { class_name: 'Functional', config: { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [['a', 0, 0]], ...more } } } });
  const input = { class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_input_shape: [null, 4] }, inbound_nodes: [] };
  const layer = (name: string, ...reads: readonly unknown[]): object => ({ class_name: 'Activation', name, config: { name, activation: 'relu' }, inbound_nodes: [reads] });
  it.each<[string, object, string]>([
    ['in a cycle', functional([input, layer('a', ['b', 0, 0, {}]), layer('b', ['a', 0, 0, {}])]), 'The layers form a cycle: "b" reads "a", which waits for it.'],
    ['that read a layer that is not there', functional([input, layer('a', ['gone', 0, 0, {}])]), 'The layer "a" reads "gone", which is not among the layers of the model.'],
    ['that read a call that is not made', functional([input, layer('a', ['x', 3, 0, {}])]), 'The layer "a" reads output 0 of call 3 of "x", which there is not.'],
    ['of one name', functional([input, layer('a', ['x', 0, 0]), layer('a', ['x', 0, 0])]), 'Two layers of model_config.config have the name "a".'],
    ['without their weights', layersDocument([{ class_name: 'Dense', config: { name: 'd', units: 1, batch_input_shape: [null, 1] } }], [weight('d/kernel', [1, 2])]), 'The manifest does not name the weight "bias" of the layer "d".'],
    ['of a model that is code', { modelTopology: { class_name: 'MyModel', config: {} } }, 'The model is of the class "MyModel", not Sequential, Functional or Model: its structure is code, which is not in the file.'],
    ['of none', layersDocument([]), 'The Sequential model has no layers.'],
  ])('%s are refused', (_, document, message) => {
    expect(refusal(() => openModel(tfjsFile(document, { 'w.bin': new Uint8Array(message.includes('bias') ? 8 : 0) })))).toMatchObject({ code: 'malformed', message });
  });

  it('that multiply by calling models that call models are refused', () => {
    // Ten calls on each of seven floors would be ten million nodes.
    const floor = (name: string, inner: object | undefined): object => ({
      class_name: 'Functional',
      name,
      config: {
        name,
        layers: [input, { ...(inner ?? { class_name: 'Activation', name: 'a', config: { name: 'a', activation: 'relu' } }), name: 'a', inbound_nodes: Array.from({ length: 10 }, (_, i) => [[i === 0 ? 'x' : 'a', i === 0 ? 0 : i - 1, 0, {}]]) }],
        input_layers: [['x', 0, 0]],
        output_layers: [['a', 9, 0]],
      },
    });
    let model = floor('m', undefined);
    for (let i = 0; i < 6; i++) model = floor('m', model);
    expect(refusal(() => openModel(tfjsFile({ modelTopology: { model_config: model } })))).toMatchObject({ code: 'too-large' });
  });
});
