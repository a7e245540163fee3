// The parser of ONNX's textual syntax: what the official one takes is taken, and what is wrong is said with line and column.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOnnxBytes } from '../../src/formats/onnx/read';
import { printModel } from '../../src/formats/text/print';
import { parseModelText, readModelText } from '../../src/formats/text/read';
import { toFloat64Array } from '../../src/tensor/decode';
import { modelBytes, refusal } from '../support/models';

/** A model around the nodes of a graph. */
const around = (nodes: string): string => `<ir_version: 8, opset_import: ["": 17]>\ng (float[N] x) => (float[N] y)\n{\n${nodes}\n}\n`;
const nodeOf = (text: string) => parseModelText(around(text)).graph.nodes[0];
const attributeOf = (text: string) => nodeOf(`y = Op <${text}> (x)`)?.attributes.get('x');

/** The texts below are shaped after those of onnx's own tests of its parser (onnx/test/cpp/parser_test.cc). */
describe('a text that the official parser takes', () => {
  it('may have every field of the header', () => {
    const model = parseModelText(`
      <
        ir_version: 7,
        opset_import: [ "ai.onnx.ml" : 10, "" : 9 ],
        producer_name: "ParserTest",
        producer_version: "1.0",
        domain: "ai.onnx.ml",
        model_version: 1,
        doc_string: "A \\"quoted\\" word and a \\\\",
        metadata_props: [ "somekey" : "somevalue", "key2" : "value2" ]
      >
      agraph (float[N] y, z) => (float[N] w)
      {
          # This is a comment.
          x = foo(y, z) # More comments.
          w = bar(x, y)
      }`);
    expect(model).toMatchObject({ irVersion: 7, producerName: 'ParserTest', producerVersion: '1.0', domain: 'ai.onnx.ml', modelVersion: 1, docString: 'A "quoted" word and a \\', metadata: [['somekey', 'somevalue'], ['key2', 'value2']] });
    expect([...model.opsetImports]).toEqual([['ai.onnx.ml', 10], ['', 9]]);
    expect(model.graph.inputs).toEqual([{ name: 'y', type: { kind: 'tensor', elementType: 'float32', shape: [{ text: 'N' }] } }, { name: 'z' }]);
    expect(model.graph.nodes.map(({ opType, inputs, outputs }) => [opType, inputs, outputs])).toEqual([['foo', ['y', 'z'], ['x']], ['bar', ['x', 'y'], ['w']]]);
  });

  it('may give inputs their values, and declare tensors and types together', () => {
    const { graph } = parseModelText('agraph (float y = {1.0}, float[N] z) => (float[N] w)\n<float[2] w1 = {1, 2.0e-1}, float[3] w2 = {4.0, 5.0, 6.5E+1}, float[N] x>\n{\n x = foo(y, z, w1)\n w = bar(x, y, w2)\n}');
    expect([...graph.initializers.keys()]).toEqual(['y', 'w1', 'w2']);
    expect([...(graph.initializers.get('w2') === undefined ? [] : toFloat64Array(graph.initializers.get('w2') ?? never()))]).toEqual([4, 5, 65]);
    expect(graph.initializers.get('y')?.dims).toEqual([]);
    expect([...graph.valueInfo.keys()]).toEqual(['x']);
  });

  it.each<[string, unknown]>([
    ['x = 2', { type: 'int', value: 2 }],
    ['x = -9223372036854775808', { type: 'int', value: -(2n ** 63n) }],
    ['x = 0.625', { type: 'float', value: 0.625 }],
    ['x : float = 2', { type: 'float', value: 2 }],
    ['x = -Infinity', { type: 'float', value: -Infinity }],
    ['x = nan', { type: 'float', value: NaN }],
    ['x = [2, 4, 6]', { type: 'ints', value: [2, 4, 6] }],
    ['x = [0.125, 0.625]', { type: 'floats', value: [0.125, 0.625] }],
    ['x : floats = [1, 2.5]', { type: 'floats', value: [1, 2.5] }],
    ['x : ints = []', { type: 'ints', value: [] }],
    ['x = "astring"', { type: 'string', value: 'astring' }],
    ['x = ["abc", "def"]', { type: 'strings', value: ['abc', 'def'] }],
    ['x : ints = @xyz', { type: 'ints', value: [], reference: 'xyz' }],
    ['x = float[M, 3]', { type: 'type', value: { kind: 'tensor', elementType: 'float32', shape: [{ text: 'M' }, 3] } }],
    ['x = seq(optional(map(int64, float[])))', { type: 'type', value: { kind: 'sequence', of: { kind: 'optional', of: { kind: 'map', key: 'int64', value: { kind: 'tensor', elementType: 'float32' } } } } }],
    ['x = opaque(a.b, c)', { type: 'type', value: { kind: 'opaque', domain: 'a.b', name: 'c' } }],
  ])('has attributes such as %s', (text, expected) => {
    expect(attributeOf(text)).toEqual(expected);
  });

  it.each([
    ['x = float[3] {2.1, 4.1, 6.1}', '', [2.1, 4.1, 6.1].map(Math.fround)],
    ['x = int32[5] T {1, 2, 3, 4, 5}', 'T', [1, 2, 3, 4, 5]],
    ['x = int32[2] T = {1, -2}', 'T', [1, -2]],
    ['x = float16[2] {15360, 49152}', '', [1, -2]], // bit patterns, as in int32_data
    ['x = int4[3] {225, 15}', '', [1, -2, -1]], // packed bytes, as in int32_data
  ])('has tensors such as %s', (text, name, values) => {
    const attribute = attributeOf(text);
    const tensor = attribute?.type === 'tensor' ? attribute.value : never();
    expect([tensor.name, ...toFloat64Array(tensor)]).toEqual([name, ...values]);
  });

  it('names omitted inputs by "" or by nothing before a comma', () => {
    expect(['Op()', 'Op(,x)', 'Op("")', 'Op(,)', 'Op(x,)'].map((call) => nodeOf(`y = ${call}`)?.inputs)).toEqual([[], ['', 'x'], [''], [''], ['x']]);
  });

  it('has nodes with a label, a domain, an overload, and attributes before or after the inputs', () => {
    expect(nodeOf('["/conv1/Conv"] y, "/a/b" = com.example.foo:fast <a = 100> (x)')).toMatchObject({ name: '/conv1/Conv', outputs: ['y', '/a/b'], domain: 'com.example', opType: 'foo', overload: 'fast', inputs: ['x'] });
    const node = nodeOf('y = If (b) <\n then_branch = g1 () => (float[N] z_then)\n { z_then = foo(y) },\n else_branch = g2 () => (float[N] z_else) { z_else = bar(x) } >');
    expect([...(node?.attributes ?? [])].map(([name, { type, value }]) => [name, type, type === 'graph' ? value.nodes.length : 0])).toEqual([['then_branch', 'graph', 1], ['else_branch', 'graph', 1]]);
  });

  it('has functions with defaults of attributes and types of values', () => {
    const [body] = parseModelText(`${around('y = custom.foo <alpha=2.0> (x)')}
      <domain: "custom", overload: "o", opset_import: ["" : 15], doc_string: "function foo">
      foo <alpha: float=4.0, gamma> (float[N] X) => (C) <float[N] t>
      {
        constant_alpha = Constant <value_float: float = @alpha> ()
        C = Mul (constant_alpha, X)
      }`).functions;
    expect(body).toMatchObject({ name: 'foo', domain: 'custom', overload: 'o', docString: 'function foo', inputs: ['X'], outputs: ['C'], attributes: ['gamma'], valueInfo: [{ name: 'X' }, { name: 't' }] });
    expect(body?.attributeDefaults.get('alpha')).toEqual({ type: 'float', value: 4 });
  });
});

