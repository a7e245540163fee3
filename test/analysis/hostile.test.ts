// Analysis takes any model the reader lets through: whatever is changed in one, it answers, and in good time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bertTiny, buildBert } from '../../samples/architectures/bert';
import { analyzeModel } from '../../src/analysis/analyze';
import { inferTypes } from '../../src/analysis/infer';
import { buildSnapshot } from '../../src/analysis/snapshot';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { cloneModel, makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import type { Attribute, Model, Node } from '../../src/graph/model';
import { walkNodes } from '../../src/graph/traverse';
import { operatorRows } from '../../src/operators/table';
import { float32Tensor, int64Tensor } from '../../src/tensor/tensor';
import { ocrModel, packageFile } from '../runtime/support';

const sources = [buildBert(bertTiny), readOnnxModel(ocrModel('cls')), readOnnxModel(packageFile('@ricky0123/vad-web/dist', 'silero_vad_v5.onnx'))];

const attributeValues: readonly Attribute[] = [
  { type: 'int', value: -1 },
  { type: 'int', value: 9007199254740993n },
  { type: 'ints', value: [] },
  { type: 'ints', value: [-3, 0, 7, 2 ** 40] },
  { type: 'string', value: '...i,->' },
  { type: 'float', value: Number.NaN },
];

/** One change of one node; `pick` chooses among what there is. */
const changes: readonly ((node: Node, pick: number, others: readonly Node[]) => void)[] = [
  (node, pick, others) => (node.inputs[pick % Math.max(1, node.inputs.length)] = others[pick % others.length]?.outputs[0] ?? ''),
  (node, pick) => node.inputs.splice(pick % Math.max(1, node.inputs.length), 1),
  (node, pick) => node.attributes.delete([...node.attributes.keys()][pick % Math.max(1, node.attributes.size)] ?? ''),
  (node, pick) => {
    const name = [...node.attributes.keys()][pick % Math.max(1, node.attributes.size)];
    const value = attributeValues[pick % attributeValues.length];
    if (name !== undefined && value !== undefined) node.attributes.set(name, value);
  },
  (node, pick) => (node.opType = operatorRows[pick % operatorRows.length]?.opType ?? ''),
  (node, pick) => node.outputs.push(`extra${pick}`),
];

describe('analysis of a damaged model', () => {
  it('answers, whatever was changed', () => {
    const change = fc.tuple(fc.nat(changes.length - 1), fc.nat(1000), fc.nat(100_000));
    fc.assert(
      fc.property(fc.nat(sources.length - 1), fc.integer({ min: 1, max: 27 }), fc.array(change, { minLength: 1, maxLength: 4 }), (source, opset, list) => {
        const model = cloneModel(sources[source] ?? makeModel(makeGraph('none')));
        const nodes = [...walkNodes(model.graph)].map(({ node }) => node);
        for (const [which, at, pick] of list) {
          const node = nodes[at % nodes.length];
          if (node !== undefined) changes[which]?.(node, pick, nodes);
        }
        if (list.length === 1) model.opsetImports.set('', opset);
        const analysis = analyzeModel(model, { bindings: { batch: 1, seq: 3 } });
        expect(buildSnapshot(model, analysis, []).layers.count).toBe([...walkNodes(model.graph)].filter(({ node }) => node.opType !== 'Constant' || node.domain !== '').length); // a change may have taken a subgraph away
      }),
      { numRuns: 80 },
    );
  });

  it('does not grow with the ways a constant can be made of itself', () => {
    const nodes = Array.from({ length: 60 }, (_, i) => makeNode({ opType: 'Add', inputs: [`c${i}`, `c${i}`], outputs: [`c${i + 1}`] }));
    nodes.push(makeNode({ opType: 'Mul', inputs: ['x', 'c60'], outputs: ['y'] }));
    const model = makeModel(makeGraph('doubling', { nodes, inputs: [tensorValue('x', 'float32', [2])], outputs: [tensorValue('y', 'float32')], initializers: new Map([['c0', float32Tensor('c0', [2], [1, 2])]]) }));
    expect(analyzeModel(model).totals).toMatchObject({ parameters: 2, flops: 2 });
  });

  it('asks for no memory for a tensor of terabytes', () => {
    const model = makeModel(makeGraph('bomb', { nodes: [makeNode({ opType: 'Expand', inputs: ['c', 'shape'], outputs: ['y'] })], inputs: [], outputs: [tensorValue('y', 'float32')], initializers: new Map([['c', float32Tensor('c', [1], [1])], ['shape', { ...float32Tensor('shape', [2], [0, 0]), elementType: 'int64' as const, dims: [1], source: { byteLength: 8, read: () => new Uint8Array(new BigInt64Array([2n ** 42n]).buffer) } }]]) }));
    const { types } = analyzeModel(model);
    expect(types.constantOf(model.graph, 'y')).toBeUndefined();
  });

  it('keeps no large constant it works out, and of small ones no more than a budget', () => {
    const count = 3000;
    const nodes = Array.from({ length: count }, (_, i) => makeNode({ opType: 'Expand', inputs: ['c', 'shape'], outputs: [`y${i}`] }));
    const shape = (size: number) => makeModel(makeGraph('many', { nodes, inputs: [], outputs: [tensorValue('y0', 'int64')], initializers: new Map([['c', int64Tensor('c', [1], [7])], ['shape', int64Tensor('shape', [1], [size])]]) }));
    const kept = (model: Model): number => {
      const types = inferTypes(model);
      return nodes.reduce((sum, node) => sum + (types.constantOf(model.graph, node.outputs[0] ?? '')?.source.byteLength ?? 0), 0);
    };
    expect(kept(shape(2))).toBe(count * 16);
    expect(kept(shape(2 ** 20))).toBe(0);
    expect(kept(shape(4096))).toBeLessThan(2 ** 25);
  });

  it.each(['Unsqueeze', 'AffineGrid'])('believes no rank of two thousand million, as the length of what is fed to %s says', (opType) => {
    const node = makeNode({ opType, inputs: ['x', 'lengths'], outputs: ['y'] });
    const model = makeModel(makeGraph('bomb', { nodes: [node], inputs: [tensorValue('x', 'float32', [2]), tensorValue('lengths', 'int64', [2_000_000_000])], outputs: [{ name: 'y' }] }));
    expect(analyzeModel(model).types.typeOf(model.graph, 'y')).toEqual({ kind: 'tensor', elementType: 'float32' });
  });

  it('lets no chain make a rank grow beyond the one a file may say', () => {
    const axes = int64Tensor('axes', [40], Array.from({ length: 40 }, (_, i) => i));
    const nodes = ['a', 'b', 'c'].map((output, i) => makeNode({ opType: 'Unsqueeze', inputs: [['x', 'a', 'b'][i] ?? '', 'axes'], outputs: [output] }));
    const model = makeModel(makeGraph('growing', { nodes, inputs: [tensorValue('x', 'float32', [2])], outputs: [{ name: 'c' }], initializers: new Map([['axes', axes]]) }));
    const { types } = analyzeModel(model);
    expect(types.typeOf(model.graph, 'a')).toMatchObject({ shape: [...new Array<number>(40).fill(1), 2] });
    expect(types.typeOf(model.graph, 'b')).toEqual({ kind: 'tensor', elementType: 'float32' });
    expect(types.contradictions).toEqual([]);
  });

  it.each([2_000_000_000, -2_000_000_000])('takes a Scan of %i scanned inputs for the contradiction it is', (scans) => {
    const body = makeGraph('body', { nodes: [makeNode({ opType: 'Relu', inputs: ['in'], outputs: ['out'] })], inputs: [{ name: 'in' }], outputs: [{ name: 'out' }] });
    const node = makeNode({ opType: 'Scan', name: 'scan', inputs: ['x'], outputs: ['y'], attributes: new Map<string, Attribute>([['body', { type: 'graph', value: body }], ['num_scan_inputs', { type: 'int', value: scans }]]) });
    const model = makeModel(makeGraph('bomb', { nodes: [node], inputs: [tensorValue('x', 'float32', [2])], outputs: [{ name: 'y' }] }));
    expect(analyzeModel(model).types.contradictions.map(({ message }) => message)).toEqual([`Scan scan: num_scan_inputs is ${scans} of 1 inputs (inputs x[2]).`]);
  });
});
