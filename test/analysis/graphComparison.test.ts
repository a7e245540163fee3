// Two models as graphs: which layers stand in one row, what differs in it, what it costs more or less, and which groups correspond.
import { afterAll, describe, expect, it } from 'vitest';
import { buildManyNodes } from '../../samples/architectures/many';
import { buildMobileNetV2 } from '../../samples/architectures/mobilenetv2';
import { analyzeModel } from '../../src/analysis/analyze';
import { compareGraphs, type ComparedModel } from '../../src/analysis/graphComparison';
import { buildSnapshot } from '../../src/analysis/snapshot';
import { readOnnxBytes } from '../../src/formats/onnx/read';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { GraphBuilder } from '../../src/graph/builder';
import { cloneModel, makeNode } from '../../src/graph/construct';
import { defaultBindings } from '../../src/graph/defaultBindings';
import type { Model } from '../../src/graph/model';
import { changeBits, type GraphComparison, type Side } from '../../src/protocol/comparison';
import { simplify, simplifyOptions } from '../../src/techniques/simplify/simplify';
import { float32Tensor, MemorySource } from '../../src/tensor/tensor';
import { contextFor, stopWorkbench } from '../techniques/quantize/support';

afterAll(stopWorkbench);

function compared(model: Model): ComparedModel {
  const analysis = analyzeModel(model, { bindings: defaultBindings(model.graph, {}) });
  return { model, analysis, snapshot: buildSnapshot(model, analysis, []) };
}

const compare = (before: Model, after: Model): GraphComparison => compareGraphs(compared(before), compared(after));

function keysOf({ pairs, ...snapshots }: GraphComparison, side: Side, row: number): string[] {
  const { start, items } = pairs.layers[side];
  return [...items.subarray(start[row], start[row + 1])].map((layer) => snapshots[side].layers.keys[layer] ?? '');
}

/** Rows as `Conv + Relu → Conv: operators`. */
function rowsOf(comparison: GraphComparison): string[] {
  return Array.from({ length: comparison.pairs.count }, (_, row) => {
    const bits = Object.entries(changeBits).filter(([, bit]) => ((comparison.pairs.changes[row] ?? 0) & bit) !== 0);
    return `${keysOf(comparison, 'before', row).join(' + ')} → ${keysOf(comparison, 'after', row).join(' + ')}: ${bits.map(([name]) => name).join()}`;
  });
}

/** x → Conv → BatchNormalization → Relu → y. */
function small(): Model {
  const graph = new GraphBuilder('small');
  const tensor = (name: string, dims: readonly number[], values: readonly number[]): string => graph.initializer(float32Tensor(name, dims, values));
  const add = (name: string, opType: string, inputs: readonly string[], output: string): string => {
    graph.addNode(makeNode({ name, opType, inputs: [...inputs], outputs: [output], origin: [name] }));
    return output;
  };
  const conv = add('conv', 'Conv', [graph.input('x', 'float32', [1, 2, 4, 4]), tensor('w', [3, 2, 1, 1], [1, 2, 3, 4, 5, 6])], 'a');
  const norm = add('norm', 'BatchNormalization', [conv, ...['scale', 'bias', 'mean', 'variance'].map((name) => tensor(name, [3], [1, 1, 1]))], 'b');
  graph.output(add('relu', 'Relu', [norm], 'y'), 'float32', [1, 3, 4, 4]);
  return graph.build();
}

describe('the rows of two models', () => {
  it('hold every layer once and no change where the models are the same', () => {
    const model = readOnnxBytes(encodeOnnxModel(buildMobileNetV2()));
    const comparison = compare(model, cloneModel(model));
    const { pairs, before } = comparison;
    expect(pairs.count).toBe(before.layers.count);
    expect([...pairs.changes].every((bits) => bits === 0)).toBe(true);
    for (const side of ['before', 'after'] as const) expect([...pairs.layers[side].items].sort((a, b) => a - b)).toEqual(Array.from({ length: before.layers.count }, (_, i) => i));
    expect([...comparison.groups]).toEqual(before.groups.map(({ id }) => id));
    expect(pairs.macs.every((delta) => delta === 0)).toBe(true);
  });

  it('say whether attributes, weights or what comes out differ', () => {
    const source = small();
    const other = cloneModel(source);
    const conv = other.graph.nodes[0];
    conv?.attributes.set('pads', { type: 'ints', value: [1, 1, 1, 1] });
    const weights = other.graph.initializers.get('w');
    if (weights === undefined) throw new Error('no weights');
    const bytes = weights.source.read().slice();
    bytes[0] = 1;
    other.graph.initializers.set('w', { ...weights, source: new MemorySource(bytes) });
    other.graph.outputs = other.graph.outputs.map(({ name }) => ({ name }));
    other.graph.valueInfo.clear();
    expect(rowsOf(compare(source, other))).toEqual(['conv → conv: attributes,types,weights', 'norm → norm: types', 'relu → relu: types']);
  });

  it('say what is gone and what is new, each with all it costs', () => {
    const source = small();
    const other = cloneModel(source);
    const relu = other.graph.nodes[2];
    if (relu !== undefined) Object.assign(relu, { opType: 'Sigmoid', name: 'sigmoid', origin: ['sigmoid'] });
    const comparison = compare(source, other);
    expect(rowsOf(comparison)).toEqual(['conv → conv: ', 'norm → norm: ', ' → sigmoid: added', 'relu → : removed']);
  });

  it('hold what was fused together, the one that does the work first, with the difference of both sides', async () => {
    const source = readOnnxBytes(encodeOnnxModel(small()));
    const { model } = await simplify.apply(cloneModel(source), simplifyOptions.parse({}), await contextFor(source));
    const comparison = compare(source, model);
    const row = Array.from({ length: comparison.pairs.count }, (_, i) => i).find((i) => keysOf(comparison, 'before', i).includes('norm')) ?? -1;
    expect(keysOf(comparison, 'before', row)).toEqual(['conv', 'norm']);
    expect((comparison.pairs.changes[row] ?? 0) & changeBits.operators).toBe(changeBits.operators);
    // Six weights before, and a bias of three more after; scale and bias of the normalization (3 + 3) are gone. Its statistics are no parameters.
    expect(comparison.pairs.parameters[row]).toBe(6 + 3 - (6 + 3 + 3));
  });

  it('are made of 20,000 nodes and 20,000 in a few seconds', () => {
    const source = compared(buildManyNodes(20_000));
    const other = compared(buildManyNodes(20_000));
    const begun = process.cpuUsage();
    const { pairs } = compareGraphs(source, other);
    const { user } = process.cpuUsage(begun);
    expect(pairs.count).toBeGreaterThanOrEqual(source.snapshot.layers.count);
    console.log(`20,000 nodes against 20,000 compared in ${(user / 1000).toFixed(0)} ms of CPU time`);
    expect(user / 1000).toBeLessThan(10_000);
  });
});