describe('what is wrong with a text', () => {
  it.each([
    ['', 'line 1, column 1', 'Expected the name of the graph, found the end of the text.'],
    ['<ir_version: 7, opset_import: ["" : 10 "com.microsoft": 1]>', 'line 1, column 40', 'Expected "]" or "," after the operator set, found "com.microsoft".'],
    ['<nonsense: 7>', 'line 1, column 2', 'Expected one of ir_version, opset_import, producer_name, producer_version, domain, model_version, doc_string, metadata_props, found nonsense.'],
    [around('  y = MatMul[X, W]'), 'line 4, column 13', 'Expected "(" before the inputs of the node, found [.'],
    [around('  y = Op <a = 1, a = 2> (x)'), 'line 4, column 18', 'There are two attributes of this name; expected one of each.'],
    [around('  y = Op <a = []> (x)'), 'line 4, column 15', 'Expected the type of the attribute before "=", as in `pads: ints = []`: an empty list does not say it.'],
    [around('  y = Op <a = [1, 2.5]> (x)'), 'line 4, column 19', 'Expected values of type int in this list, found float.'],
    [around('  y = Op <a: int = 2.5> (x)'), 'line 4, column 20', 'Expected a value of type int, found float.'],
    [around('  y = Op <a = 9223372036854775808> (x)'), 'line 4, column 15', 'Expected an int64 between -9223372036854775808 and 9223372036854775807, found 9223372036854775808.'],
    [around('  y = Op <a = float[2] {1}> (x)'), 'line 4, column 15', "Expected 2 values for the tensor's type and shape, found 1."],
    [around('  y = Op <a = uint8[1] {256}> (x)'), 'line 4, column 25', 'Expected a byte between 0 and 255, found 256.'],
    [around('  y = Op <a = float[9999999,9999999] {1}> (x)'), 'line 4, column 15', "Expected 99999980000001 values for the tensor's type and shape, found 1."],
    [around('  y = Op <a = float[999999999,99999999] {1}> (x)'), 'line 4, column 15', 'The tensor has more than 2^53 elements or bytes.'],
    [around('  y = Op <a = float[N] {1}> (x)'), 'line 4, column 15', 'Expected numbers as the dimensions of the tensor.'],
    [around('  y = Op <a = "open> (x)'), 'line 4, column 15', 'The string is not closed: expected " after it.'],
    [around('  y = Op (x'), 'line 5, column 1', 'Expected ")" or "," after the input, found }.'],
    [around('  Op (x)'), 'line 4, column 6', 'Expected "=" after the outputs of the node, found (.'],
    ['g () => () {', 'line 1, column 13', 'Expected a node or "}", found the end of the text.'],
    ['g () -> () {}', 'line 1, column 6', 'Expected "=>" between inputs and outputs, found -.'],
    ['g (flaot[2] x) => () {}', 'line 1, column 9', 'Expected ")" or "," after the input, found [.'],
    ['g (float[2]) => () {}', 'line 1, column 12', 'Expected the name of the value, found ).'],
  ])('is said with its place: %j', (text, item, message) => {
    expect(refusal(() => parseModelText(text))).toEqual({ code: 'malformed', message, item });
  });

  it('counts lines as an editor does', () => {
    const [problem] = readModelText('<ir_version: 7>\r\n# comment\rg () => ()\n\n  !').problems;
    expect(problem).toEqual({ message: 'Expected "{" before the nodes, found !.', range: { line: 4, character: 2, endLine: 4, endCharacter: 3 } });
  });

  it('is a clear error for graphs and types nested without end', () => {
    const graphs = 'y = If (x) <b = g () => () { '.repeat(100_000);
    expect(refusal(() => parseModelText(around(graphs))).message).toBe('Graphs or types are nested over 100 deep.');
    expect(refusal(() => parseModelText(`g (${'seq('.repeat(100_000)}`)).message).toBe('Graphs or types are nested over 100 deep.');
  });

  const sample = printModel(
    readOnnxBytes(
      modelBytes(
        { node: [{ op_type: 'If', name: 'a/b', input: ['x'], output: ['y'], attribute: [{ name: 'then_branch', type: 5, g: { name: 'g "1"', node: [{ op_type: 'Relu', domain: 'a.b', input: ['x', ''], output: ['q'], attribute: [{ name: 'f', type: 6, floats: [1, -0.5] }] }] } }] }], initializer: [{ name: 'w', data_type: 7, dims: [2], int64_data: [1, -1] }] },
        { functions: [{ name: 'f', domain: 'd', input: ['i'], output: ['o'], attribute: ['k'], opset_import: [{ version: 17 }] }], metadata_props: [{ key: 'a', value: 'b' }] },
      ),
    ),
  );
  const readSoon = (text: string): void => {
    const begun = performance.now();
    const { model, problems } = readModelText(text);
    expect(model === undefined).toBe(problems.length > 0);
    for (const { message } of problems) expect(message).toMatch(/xpected|nested|more than|There |rest of this text|only be read/);
    expect(performance.now() - begun).toBeLessThan(1000);
  };

  it('is said wherever the text ends', () => {
    for (let end = 0; end < sample.length; end++) readSoon(sample.slice(0, end));
  });

  it('is said, and nothing else thrown, whatever is changed in a text', () => {
    const piece = fc.oneof(fc.constantFrom(...Array.from('<>(){}[]=,:@."#?\\'), '=>', '\\u{', '"\\{', 'float', 'seq(', 'sparse_tensor(', 'nan', '-', '1e999', '[0]', '\n', '\0', '😀', '\uD800'), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(sample.length), fc.nat(8), piece), { minLength: 1, maxLength: 4 }), (edits) => {
        readSoon(edits.reduce((text, [at, removed, inserted]) => text.slice(0, at) + inserted + text.slice(at + removed), sample));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes time in proportion to the text, also where it is hostile', () => {
    for (const text of ['"'.repeat(1e6), '\\"'.repeat(1e6), '#'.repeat(1e6), '9'.repeat(1e6), 'a.'.repeat(1e6), `g (${'float['.repeat(1e5)}`, around(`y = Op <a = ${'9'.repeat(1e6)}> (x)`), around(`y = Op <a = float[1] {${'1,'.repeat(1e5)}`), ' '.repeat(1e6)]) readSoon(text);
  });
});

function never(): never {
  throw new Error('not there');
}
