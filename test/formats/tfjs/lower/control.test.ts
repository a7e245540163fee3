// Loops and branches whose course is known become plain nodes, others Loop and If; what has no counterpart is refused by name. Types, names and dimensions stay.
import { afterAll, describe, expect, it } from 'vitest';
import type { Model } from '../../../../src/graph/model';
import { type Tensor, tensorFromArray } from '../../../../src/tensor/tensor';
import { lowerToOnnx } from '../../../../src/formats/tfjs/lower/lower';
import { tensorflowRules } from '../../../../src/formats/tfjs/lower/tensorflow/index';
import { type FunctionInit, graphModel, int, ints, n, type NodeInit, number, w, x } from './graphDef';
import { compareWithTensorflow, stopRunner } from './lowered';
import { loadStored, onBackend, openStored, seededFeeds, type StoredModel } from './tensorflow';

afterAll(stopRunner);

/** i < limit. */
const below: FunctionInit = { name: 'below', inputs: ['i', 'limit', 'value'], nodes: [{ name: 'less', op: 'Less', input: ['i', 'limit'] }], results: { going: 'less:z:0' } };
/** i + 1, limit, value · value + value. */
const body: FunctionInit = {
  name: 'body',
  inputs: ['i', 'limit', 'value'],
  nodes: [
    { name: 'twice', op: 'AddV2', input: ['value', 'value'] },
    { name: 'one', op: 'Sub', input: ['limit', 'i'] },
    { name: 'unit', op: 'FloorDiv', input: ['one:z:0', 'one:z:0'] },
    { name: 'next', op: 'AddV2', input: ['i', 'unit:z:0'] },
  ],
  results: { i: 'next:z:0', limit: 'limit', value: 'twice:z:0' },
};

function looping(limit: 'known' | 'fed', rounds = 3): StoredModel {
  const node: NodeInit = { name: 'while', op: 'StatelessWhile', input: ['i', 'limit', 'value'], attr: { cond: { func: 'below' }, body: { func: 'body' } } };
  const result: NodeInit = { name: 'result', op: 'Identity', input: ['while:2'] };
  return graphModel({ i: int(0), limit: limit === 'known' ? int(rounds) : n(), value: x(2, 3) }, [node, result], ['result'], [below, body]);
}

/** @param fed whole numbers to be fed by name; all else is seeded */
async function compared(stored: StoredModel, fed: Readonly<Record<string, readonly number[]>> = {}): Promise<Awaited<ReturnType<typeof compareWithTensorflow>>> {
  const feeds = (model: Model): Tensor[] => seededFeeds(model.graph).map((tensor) => (fed[tensor.name] === undefined ? tensor : tensorFromArray(tensor.name, 'int32', tensor.dims, Int32Array.from(fed[tensor.name] ?? []))));
  const source = openStored(stored);
  try {
    return await onBackend('cpu', async () => compareWithTensorflow(source, await loadStored(stored), feeds));
  } finally {
    source.dispose();
  }
}

