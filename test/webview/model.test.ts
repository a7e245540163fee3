// The model view's pure parts: sums, heat, sorting, searching, state, treemap, keys along edges.
import { describe, expect, it } from 'vitest';
import { composeScene, LayoutMemory } from '../../webview/model/layout/compose';
import { plainLayout } from '../../webview/model/layout/plainLayout';
import { measuredState } from '../../webview/model/here/usePageBenchmark';
import { cardKind } from '../../webview/model/layout/scene';
import { nextCard, startOf } from '../../webview/model/graph/navigate';
import { shortName } from '../../webview/model/cardText';
import { measureHeat, noHeat } from '../../webview/model/heat';
import { availableMetrics, latencyColumn, metricOf } from '../../webview/model/metrics';
import type { Shown } from '../../webview/model/shown';
import { reduce, startState } from '../../webview/model/state';
import { indexSnapshot } from '../../webview/model/structure';
import { matchingLayers, matchingRows, sortedRows } from '../../webview/model/table/rows';
import { squarify } from '../../webview/model/treemap/squarify';
import { hottestKey, hostileModel, manyNodes, profileOf, resnet50 } from './fixtures';

const snapshot = resnet50();
const structure = indexSnapshot(snapshot);
const latency = latencyColumn(snapshot.layers, structure.layerOfKey, profileOf(snapshot));
const model: Shown = { snapshot, structure, findings: [], profile: undefined, latency: undefined };
const context = { model, heat: measureHeat(structure, snapshot.layers, metricOf('macs'), undefined), findingCount: new Uint16Array(122) };

describe('heat', () => {
  it('sums groups to the whole and puts the greatest layer at the end of the scale', () => {
    const { heat } = context;
    // Published for ResNet-50 at 224²: 4,089 million multiply-adds.
    expect(heat.total / 1e6).toBeCloseTo(4089, -1);
    expect(Math.max(...heat.layerHeat)).toBe(1);
    expect(heat.groupSum[0]).toBe(heat.total);
  });
  it('leaves fused nodes without a figure instead of nothing', () => {
    const heat = measureHeat(structure, snapshot.layers, metricOf('latency'), latency);
    expect(heat.layerHeat[structure.layerOfKey.get('/relu/Relu') ?? -1]).toBe(noHeat);
  });
  it('offers latency only once it is measured', () => {
    expect(availableMetrics(snapshot.layers, undefined).map(({ name }) => name)).not.toContain('latency');
    expect(availableMetrics(snapshot.layers, latency).map(({ name }) => name)).toContain('latency');
    expect(availableMetrics(snapshot.layers, latency).map(({ name }) => name)).not.toContain('sensitivity');
    const sensitivity = new Float64Array(snapshot.layers.count).fill(Number.NaN);
    sensitivity[3] = 0.2;
    const known = { ...snapshot.layers, sensitivity };
    expect(availableMetrics(known, latency).map(({ name }) => name)).toContain('sensitivity');
    const worst = measureHeat(structure, known, metricOf('sensitivity'), undefined);
    expect(worst.layerHeat[3]).toBe(1);
    expect(worst.layerHeat[4]).toBe(noHeat);
    expect(worst.whole).toBe(0);
  });
});

describe('the table', () => {
  it('sorts by figures with unknown ones last, whichever the direction', () => {
    const measured = { ...context, model: { ...model, latency } };
    for (const descending of [true, false]) {
      const rows = sortedRows(measured, { column: 'latency', descending });
      expect(latency[rows.at(-1) ?? -1]).toBeNaN();
      expect(latency[rows[0] ?? -1]).not.toBeNaN();
    }
  });
  it('finds layers by every word of the search', () => {
    const matches = matchingLayers(model, 'LAYER3.0 conv2 conv');
    expect(matchingRows(sortedRows(context, { column: 'share', descending: true }), matches).length).toBe(1);
    expect(matchingLayers(model, '  ')).toBeUndefined();
  });
});

describe('names', () => {
  it('are short where the path repeats the operator', () => {
    expect(shortName('/layer1/conv1/Conv', 'Conv')).toBe('conv1');
    expect(shortName('conv', 'Conv')).toBe('conv');
  });
  it('that are words of JavaScript are names like others', () => {
    const hostile = indexSnapshot(hostileModel());
    expect([hostile.layerOfKey.get('__proto__'), hostile.layerOfKey.get('constructor'), hostile.layerOfKey.get('toString')]).toEqual([1, 2, undefined]);
  });
});

