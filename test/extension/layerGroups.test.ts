// The tree of layers.
import { describe, expect, it } from 'vitest';
import { layerTree } from '../../src/extension/layerGroups';
import type { GroupSummary, ModelSnapshot } from '../../src/protocol/view';

/** A snapshot with as much in it as the tree reads. */
function snapshotOf(groups: readonly GroupSummary[], group: readonly number[], parameters: readonly number[]): ModelSnapshot {
  const count = group.length;
  const none = new Float64Array(count);
  return {
    summary: { path: '', format: 'onnx', producer: '', irVersion: 8, opsets: {}, fileBytes: 0, nodes: count, parameters: 0, weightBytes: 0, macs: 0, flops: 0, peakActivationBytes: 0, bindings: {}, inputs: [], outputs: [], metadata: [], warnings: [] },
    layers: { count, keys: group.map((_, i) => `n${i}`), op: new Uint16Array(count), opNames: ['Conv'], group: Uint32Array.from(group), shape: group.map(() => ''), parameters: Float64Array.from(parameters), flops: none, macs: none, weightBytes: none, activationBytes: none },
    groups,
    edges: new Int32Array(),
    findings: [],
  };
}

const groups: GroupSummary[] = [
  { id: 0, parent: -1, name: '', kind: 'model', layers: 4 },
  { id: 1, parent: 0, name: 'a', kind: 'scope', layers: 2 },
  { id: 2, parent: 1, name: 'a/b', kind: 'scope', layers: 1 },
];

describe('the tree of layers', () => {
  it('keeps the order of the file, a group standing where its first layer stands', () => {
    const { children } = layerTree(snapshotOf(groups, [0, 2, 1, 0], [1, 2, 4, 8]));
    expect(children).toEqual([
      [
        { kind: 'layer', layer: 0 },
        { kind: 'group', group: 1 },
        { kind: 'layer', layer: 3 },
      ],
      [
        { kind: 'group', group: 2 },
        { kind: 'layer', layer: 2 },
      ],
      [{ kind: 'layer', layer: 1 }],
    ]);
  });

  it('sums parameters over nested groups', () => {
    expect([...layerTree(snapshotOf(groups, [0, 2, 1, 0], [1, 2, 4, 8])).parameters]).toEqual([15, 6, 2]);
  });

  it('leaves out groups without layers', () => {
    expect(layerTree(snapshotOf(groups, [0], [1])).children[0]).toEqual([{ kind: 'layer', layer: 0 }]);
  });
});