describe('a loop', () => {
  it('whose rounds are known is unrolled, each node still told where it came from', async () => {
    const { differences, onnx } = await compared(looping('known'));
    expect(differences).toEqual({ result: 0 });
    expect(onnx.graph.nodes.map(({ opType, origin }) => [opType, ...origin])).toEqual([['Add', 'while'], ['Add', 'while'], ['Add', 'while']]);
  });

  it.each([0, 1, 5])('whose rounds depend on the input is a Loop: %d rounds', async (limit) => {
    const { differences, onnx } = await compared(looping('fed'), { limit: [limit] });
    expect(differences).toEqual({ result: 0 });
    expect(onnx.graph.nodes.filter(({ opType }) => opType === 'Loop').map(({ origin }) => origin)).toEqual([['while']]);
  });

  it('of more rounds than are worth writing out is a Loop too', async () => {
    const stored = looping('known', 100);
    const { differences, onnx } = await compared(stored);
    expect(differences).toEqual({ result: 0 });
    expect(onnx.graph.nodes.map(({ opType }) => opType)).toEqual(['Loop']);
  });

  const counted: FunctionInit = { name: 'below', inputs: ['i', 'limit', 'one', 'v', 'k'], nodes: [{ name: 'less', op: 'Less', input: ['i', 'limit'] }], results: { going: 'less:z:0' } };
  const counting = (nodes: readonly NodeInit[], v: string): FunctionInit => ({ name: 'body', inputs: counted.inputs, nodes: [{ name: 'next', op: 'AddV2', input: ['i', 'one'] }, ...nodes], results: { i: 'next:z:0', limit: 'limit', one: 'one', v, k: 'k' } });
  const whiled = (name: string, input: readonly string[]): NodeInit => ({ name, op: 'StatelessWhile', input, attr: { cond: { func: 'below' }, body: { func: 'body' } } });
  const inputs = ['i', 'limit', 'one', 'v', 'k'];

  it('may hand weights from round to round, and move channels within', async () => {
    const convolved = counting([{ name: 'conv', op: 'Conv2D', input: ['v', 'k'], attr: { strides: [1, 1, 1, 1], padding: 'SAME', data_format: 'NHWC', dilations: [1, 1, 1, 1] } }, { name: 'act', op: 'Relu', input: ['conv:output:0'] }], 'act:activations:0');
    const stored = graphModel({ i: int(0), limit: n(), one: int(1), v: x(1, 5, 6, 4), k: w(3, 3, 4, 4) }, [whiled('while', inputs), { name: 'pool', op: 'MaxPool', input: ['while:3'], attr: { ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: 'VALID', data_format: 'NHWC' } }], ['pool'], [counted, convolved]);
    const { differences } = await compared(stored, { limit: [3] });
    expect(Math.max(...Object.values(differences))).toBeLessThan(1e-5);
  });

  it('may carry a value that grows from round to round', async () => {
    const grown = counting([{ name: 'joined', op: 'ConcatV2', input: ['v', 'k', 'axis:output:0'] }, { name: 'axis', op: 'ZerosLike', input: ['one'] }], 'joined:output:0');
    const flat = { ...grown, nodes: grown.nodes.map((node) => (node.name === 'joined' ? { ...node, input: ['v', 'k', 'axis:y:0'] } : node)) };
    const stored = graphModel({ i: int(0), limit: n(), one: int(1), v: x(2, 3), k: w(1, 3) }, [whiled('while', inputs), { name: 'y', op: 'Relu', input: ['while:3'] }], ['y'], [counted, flat]);
    const { differences, onnx } = await compared(stored, { limit: [4] });
    expect(differences).toEqual({ y: 0 });
    expect(onnx.graph.outputs[0]?.type).toMatchObject({ shape: [undefined, 3] });
  });

  it('may lie in another', async () => {
    const outer: FunctionInit = { name: 'outer', inputs: counted.inputs, nodes: [{ name: 'next', op: 'AddV2', input: ['i', 'one'] }, { name: 'zero', op: 'ZerosLike', input: ['one'] }, whiled('inner', ['zero:y:0', 'next:z:0', 'one', 'v', 'k'])], results: { i: 'next:z:0', limit: 'limit', one: 'one', v: 'inner:output:3', k: 'k' } };
    const inner = counting([{ name: 'sum', op: 'AddV2', input: ['v', 'k'] }], 'sum:z:0');
    const stored = graphModel({ i: int(0), limit: n(), one: int(1), v: x(2, 3), k: w(2, 3) }, [{ ...whiled('while', inputs), attr: { cond: { func: 'below' }, body: { func: 'outer' } } }, { name: 'y', op: 'Relu', input: ['while:3'] }], ['y'], [counted, inner, outer]);
    const { differences } = await compared(stored, { limit: [3] });
    expect(Math.max(...Object.values(differences))).toBeLessThan(1e-6);
  });

  it('that changes the type of what it carries is refused', () => {
    const changed = counting([{ name: 'cast', op: 'Cast', input: ['v'], attr: { DstT: 'DT_INT32' } }], 'cast:y:0');
    const source = openStored(graphModel({ i: int(0), limit: n(), one: int(1), v: x(2), k: w(2) }, [whiled('while', inputs), { name: 'y', op: 'Relu', input: ['while:3'] }], ['y'], [counted, changed]));
    expect(lowerToOnnx(source)).toEqual({ model: undefined, notLowered: [{ node: 'while', op: 'StatelessWhile', reason: 'the types it carries change' }] });
    source.dispose();
  });

  it('of control-flow operators is unrolled likewise', async () => {
    const enter = (name: string, input: string): NodeInit => ({ name, op: 'Enter', input: [input], attr: { frame_name: 'loop', T: 'DT_FLOAT', is_constant: false } });
    const nodes: readonly NodeInit[] = [
      enter('enterI', 'i'),
      enter('enterV', 'value'),
      { name: 'mergeI', op: 'Merge', input: ['enterI', 'nextI'], attr: { N: 2 } },
      { name: 'mergeV', op: 'Merge', input: ['enterV', 'nextV'], attr: { N: 2 } },
      { name: 'less', op: 'Less', input: ['mergeI', 'limit'] },
      { name: 'cond', op: 'LoopCond', input: ['less'] },
      { name: 'switchI', op: 'Switch', input: ['mergeI', 'cond'] },
      { name: 'switchV', op: 'Switch', input: ['mergeV', 'cond'] },
      { name: 'plus', op: 'AddV2', input: ['switchI:1', 'one'] },
      { name: 'twice', op: 'AddV2', input: ['switchV:1', 'switchV:1'] },
      { name: 'nextI', op: 'NextIteration', input: ['plus'] },
      { name: 'nextV', op: 'NextIteration', input: ['twice'] },
      { name: 'exit', op: 'Exit', input: ['switchV'] },
      { name: 'result', op: 'Neg', input: ['exit'] },
    ];
    const { differences, onnx } = await compared(graphModel({ i: int(0), limit: int(3), one: int(1), value: x(2, 3) }, nodes, ['result']));
    expect(differences).toEqual({ result: 0 });
    expect(onnx.graph.nodes.map(({ opType }) => opType)).toEqual(['Add', 'Add', 'Add', 'Neg']);
  });
});

