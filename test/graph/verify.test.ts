// The verifier on graphs made in memory, as techniques hand them over: what is legal passes, what is not is named.
import { describe, expect, it } from 'vitest';
import { makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import type { FunctionBody, Graph, Model, Node } from '../../src/graph/model';
import { assertValid, verifyModel } from '../../src/graph/verify';
import { float32Tensor } from '../../src/tensor/tensor';

const relu = (input: string, output: string, init: Partial<Node> = {}): Node => makeNode({ opType: 'Relu', inputs: [input], outputs: [output], ...init });

function model(nodes: Node[], graph: Partial<Graph> = {}, init: Partial<Model> = {}): Model {
  return makeModel(makeGraph('g', { nodes, inputs: [tensorValue('x', 'float32', [1])], outputs: [tensorValue('y', 'float32', [1])], ...graph }), init);
}

const codes = (made: Model): string[] => verifyModel(made).map(({ code, severity }) => `${severity} ${code}`);

function branch(nodes: Node[], output: string): Node {
  return makeNode({ opType: 'If', name: 'if', inputs: ['x'], outputs: ['y'], attributes: new Map([['then_branch', { type: 'graph' as const, value: makeGraph('t', { nodes, outputs: [{ name: output }] }) }]]) });
}

function functionBody(init: Partial<FunctionBody>): FunctionBody {
  return { name: 'F', domain: 'd', overload: '', inputs: ['i'], outputs: ['o'], attributes: [], attributeDefaults: new Map(), nodes: [relu('i', 'o')], opsetImports: new Map([['', 17]]), docString: '', valueInfo: [], metadata: [], unknownFields: [], ...init };
}

describe('legal graphs', () => {
  it('pass: omitted inputs and outputs, an initializer that is an input, values from the outer scope', () => {
    const initializers = new Map([['x', float32Tensor('x', [1], [1])]]);
    expect(codes(model([makeNode({ opType: 'Clip', inputs: ['x', '', 'x'], outputs: ['a', ''] }), relu('a', 'y')], { initializers }))).toEqual([]);
    expect(codes(model([branch([relu('x', 'inner')], 'inner')]))).toEqual([]);
    expect(codes(model([branch([], 'x')]))).toEqual([]);
  });

  it('pass where two branches use one name', () => {
    const graphs = { type: 'graphs' as const, value: ['a', 'b'].map((name) => makeGraph(name, { nodes: [relu('x', 'same')], outputs: [{ name: 'same' }] })) };
    expect(codes(model([makeNode({ opType: 'Switch', inputs: ['x'], outputs: ['y'], attributes: new Map([['branches', graphs]]) })]))).toEqual([]);
  });

  it('pass with functions that refer to their own attributes', () => {
    const attributes = new Map([['alpha', { type: 'float' as const, value: 0, reference: 'slope' }]]);
    const functions = [functionBody({ attributes: ['slope'], nodes: [relu('i', 'o', { attributes })] })];
    expect(codes(model([relu('x', 'y', { opType: 'F', domain: 'd' })], {}, { functions }))).toEqual([]);
  });
});

describe('illegal graphs', () => {
  it('are named by code', () => {
    expect(codes(model([relu('x', 'y'), relu('x', 'y')]))).toEqual(['error duplicate-name']);
    expect(codes(model([relu('q', 'y')]))).toEqual(['error dangling-input']);
    expect(codes(model([]))).toEqual(['error dangling-output']);
    expect(codes(model([relu('x', 'y', { opType: '' })]))).toEqual(['error unnamed']);
    expect(codes(model([relu('b', 'a'), relu('a', 'b'), relu('x', 'y')]))).toEqual(['error cycle']);
    expect(codes(model([branch([relu('nowhere', 'inner')], 'inner')]))).toEqual(['error dangling-input']);
  });

  it('hold where a value is made only inside a subgraph, or only by a later node', () => {
    expect(codes(model([branch([relu('x', 'inner')], 'inner'), relu('inner', 'z')]))).toEqual(['error dangling-input']);
    expect(codes(model([relu('a', 'y'), relu('x', 'a')]))).toEqual(['warning not-sorted']);
  });

  it('hold for a cycle through what a subgraph reads from outside', () => {
    const inner = branch([relu('b', 'inner')], 'inner');
    expect(codes(model([inner, relu('y', 'b')]))).toContain('error cycle');
  });

  it('hold for functions: unknown attribute, a name taken twice, recursion', () => {
    const attributes = new Map([['alpha', { type: 'float' as const, value: 0, reference: 'other' }]]);
    const call = relu('x', 'y', { opType: 'F', domain: 'd' });
    expect(codes(model([call], {}, { functions: [functionBody({ nodes: [relu('i', 'o', { attributes })] })] }))).toEqual(['error attribute-reference']);
    expect(codes(model([call], {}, { functions: [functionBody({}), functionBody({})] }))).toEqual(['error duplicate-name']);
    expect(codes(model([call], {}, { functions: [functionBody({ nodes: [relu('i', 'o', { opType: 'F', domain: 'd' })] })] }))).toEqual(['error recursive-function']);
    // ai.onnx and '' are one domain, however each is spelt.
    expect(codes(model([call], {}, { functions: [functionBody({ domain: 'ai.onnx', nodes: [relu('i', 'o', { opType: 'F', domain: '' })] })] }))).toContain('error recursive-function');
    expect(codes(model([call], {}, { functions: [functionBody({}), functionBody({ overload: 'two' })] }))).toEqual([]);
  });

  it('throw the first error, with the item', () => {
    expect(() => assertValid(model([relu('q', 'y')]))).toThrow('Relu → y in graph reads "q", which no node, input or initializer gives.');
    expect(() => assertValid(model([relu('x', 'y')]))).not.toThrow();
  });
});
