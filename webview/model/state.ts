// The model view's state and how every message and gesture changes it. Pure: no DOM, no messages sent.
import type { ErrorJson } from '../../src/base/errors';
import type { LayerDetail, MetricName, ModelSnapshot, ToModelView } from '../../src/protocol/view';
import { type Job, withJob, withoutJob } from '../common/jobs';
import { startingGroups } from './expansion';
import type { PageResult } from './here/usePageBenchmark';
import { availableMetrics, latencyColumn } from './metrics';
import type { ColumnId, Shown, Sort } from './shown';
import { enclosingGroups, indexSnapshot, selectionOf } from './structure';

/** What is shown above the table: the graph, the treemap, or the benchmark in the page. */
export type Picture = 'graph' | 'treemap' | 'here';

export type Selection =
  | { readonly kind: 'none' }
  | { readonly kind: 'layer'; readonly layer: number }
  | { readonly kind: 'group'; readonly group: number };

export interface ViewState {
  readonly model: Shown | undefined;
  readonly error: ErrorJson | undefined;
  /** The weights were read, so findings about them are in. */
  readonly deep: boolean;
  readonly metric: MetricName;
  readonly selection: Selection;
  /** How the selection came about: by a deliberate jump, the graph opens the groups around it. */
  readonly revealed: number;
  readonly expanded: ReadonlySet<number>;
  readonly query: string;
  readonly sort: Sort;
  readonly view: Picture;
  readonly pane: 'layers' | 'inspector';
  readonly details: ReadonlyMap<string, LayerDetail>;
  readonly jobs: readonly Job[];
  readonly gone: boolean;
  readonly engineDied: string | undefined;
  /** What the person was told last, e.g. why profiling is impossible; dismissed by a click. */
  readonly notice: string | undefined;
}

/** What survives a hidden tab and a window reload. */
export interface KeptState {
  readonly path: string;
  readonly metric: MetricName;
  readonly selected: string | null;
  /** Group numbers, valid for a model with as many groups. */
  readonly expanded: readonly number[];
  readonly groupCount: number;
  readonly query: string;
  readonly sort: Sort;
  readonly view: Picture;
  /** What was measured in the page. */
  readonly here?: PageResult;
  readonly pane: 'layers' | 'inspector';
  readonly camera: { readonly x: number; readonly y: number; readonly scale: number } | null;
  readonly tableHeight: number;
  readonly inspectorWidth: number;
}

export type Action =
  | { readonly type: 'message'; readonly message: ToModelView; readonly kept: Partial<KeptState> }
  | { readonly type: 'metric'; readonly metric: MetricName }
  | { readonly type: 'select'; readonly selection: Selection; readonly reveal?: boolean }
  /** The next match of the search: brought into view in the graph and the table, the pane below stays. */
  | { readonly type: 'find'; readonly layer: number }
  | { readonly type: 'toggle'; readonly group: number }
  | { readonly type: 'expand'; readonly groups: 'all' | 'none' }
  | { readonly type: 'query'; readonly query: string }
  | { readonly type: 'sort'; readonly column: ColumnId }
  | { readonly type: 'view'; readonly view: Picture }
  | { readonly type: 'pane'; readonly pane: 'layers' | 'inspector' }
  | { readonly type: 'notice'; readonly notice: string }
  | { readonly type: 'close'; readonly what: 'error' | 'notice' };

export function startState(kept: Partial<KeptState>): ViewState {
  return {
    model: undefined, error: undefined, deep: false,
    metric: kept.metric ?? 'parameters',
    selection: { kind: 'none' }, revealed: 0,
    expanded: new Set(),
    query: kept.query ?? '',
    sort: kept.sort ?? { column: 'share', descending: true },
    view: kept.view ?? 'graph',
    pane: kept.pane ?? 'layers',
    details: new Map(), jobs: [], gone: false, engineDied: undefined, notice: undefined,
  };
}

