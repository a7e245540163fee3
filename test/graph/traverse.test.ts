// Keys of nodes: unique, stable, and found in time that grows with the model alone.
import { describe, expect, it } from 'vitest';
import { makeGraph, makeNode } from '../../src/graph/construct';
import { nodeKeys } from '../../src/graph/traverse';

describe('keys of nodes', () => {
  it('number the nodes that share a name, past the names others have', () => {
    const nodes = ['relu', 'relu', 'relu~3', 'relu', '', ''].map((name) => makeNode({ opType: 'Relu', name, inputs: ['x'], outputs: ['y'] }));
    expect([...nodeKeys(makeGraph('g', { nodes })).values()]).toEqual(['relu', 'relu~2', 'relu~3', 'relu~4', 'Relu#4', 'Relu#5']);
  });

  it('cost no more where every node has one name', () => {
    // Trying every number anew took 12 s for 16,000 nodes, so about 80 s for these.
    const nodes = Array.from({ length: 40_000 }, () => makeNode({ opType: 'Relu', name: 'relu', inputs: ['x'], outputs: ['y'] }));
    const started = performance.now();
    const keys = [...nodeKeys(makeGraph('g', { nodes })).values()];
    expect(keys.at(-1)).toBe('relu~40000');
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
