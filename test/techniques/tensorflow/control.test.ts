// Loops, choices, waiting nodes, quantised weights, layers models: what simplification leaves alone, and what it says.
import { describe, expect, it } from 'vitest';
import { openTfjsModel } from '../../../src/formats/tfjs/read';
import { tensorflowSimplify } from '../../../src/techniques/tensorflow/simplify/simplify';
import { flags, floats, graphModel, int, type NodeInit, number, w, x } from '../../formats/tfjs/lower/graphDef';
import { openStored, type StoredModel } from '../../formats/tfjs/lower/tensorflow';
import { constant, graphDocument, layersDocument, placeholder, tfjsFile, weight } from '../../support/tfjsModels';
import { graph } from './graphs';
import { simplified, simplifyAndRun } from './support';

const node = (name: string, op: string, input: string, attr: NodeInit['attr'] = {}): NodeInit => ({ name, op, input: input.split(' '), attr: { T: 'DT_FLOAT', ...attr } });

/** h ← Relu(Identity(h · w) + b) three times, then once more outside of the loop. */
const loop: StoredModel = graphModel(
  { x: x(2, 4), w: w(4, 4), b: w(4), zero: int(0), one: int(1), three: int(3) },
  [
    node('enter_h', 'Enter', 'x', { frame_name: 'f' }), node('enter_i', 'Enter', 'zero', { frame_name: 'f', T: 'DT_INT32' }),
    node('enter_w', 'Enter', 'w', { frame_name: 'f', is_constant: true }), node('enter_b', 'Enter', 'b', { frame_name: 'f', is_constant: true }),
    node('merge_h', 'Merge', 'enter_h next_h', { N: 2 }), node('merge_i', 'Merge', 'enter_i next_i', { N: 2, T: 'DT_INT32' }),
    node('less', 'Less', 'merge_i three', { T: 'DT_INT32' }), node('goes', 'LoopCond', 'less'),
    node('switch_h', 'Switch', 'merge_h goes'), node('switch_i', 'Switch', 'merge_i goes', { T: 'DT_INT32' }),
    node('again', 'Identity', 'switch_h:1'), node('again_i', 'Identity', 'switch_i:1', { T: 'DT_INT32' }),
    node('product', 'MatMul', 'again w', { transpose_a: false, transpose_b: false }), node('same', 'Identity', 'product'),
    node('sum', 'BiasAdd', 'same b'), node('relu', 'Relu', 'sum'), node('plus', 'AddV2', 'again_i one', { T: 'DT_INT32' }),
    node('next_h', 'NextIteration', 'relu'), node('next_i', 'NextIteration', 'plus', { T: 'DT_INT32' }),
    node('exit_h', 'Exit', 'switch_h'),
    node('after', 'MatMul', 'exit_h w', { transpose_a: false, transpose_b: false }), node('biased', 'BiasAdd', 'after b'), node('y', 'Relu', 'biased'),
  ],
  ['y'],
);

describe('what is left alone', () => {
  it('is a loop, while what comes after it is fused', async () => {
    const { model, differences } = await simplifyAndRun(loop);
    const ops = model.graph.nodes.map(({ name, opType }) => [name, opType]);
    expect(ops).toEqual(expect.arrayContaining([['again', 'Identity'], ['product', 'MatMul'], ['same', 'Identity'], ['sum', 'BiasAdd'], ['relu', 'Relu'], ['y', '_FusedMatMul']]));
    expect(ops.filter(([, op]) => op === 'Identity')).toHaveLength(3);
    expect(differences['y']).toBeLessThan(1e-5);
  });

  it('is a choice and all that comes after it', async () => {
    const nodes = [
      node('switch', 'Switch', 'x flag'), node('a', 'Relu', 'switch:1'), node('b', 'Tanh', 'switch'), node('merge', 'Merge', 'a b', { N: 2 }),
      node('product', 'MatMul', 'merge w', { transpose_a: false, transpose_b: false }), node('sum', 'BiasAdd', 'product b_'), node('y', 'Relu', 'sum'),
    ];
    const source = openStored(graphModel({ x: x(2, 4), flag: flags(), w: w(4, 4), b_: w(4) }, nodes, ['y']));
    const { model } = await simplified(source);
    expect(model.graph.nodes.map(({ opType }) => opType).sort()).toEqual(nodes.map(({ op }) => op).sort());
    source.dispose();
  });

  it('is a node that another waits for, and one that waits', async () => {
    const { model, differences } = await simplifyAndRun(graph({ x: x(-1, 4), weight: w(4, 3), bias: w(3) }, [['a', 'MatMul', 'x weight'], ['b', 'BiasAdd', 'a bias'], ['c', 'Identity', 'b'], ['y', 'Relu', 'c ^a'], ['z', 'Tanh', 'x ^b']], ['y', 'z']));
    expect(model.graph.nodes.map(({ opType }) => opType).sort()).toEqual(['BiasAdd', 'MatMul', 'Relu', 'Tanh']);
    expect(differences).toEqual({ y: 0, z: 0 });
  });

  it('is a convolution with channels first', async () => {
    const source = openStored(graph({ x: x(-1, 3, 5, 4), weight: w(3, 3, 3, 6), scale: w(4) }, [['a', 'Conv2D', 'x weight', { data_format: 'NCHW' }], ['y', 'Mul', 'a scale']]));
    const { counts } = await simplified(source);
    expect([...counts.keys()]).toEqual([]);
    source.dispose();
  });
});

