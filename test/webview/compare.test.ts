// The comparison's pure parts: one selection for two graphs, groups that open together, what is listed, in what order and in what colours.
import { describe, expect, it } from 'vitest';
import { changeBits, type Side } from '../../src/protocol/comparison';
import { availableChangeMetrics, changeMetricOf, heatOfSides, type ChangeMetricName } from '../../webview/compare/changeMetrics';
import { pairColumnsFor, sortedPairs, type PairContext } from '../../webview/compare/columns';
import { indexComparison, indexMeasurement } from '../../webview/compare/compared';
import { reduce, selectedRow, startState, type CompareAction, type CompareState } from '../../webview/compare/state';
import { announce, changeText, countsText, layerNames, markOf, operatorText, sideText } from '../../webview/compare/words';
import { noHeat } from '../../webview/model/heat';
import { addedKey, changedModels, emptyModel, fusedKey, hottestKey, manyNodes, manyPairs, measurementOf, removedKey, sameModels } from './fixtures';

const comparison = changedModels();
const compared = indexComparison(comparison);
const measured = indexMeasurement(compared, measurementOf(comparison));
const context: PairContext = { compared, measured };

const shown = (): CompareState => reduce(startState({}), { type: 'message', message: { type: 'comparison', comparison: changedModels() }, kept: {} });
const layer = (state: CompareState, side: Side, key: string): number => state.compared?.models[side].structure.layerOfKey.get(key) ?? -1;
const choose = (state: CompareState, side: Side, key: string): CompareState => reduce(state, { type: 'select', side, selection: { kind: 'layer', layer: layer(state, side, key) } });
const keyOf = (state: CompareState, side: Side): string | undefined => {
  const at = state.selection[side];
  return at.kind === 'layer' ? state.compared?.models[side].snapshot.layers.keys[at.layer] : at.kind;
};
const groupNamed = (state: CompareState, side: Side, name: string): number => state.compared?.models[side].snapshot.groups.findIndex((group) => group.name === name) ?? -1;
const row = (key: string): number => compared.rowOf.before[compared.models.before.structure.layerOfKey.get(key) ?? -1] ?? -1;

describe('a selection', () => {
  it('on one side is its counterpart on the other, which opens the groups around it and comes into view', () => {
    for (const [side, otherSide] of [['before', 'after'], ['after', 'before']] as const) {
      const start = shown();
      const state = choose(start, side, hottestKey);
      expect(keyOf(state, otherSide)).toBe(hottestKey);
      expect(state.revealed[otherSide]).toBe(start.revealed[otherSide] + 1);
      expect(state.revealed[side]).toBe(start.revealed[side]);
      expect(state.expanded[otherSide].has(groupNamed(state, otherSide, 'layer3.0'))).toBe(true);
    }
  });

  it('of a fused node is the node it was fused into, and of that the one that does the work', () => {
    const state = choose(shown(), 'before', fusedKey);
    expect(keyOf(state, 'after')).toBe('/conv1/Conv');
    expect(keyOf(choose(state, 'after', '/conv1/Conv'), 'before')).toBe('/conv1/Conv');
  });

  it('without a counterpart leaves the other side empty, which says so', () => {
    const removed = choose(shown(), 'before', removedKey);
    expect(keyOf(removed, 'after')).toBe('none');
    expect(sideText(removed, 'after')).toBe('no counterpart of the selection in A');
    expect(sideText(removed, 'before')).toBe(`${removedKey}: removed`);
    const added = choose(removed, 'after', addedKey);
    expect(keyOf(added, 'before')).toBe('none');
    expect(sideText(added, 'after')).toBe(`${addedKey}: added`);
  });

  it('of a group is the group that corresponds to it', () => {
    const state = shown();
    const chosen = reduce(state, { type: 'select', side: 'after', selection: { kind: 'group', group: groupNamed(state, 'after', 'layer2') } });
    expect(chosen.selection.before).toEqual({ kind: 'group', group: groupNamed(state, 'before', 'layer2') });
    expect(selectedRow(chosen)).toBe(-1);
  });

  it('of a row is both its sides, brought into view where that is asked', () => {
    const state = reduce(shown(), { type: 'row', row: row(hottestKey), reveal: true });
    expect([keyOf(state, 'before'), keyOf(state, 'after')]).toEqual([hottestKey, hottestKey]);
    expect(state.revealed).toEqual({ before: 1, after: 1 });
    expect(selectedRow(state)).toBe(row(hottestKey));
  });

  it('is heard with what differs, and survives a comparison made anew', () => {
    const state = choose(shown(), 'before', hottestKey);
    const heat = heatOfSides(compared, changeMetricOf('weightBytes'), undefined);
    expect(announce(state, heat.before)).toBe(`A: ${hottestKey}: operators, weights, Δ Weight bytes −1.77 MB. B: ${hottestKey}: operators, weights`);
    const again = reduce(state, { type: 'message', message: { type: 'comparison', comparison: changedModels() }, kept: {} });
    expect(keyOf(again, 'after')).toBe(hottestKey);
    expect(again.expanded).toEqual(state.expanded);
  });
});