describe('the state', () => {
  const shown = reduce(startState({}), { type: 'message', message: { type: 'snapshot', snapshot }, kept: {} });
  it('opens the groups around a layer somebody jumps to', () => {
    const after = reduce(shown, { type: 'message', message: { type: 'select', layer: hottestKey }, kept: {} });
    const group = snapshot.layers.group[structure.layerOfKey.get(hottestKey) ?? -1] ?? -1;
    expect(after.selection.kind).toBe('layer');
    expect(after.expanded.has(group)).toBe(true);
  });
  it('brings up the list of what is found, and leaves it there from match to match', () => {
    const inspected = reduce(shown, { type: 'pane', pane: 'inspector' });
    const searched = reduce(inspected, { type: 'query', query: 'conv' });
    const found = reduce(searched, { type: 'find', layer: structure.layerOfKey.get(hottestKey) ?? -1 });
    expect([inspected.pane, searched.pane, found.pane]).toEqual(['inspector', 'layers', 'layers']);
    expect(found.revealed).toBe(searched.revealed + 1);
  });
  it('turns to milliseconds when a profile arrives', () => {
    expect(reduce(shown, { type: 'message', message: { type: 'profile', profile: profileOf(snapshot) }, kept: {} }).metric).toBe('latency');
  });
  it('keeps selection and groups through a new snapshot of the same model', () => {
    const selected = reduce(reduce(shown, { type: 'expand', groups: 'all' }), { type: 'select', selection: { kind: 'layer', layer: 7 } });
    const again = reduce(selected, { type: 'message', message: { type: 'snapshot', snapshot: resnet50() }, kept: {} });
    expect(again.selection).toEqual({ kind: 'layer', layer: 7 });
    expect(again.expanded).toBe(selected.expanded);
  });
  it('lets the person close an error, and nothing else with it', () => {
    const error = { code: 'not-found', message: 'This fix is not offered any more.' } as const;
    const failed = reduce(reduce(shown, { type: 'notice', notice: 'kept' }), { type: 'message', message: { type: 'error', error }, kept: {} });
    expect(failed.error).toEqual(error);
    expect(reduce(failed, { type: 'close', what: 'error' })).toEqual({ ...failed, error: undefined });
  });

  it('keeps what is shown when the engine dies, and forgets the jobs that died with it', () => {
    const busy = reduce(shown, { type: 'message', message: { type: 'busy', job: 'a', message: 'Measuring' }, kept: {} });
    const dead = reduce(busy, { type: 'message', message: { type: 'engineDied', message: 'exit 9' }, kept: {} });
    expect([dead.model === shown.model, dead.jobs.length, dead.engineDied]).toEqual([true, 0, 'exit 9']);
  });
});

describe('figures measured in the page', () => {
  const snapshot = resnet50();
  const at = (batch: number): typeof snapshot => ({ ...snapshot, summary: { ...snapshot.summary, bindings: { batch } } });

  it('hold for the same file at the same dimensions, however often it is sent', () => expect(measuredState(resnet50())).toBe(measuredState(snapshot)));
  it('hold for no other dimensions', () => expect(measuredState(at(2))).not.toBe(measuredState(at(1))));
  it('hold no longer once the file or its weights changed', () => expect(measuredState({ ...snapshot, version: 'b' })).not.toBe(measuredState({ ...snapshot, version: 'a' })));
});

describe('the treemap', () => {
  it('gives each weight its share of the area, in order, without a gap', () => {
    // The example of the paper: 6, 6, 4, 3, 2, 2, 1 in a 6 × 4 rectangle.
    const weights = [6, 6, 4, 3, 2, 2, 1];
    const placed = squarify(weights, { x: 0, y: 0, width: 6, height: 4 });
    placed.forEach(({ width, height }, index) => { expect(width * height).toBeCloseTo(weights[index] ?? 0, 9); });
    expect(placed[0]).toEqual({ x: 0, y: 0, width: 3, height: 2 });
  });
  it('survives weights of nothing', () => {
    expect(squarify([0, 0], { x: 0, y: 0, width: 6, height: 4 }).every(({ width, height }) => width * height === 0)).toBe(true);
  });
});

describe('where a model starts', () => {
  const model = (many: typeof snapshot): Parameters<typeof composeScene>[0] => ({ layerCount: many.layers.count, layerGroup: many.layers.group, groupParent: indexSnapshot(many).groupParent, edges: many.edges, inputs: 1, outputs: 1 });

  it.each([['closed', 0], ['open', 1]] as const)('is its first layer, however many columns it is folded into: groups %s', (_, open) => {
    const many = manyNodes(4000);
    const scene = composeScene(model(many), new Uint8Array(indexSnapshot(many).groupCount).fill(open), plainLayout, new LayoutMemory());
    const card = scene.cardOfLayer[0] ?? -1;
    const start = startOf(scene, 800) ?? Number.NaN;
    expect(Math.abs(start - (scene.boxes[card * 4] ?? 0) - (scene.boxes[card * 4 + 2] ?? 0) / 2)).toBeLessThan(400);
  });
});

describe('arrow keys', () => {
  it('walk the whole model along its edges, into and out of groups', () => {
    const scene = composeScene({ layerCount: 122, layerGroup: snapshot.layers.group, groupParent: structure.groupParent, edges: snapshot.edges, inputs: 1, outputs: 1 }, new Uint8Array(structure.groupCount).fill(1), plainLayout, new LayoutMemory());
    let card = nextCard(scene, -1, 'down');
    expect(scene.kind[card], 'a port cannot be selected').toBe(cardKind.layer);
    for (let step = 0; step < 400; step += 1) card = nextCard(scene, card, 'down');
    expect(scene.kind[card]).toBe(4);
    for (let step = 0; step < 400; step += 1) card = nextCard(scene, card, 'up');
    expect(scene.kind[card]).toBe(3);
  });
});
