// The text of a model: ONNX's textual syntax, every node and value found again by its line.
import { describe, expect, it } from 'vitest';
import { readOnnxBytes } from '../../src/formats/onnx/read';
import { printModel } from '../../src/formats/onnx/text';
import { walkNodes } from '../../src/graph/traverse';
import { floatType, modelBytes } from '../support/models';

const branch = (name: string, value: number): Record<string, unknown> => ({
  name,
  type: 5,
  g: { name, node: [{ op_type: 'Constant', output: ['c'], attribute: [{ name: 'value', type: 4, t: { data_type: 1, dims: [1], float_data: [value] } }] }], output: [{ name: 'c', type: floatType(1) }] },
});

const bytes = modelBytes(
  {
    node: [
      { op_type: 'Gemm', name: 'fc/1', input: ['x', 'w', ''], output: ['a'], attribute: [{ name: 'alpha', type: 1, f: 1 }, { name: 'transB', type: 2, i: 1 }, { name: 'mode', type: 3, s: Buffer.from('say "hi"') }] },
      { op_type: 'If', name: 'choose', input: ['flag'], output: ['y'], attribute: [branch('then_branch', 0.5), branch('else_branch', 2)] },
      { op_type: 'Own', domain: 'com.example', input: ['a'], output: ['z'] },
    ],
    input: [{ name: 'x', type: floatType('batch size', 2) }, { name: 'flag', type: { tensor_type: { elem_type: 9, shape: {} } } }],
    output: [{ name: 'y', type: floatType(1) }],
    initializer: [{ name: 'w', data_type: 1, dims: [100, 2], raw_data: new Uint8Array(800) }, { name: 'shape', data_type: 7, dims: [2], int64_data: [1, -1] }],
  },
  { opset_import: [{ version: 17 }, { domain: 'com.example', version: 1 }], functions: [{ name: 'Own', domain: 'com.example', input: ['i'], output: ['o'], attribute: ['k'], node: [{ op_type: 'Relu', input: ['i'], output: ['o'], attribute: [{ name: 'k2', type: 2, ref_attr_name: 'k' }] }], opset_import: [{ version: 17 }] }] },
);

describe('the text of a model', () => {
  const model = readOnnxBytes(bytes);
  const printed = printModel(model);
  const lines = printed.text.split('\n');

  it('is in the textual syntax of ONNX', () => {
    expect(lines.slice(0, 4)).toEqual(['<', '  ir_version: 8,', '  opset_import: ["" : 17, "com.example" : 1]', '>']);
    for (const line of [
      '  float["batch size",2] x,',
      '  bool flag',
      '  float[1] y',
      '  float[100,2] w = {…},',
      '  int64[2] shape = {1, -1}',
      '  ["fc/1"] a = Gemm <alpha = 1.0, transB = 1, mode = "say \\"hi\\""> (x, w, )',
      '  z = com.example.Own (a)',
      '  o = Relu <k2 = @k> (i)',
    ])
      expect(lines).toContain(line);
  });

  it('names the line of every node, subgraphs included, by its key', () => {
    const keys = [...walkNodes(model.graph)].map(({ key }) => key);
    expect(printed.nodes.map(({ key }) => key).sort()).toEqual(keys.sort());
    for (const { key, line } of printed.nodes) expect(lines[line]).toContain(key.includes('fc') ? 'Gemm' : key === 'choose' ? 'If' : key.startsWith('Own') ? 'Own' : 'Constant');
    expect(printed.nodes.map(({ line }) => line)).toEqual(printed.nodes.map(({ line }) => line).sort((a, b) => a - b));
  });

  it('names the line of every input and weight', () => {
    for (const name of ['x', 'flag', 'w', 'shape']) {
      const place = printed.values.find((value) => value.name === name);
      expect(lines[place?.line ?? -1]).toContain(` ${name}`);
    }
  });

  it('has an outline whose parents come first and hold their children', () => {
    expect(printed.symbols.map(({ name, kind, detail }) => `${kind} ${name}: ${detail}`)).toEqual(['graph g: 3 nodes', 'graph then_branch: 1 nodes', 'graph else_branch: 1 nodes', 'function com.example.Own: 1 nodes']);
    printed.symbols.forEach((symbol, i) => {
      expect(symbol.parent).toBeLessThan(i);
      const parent = printed.symbols[symbol.parent];
      if (parent !== undefined) expect(parent.firstLine <= symbol.firstLine && symbol.lastLine <= parent.lastLine).toBe(true);
    });
  });

  it('shows inferred types behind the nodes, dimensions as they are', () => {
    const typed = printModel(model, { typeOf: (_, name) => (name === 'a' ? { kind: 'tensor', elementType: 'float32', shape: [{ text: 'batch size' }, 100] } : undefined) });
    expect(typed.text).toContain('(x, w, )  # float[batch size,100]\n');
  });

  it('never breaks a line or hides text, whatever the names are', () => {
    const hostile = printModel(readOnnxBytes(modelBytes({ node: [{ op_type: 'Relu', name: 'a\nb\u202Ec', input: ['x'], output: ['y'] }] })));
    expect(hostile.text).toContain('["a\\u{a}b\\u{202e}c"]');
    const long = printModel(readOnnxBytes(modelBytes({ node: [{ op_type: 'Relu', input: ['x'], output: ['y'], attribute: [{ name: 's', type: 3, s: Buffer.alloc(1_000_000, 'a') }] }] })));
    expect(long.text.length).toBeLessThan(5000);
  });
});
