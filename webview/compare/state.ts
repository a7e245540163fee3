// The comparison's state and how every message and gesture changes it. Pure: no DOM, no messages sent.
import type { ErrorJson } from '../../src/base/errors';
import type { ToCompareView } from '../../src/protocol/compareView';
import { sides, type GraphComparison, type Side } from '../../src/protocol/comparison';
import { type Job, withJob, withoutJob } from '../common/jobs';
import { startingGroups } from '../model/expansion';
import type { Selection } from '../model/state';
import { enclosingGroups } from '../model/structure';
import { counterpart, indexComparison, indexMeasurement, layersOf, other, type Compared, type Measured } from './compared';
import type { ChangeMetricName } from './changeMetrics';
import type { PairColumnId } from './columns';

type Both<T> = Readonly<Record<Side, T>>;

export interface PairSort {
  readonly column: PairColumnId;
  readonly descending: boolean;
}

export interface CompareState {
  readonly compared: Compared | undefined;
  readonly measured: Measured | undefined;
  readonly metric: ChangeMetricName;
  /** One selection: what is selected on a side, and its counterpart on the other. */
  readonly selection: Both<Selection>;
  /** Where the selection was made, so that the other side can say what it has no counterpart of. */
  readonly chosen: Side;
  /** Grows by one whenever a side's selection is to be brought into view. */
  readonly revealed: Both<number>;
  readonly expanded: Both<ReadonlySet<number>>;
  readonly onlyChanged: boolean;
  readonly query: string;
  readonly sort: PairSort;
  readonly jobs: readonly Job[];
  readonly gone: ReadonlySet<Side>;
  readonly engineDied: string | undefined;
  readonly error: ErrorJson | undefined;
  readonly notice: string | undefined;
}

/** What survives a hidden tab. */
export interface KeptCompareState {
  readonly paths: Both<string>;
  readonly groupCounts: Both<number>;
  readonly expanded: Both<readonly number[]>;
  readonly selected: { readonly side: Side; readonly key: string } | null;
  readonly cameras: Both<{ readonly x: number; readonly y: number; readonly scale: number } | null>;
  readonly metric: ChangeMetricName;
  readonly onlyChanged: boolean;
  readonly query: string;
  readonly sort: PairSort;
  readonly tableHeight: number;
}

export type CompareAction =
  | { readonly type: 'message'; readonly message: ToCompareView; readonly kept: Partial<KeptCompareState> }
  | { readonly type: 'metric'; readonly metric: ChangeMetricName }
  | { readonly type: 'select'; readonly side: Side; readonly selection: Selection }
  /** A row of the table: brought into view on both sides with `reveal`. */
  | { readonly type: 'row'; readonly row: number; readonly reveal: boolean }
  | { readonly type: 'toggle'; readonly side: Side; readonly group: number }
  | { readonly type: 'expand'; readonly groups: 'all' | 'none' }
  | { readonly type: 'onlyChanged'; readonly onlyChanged: boolean }
  | { readonly type: 'query'; readonly query: string }
  | { readonly type: 'sort'; readonly column: PairColumnId }
  | { readonly type: 'notice'; readonly notice: string }
  | { readonly type: 'close'; readonly what: 'error' | 'notice' };

const nothing: Selection = { kind: 'none' };
/** Columns of words: sorted from A; figures are asked for from the top. */
const ofWords: ReadonlySet<PairColumnId> = new Set<PairColumnId>(['before', 'after', 'operator']);

export function startState(kept: Partial<KeptCompareState>): CompareState {
  return {
    compared: undefined, measured: undefined,
    metric: kept.metric ?? 'weightBytes',
    selection: { before: nothing, after: nothing }, chosen: 'before', revealed: { before: 0, after: 0 }, expanded: { before: new Set(), after: new Set() },
    onlyChanged: kept.onlyChanged ?? false, query: kept.query ?? '', sort: kept.sort ?? { column: 'change', descending: true },
    jobs: [], gone: new Set(), engineDied: undefined, error: undefined, notice: undefined,
  };
}

export function reduce(state: CompareState, action: CompareAction): CompareState {
  switch (action.type) {
    case 'message':
      return receive(state, action.message, action.kept);
    case 'metric':
      return { ...state, metric: action.metric };
    case 'select':
      return select(state, action.side, action.selection, [other[action.side]]);
    case 'row': {
      const { compared } = state;
      const side = compared !== undefined && layersOf(compared, 'before', action.row).length === 0 ? 'after' : 'before';
      const layer = compared === undefined ? undefined : layersOf(compared, side, action.row)[0];
      return layer === undefined ? state : select(state, side, { kind: 'layer', layer }, action.reveal ? sides : []);
    }
    case 'toggle':
      return toggle(state, action.side, action.group);
    case 'expand':
      return { ...state, expanded: action.groups === 'none' ? { before: new Set(), after: new Set() } : { before: allGroups(state, 'before'), after: allGroups(state, 'after') } };
    case 'onlyChanged':
      return { ...state, onlyChanged: action.onlyChanged };
    case 'query':
      return { ...state, query: action.query };
    case 'sort':
      return { ...state, sort: { column: action.column, descending: state.sort.column === action.column ? !state.sort.descending : !ofWords.has(action.column) } };
    case 'notice':
      return { ...state, notice: action.notice };
    case 'close':
      return { ...state, [action.what]: undefined };
    default:
      return action satisfies never;
  }
}

/** Row of what is selected; −1 for a group and for nothing. */
export function selectedRow({ compared, selection, chosen }: Pick<CompareState, 'compared' | 'selection' | 'chosen'>): number {
  const at = selection[chosen];
  return compared === undefined || at.kind !== 'layer' ? -1 : compared.rowOf[chosen][at.layer] ?? -1;
}