describe('a loop in a loop', () => {
  const frame = (frame_name: string, counter: string, limit: string, outer: string): readonly NodeInit[] => [
    { name: `enter${counter}`, op: 'Enter', input: [outer], attr: { frame_name, T: 'DT_INT32', is_constant: false } },
    { name: `merge${counter}`, op: 'Merge', input: [`enter${counter}`, `next${counter}`], attr: { N: 2 } },
    { name: `less${counter}`, op: 'Less', input: [`merge${counter}`, limit] },
    { name: `cond${counter}`, op: 'LoopCond', input: [`less${counter}`] },
    { name: `switch${counter}`, op: 'Switch', input: [`merge${counter}`, `cond${counter}`] },
    { name: `next${counter}`, op: 'NextIteration', input: [`plus${counter}`] },
    { name: `exit${counter}`, op: 'Exit', input: [`switch${counter}`] },
  ];

  it('is refused, not unrolled as if both were one', () => {
    // The inner one begins anew with what entered the outer one: i is 3 after each round of j.
    const nodes: readonly NodeInit[] = [
      ...frame('outer', 'J', 'two', 'zero'),
      ...frame('inner', 'I', 'three', 'enterJ'),
      { name: 'plusI', op: 'AddV2', input: ['switchI:1', 'one'] },
      { name: 'plusJ', op: 'AddV2', input: ['switchJ:1', 'one'] },
      { name: 'sum', op: 'AddV2', input: ['exitI', 'exitJ'] },
    ];
    const source = openStored(graphModel({ zero: int(0), one: int(1), two: int(2), three: int(3) }, nodes, ['sum']));
    expect(lowerToOnnx(source)).toMatchObject({ model: undefined, notLowered: [{ node: 'outer', op: 'loop', reason: 'another loop lies in it' }] });
    source.dispose();
  });
});