describe('groups', () => {
  it('open and close on both sides at once', () => {
    const state = reduce(shown(), { type: 'expand', groups: 'none' });
    const opened = reduce(state, { type: 'toggle', side: 'before', group: groupNamed(state, 'before', 'layer1') });
    expect(opened.expanded.after.has(groupNamed(state, 'after', 'layer1'))).toBe(true);
    const closed = reduce(opened, { type: 'toggle', side: 'after', group: groupNamed(state, 'after', 'layer1') });
    expect(closed.expanded.before.size + closed.expanded.after.size).toBe(0);
  });
});

describe('rows', () => {
  it('say what differs in words and with a mark', () => {
    expect(countsText(compared)).toBe('31 changed, 1 added, 1 removed');
    expect([markOf(compared, row(removedKey)), markOf(compared, row(removedKey) + 1), markOf(compared, row(hottestKey)), markOf(compared, row('/fc/Gemm')), markOf(compared, row('/Flatten'))]).toEqual(['−', '+', '≠', '≠', '']);
    expect(changeText(compared, row('/fc/Gemm'))).toBe('attributes');
    expect(layerNames(compared, 'before', row(fusedKey))).toBe('/conv1/Conv + /relu/Relu');
    expect(operatorText(compared, row(fusedKey))).toBe('Conv + Relu → Conv');
  });

  it('stand by what differs most, or by any figure, unknown ones last', () => {
    const byChange = sortedPairs(context, { column: 'change', descending: true });
    expect([byChange[0], byChange[1]]).toEqual([row(removedKey), row(removedKey) + 1]);
    expect(compared.comparison.pairs.changes[byChange.at(-1) ?? -1]).toBe(0);
    const byNoise = sortedPairs(context, { column: 'sqnr', descending: false });
    expect((compared.comparison.pairs.changes[byNoise[0] ?? -1] ?? 0) & (changeBits.weights | changeBits.attributes)).not.toBe(0);
    expect(measured.measurement.sqnrDb[byNoise.at(-1) ?? -1]).toBeNaN();
  });

  it('have columns of what was measured only once it was, and no more than there is room for', () => {
    const ids = (measurement: PairContext['measured'], width: number, metric: ChangeMetricName = 'weightBytes'): string[] => pairColumnsFor({ compared, measured: measurement }, metric, width).map(({ id }) => id);
    expect(ids(undefined, 1600)).toEqual(['change', 'before', 'after', 'operator', 'parameters', 'weightBytes', 'macs']);
    expect(ids(measured, 1600)).toContain('sqnr');
    expect(ids(measured, 460)).toEqual(['change', 'before', 'after', 'weightBytes']);
    // Of what there is room for, what colours the graphs comes first.
    expect(ids(measured, 460, 'latency')).toEqual(['change', 'before', 'after', 'ms']);
    expect(ids(measured, 300, 'error')).toEqual(['change', 'before', 'sqnr']);
  });

  it('take no time where a side has no layers, and have no difference where a kernel was fused away on one side', () => {
    expect(measured.milliseconds.after[row(removedKey)]).toBe(0);
    expect(measured.millisecondsDelta[row(removedKey)]).toBeLessThan(0);
    expect(measured.millisecondsDelta[row('/layer1/layer1.0/relu/Relu')]).toBeNaN();
  });
});

