// Editing a graph: the use-def index stays true, names stay unique, outputs keep theirs, nodes end up in order.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributes, cloneModel, makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import type { Graph, Model, Node } from '../../src/graph/model';
import { ModelEditor } from '../../src/graph/rewrite';
import { runRules } from '../../src/graph/rewriteRules';
import { sortTopologically } from '../../src/graph/rewriteOrder';
import { nodeReads } from '../../src/graph/traverse';
import { verifyModel } from '../../src/graph/verify';
import { float32Tensor } from '../../src/tensor/tensor';

const node = (name: string, opType: string, inputs: string[], outputs: string[], values: Parameters<typeof attributes>[0] = {}): Node => makeNode({ name, opType, inputs, outputs, attributes: attributes(values) });

/** x → a (Relu) → b (Identity) → y (Exp), with w added to a inside both branches of an If. */
function example(): Model {
  const branch = (name: string): Graph => makeGraph(name, { nodes: [node(`${name}.add`, 'Add', ['a', 'w'], [`${name}.out`])], outputs: [tensorValue(`${name}.out`, 'float32')] });
  return makeModel(
    makeGraph('example', {
      inputs: [tensorValue('x', 'float32', [2]), tensorValue('c', 'bool', [])],
      outputs: [tensorValue('y', 'float32', [2]), tensorValue('z', 'float32', [2])],
      initializers: new Map([['w', float32Tensor('w', [2], [1, 2])]]),
      nodes: [
        node('relu', 'Relu', ['x'], ['a']),
        node('same', 'Identity', ['a'], ['b']),
        node('exp', 'Exp', ['b'], ['y']),
        node('if', 'If', ['c'], ['z'], { then_branch: { type: 'graph', value: branch('then') }, else_branch: { type: 'graph', value: branch('else') } }),
      ],
    }),
  );
}

const find = (model: Model, name: string): Node => model.graph.nodes.find((candidate) => candidate.name === name) ?? makeNode({ opType: 'missing', inputs: [], outputs: [] });