describe('quantised weights', () => {
  const specs = [weight('d/kernel', [4, 2], { quantization: { dtype: 'uint8', scale: 0.01, min: -1 } }), weight('d/bias'), weight('n/gamma'), weight('n/beta'), weight('n/moving_mean'), weight('n/moving_variance')];
  const layers = [
    { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: [null, 4] } },
    { class_name: 'Dense', config: { name: 'd', units: 2 } },
    { class_name: 'BatchNormalization', config: { name: 'n' } },
    { class_name: 'Activation', config: { name: 'r', activation: 'relu' } },
  ];
  const bytes = Buffer.concat([Buffer.from([0, 255, 7, 90, 128, 33, 200, 64]), ...[[0.5, -1], [2, 3], [0.1, 0.2], [0, 1], [1, 4]].map((values) => Buffer.from(Float32Array.from(values).buffer))]);
  const path = (): string => tfjsFile(layersDocument(layers, specs), { 'w.bin': new Uint8Array(bytes) });

  it('are written as float32 where something is folded into them, which the notes say', async () => {
    const source = openTfjsModel(path());
    const { model, expanded } = await simplified(source);
    expect(model.graph.nodes.map(({ opType }) => opType)).toEqual(['_FusedMatMul']);
    expect(expanded).toBe(1);
    source.dispose();
  });

  it('stay as they are where that is asked for', async () => {
    const source = openTfjsModel(path());
    const { model, expanded } = await simplified(source, { quantizedWeights: 'keep' });
    expect(model.graph.nodes.map(({ opType }) => opType)).toEqual(['_FusedMatMul', 'Mul', 'AddV2', 'Relu']);
    expect(model.graph.initializers.get('d/kernel')?.source).toBe(source.graph.initializers.get('d/kernel')?.source);
    expect(expanded).toBe(0);
    source.dispose();
  });

  const constants = (op: string): string => tfjsFile(
    graphDocument({
      modelTopology: { node: [placeholder('x', '-1', '2'), constant('w'), { name: 'v', op, input: ['w'], attr: { T: { type: 'DT_FLOAT' } } }, { name: 'add', op: 'AddV2', input: ['x', 'v'], attr: { T: { type: 'DT_FLOAT' } } }], versions: { producer: 716 } },
      weightsManifest: [{ paths: ['w.bin'], weights: [weight('w', [2], { quantization: { dtype: 'uint8', scale: 0.01, min: -1 } })] }],
    }),
    { 'w.bin': Uint8Array.of(7, 200) },
  );

  it('that are computed on are folded and counted, or stay where that is asked for', async () => {
    const source = openTfjsModel(constants('Neg'));
    const folded = await simplified(source);
    expect([folded.model.graph.nodes.map(({ opType }) => opType), folded.expanded]).toEqual([['AddV2'], 1]);
    const kept = await simplified(source, { quantizedWeights: 'keep' });
    expect([kept.model.graph.nodes.map(({ opType }) => opType), kept.expanded]).toEqual([['Neg', 'AddV2'], 0]);
    source.dispose();
  });

  it('that are only given on stay in few bits', async () => {
    const source = openTfjsModel(constants('Identity'));
    const { model, expanded } = await simplified(source);
    expect(model.graph.nodes.map(({ opType, inputs }) => [opType, ...inputs])).toEqual([['AddV2', 'x', 'w']]);
    expect(model.graph.initializers.get('w')?.source).toBe(source.graph.initializers.get('w')?.source);
    expect(expanded).toBe(0);
    source.dispose();
  });
});

describe('rules', () => {
  it('can be left out, or chosen', async () => {
    const stored = graph({ x: x(-1, 4), weight: w(4, 3), bias: w(3), two: number(2) }, [['a', 'MatMul', 'x weight'], ['b', 'BiasAdd', 'a bias'], ['c', 'Identity', 'b'], ['y', 'Relu', 'c']]);
    expect((await simplifyAndRun(stored, { without: ['fuse-activation'] })).ops).toEqual(['_FusedMatMul', 'Relu']);
    expect((await simplifyAndRun(stored, { only: ['identity'] })).ops).toEqual(['MatMul', 'BiasAdd', 'Relu']);
  });

  it('fold computations of constants only up to a size', async () => {
    const column = floats(Array.from({ length: 700 }, (_, i) => i), [700, 1]);
    const row = floats(Array.from({ length: 700 }, (_, i) => -i), [1, 700]);
    const stored = graph({ x: x(1, 1), column, row }, [['table', 'Mul', 'column row'], ['y', 'AddV2', 'x table']]);
    expect((await simplifyAndRun(stored)).ops).toEqual(['Mul', 'AddV2']);
    expect((await simplifyAndRun(graph({ x: x(1, 1), column }, [['table', 'Neg', 'column'], ['y', 'AddV2', 'x table']]))).ops).toEqual(['AddV2']);
  });

  it('do not apply to a layers model with layers that have no operators, which are named', () => {
    const source = openTfjsModel(tfjsFile(layersDocument([{ class_name: 'InputLayer', config: { name: 'x', batch_input_shape: [null, 4] } }, { class_name: 'Lambda', config: { name: 'code' } }]), { 'w.bin': new Uint8Array(0) }));
    expect(tensorflowSimplify.applies(source)).toBe('these layers have no operators of graph models: Lambda code (there is no rule for it)');
    source.dispose();
  });
});
