// The mix of float and int8 that measured layer times propose.
import { describe, expect, it } from 'vitest';
import { makeGraph, makeModel, makeNode } from '../../src/graph/construct';
import type { Profile } from '../../src/protocol/measurement';
import { mixPlan, proposeMix } from '../../src/recipes/choice';
import { benchmarkOf } from './support';

function profile(milliseconds: Readonly<Record<string, number>>): Profile {
  const { machine, settings } = benchmarkOf([1, 1, 1]);
  return { settings, runs: 5, milliseconds, fusedInto: {}, added: [], totalMs: 0, latencyMs: { value: 1, low: 1, high: 1 }, machine, measuredAt: '' };
}

const conv = (name: string): ReturnType<typeof makeNode> => makeNode({ opType: 'Conv', name, inputs: ['x'], outputs: [name] });
const int8 = makeModel(
  makeGraph('g', {
    nodes: [conv('wide'), conv('depthwise'), conv('even'), makeNode({ opType: 'QuantizeLinear', name: 'q', inputs: ['even'], outputs: ['e'], origin: ['even'] })],
  }),
);

describe('a proposed mix', () => {
  it('keeps float what int8 runs slower, the conversions behind a layer counted as its own', () => {
    const found = proposeMix(profile({ wide: 10, depthwise: 2, even: 3, constructor: 5 }), ['wide', 'depthwise', 'even'], int8, profile({ wide: 4, depthwise: 5, even: 2.5, q: 1 }));
    expect(found.slower).toEqual(['depthwise', 'even']);
    expect(found.predictedRatio).toBeCloseTo(14 / 20, 12);
  });

  it('is no plan where nothing would be gained, or nothing kept float', () => {
    expect(mixPlan({ slower: ['a'], predictedRatio: 0.99 }, [])).toBeUndefined();
    expect(mixPlan({ slower: [], predictedRatio: 0.5 }, [])).toBeUndefined();
    expect(mixPlan({ slower: ['a'], predictedRatio: 0.5 }, [])?.steps.at(-1)?.options).toMatchObject({ preset: 'all', keepFloat: ['a'] });
  });
});