describe('ModelEditor', () => {
  it('counts readers in subgraphs as readers', () => {
    const { root } = new ModelEditor(example());
    expect(root.uses('a').map((use) => use.node.name)).toEqual(['same', 'then.add', 'else.add']);
    expect(root.useCount('w')).toBe(2);
    expect(root.onlyReader('b')?.name).toBe('exp');
    expect(root.onlyReader('a')).toBeUndefined();
  });

  it('lets a value stand for another everywhere and takes its maker out', () => {
    const model = example();
    const editor = new ModelEditor(model);
    expect(editor.root.substitute(find(model, 'same'), 'b', 'a')).toBe(true);
    editor.finish();
    expect(model.graph.nodes.map(({ name }) => name)).toEqual(['relu', 'exp', 'if']);
    expect(find(model, 'exp').inputs).toEqual(['a']);
    expect(verifyModel(model)).toEqual([]);
  });

  it('keeps the name of a graph output when the node making it goes', () => {
    const model = makeModel(makeGraph('g', { inputs: [tensorValue('x', 'float32', [2])], outputs: [tensorValue('y', 'float32', [2])], nodes: [node('relu', 'Relu', ['x'], ['a']), node('same', 'Identity', ['a'], ['y'])] }));
    const editor = new ModelEditor(model);
    expect(editor.root.substitute(find(model, 'same'), 'y', 'a')).toBe(true);
    editor.finish();
    expect(model.graph.nodes.map(({ name, outputs }) => [name, outputs])).toEqual([['relu', ['y']]]);
  });

  it('refuses to give a graph output the name of a graph input', () => {
    const model = makeModel(makeGraph('g', { inputs: [tensorValue('x', 'float32', [2])], outputs: [tensorValue('y', 'float32', [2])], nodes: [node('same', 'Identity', ['x'], ['y'])] }));
    expect(new ModelEditor(model).root.substitute(find(model, 'same'), 'y', 'x')).toBe(false);
    expect(find(model, 'same').inputs).toEqual(['x']);
  });

  it('moves a branch into its graph, renaming what would clash', () => {
    const model = example();
    const editor = new ModelEditor(model);
    const holder = find(model, 'if');
    const [child] = editor.root.children.get(holder) ?? [];
    if (child !== undefined) editor.root.inline(holder, child);
    editor.finish();
    expect(model.graph.nodes.map(({ opType }) => opType)).toEqual(['Relu', 'Identity', 'Exp', 'Add', 'Identity']);
    expect(editor.root.uses('a').map((use) => use.node.name)).toEqual(['same', 'then.add']);
    expect(editor.root.useCount('w')).toBe(1);
    expect(verifyModel(model)).toEqual([]);
  });

  it('merges the origins of what a node was made from', () => {
    const model = example();
    const editor = new ModelEditor(model);
    const made = editor.root.add({ opType: 'Tanh', name: 'relu', inputs: ['x'], outputs: ['t'] }, [find(model, 'relu'), find(model, 'same')]);
    expect(made.origin).toEqual(['relu', 'same']);
    expect(made.name).toBe('relu_1');
  });

  it('drops the declared type of a value that is gone', () => {
    const model = example();
    model.graph.valueInfo.set('b', tensorValue('b', 'float32', [2]));
    const editor = new ModelEditor(model);
    editor.root.substitute(find(model, 'same'), 'b', 'a');
    editor.finish();
    expect(model.graph.valueInfo.size).toBe(0);
  });

  it('agrees with an index made anew after any sequence of edits', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom('redirect', 'remove', 'add')), { maxLength: 12 }), (edits) => {
        const nodes = Array.from({ length: 8 }, (_, i) => node(`n${i}`, 'Add', [i === 0 ? 'x' : `v${i - 1}`, i < 2 ? 'x' : `v${Math.floor(i / 2)}`], [`v${i}`]));
        const model = makeModel(makeGraph('g', { inputs: [tensorValue('x', 'float32', [2])], outputs: [tensorValue('v7', 'float32', [2])], nodes }));
        const editor = new ModelEditor(model);
        for (const [a, b, what] of edits) {
          const all = [...editor.root.nodes()];
          const first = all[a % all.length];
          if (first === undefined) continue;
          // Only earlier values are read, so that no cycle arises.
          const earlier = Number((first.outputs[0] ?? 'v0').slice(1));
          if (what === 'redirect') editor.root.setInput(first, b % 2, 'x');
          else if (what === 'add') editor.root.add({ opType: 'Neg', inputs: [first.outputs[0] ?? 'x'], outputs: [editor.freshName(`v${100 + earlier}`)] }, [first]);
          else editor.root.substitute(first, first.outputs[0] ?? '', first.inputs[0] ?? '');
        }
        editor.finish();
        const fresh = new ModelEditor(cloneModel(model));
        for (const value of ['x', ...model.graph.nodes.flatMap(({ outputs }) => outputs)]) {
          expect(editor.root.useCount(value)).toBe(fresh.root.useCount(value));
          expect(editor.root.uses(value).map((use) => use.node.name).sort()).toEqual(fresh.root.uses(value).map((use) => use.node.name).sort());
        }
        expect(verifyModel(model)).toEqual([]);
      }),
    );
  });
});

describe('sortTopologically', () => {
  it('puts makers before readers and leaves what is in order where it is', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 15 }), fc.array(fc.nat(), { minLength: 15, maxLength: 15 }), (reads, weights) => {
        const ordered = reads.map((from, i) => node(`n${i}`, 'Sum', from.map((j) => (i === 0 ? 'x' : `v${j % i}`)), [`v${i}`]));
        expect(sortTopologically(ordered, nodeReads)).toEqual(ordered);
        const mixed = ordered.map((item, i) => ({ item, weight: weights[i] ?? 0 })).sort((a, b) => a.weight - b.weight).map(({ item }) => item);
        const made = new Set(['x']);
        for (const next of sortTopologically(mixed, nodeReads)) {
          expect(next.inputs.every((name) => made.has(name))).toBe(true);
          next.outputs.forEach((name) => made.add(name));
        }
        expect(made.size).toBe(ordered.length + 1);
      }),
    );
  });

  it('manages a chain of 100,000 nodes', () => {
    const chain = Array.from({ length: 100_000 }, (_, i) => node(`n${i}`, 'Relu', [`v${i}`], [`v${i + 1}`])).reverse();
    expect(sortTopologically(chain, nodeReads)[0]?.name).toBe('n0');
  });
});

describe('runRules', () => {
  it('says so when rules do not come to an end', async () => {
    const editor = new ModelEditor(example());
    const endless = { id: 'endless', opTypes: ['Relu'], apply: () => true };
    await expect(runRules(editor, [endless], undefined, new AbortController().signal, () => undefined)).rejects.toThrow('did not come to an end');
  });
});
