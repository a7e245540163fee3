// Bad input 21–25 as a file meets it: the reader and the verifier together, with the messages a person sees.
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/formats/open';
import { floatType, modelBytes, modelFile, refusal } from '../support/models';

type Fields = Record<string, unknown>;
const relu = (input: string, output: string, more: Fields = {}): Fields => ({ op_type: 'Relu', name: `relu_${output}`, input: [input], output: [output], ...more });
const weight = { name: 'w', data_type: 1, dims: [1], float_data: [1] };

const refused: readonly (readonly [string, Fields, Fields, string])[] = [
  ['two initializers of one name', { initializer: [weight, weight] }, {}, 'Two initializers have the same name, "w".'],
  ['two attributes of one name', { node: [relu('x', 'y', { attribute: [{ name: 'a', type: 2, i: 1 }, { name: 'a', type: 2, i: 2 }] })] }, {}, 'Two attributes of relu_y have the same name, "a".'],
  ['two values of one name', { node: [relu('x', 'a'), relu('x', 'a'), relu('a', 'y')] }, {}, 'Two values of graph have the name "a": relu_a makes one of them.'],
  ['two inputs of one name', { input: [{ name: 'x' }, { name: 'x' }] }, {}, 'Two inputs of graph have the name "x".'],
  ['a node that makes what is an initializer', { initializer: [weight], node: [relu('x', 'w'), relu('w', 'y')] }, {}, 'Two values of graph have the name "w": relu_w makes one of them.'],
  ['one value declared with two types', { value_info: [{ name: 'a', type: floatType(1) }, { name: 'a', type: floatType(2) }] }, {}, 'Two declared types have the same name, "a".'],
  ['two versions of one operator set', {}, { opset_import: [{ version: 17 }, { domain: 'ai.onnx', version: 13 }] }, 'The model imports two versions, 17 and 13, of the operator set "ai.onnx".'],
  ['a cycle', { node: [relu('c', 'a'), relu('a', 'b'), relu('b', 'c'), relu('x', 'y')] }, {}, 'The nodes of graph form a cycle: relu_a → relu_b → relu_c → relu_a.'],
  ['a node that reads itself', { node: [relu('y', 'y')] }, {}, 'The nodes of graph form a cycle: relu_y → relu_y.'],
  ['an input that nothing gives', { node: [relu('missing', 'y')] }, {}, 'relu_y in graph reads "missing", which no node, input or initializer gives.'],
  ['an output that nothing makes', { output: [{ name: 'z' }] }, {}, 'The output "z" of graph is made by no node.'],
  ['an attribute of two kinds', { node: [relu('x', 'y', { attribute: [{ name: 'a', type: 2, i: 1, ints: [1] }] })] }, {}, 'The attribute has values of two kinds: int and ints.'],
  ['an attribute that is not of its type', { node: [relu('x', 'y', { attribute: [{ name: 'a', type: 1, ints: [1] }] })] }, {}, 'The attribute says it is of type float, but has a value of type ints.'],
  ['a reference to a function attribute in the graph', { node: [relu('x', 'y', { attribute: [{ name: 'a', type: 1, ref_attr_name: 'b' }] })] }, {}, 'relu_y refers to a function\'s attribute "b" outside any function.'],
];

const call = (op: string, more: Fields = {}): Fields => ({ op_type: op, domain: 'own', input: ['a'], output: ['b'], ...more });
const body = (name: string, node: Fields): Fields => ({ name, domain: 'own', input: ['a'], output: ['b'], node: [node], opset_import: [{ version: 17 }, { domain: 'own', version: 1 }] });
const branch = (node: Fields): Fields => ({ name: 'then_branch', type: 5, g: { name: 't', node: [node], output: [{ name: 'b2' }] } });

const recursive: readonly (readonly [string, readonly Fields[], string])[] = [
  ['itself', [body('f', call('f'))], 'A function calls itself: own.f → own.f.'],
  ['another that calls it', [body('f', call('g')), body('g', call('f'))], 'A function calls itself: own.f → own.g → own.f.'],
  ['itself from a subgraph', [body('f', { op_type: 'If', input: ['a'], output: ['b'], attribute: [branch(call('f', { output: ['b2'] }))] })], 'A function calls itself: own.f → own.f.'],
];

describe('models with', () => {
  it.each(refused)('%s are refused', (_, graph, model, message) => {
    const path = modelFile(modelBytes(graph, model));
    const error = refusal(() => openModel(path));
    expect(error).toMatchObject({ message, file: path });
    expect(error.item).toBeTruthy();
  });

  it.each(recursive)('a function that calls %s are refused', (_, functions, message) => {
    const opset_import = [{ version: 17 }, { domain: 'own', version: 1 }];
    expect(refusal(() => openModel(modelFile(modelBytes({}, { functions, opset_import }))))).toMatchObject({ code: 'invalid-model', message });
  });

  it('a dangling input deep in a subgraph are refused, naming the path', () => {
    const node = [{ op_type: 'If', name: 'choose', input: ['x'], output: ['y'], attribute: [branch(relu('nowhere', 'b2'))] }];
    expect(refusal(() => openModel(modelFile(modelBytes({ node }))))).toMatchObject({ message: 'relu_b2 in then_branch of choose reads "nowhere", which no node, input or initializer gives.', item: 'nowhere' });
  });

  const viewable: readonly (readonly [string, Fields, Fields, string, string])[] = [
    ['no operator set', {}, { opset_import: [] }, 'no-opset', 'The model does not say which operator set it uses: it can be viewed, not run.'],
    ['a huge operator set', {}, { opset_import: [{ version: 9999 }] }, 'newer-opset', 'The model uses opset 9999; the newest known is 26: it can be viewed, not run.'],
    ['an operator of a domain it does not import', { node: [relu('x', 'y', { domain: 'com.example' })] }, {}, 'no-opset', 'The model uses operators of "com.example", but does not import that operator set: it can be viewed, but a runtime may refuse it.'],
    ['nodes out of order', { node: [relu('a', 'y'), relu('x', 'a')] }, {}, 'not-sorted', 'The nodes of graph are not in order: relu_y comes before a node it needs.'],
  ];
  it.each(viewable)('%s open with a warning', (_, graph, more, code, message) => {
    const model = openModel(modelFile(modelBytes(graph, more)));
    expect(model.warnings.map((warning) => [warning.code, warning.message])).toContainEqual([code, message]);
    model.dispose();
  });

  it('a chain of 100,000 nodes out of order are judged without overflowing the stack', () => {
    const node = Array.from({ length: 100_000 }, (_, i) => ({ op_type: 'Relu', input: [`v${i + 1}`], output: [i === 0 ? 'y' : `v${i}`] })).concat([{ op_type: 'Relu', input: ['x'], output: ['v100000'] }]);
    const model = openModel(modelFile(modelBytes({ node })));
    expect(model.warnings.map(({ code }) => code)).toEqual(['not-sorted']);
    model.dispose();
  });
});
