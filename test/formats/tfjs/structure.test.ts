// How TensorFlow.js graphs and Keras layers stand as nodes: names, order, outputs, attributes, nested and shared layers, functions and loops.
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../src/formats/open';
import type { Model } from '../../../src/graph/model';
import { formatShape } from '../../../src/graph/dimension';
import { tfjsContents } from '../../../src/formats/tfjs/contents';
import { placesInJson } from '../../../src/formats/tfjs/places';
import type { TextRange } from '../../../src/protocol/engine';
import { toFloat32Array } from '../../../src/tensor/decode';
import { refusal } from '../../support/models';
import { constant, graphDocument, layersDocument, placeholder, publicTfjsModels, tfjsFile, weight } from '../../support/tfjsModels';

function opened(document: object, bytes = 8): Model {
  return openModel(tfjsFile(document, { 'w.bin': new Uint8Array(bytes) }));
}

const lines = ({ graph }: Model): string[] => graph.nodes.map(({ name, opType, inputs, outputs }) => `${outputs.join(', ')} = ${opType}(${inputs.join(', ')})${outputs[0] === name ? '' : ` as ${name}`}`);
const graphOf = (...node: readonly object[]): object => graphDocument({ modelTopology: { node: [placeholder('x', '-1', '2'), constant('w'), ...node] } });

describe('a graph model', () => {
  it('has a node per NodeDef, in order of dependency, outputs after the first numbered', () => {
    const model = opened(graphOf({ name: 'sum', op: 'AddV2', input: ['parts:1', 'w'] }, { name: 'parts', op: 'Split', input: ['w', 'x:0', '^ready'], attr: { num_split: { i: '2' } } }, { name: 'ready', op: 'NoOp' }));
    expect(lines(model)).toEqual(['parts, parts:1 = Split(w, x)', 'sum = AddV2(parts:1, w)', 'ready = NoOp()']);
    expect(model.graph.nodes[0]?.attributes.get('_control')).toEqual({ type: 'strings', value: ['ready'] });
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['sum']);
    expect(model.graph.inputs.map(({ name, type }) => `${name} ${type?.kind === 'tensor' ? type.elementType + formatShape(type.shape) : ''}`)).toEqual(['x float32[x.0, 2]']);
    expect(model.warnings).toEqual([]);
  });

  it('has attributes of every kind', () => {
    const attr = {
      i: { i: '-3' },
      big: { i: '9223372036854775807' },
      f: { f: 'NaN' },
      b: { b: false },
      s: { s: Buffer.from('SAME').toString('base64') },
      codes: { s: [78, 72] },
      type: { type: 'DT_HALF' },
      number: { type: 9 },
      shape: { shape: { dim: [{ size: '-1' }, {}] } },
      unknown: { shape: { unknownRank: true } },
      func: { func: { name: 'f' } },
      ints: { list: { i: ['1', '2'] } },
      floats: { list: { f: [0.5] } },
      types: { list: { type: ['DT_INT32'] } },
      empty: { list: {} },
      tensor: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '3' }] }, floatVal: [1, 2] } },
    };
    const attributes = opened(graphOf({ name: 'a', op: 'A', input: ['x'], attr })).graph.nodes[0]?.attributes;
    const { tensor, ...plain } = Object.fromEntries(attributes ?? []);
    expect(Object.fromEntries(Object.entries(plain).map(([name, { value }]) => [name, value]))).toEqual({
      i: -3,
      big: 9223372036854775807n,
      f: NaN,
      b: 0,
      s: 'SAME',
      codes: 'NH',
      type: 'DT_HALF',
      number: 'DT_INT64',
      shape: [-1, 0],
      func: 'f',
      ints: [1, 2],
      floats: [0.5],
      types: ['DT_INT32'],
      empty: [],
    });
    // TensorProto: the last value given stands for the rest.
    expect(tensor?.type === 'tensor' ? toFloat32Array(tensor.value) : undefined).toEqual(Float32Array.of(1, 2, 2));
  });

  it('with a loop of TensorFlow 1 opens: NextIteration closes it, which is no cycle', () => {
    const model = opened(
      graphOf({ name: 'enter', op: 'Enter', input: ['x'] }, { name: 'merge', op: 'Merge', input: ['enter', 'next'] }, { name: 'test', op: 'LoopCond', input: ['w'] }, { name: 'switch', op: 'Switch', input: ['merge', 'test'] }, { name: 'next', op: 'NextIteration', input: ['switch:1'] }, { name: 'exit', op: 'Exit', input: ['switch'] }),
    );
    expect(lines(model)).toEqual(['enter = Enter(x)', 'merge = Merge(enter, next)', 'test = LoopCond(w)', 'switch, switch:1 = Switch(merge, test)', 'next = NextIteration(switch:1)', 'exit = Exit(switch)']);
    expect(model.warnings).toEqual([]);
  });

  it('has its function library, values named by argument turned into numbers', () => {
    const path = publicTfjsModels().find(({ name }) => name === 'language detection')?.path ?? '';
    const model = openModel(path);
    const loop = model.functions.find(({ name }) => name === 'map_while_body_49115');
    // StringSplit's outputs are indices, values, shape.
    expect(loop?.nodes.find(({ name }) => name === 'StringsByteSplit/RaggedGetItem/strided_slice_4')?.inputs[0]).toBe('StringsByteSplit/StringsByteSplit/StringSplit:1');
    expect(loop?.nodes.find(({ opType }) => opType === 'StringSplit')?.outputs).toHaveLength(3);
    expect(loop?.outputs).toContain('TensorArrayV2Write/TensorListSetItem');
    const words = loop?.nodes.find(({ name }) => name === 'map_while_body_49115/Const')?.attributes.get('value');
    expect(words?.type === 'tensor' ? words.value.strings?.length : undefined).toBe(10000);
    expect(tfjsContents(model)?.initializer?.graph.nodes.map(({ opType }) => opType)).toContain('HashTableV2');
    model.dispose();
  });

  it('notes where each node and weight stands in the JSON', () => {
    const path = tfjsFile(graphDocument());
    const model = openModel(path);
    const text = JSON.stringify(graphDocument());
    const ranges = tfjsContents(model)?.ranges;
    const parts = (key: string): string[] => {
      const found = ranges?.get(key) ?? [];
      return found.flatMap((start, i) => (i % 2 === 0 ? [text.slice(start, found[i + 1])] : []));
    };
    expect(parts('modelTopology.node').map((part) => (JSON.parse(part) as { name: string }).name)).toEqual(['x', 'w', 'add']);
    expect(parts('weightsManifest.0.weights').map((part) => JSON.parse(part) as unknown)).toEqual([weight('w')]);
  });
});

