// The text of a model: ONNX's textual syntax, every node and value found again by its line.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { readOnnxBytes, readOnnxModel } from '../../src/formats/onnx/read';
import { carryOver, notHeld } from '../../src/formats/text/notHeld';
import { printModel } from '../../src/formats/text/print';
import { parseModelText, readModelText, textDocument } from '../../src/formats/text/read';
import { referToContent, referToPlaces } from '../../src/formats/text/references';
import { makeGraph, makeModel } from '../../src/graph/construct';
import type { Model } from '../../src/graph/model';
import { walkNodes } from '../../src/graph/traverse';
import { float32Tensor, tensorFromArray } from '../../src/tensor/tensor';
import { floatType, modelBytes, modelFile, refusal } from '../support/models';

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
  const printed = textDocument(readModelText(printModel(model), { source: model }));
  const lines = printed.text.split('\n');

  it('is in the textual syntax of ONNX', () => {
    expect(lines.slice(0, 4)).toEqual(['<', '  ir_version: 8,', '  opset_import: ["" : 17, "com.example" : 1]', '>']);
    for (const line of [
      '  float["batch size",2] x,',
      '  bool flag',
      '  float[1] y',
      '  float[100,2] w = ["location": "", "tensor": "0"],',
      '  int64[2] shape = {1, -1}',
      '  ["fc/1"] a = Gemm <alpha = 1.0, transB = 1, mode = "say \\"hi\\""> (x, w, "")',
      '  z = com.example.Own (a)',
      '  o = Relu <k2: int = @k> (i)',
      '  [choose] y = If (flag) <',
      '    then_branch: graph = then_branch () => (',
      'Own <k> (i) => (o)',
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

  it('never breaks a line or hides text, whatever the names are', () => {
    const hostile = 'a\nb\u202Ec';
    const node = { op_type: `Relu${hostile}`, domain: `d${hostile}`, overload: `o${hostile}`, name: hostile, input: [hostile], output: ['y'], attribute: [{ name: hostile, type: 2, ref_attr_name: hostile }] };
    const source = readOnnxBytes(modelBytes({ node: [node], name: hostile, doc_string: hostile }, { domain: hostile, functions: [{ name: hostile, domain: hostile, opset_import: [{ domain: hostile, version: 1 }] }] }));
    const text = printModel(source);
    expect(text).toContain('["a\\u{a}b\\u{202e}c"] y = "da\\u{a}b\\u{202e}c"."Relua\\u{a}b\\u{202e}c":"oa\\u{a}b\\u{202e}c" <"a\\u{a}b\\u{202e}c": int = @"a\\u{a}b\\u{202e}c"> ("a\\u{a}b\\u{202e}c")');
    expect(text).not.toMatch(/[\u202e\u2028]/);
    const document = textDocument(readModelText(text, { source }));
    expect(text.split('\n')[document.nodes[0]?.line ?? -1]).toContain('Relu');
    expect(document.symbols.map(({ name }) => name)).toEqual(['a\\u{a}b\\u{202e}c', 'a\\u{a}b\\u{202e}c.a\\u{a}b\\u{202e}c']);
  });

  it('cuts long texts and lists, and finds them again in the source', () => {
    const long = 'a'.repeat(1_000_000);
    const attribute = [
      { name: 's', type: 3, s: Buffer.from(long) },
      { name: 'f', type: 6, floats: Array.from({ length: 100_000 }, (_, i) => i / 8) },
      { name: 't', type: 8, strings: [Buffer.from('short'), Buffer.from(long)] },
    ];
    const source = readOnnxBytes(modelBytes({ node: [{ op_type: 'Relu', input: ['x'], output: ['y'], attribute }] }));
    const text = printModel(source);
    expect(text.length).toBeLessThan(2000);
    expect(parseModelText(text, { source }).graph.nodes[0]?.attributes).toEqual(source.graph.nodes[0]?.attributes);
    expect(refusal(() => parseModelText(text))).toEqual({ code: 'malformed', message: 'The rest of this text is only in the model that it was printed from.', item: 'line 11, column 218' });
  });

  it('prints every float so that it reads back as the same bits, and -0, infinities and NaN', () => {
    fc.assert(
      fc.property(fc.array(fc.float(), { maxLength: 16 }), fc.array(fc.double(), { maxLength: 16 }), (floats, doubles) => {
        const source = makeModel(makeGraph('g', { initializers: new Map([float32Tensor('f', [floats.length], floats), tensorFromArray('d', 'float64', [doubles.length], Float64Array.from(doubles))].map((tensor) => [tensor.name, tensor])) }));
        const read = parseModelText(printModel(source)).graph.initializers;
        for (const [name, tensor] of source.graph.initializers) expect(read.get(name)?.source.read(), name).toEqual(tensor.source.read());
      }),
    );
  });
});

describe('a weight that is not printed', () => {
  it('is referred to by file, offset and length, and read from there again, also under another name', () => {
    const file = modelFile(bytes, 'tiny.onnx');
    const source = readOnnxModel(file);
    try {
      const location = source.graph.initializers.get('w')?.source.location;
      const text = printModel(source);
      expect(text).toContain(`float[100,2] w = ["location": "tiny.onnx", "offset": "${location?.offset ?? -1}", "length": "800"]`);
      const read = parseModelText(text.replace('[100,2] w = ', '[200] weight = '), { source });
      expect(read.graph.initializers.get('weight')).toMatchObject({ name: 'weight', dims: [200], source: { location } });
      expect(read.graph.initializers.get('weight')?.source.read().byteLength).toBe(800);
    } finally {
      source.dispose();
    }
  });

  it('must fit the place it is said to lie at', () => {
    const source = readOnnxBytes(bytes);
    const text = printModel(source);
    expect(refusal(() => parseModelText(text.replace('float[100,2] w', 'float[100,3] w'), { source })).message).toBe("There lie 800 bytes, but the tensor's type and shape need 1200.");
    expect(refusal(() => parseModelText(text.replace('"tensor": "0"', '"tensor": "99"'), { source })).message).toBe('The model that the text was printed from has no tensor there.');
  });

  it('is the same text wherever it lies when its content is referred to', () => {
    const moved = readOnnxBytes(modelBytes({ doc_string: 'longer than before', node: [], output: [], initializer: [{ name: 'w', data_type: 1, dims: [100, 2], raw_data: new Uint8Array(800) }] }));
    const line = (text: string): string | undefined => text.split('\n').find((each) => each.includes(' w = '));
    // What sha1sum says of 800 zero bytes.
    expect(line(printModel(moved, { refer: referToContent(referToPlaces(moved)) }))?.trim()).toBe('float[100,2] w = ["checksum": "2c96a4a47ce951e4e926596d51c2dba18aff8e71"]');
  });
});

describe('tensors that share their bytes', () => {
  /** As many initializers on the same 80 bytes beside the model. */
  const sharing = (count: number): Model => {
    const path = modelFile(
      modelBytes({
        initializer: Array.from({ length: count }, (_, i) => ({ name: `t${i}`, data_type: 1, dims: i % 2 === 0 ? [20] : [4, 5], data_location: 1, external_data: Object.entries({ location: 'w.bin', offset: '0', length: '80' }).map(([key, value]) => ({ key, value })) })),
      }),
    );
    writeFileSync(join(dirname(path), 'w.bin'), new Uint8Array(80));
    return readOnnxModel(path);
  };

  it('are found each by its name and shape, in a time that grows with their number', () => {
    const source = sharing(8000);
    const asked = vi.fn((name: string) => name);
    for (const tensor of source.graph.initializers.values()) {
      const { name } = tensor;
      Object.defineProperty(tensor, 'name', { get: () => asked(name) });
    }
    const text = printModel(source);
    asked.mockClear();
    const read = parseModelText(text.replace('float[20] t0 =', 'float[20] renamed ='), { source });
    expect(asked.mock.calls.length).toBeLessThan(100_000); // each with each were some 30 million
    expect([...read.graph.initializers.values()].slice(0, 4).map(({ name, dims }) => [name, dims])).toEqual([
      ['renamed', [20]],
      ['t1', [4, 5]],
      ['t2', [20]],
      ['t3', [4, 5]],
    ]);
    source.dispose();
  });

  it('are read once for their content', () => {
    const source = sharing(4);
    const reads = [...source.graph.initializers.values()].map(({ source: bytes }) => vi.spyOn(bytes, 'read'));
    printModel(source, { refer: referToContent(referToPlaces(source)) });
    expect(reads.map(({ mock }) => mock.calls.length).reduce((sum, count) => sum + count)).toBe(1);
    source.dispose();
  });
});

describe('what the syntax does not hold', () => {
  it('is dropped, and said, where it names a tensor that was renamed', () => {
    const source = readOnnxBytes(
      modelBytes({ initializer: [{ name: 'scale', data_type: 1, dims: [1], float_data: [1] }], quantization_annotation: ['x', 'y'].map((name) => ({ tensor_name: name, quant_parameter_tensor_names: [{ key: 'SCALE_TENSOR', value: 'scale' }] })) }),
    );
    const edited = parseModelText(printModel(source).replace('float[2] y', 'float[2] z').replace('y = Relu', 'z = Relu'), { source });
    expect(carryOver(edited, source)).toEqual([{ item: 'value y', what: 'quantization annotations' }]);
    expect(edited.graph.quantizationAnnotations.map(({ tensorName }) => tensorName)).toEqual(['x']);
  });

  it('stays with a node without a name where others are put before it, its attributes too', () => {
    const value = { name: 'value', type: 4, t: { data_type: 1, dims: [1], float_data: [1], doc_string: 'one' }, doc_string: 'the value' };
    const source = readOnnxBytes(
      modelBytes({
        node: [
          { op_type: 'Constant', output: ['c'], attribute: [value], doc_string: 'first' },
          { op_type: 'Add', input: ['x', 'c'], output: ['h'], doc_string: 'second', metadata_props: [{ key: 'k', value: '2' }] },
          { op_type: 'Add', input: ['h', 'c'], output: ['y'], doc_string: 'third' },
        ],
      }),
    );
    const text = printModel(source);
    const notes = ({ graph }: typeof source): unknown[] => graph.nodes.map(({ outputs, docString, metadata, attributes }) => [outputs[0], docString, metadata.length, attributes.get('value')?.docString ?? '']);
    const more = parseModelText(text.replace('  c = Constant', '  d = Constant <value = float[1] {2}> ()\n  z = Add (x, d)\n  c = Constant'), { source });
    expect(carryOver(more, source)).toEqual([]);
    expect(notes(more)).toEqual([
      ['d', '', 0, ''],
      ['z', '', 0, ''],
      ['c', 'first', 0, 'the value'],
      ['h', 'second', 1, ''],
      ['y', 'third', 0, ''],
    ]);
    // As many nodes as before: one whose output has another name is the one that stood there.
    const renamed = parseModelText(text.replaceAll(/\bh\b/g, 'hidden'), { source });
    expect(carryOver(renamed, source)).toEqual([]);
    expect(notes(renamed)[1]).toEqual(['hidden', 'second', 1, '']);
    // What became of it cannot be told: it is said.
    const both = parseModelText(text.replaceAll(/\bh\b/g, 'hidden').replace('  hidden = Add', '  z = Neg (x)\n  hidden = Add'), { source });
    expect(carryOver(both, source).map(({ what }) => what)).toEqual(['documentation', 'metadata']);
  });

  it('is named, and carried over to the model read from an edited text', () => {
    const notes = { doc_string: 'why', metadata_props: [{ key: 'k', value: 'v' }] };
    const source = readOnnxBytes(
      modelBytes({ doc_string: 'about', node: [{ op_type: 'Relu', name: 'relu', input: ['x'], output: ['y'], ...notes }, { op_type: 'Neg', name: 'gone', input: ['x'], output: ['z'], ...notes }], input: [{ name: 'x', type: { ...floatType(2), denotation: 'IMAGE' } }] }),
    );
    expect(notHeld(source)).toEqual([
      { item: 'graph g', what: 'documentation' },
      { item: 'graph input x', what: 'denotations of its type' },
      { item: 'node relu', what: 'documentation' },
      { item: 'node relu', what: 'metadata' },
      { item: 'node gone', what: 'documentation' },
      { item: 'node gone', what: 'metadata' },
    ]);
    const text = printModel(source).replace('[relu]', '[renamed]').replace(/.*\[gone\].*\n/, '');
    const edited = parseModelText(text, { source });
    expect(carryOver(edited, source)).toEqual([
      { item: 'node gone', what: 'documentation' },
      { item: 'node gone', what: 'metadata' },
    ]);
    expect(edited.graph.docString).toBe('about');
    expect(edited.graph.nodes[0]).toMatchObject({ name: 'renamed', docString: 'why', metadata: [['k', 'v']] });
    expect(edited.graph.inputs[0]?.type?.denotation).toBe('IMAGE');
  });
});