export function reduce(state: ViewState, action: Action): ViewState {
  switch (action.type) {
    case 'message':
      return receive(state, action.message, action.kept);
    case 'metric':
      return { ...state, metric: action.metric };
    case 'select':
      return select(state, action.selection, action.reveal === true);
    case 'find':
      return { ...select(state, { kind: 'layer', layer: action.layer }, true), pane: state.pane };
    case 'toggle': {
      const expanded = new Set(state.expanded);
      if (!expanded.delete(action.group)) expanded.add(action.group);
      return { ...state, expanded };
    }
    case 'expand': {
      const count = state.model?.structure.groupCount ?? 1;
      return { ...state, expanded: new Set(action.groups === 'none' ? [] : Array.from({ length: count - 1 }, (_, index) => index + 1)) };
    }
    case 'query':
      // What is found is listed where a narrow page may show the inspector.
      return { ...state, query: action.query, pane: action.query === '' ? state.pane : 'layers' };
    case 'sort': {
      const same = state.sort.column === action.column;
      // Figures are asked for from the top, names from A.
      return { ...state, sort: { column: action.column, descending: same ? !state.sort.descending : !['layer', 'operator', 'output'].includes(action.column) } };
    }
    case 'view':
      return { ...state, view: action.view };
    case 'pane':
      return { ...state, pane: action.pane };
    case 'notice':
      return { ...state, notice: action.notice };
    case 'close':
      return { ...state, [action.what]: undefined };
    default:
      return action satisfies never;
  }
}

function select(state: ViewState, selection: Selection, reveal: boolean): ViewState {
  const pane = selection.kind === 'none' ? state.pane : reveal ? 'inspector' : state.pane;
  if (!reveal || state.model === undefined || selection.kind === 'none') return { ...state, selection, pane };
  const { snapshot, structure } = state.model;
  const around = selection.kind === 'layer' ? snapshot.layers.group[selection.layer] ?? 0 : structure.groupParent[selection.group] ?? 0;
  const expanded = new Set(state.expanded);
  for (const group of enclosingGroups(structure, around)) expanded.add(group);
  return { ...state, selection, pane, expanded: expanded.size === state.expanded.size ? state.expanded : expanded, revealed: state.revealed + 1 };
}

function receive(state: ViewState, message: ToModelView, kept: Partial<KeptState>): ViewState {
  switch (message.type) {
    case 'snapshot':
      return show(state, message.snapshot, kept);
    case 'findings':
      return state.model === undefined ? state : { ...state, deep: state.deep || message.deep, model: { ...state.model, findings: message.findings } };
    case 'profile': {
      if (state.model === undefined) return state;
      const { snapshot, structure } = state.model;
      const latency = latencyColumn(snapshot.layers, structure.layerOfKey, message.profile);
      // Whoever asks for a profile wants to see it: the heat becomes milliseconds.
      return { ...state, metric: 'latency', sort: state.sort, model: { ...state.model, profile: message.profile, latency } };
    }
    case 'detail': {
      const details = new Map(state.details).set(message.detail.key, message.detail);
      return { ...state, details };
    }
    case 'select': {
      const selection = state.model === undefined ? undefined : selectionOf(state.model.structure, message.layer);
      return selection === undefined ? state : select(state, selection, true);
    }
    case 'busy':
      return { ...state, jobs: withJob(state.jobs, message) };
    case 'idle':
      return { ...state, jobs: withoutJob(state.jobs, message.job) };
    case 'gone':
      return { ...state, gone: true };
    case 'engineDied':
      return { ...state, engineDied: message.message, jobs: [] };
    case 'error':
      return { ...state, error: message.error };
    case 'pageModels':
    case 'pageBytes':
    case 'pageFailed':
      return state; // the benchmark in the page takes them
    default:
      return message satisfies never;
  }
}

/** A new snapshot: of the same model after a change of bindings or of the file, or the first one. */
function show(state: ViewState, snapshot: ModelSnapshot, kept: Partial<KeptState>): ViewState {
  const structure = indexSnapshot(snapshot);
  const { profile } = snapshot;
  const latency = profile === undefined ? undefined : latencyColumn(snapshot.layers, structure.layerOfKey, profile);
  const model: Shown = { snapshot, structure, findings: snapshot.findings, profile, latency };
  const before = state.model;
  const sameGroups = before?.structure.groupCount === structure.groupCount;
  const restorable = before === undefined && kept.path === snapshot.summary.path && kept.groupCount === structure.groupCount;
  const selectedKey = before !== undefined && state.selection.kind === 'layer' ? before.snapshot.layers.keys[state.selection.layer] : restorable ? kept.selected ?? undefined : undefined;
  const layer = selectedKey === undefined ? undefined : structure.layerOfKey.get(selectedKey);
  const keepGroup = state.selection.kind === 'group' && sameGroups;
  const available = availableMetrics(snapshot.layers, latency);
  return {
    ...state,
    model,
    error: undefined, gone: false, engineDied: undefined,
    details: new Map(),
    expanded: sameGroups ? state.expanded : restorable ? new Set(kept.expanded ?? []) : startingGroups(structure, snapshot),
    selection: layer !== undefined ? { kind: 'layer', layer } : keepGroup ? state.selection : { kind: 'none' },
    metric: available.some(({ name }) => name === state.metric) ? state.metric : available[0]?.name ?? 'parameters',
  };
}