describe('a weight', () => {
  it('may cross from one shard into the next', () => {
    const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const document = graphDocument({ weightsManifest: [{ paths: ['a', 'b', 'c'], weights: [weight('v', [1]), weight('w', [3])] }] });
    const model = openModel(tfjsFile(document, { a: bytes.subarray(0, 6), b: bytes.subarray(6, 11), c: bytes.subarray(11) }));
    const tensor = model.graph.initializers.get('w');
    expect(tensor && toFloat32Array(tensor)).toEqual(Float32Array.of(2, 3, 4));
    expect(tensor?.source.read(3, 6)).toEqual(bytes.slice(7, 13));
    model.dispose();
  });
});

const dense = (name: string, more: object = {}): object => ({ class_name: 'Dense', config: { name, units: 1, activation: 'hardSigmoid', use_bias: false, ...more } });

describe('a layers model', () => {
  it('that is Sequential is a chain, its input named after its first layer', () => {
    for (const config of [{ layers: [dense('d', { batch_input_shape: [null, 2] }), dense('e')] }, [dense('d', { batch_input_shape: [null, 2] }), dense('e')]]) {
      const model = opened({ modelTopology: { class_name: 'Sequential', config }, weightsManifest: [{ paths: ['w.bin'], weights: [weight('e/kernel:0', [1, 1]), weight('d/kernel', [1, 1])] }] });
      expect(lines(model)).toEqual(['d = Dense(d_input, d/kernel)', 'e = Dense(d, e/kernel:0)']);
      const type = model.graph.inputs[0]?.type;
      expect(type?.kind === 'tensor' ? formatShape(type.shape) : '').toBe('[batch, 2]');
      expect(Object.fromEntries(model.graph.nodes[1]?.attributes ?? [])).toEqual({ units: { type: 'int', value: 1 }, activation: { type: 'string', value: 'hard_sigmoid' }, use_bias: { type: 'int', value: 0 } });
    }
  });

  it('has nested models opened up and shared layers called again by number, with the same weights', () => {
    const layer = (class_name: string, name: string, calls: readonly unknown[], config: object = {}): object => ({ class_name, name, config: { name, ...config }, inbound_nodes: calls });
    const call = (...reads: readonly [string, number][]): unknown => reads.map(([name, index]) => [name, index, 0, {}]);
    const input = (name: string): object => layer('InputLayer', name, [], { batch_input_shape: [null, 1], dtype: 'float32' });
    const inner = { name: 'inner', layers: [input('i'), layer('Dense', 'd', [call(['i', 0])], { use_bias: false })], input_layers: [['i', 0, 0]], output_layers: [['d', 0, 0]] };
    const config = (first: number): object => ({
      name: 'outer',
      layers: [layer('Add', 'sum', [call(['inner', first], ['inner', first + 1], ['act', 0], ['act', 1])]), input('x'), input('y'), layer('Functional', 'inner', [call(['x', 0]), call(['y', 0])], inner), layer('Activation', 'act', [call(['x', 0]), call(['y', 0])], { activation: 'relu' })],
      input_layers: [['x', 0, 0], ['y', 0, 0]],
      output_layers: [['sum', 0, 0]],
    });
    // Keras counts a nested model's calls from 1, TensorFlow.js from 0.
    for (const first of [0, 1]) {
      const model = opened({ modelTopology: { model_config: { class_name: 'Functional', config: config(first) } }, weightsManifest: [{ paths: ['w.bin'], weights: [weight('d/kernel', [1, 2])] }] });
      expect(lines(model)).toEqual(['inner/d = Dense(x, d/kernel)', 'inner/d_1 = Dense(y, d/kernel)', 'act = Activation(x)', 'act_1 = Activation(y)', 'sum = Add(inner/d, inner/d_1, act, act_1)']);
      expect(model.graph.outputs.map(({ name }) => name)).toEqual(['sum']);
    }
  });

  it('calls a shared layer by a number that no other layer has', () => {
    const layer = (name: string, ...calls: readonly string[]): object => ({ class_name: 'Activation', name, config: { name, activation: 'relu' }, inbound_nodes: calls.map((read) => [[read, 0, 0, {}]]) });
    const layers = [{ class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_input_shape: [null, 1] }, inbound_nodes: [] }, layer('a', 'x', 'x'), layer('a_1', 'x')];
    const model = opened({ modelTopology: { model_config: { class_name: 'Functional', config: { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [['a', 1, 0], ['a_1', 0, 0]] } } } });
    expect(lines(model)).toEqual(['a = Activation(x)', 'a_2 = Activation(x)', 'a_1 = Activation(x)']);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['a_2', 'a_1']);
  });

  it('of Keras 3 reads its tensors by their history', () => {
    const tensor = (layer: string): object => ({ class_name: '__keras_tensor__', config: { shape: [null, 2], dtype: 'float32', keras_history: [layer, 0, 0] } });
    const layer = (class_name: string, name: string, args: readonly unknown[], config: object = {}): object => ({ module: 'keras.layers', class_name, config: { name, dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' } }, ...config }, name, inbound_nodes: args.length === 0 ? [] : [{ args, kwargs: {} }] });
    const layers = [layer('InputLayer', 'x', [], { batch_shape: [null, 2], dtype: 'float32' }), layer('Activation', 'a', [tensor('x')], { activation: { module: 'builtins', class_name: 'function', config: 'relu', registered_name: 'function' } }), layer('Concatenate', 'c', [[tensor('x'), tensor('a')]], { axis: -1 })];
    const model = opened({ modelTopology: { keras_version: '3.4.1', model_config: { class_name: 'Functional', config: { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: ['c', 0, 0] } } } });
    expect(lines(model)).toEqual(['a = Activation(x)', 'c = Concatenate(x, a)']);
    expect(model.graph.nodes[0]?.attributes.get('activation')).toEqual({ type: 'string', value: 'relu' });
    expect(model.graph.nodes[1]?.attributes.get('dtype')).toEqual({ type: 'string', value: 'float32' });
    expect(model.opsetImports).toEqual(new Map([['keras', 3]]));
    expect(model.warnings.map(({ code }) => code)).toEqual(['no-weights']);
  });

  it('written by TensorFlow.js in camelCase reads the same', () => {
    const model = opened(layersDocument([{ className: 'Conv2D', config: { name: 'c', batchInputShape: [null, 4, 4, 1], kernelSize: [1, 2], dataFormat: 'channelsLast', useBias: false, kernelInitializer: { className: 'Zeros' } } }], [weight('c/kernel', [1, 2, 1, 1])]));
    expect(Object.fromEntries(model.graph.nodes[0]?.attributes ?? [])).toEqual({ kernel_size: { type: 'ints', value: [1, 2] }, data_format: { type: 'string', value: 'channels_last' }, use_bias: { type: 'int', value: 0 } });
  });

  it('puts weights in the order of Keras, whatever the order in the manifest', () => {
    const model = opened(layersDocument([{ class_name: 'BatchNormalization', config: { name: 'b', scale: false, epsilon: 1, batch_input_shape: [null, 1] } }, { class_name: 'LSTM', config: { name: 'l' } }], [weight('b/moving_variance', [1]), weight('b/beta', [1]), weight('l/lstm_cell/bias', [1]), weight('b/moving_mean', [1]), weight('l/lstm_cell/recurrent_kernel', [1]), weight('l/lstm_cell/kernel', [1])]), 24);
    expect(lines(model)).toEqual(['b = BatchNormalization(b_input, b/beta, b/moving_mean, b/moving_variance)', 'l = LSTM(b, l/lstm_cell/kernel, l/lstm_cell/recurrent_kernel, l/lstm_cell/bias)']);
    expect(model.graph.nodes[0]?.attributes.get('epsilon')).toEqual({ type: 'float', value: 1 });
  });

  it('shows Lambda and foreign layers with a warning, and never executes them', () => {
    const lambda = { class_name: 'Lambda', config: { name: 'f', function: ['process.exit(1)', null, null], batch_input_shape: [null, 2] } };
    const model = opened(layersDocument([lambda, { class_name: 'Mystery', config: { name: 'm', secret: { deep: 1 } } }], [weight('m/stuff', [2])]));
    expect(lines(model)).toEqual(['f = Lambda(f_input)', 'm = Mystery(f, m/stuff)']);
    expect(model.warnings).toEqual([
      { code: 'code-layer', message: 'The Lambda layer holds code of its own: it is shown, never executed.', item: 'f' },
      { code: 'custom-layer', message: '"Mystery" is not one of Keras\'s layers: it is shown, never executed.', item: 'm' },
    ]);
    expect(tfjsContents(model)?.configs.get('m')).toMatchObject({ secret: { deep: 1 } });
  });
});

describe('places in the JSON', () => {
  const textAt = (text: string, { line, character, endLine, endCharacter }: TextRange): string => {
    const lines = text.split('\n').slice(line, endLine + 1);
    lines[lines.length - 1] = (lines.at(-1) ?? '').slice(0, endCharacter);
    return [(lines[0] ?? '').slice(character), ...lines.slice(1)].join('\n');
  };

  it.each([undefined, 2])('of nodes and weights are found in lines and UTF-16 characters (indented by %s)', (indent) => {
    const text = JSON.stringify(graphDocument({ generatedBy: 'ö𝄞 {' }), undefined, indent);
    const model = openModel(tfjsFile(text));
    const places = placesInJson(model, new Set(['add', 'w', 'gone']));
    expect([...places.keys()].sort()).toEqual(['add', 'w']);
    expect([...places].map(([name, range]) => [name, (JSON.parse(textAt(text, range)) as { name: string; op?: string }).name])).toEqual([['w', 'w'], ['add', 'add']]);
    model.dispose();
  });

  it('of layers are found in nested models too, and not in a file that changed', () => {
    const inner = { class_name: 'Sequential', config: { name: 'inner', layers: [dense('d', { batch_input_shape: [null, 2] })] } };
    const path = tfjsFile(layersDocument([inner, dense('d')], [weight('inner/d/kernel', [1, 1]), weight('d/kernel', [1, 1])]));
    const model = openModel(path);
    const places = placesInJson(model, new Set(model.graph.nodes.map(({ name }) => name)));
    expect([...places.keys()].sort()).toEqual(['d', 'inner/d']);
    writeFileSync(path, '{}');
    expect(refusal(() => placesInJson(model, new Set(['d'])))).toMatchObject({ code: 'source-touched' });
    model.dispose();
  });
});
