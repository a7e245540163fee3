// Which nodes of two models belong together, and how the texts of both look side by side.
import { afterAll, describe, expect, it } from 'vitest';
import { bertTiny, buildBert } from '../../samples/architectures/bert';
import { buildMobileNetV2 } from '../../samples/architectures/mobilenetv2';
import { GraphBuilder } from '../../src/graph/builder';
import { alignModel } from '../../src/analysis/align';
import { matchModels } from '../../src/analysis/match';
import { readOnnxBytes } from '../../src/formats/onnx/read';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { cloneModel } from '../../src/graph/construct';
import type { Model } from '../../src/graph/model';
import { nodeKeys } from '../../src/graph/traverse';
import { verifyModel } from '../../src/graph/verify';
import { quantizeStatic } from '../../src/techniques/quantize/static';
import { contextFor, smallNetwork, stopWorkbench } from '../techniques/quantize/support';

afterAll(stopWorkbench);

/** The model as if another exporter had written it: no name of node or value is the same, no origin is told. */
function renamed(model: Model): Model {
  const copy = cloneModel(model);
  const ends = new Set([...copy.graph.inputs, ...copy.graph.outputs].map(({ name }) => name));
  const to = (name: string): string => (name === '' || ends.has(name) ? name : `renamed_${name}`);
  copy.graph.nodes.forEach((node, i) => {
    node.name = `op_${i}`;
    node.origin = [`op_${i}`];
    node.inputs = node.inputs.map(to);
    node.outputs = node.outputs.map(to);
  });
  copy.graph.initializers = new Map([...copy.graph.initializers].map(([name, tensor]) => [to(name), { ...tensor, name: to(name) }]));
  copy.graph.valueInfo.clear();
  return copy;
}

/** Lines of nodes as a diff would compare them. */
const lines = (model: Model): string[] => model.graph.nodes.map((node) => `${node.name}: ${node.outputs.join()} = ${node.opType}(${node.inputs.join()})`);

describe('models of which one was made of the other', () => {
  it('are matched by origin, through fusion and quantization, and read alike but for what changed', async () => {
    const source = readOnnxBytes(encodeOnnxModel(smallNetwork()));
    const { model } = await quantizeStatic.apply(source, quantizeStatic.options.parse({}), await contextFor(source));
    const quantized = readOnnxBytes(encodeOnnxModel(model));
    const match = matchModels(source, quantized);
    expect(match.onlyBefore).toEqual([]);
    const aligned = lines(alignModel(source, quantized, match)).filter((line) => !/ = (Quantize|Dequantize)Linear\(/.test(line));
    expect(aligned).toEqual(lines(source));
  });
});

describe('models that share no name', () => {
  it.each([
    ['MobileNetV2', buildMobileNetV2],
    ['BERT-tiny', () => buildBert(bertTiny)],
  ])('are matched node by node by their weights and where these stand: %s', (_, build) => {
    const source = build();
    const other = renamed(source);
    const { pairs, onlyBefore, onlyAfter } = matchModels(source, other);
    const [before, after] = [nodeKeys(source.graph), nodeKeys(other.graph)];
    const truth = new Map(source.graph.nodes.map((node, i) => [before.get(node), after.get(other.graph.nodes[i] ?? node)]));
    expect(pairs.filter((pair) => truth.get(pair.before) !== pair.after)).toEqual([]);
    expect({ onlyBefore, onlyAfter }).toEqual({ onlyBefore: [], onlyAfter: [] });
  });

  it('read alike once aligned', () => {
    const source = buildMobileNetV2();
    const other = renamed(source);
    other.graph.nodes.reverse(); // and written in another order
    expect(lines(alignModel(source, other, matchModels(source, other)))).toEqual(lines(source));
  });

  it('are not matched for a name that is chance: another operator numbered alike', () => {
    const source = smallNetwork();
    const other = cloneModel(source);
    const [first] = other.graph.nodes;
    if (first === undefined) throw new Error('no node');
    first.opType = 'Elu';
    expect(matchModels(source, other).pairs.some(({ after }) => after === first.name)).toBe(false);
  });
});

describe('a value that all nodes read', () => {
  /** x + c + c …: each node adds the one constant. */
  const chain = (nodes: number): Model => {
    const builder = new GraphBuilder('chain', { seed: 1 });
    const root = builder.module('');
    const shared = root.float32('shared', [0.5]);
    let x = builder.input('x', 'float32', [1]);
    for (let i = 0; i < nodes; i++) x = root.node('Add', [x, shared]);
    builder.output(x, 'float32', [1], 'y');
    return builder.build();
  };

  it('does not make matching grow with the square of its readers', () => {
    const source = chain(20_000);
    const { pairs } = matchModels(source, renamed(source)); // took minutes: the test's own time limit is the watchdog
    expect(pairs.length).toBe(20_000);
  });
});

describe('an aligned model', () => {
  it('is a valid graph, whatever of it was matched', () => {
    const source = smallNetwork();
    for (const other of [buildMobileNetV2(), buildBert(bertTiny), renamed(source)]) {
      const aligned = alignModel(source, other, matchModels(source, other));
      expect(verifyModel(aligned).filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(aligned.graph.nodes.length).toBe(other.graph.nodes.length);
    }
  });
});
