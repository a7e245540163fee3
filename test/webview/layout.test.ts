// Layout: cards never overlap, edges stay with their cards, depth and size have no limit that overflows.
import { describe, expect, it } from 'vitest';
import { composeScene, LayoutMemory } from '../../webview/model/layout/compose';
import { dagLayout } from '../../webview/model/layout/dagLayout';
import { rankCards, type LayoutGroup } from '../../webview/model/layout/groupLayout';
import { plainLayout } from '../../webview/model/layout/plainLayout';
import { cardKind, type LayoutModel, type Scene } from '../../webview/model/layout/scene';
import { indexSnapshot } from '../../webview/model/structure';
import type { ModelSnapshot } from '../../src/protocol/view';
import { manyNodes, resnet50, wideAndDeep } from './fixtures';

function modelOf(snapshot: ModelSnapshot): LayoutModel {
  const { groupParent } = indexSnapshot(snapshot);
  return { layerCount: snapshot.layers.count, layerGroup: snapshot.layers.group, groupParent, edges: snapshot.edges, inputs: snapshot.summary.inputs.length, outputs: snapshot.summary.outputs.length };
}

function sceneOf(snapshot: ModelSnapshot, layout: LayoutGroup, open: boolean): Scene {
  const model = modelOf(snapshot);
  return composeScene(model, new Uint8Array(model.groupParent.length).fill(open ? 1 : 0), layout, new LayoutMemory());
}

describe('a layout that remembers', () => {
  it.each([['large flat groups', manyNodes(3000, 500)], ['repeated blocks', manyNodes(2000)], ['residual blocks', resnet50()]])('gives what one without memory gives, whatever opens and closes: %s', (_, snapshot) => {
    const model = modelOf(snapshot);
    const memory = new LayoutMemory();
    const expanded = new Uint8Array(model.groupParent.length);
    for (const group of [1, 2, 3, 2, 1, 4, 2, 3, 5]) {
      expanded[group] = 1 - (expanded[group] ?? 0);
      expect(composeScene(model, expanded, plainLayout, memory)).toEqual(composeScene(model, expanded, plainLayout, new LayoutMemory()));
    }
  });
});

/** Pairs of cards (frames left out) whose boxes overlap. */
function overlaps({ boxes, count, frames }: Scene): number {
  const order = Array.from({ length: count - frames }, (_, index) => frames + index).sort((a, b) => (boxes[a * 4] ?? 0) - (boxes[b * 4] ?? 0));
  let found = 0;
  order.forEach((a, at) => {
    for (let next = at + 1; next < order.length; next += 1) {
      const b = order[next] ?? 0;
      if ((boxes[b * 4] ?? 0) >= (boxes[a * 4] ?? 0) + (boxes[a * 4 + 2] ?? 0) - 0.01) break;
      const [topA, topB] = [boxes[a * 4 + 1] ?? 0, boxes[b * 4 + 1] ?? 0];
      if (topA < topB + (boxes[b * 4 + 3] ?? 0) - 0.01 && topB < topA + (boxes[a * 4 + 3] ?? 0) - 0.01) found += 1;
    }
  });
  return found;
}

describe('ranks', () => {
  it('put a card below all it reads and a constant right above its first reader', () => {
    // 0 → 1 → 2 → 4, 3 (a constant) → 4
    expect([...rankCards(5, Int32Array.from([0, 1, 1, 2, 2, 4, 3, 4]))]).toEqual([0, 1, 2, 2, 3]);
  });
});

describe.each([['d3-dag', dagLayout], ['plain', plainLayout]] as const)('the %s layout', (_, layout) => {
  it.each([true, false])('of a ResNet-50 (expanded: %s) overlaps no cards and shows every layer once', (open) => {
    const scene = sceneOf(resnet50(), layout, open);
    expect(overlaps(scene)).toBe(0);
    expect(scene.kind.filter((kind) => kind === cardKind.layer)).toHaveLength(open ? 122 : 6);
    expect(scene.cardOfLayer.every((card) => card < scene.count)).toBe(true);
  });
  it('ends every edge at the cards it joins', () => {
    const { boxes, cornerStart, corners, edges } = sceneOf(resnet50(), layout, true);
    for (let edge = 0; edge + 1 < cornerStart.length; edge += 1) {
      const [start, end] = [cornerStart[edge] ?? 0, (cornerStart[edge + 1] ?? 0) - 2];
      for (const [corner, card] of [[start, edges[edge * 2] ?? 0], [end, edges[edge * 2 + 1] ?? 0]] as const) {
        const [x, left] = [corners[corner] ?? 0, boxes[card * 4] ?? 0];
        expect(x).toBeGreaterThanOrEqual(left - 0.1);
        expect(x).toBeLessThanOrEqual(left + (boxes[card * 4 + 2] ?? 0) + 0.1);
      }
    }
  });
  it('takes a wide fan and deep nesting', () => {
    expect(overlaps(sceneOf(wideAndDeep(), layout, true))).toBe(0);
  });
});

describe('a graph of 20,000 nodes', () => {
  it('is laid out whole with all groups open', () => {
    const scene = sceneOf(manyNodes(), dagLayout, true);
    expect(scene.kind.filter((kind) => kind === cardKind.layer)).toHaveLength(20_000);
    expect(overlaps(scene)).toBe(0);
  });
  it('is laid out as one flat chain without overflowing, folded to columns', () => {
    const scene = sceneOf(manyNodes(20_000, 0), dagLayout, true);
    expect(scene.count).toBe(20_002);
    expect(scene.width / scene.height).toBeGreaterThan(0.5);
  });
});