describe('a branch that depends on the input', () => {
  const branch = (name: string, op: string): FunctionInit => ({ name, inputs: ['v', 'k'], nodes: [{ name: 'made', op, input: ['v', 'k'] }], results: { y: 'made:z:0' } });
  const choosing: readonly NodeInit[] = [
    { name: 'less', op: 'Less', input: ['a', 'b'] },
    { name: 'if', op: 'StatelessIf', input: ['less', 'v', 'k'], attr: { then_branch: { func: 'yes' }, else_branch: { func: 'no' } } },
    { name: 'y', op: 'Relu', input: ['if'] },
  ];

  it.each([1, 9])('is an If, and takes the branch TensorFlow.js takes: %d', async (a) => {
    const { differences, onnx } = await compared(graphModel({ a: n(), b: int(5), v: x(2, 3), k: w(2, 3) }, choosing, ['y'], [branch('yes', 'AddV2'), branch('no', 'Mul')]), { a: [a] });
    expect(Math.max(...Object.values(differences))).toBeLessThan(1e-6);
    expect(onnx.graph.nodes.filter(({ opType }) => opType === 'If').map(({ origin }) => origin)).toEqual([['if']]);
  });

  it('gives a shape as far as both branches agree on it', async () => {
    const taller: FunctionInit = { name: 'yes', inputs: ['v', 'k'], nodes: [{ name: 'axis', op: 'ZerosLike', input: ['rank:output:0'] }, { name: 'rank', op: 'Rank', input: ['v'] }, { name: 'made', op: 'ConcatV2', input: ['v', 'k', 'axis:y:0'] }], results: { y: 'made:output:0' } };
    const { differences, onnx } = await compared(graphModel({ a: n(), b: int(5), v: x(2, 3), k: w(2, 3) }, choosing, ['y'], [taller, branch('no', 'Mul')]), { a: [1] });
    expect(differences).toEqual({ y: 0 });
    expect(onnx.graph.outputs[0]?.type).toMatchObject({ shape: [undefined, 3] });
  });
});

describe('a branch', () => {
  const branches: readonly FunctionInit[] = [
    { name: 'yes', inputs: ['value'], nodes: [{ name: 'minus', op: 'Neg', input: ['value'] }], results: { out: 'minus:y:0' } },
    { name: 'no', inputs: ['value'], nodes: [{ name: 'lower', op: 'StringLower', input: ['value'] }], results: { out: 'lower:output:0' } },
  ];

  it('that is never taken stands in nobody’s way', async () => {
    const nodes: readonly NodeInit[] = [
      { name: 'less', op: 'Less', input: ['a', 'b'] },
      { name: 'if', op: 'StatelessIf', input: ['less', 'value'], attr: { then_branch: { func: 'yes' }, else_branch: { func: 'no' } } },
      { name: 'result', op: 'Identity', input: ['if'] },
    ];
    const { differences } = await compared(graphModel({ a: int(1), b: int(2), value: x(3) }, nodes, ['result'], branches));
    expect(differences).toEqual({ result: 0 });
  });
});