/** Selects on one side, and the counterpart on the other; the groups around are opened on the sides that reveal it. */
function select(state: CompareState, side: Side, chosen: Selection, revealing: readonly Side[]): CompareState {
  const { compared } = state;
  if (compared === undefined) return state;
  const found = counterpart(compared, side, chosen);
  const selection = side === 'before' ? { before: chosen, after: found } : { before: found, after: chosen };
  const expanded = { ...state.expanded };
  const revealed = { ...state.revealed };
  for (const where of revealing) {
    const at = selection[where];
    if (at.kind === 'none') continue;
    const { snapshot, structure } = compared.models[where];
    const around = at.kind === 'layer' ? snapshot.layers.group[at.layer] ?? 0 : structure.groupParent[at.group] ?? 0;
    expanded[where] = opened(compared, where, expanded[where], around);
    revealed[where] += 1;
  }
  return { ...state, selection, chosen: side, expanded, revealed };
}

/** The set with a group and those around it; the same set where they are open already, so that nothing is laid out anew. */
function opened({ models }: Compared, side: Side, expanded: ReadonlySet<number>, group: number): ReadonlySet<number> {
  const around = enclosingGroups(models[side].structure, group);
  return around.every((one) => expanded.has(one)) ? expanded : new Set([...expanded, ...around]);
}

function toggle(state: CompareState, side: Side, group: number): CompareState {
  const { compared, expanded } = state;
  if (compared === undefined) return state;
  const closes = expanded[side].has(group);
  const change = (which: Side, one: number): ReadonlySet<number> => {
    if (!closes) return opened(compared, which, expanded[which], one);
    return expanded[which].has(one) ? new Set([...expanded[which]].filter((open) => open !== one)) : expanded[which];
  };
  const otherGroup = compared.groupOf[side][group] ?? -1;
  const mine = change(side, group);
  const theirs = otherGroup > 0 ? change(other[side], otherGroup) : expanded[other[side]];
  return { ...state, expanded: side === 'before' ? { before: mine, after: theirs } : { before: theirs, after: mine } };
}

function allGroups({ compared }: CompareState, side: Side): ReadonlySet<number> {
  return new Set(Array.from({ length: (compared?.models[side].structure.groupCount ?? 1) - 1 }, (_, index) => index + 1));
}

function receive(state: CompareState, message: ToCompareView, kept: Partial<KeptCompareState>): CompareState {
  switch (message.type) {
    case 'comparison':
      return show(state, message.comparison, kept);
    case 'measured': {
      const { compared } = state;
      // An answer to a comparison that has been made anew has other rows.
      if (compared?.comparison.pairs.count !== message.measurement.sqnrDb.length) return state;
      // Whoever asks for milliseconds wants to see them.
      return { ...state, measured: indexMeasurement(compared, message.measurement), metric: 'latency' };
    }
    case 'select': {
      const layer = state.compared?.models[message.side].structure.layerOfKey.get(message.layer);
      return layer === undefined ? state : select(state, message.side, { kind: 'layer', layer }, sides);
    }
    case 'busy':
      return { ...state, jobs: withJob(state.jobs, message) };
    case 'idle':
      return { ...state, jobs: withoutJob(state.jobs, message.job) };
    case 'gone':
      return { ...state, gone: new Set([...state.gone, message.side]) };
    case 'engineDied':
      return { ...state, engineDied: message.message, jobs: [] };
    case 'notice':
      return { ...state, notice: message.message };
    case 'error':
      return { ...state, error: message.error };
    default:
      return message satisfies never;
  }
}

/** A comparison: the first, or one made anew because a file changed. */
function show(state: CompareState, comparison: GraphComparison, kept: Partial<KeptCompareState>): CompareState {
  const compared = indexComparison(comparison);
  const groupCount = (side: Side): number => compared.models[side].structure.groupCount;
  const before = state.compared;
  const restorable = before === undefined && sides.every((side) => kept.paths?.[side] === comparison[side].summary.path && kept.groupCounts?.[side] === groupCount(side));
  const sameGroups = before !== undefined && sides.every((side) => before.models[side].structure.groupCount === groupCount(side));
  const expanded = sameGroups ? state.expanded : restorable ? { before: new Set(kept.expanded?.before), after: new Set(kept.expanded?.after) } : startingExpanded(compared);
  const shown: CompareState = {
    ...state, compared, measured: undefined, expanded,
    metric: state.metric === 'latency' || state.metric === 'error' ? 'weightBytes' : state.metric,
    selection: { before: nothing, after: nothing }, gone: new Set(), engineDied: undefined, error: undefined,
  };
  const at = state.selection[state.chosen];
  const selected = before !== undefined && at.kind === 'layer' ? { side: state.chosen, key: before.models[state.chosen].snapshot.layers.keys[at.layer] } : restorable ? kept.selected : null;
  const layer = selected?.key === undefined ? undefined : compared.models[selected.side].structure.layerOfKey.get(selected.key);
  return selected === null || selected === undefined || layer === undefined ? shown : select(shown, selected.side, { kind: 'layer', layer }, []);
}

/** What each model would open by itself, and what corresponds to what the other opens. */
function startingExpanded(compared: Compared): Both<ReadonlySet<number>> {
  const own = (side: Side): Set<number> => startingGroups(compared.models[side].structure, compared.models[side].snapshot);
  const start = { before: own('before'), after: own('after') };
  const withOther = (side: Side): ReadonlySet<number> => [...start[other[side]]].reduce<ReadonlySet<number>>((expanded, group) => {
    const mine = compared.groupOf[other[side]][group] ?? -1;
    return mine > 0 ? opened(compared, side, expanded, mine) : expanded;
  }, start[side]);
  return { before: withOther('before'), after: withOther('after') };
}