describe('colours', () => {
  it('are of the size of a difference, on one scale for both sides; what is the same has none', () => {
    const heat = heatOfSides(compared, changeMetricOf('weightBytes'), undefined);
    const most = (side: Side): number => heat[side].layerHeat.reduce((top, value) => Math.max(top, value), 0);
    expect([most('before'), most('after')]).toEqual([1, 1]);
    expect(heat.before.greatest).toBe(heat.after.greatest);
    expect(heat.before.values[compared.models.before.structure.layerOfKey.get(hottestKey) ?? -1]).toBeLessThan(0);
    expect(heat.before.layerHeat[compared.models.before.structure.layerOfKey.get('/Flatten') ?? -1]).toBe(noHeat);
    expect(heat.before.groupSum[0]).toBe(comparison.after.summary.weightBytes - comparison.before.summary.weightBytes);
  });

  it('of errors show a group’s greatest, not their sum', () => {
    const heat = heatOfSides(compared, changeMetricOf('error'), measured);
    expect(heat.after.groupSum[0]).toBe(heat.after.greatest);
  });

  it('are offered only where there are figures', () => {
    expect(availableChangeMetrics(compared, undefined).map(({ name }) => name)).toEqual(['weightBytes', 'parameters', 'macs']);
    expect(availableChangeMetrics(compared, measured).map(({ name }) => name)).toEqual(['weightBytes', 'parameters', 'macs', 'latency', 'error']);
  });
});

describe('messages', () => {
  const receive = (state: CompareState, message: Extract<CompareAction, { type: 'message' }>['message']): CompareState => reduce(state, { type: 'message', message, kept: {} });

  it('leave the last state where it is when a file goes, the engine dies or an error comes, until there is a new one', () => {
    let state = receive(shown(), { type: 'gone', side: 'after' });
    state = receive(state, { type: 'engineDied', message: 'exit code 1' });
    state = receive(state, { type: 'error', error: { code: 'io', message: 'cannot be read' } });
    expect([[...state.gone], state.engineDied, state.error?.code, state.compared === undefined]).toEqual([['after'], 'exit code 1', 'io', false]);
    state = receive(state, { type: 'comparison', comparison: changedModels() });
    expect([state.gone.size, state.engineDied, state.error]).toEqual([0, undefined, undefined]);
  });

  it('turn to milliseconds once they are measured, and drop those of another comparison', () => {
    expect(receive(shown(), { type: 'measured', measurement: measurementOf(comparison) }).metric).toBe('latency');
    expect(receive(shown(), { type: 'measured', measurement: measurementOf(manyPairs(emptyModel())) }).measured).toBeUndefined();
  });

  it('of two models that are the same show no difference', () => {
    expect(countsText(indexComparison(sameModels()))).toBe('no differences');
  });
});

describe('20,000 layers against 20,000', () => {
  const snapshot = manyNodes(20_000);
  const cpu = (work: () => void): number => {
    const begun = performance.now();
    work();
    return performance.now() - begun;
  };

  it('are indexed, coloured, sorted and selected in moments', () => {
    const pairs = manyPairs(snapshot);
    const action: CompareAction = { type: 'message', message: { type: 'comparison', comparison: pairs }, kept: {} };
    let state = startState({});
    const indexing = cpu(() => { state = reduce(state, action); });
    const many = state.compared;
    if (many === undefined) throw new Error('nothing is shown');
    const colouring = cpu(() => heatOfSides(many, changeMetricOf('macs'), undefined));
    const sorting = cpu(() => sortedPairs({ compared: many, measured: undefined }, { column: 'change', descending: true }));
    const selecting = cpu(() => { state = reduce(state, { type: 'select', side: 'before', selection: { kind: 'layer', layer: 10_000 } }); });
    console.log(`20,000 pairs: ${indexing.toFixed(0)} ms indexing, ${colouring.toFixed(0)} ms colouring, ${sorting.toFixed(0)} ms sorting, ${selecting.toFixed(1)} ms selecting`);
    // Watchdogs, many times what an idle machine takes.
    expect([indexing < 2000, colouring < 500, sorting < 1000, selecting < 100]).toEqual([true, true, true, true]);
  });
});