describe('a lowered model', () => {
  it('keeps open dimensions open, and outputs that are inputs or constants their names', async () => {
    const nodes: readonly NodeInit[] = [
      { name: 'conv', op: 'Conv2D', input: ['images', 'kernel'], attr: { strides: [1, 2, 2, 1], dilations: [1, 1, 1, 1], padding: 'SAME', data_format: 'NHWC' } },
      { name: 'same', op: 'Identity', input: ['images'] },
      { name: 'fixed', op: 'Identity', input: ['stored'] },
    ];
    const { differences, onnx } = await compared(graphModel({ images: x(-1, 8, 8, 3), kernel: w(3, 3, 3, 4), stored: number(2) }, nodes, ['conv', 'same', 'fixed']));
    expect(Object.keys(differences)).toEqual(['conv', 'same', 'fixed']);
    expect(Math.max(...Object.values(differences))).toBeLessThan(1e-6);
    expect(onnx.graph.outputs[0]?.type).toMatchObject({ elementType: 'float32', shape: [{ text: 'images.0' }, 4, 4, 4] });
    expect(onnx.graph.nodes.find(({ opType }) => opType === 'Conv')?.origin).toEqual(['conv']);
  });

  it('moves a chain of images once to channels first and once back, constants beside it as they are stored', async () => {
    const conv = { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: 'SAME', data_format: 'NHWC' };
    const nodes: readonly NodeInit[] = [
      { name: 'first', op: 'Conv2D', input: ['images', 'kernel'], attr: conv },
      { name: 'scaled', op: 'Mul', input: ['first', 'scale'] },
      { name: 'shifted', op: 'AddV2', input: ['scaled', 'field'] },
      { name: 'padded', op: 'Pad', input: ['shifted', 'pads'] },
      { name: 'resized', op: 'ResizeBilinear', input: ['padded', 'size'] },
      { name: 'joined', op: 'ConcatV2', input: ['resized', 'resized', 'axis'] },
      { name: 'mean', op: 'Mean', input: ['joined', 'spatial'], attr: { keep_dims: true } },
      { name: 'gated', op: 'Mul', input: ['joined', 'mean'] },
      { name: 'second', op: 'Conv2D', input: ['gated', 'kernel2'], attr: conv },
    ];
    const operands = { images: x(1, 8, 8, 3), kernel: w(3, 3, 3, 4), scale: w(4), field: w(8, 8, 4), pads: ints([0, 0, 1, 1, 1, 1, 0, 0], [4, 2]), size: ints([16, 16]), axis: int(3), spatial: ints([1, 2]), kernel2: w(1, 1, 8, 2) };
    const { differences, transposes } = await compared(graphModel(operands, nodes, ['second']));
    expect(Math.max(...Object.values(differences))).toBeLessThan(1e-5);
    expect(transposes).toBe(2);
  });

  it('names all that cannot be lowered, not only the first', () => {
    const nodes: readonly NodeInit[] = [
      { name: 'a', op: 'Bincount', input: ['i', 'i', 'i'] },
      { name: 'b', op: 'OfNobody', input: ['a'] },
      { name: 'c', op: 'MirrorPad', input: ['x', 'pads'], attr: { mode: 'SYMMETRIC' } },
      { name: 'd', op: 'AddV2', input: ['b', 'c'] },
    ];
    const source = openStored(graphModel({ i: n(3), x: x(3), pads: ints([1, 4], [1, 2]) }, nodes, ['d']));
    expect(lowerToOnnx(source).notLowered).toEqual([
      { node: 'a', op: 'Bincount', reason: 'ONNX has no operator that counts values' },
      { node: 'b', op: 'OfNobody', reason: 'there is no rule for it' },
      { node: 'c', op: 'MirrorPad', reason: 'its padding is larger than what it repeats' },
    ]);
    source.dispose();
  });
});

describe('what does not fit a rule', () => {
  const shapes: readonly (readonly string[])[] = [[], ['x'], ['x', 'x'], ['i', 'x', 'x'], ['x', 'i', 'i', 'i', 'x'], ['image', 'image', 'x', 'i']];

  it.each([...tensorflowRules.keys()])('%s is refused or lowered, whatever its inputs are', (op) => {
    for (const input of shapes) {
      const source = openStored(graphModel({ x: x(2, 3), i: ints([-7, 9]), image: x(-1, -1, -1, 3) }, [{ name: 'node', op, input }], ['node']));
      const { model, notLowered } = lowerToOnnx(source);
      expect(model === undefined).toBe(notLowered.length > 0);
      source.dispose();
    }
  });

  it('is a function that calls itself, and functions whose calls multiply', () => {
    const calls = (from: number, to: string): FunctionInit => ({ name: `f${from}`, inputs: ['v'], nodes: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, i, all) => ({ name, op: 'PartitionedCall', input: [i === 0 ? 'v' : `${all[i - 1] ?? ''}:output:0`], attr: { f: { func: to } } })), results: { out: 'h:output:0' } });
    const chain = Array.from({ length: 12 }, (_, i) => calls(i, `f${i + 1}`));
    const last: FunctionInit = { name: 'f12', inputs: ['v'], nodes: [{ name: 'minus', op: 'Neg', input: ['v'] }], results: { out: 'minus:y:0' } };
    const node: NodeInit = { name: 'call', op: 'PartitionedCall', input: ['x'], attr: { f: { func: 'f0' } } };
    const many = openStored(graphModel({ x: x(3) }, [node], ['call'], [...chain, last]));
    expect(() => lowerToOnnx(many)).toThrow(expect.objectContaining({ code: 'too-large' }) as Error);
    many.dispose();
    const itself = openStored(graphModel({ x: x(3) }, [node], ['call'], [calls(0, 'f0')]));
    expect(lowerToOnnx(itself).model).toBeUndefined();
    itself.dispose();
  });
});
