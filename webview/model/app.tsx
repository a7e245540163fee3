// The model view as a whole: header, tabs, graph or treemap, table, inspector, and the states it can be in.
import type { VNode } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { Banners, Waiting } from '../common/banners';
import { Choices } from '../common/choices';
import { useSaver } from '../common/saver';
import { JobLine } from '../common/status';
import type { TextFieldElement } from '../controls';
import { announce } from './announce';
import type { Camera } from './graph/camera';
import { GraphPane } from './graph/graphPane';
import type { GraphView } from './graph/graphView';
import { Header } from './header';
import { measureHeat } from './heat';
import type { RuntimeUris } from './here/benchmarkRun';
import { HerePane } from './here/herePane';
import { usePageBenchmark } from './here/usePageBenchmark';
import { Inspector } from './inspector/inspector';
import { MetricBar } from './metricBar';
import { availableMetrics, metricOf } from './metrics';
import type { ModelHost } from './modelHost';
import { useSearchKeys, useWindowSize } from './pageHooks';
import { Splitter } from './splitter';
import type { Shown } from './shown';
import { reduce, startState, type Picture, type Selection } from './state';
import { selectionOf } from './structure';
import { LayerTable } from './table/layerTable';
import { matchingLayers, matchingRows, prepareSearch, sortedRows, tableContext } from './table/rows';
import { TreemapPane } from './treemap/treemapPane';

export interface AppProps {
  readonly host: ModelHost;
  readonly workerUri: string | undefined;
  /** What a benchmark in the page is run by. */
  readonly runtimes: RuntimeUris | undefined;
  readonly onGraph: (view: GraphView) => void;
}

/** Below this width the inspector goes under the graph, behind a switch with the table. */
const narrow = 760;
/** However short the window, the graph and its tools keep this height. */
const leastPicture = 150;
const panes = [{ value: 'layers', title: 'Layers' }, { value: 'inspector', title: 'Inspector' }] as const;
const pictures = [{ value: 'graph', title: 'Graph' }, { value: 'treemap', title: 'Treemap' }] as const;
const withHere = [...pictures, { value: 'here', title: 'Benchmark here' }] as const;

export function App({ host, workerUri, runtimes, onGraph }: AppProps): VNode {
  const kept = useMemo(() => host.load(), []);
  const [state, dispatch] = useReducer(reduce, kept, startState);
  const size = useWindowSize();
  const [tableHeight, setTableHeight] = useState(kept.tableHeight ?? 0);
  const [inspectorWidth, setInspectorWidth] = useState(kept.inspectorWidth ?? 300);
  const camera = useRef<Camera | null>(kept.camera ?? null);
  const search = useRef<TextFieldElement>(null);
  /** The person asked for the benchmark just now, rather than finding it as it was left. */
  const askedHere = useRef(false);
  useSearchKeys(search);
  const { model } = state;
  const here = usePageBenchmark(host, model?.snapshot, runtimes, kept.here);
  const toHere = useRef(here.receive);
  toHere.current = here.receive;

  useEffect(() => {
    host.listen((message) => {
      toHere.current(message);
      dispatch({ type: 'message', message, kept });
    });
    host.send({ type: 'ready' });
  }, []);

  const save = useSaver(host, () => model === undefined ? undefined : {
    path: model.snapshot.summary.path,
    metric: state.metric,
    selected: state.selection.kind === 'layer' ? model.snapshot.layers.keys[state.selection.layer] ?? null : null,
    expanded: [...state.expanded], groupCount: model.structure.groupCount,
    query: state.query, sort: state.sort, view: state.view, pane: state.pane,
    camera: camera.current, tableHeight, inspectorWidth,
    ...(here.result === undefined ? {} : { here: here.result }),
  });
  useEffect(save, [state, tableHeight, inspectorWidth, here.result]);

  const selectedKey = model === undefined ? undefined : keyOf(model, state.selection);
  useEffect(() => {
    if (selectedKey === undefined) return undefined;
    // Keys held down pass over many layers: only where they rest is the detail (and its weights) read.
    const rest = setTimeout(() => {
      host.send({ type: 'selected', layer: selectedKey });
      if (!state.details.has(selectedKey)) host.send({ type: 'detail', layer: selectedKey });
    }, 80);
    return () => clearTimeout(rest);
  }, [selectedKey, model]);

  // A narrow page has shown the inspector in the table's place: the keyboard was in what is gone.
  useLayoutEffect(() => {
    if (state.revealed > 0 && document.hasFocus() && document.activeElement === document.body) document.querySelector<HTMLElement>('.inspector')?.focus();
  }, [state.revealed]);

  useEffect(() => {
    if (model === undefined) return undefined;
    const idle = requestIdleCallback(() => prepareSearch(model));
    return () => cancelIdleCallback(idle);
  }, [model?.snapshot]);

  const select = useCallback((selection: Selection, reveal = false) => dispatch({ type: 'select', selection, reveal }), []);
  const metric = metricOf(state.metric);
  const heat = useMemo(() => (model === undefined ? undefined : measureHeat(model.structure, model.snapshot.layers, metric, model.latency)), [model?.snapshot, model?.latency, metric]);
  const matches = useMemo(() => (model === undefined ? undefined : matchingLayers(model, state.query)), [model?.snapshot, state.query]);
  const context = useMemo(() => (model === undefined || heat === undefined ? undefined : tableContext(model, heat)), [model, heat]);
  // Names keep their order whatever colours the graph.
  const order = useMemo(() => (context === undefined ? undefined : sortedRows(context, state.sort)), [model, state.sort, state.sort.column === 'share' ? heat : undefined]);
  const rows = useMemo(() => (order === undefined ? undefined : matchingRows(order, matches)), [order, matches]);
  const spoken = useMemo(() => (model === undefined || heat === undefined ? '' : announce(model, heat, state)), [model, heat, state.selection, state.expanded, state.metric]);

  if (model === undefined || heat === undefined || context === undefined || rows === undefined) return <Waiting reading="Reading the model…" failed="This file cannot be shown as a model" error={state.error} died={state.engineDied} host={host} jobs={state.jobs} />;
  const selectKey = (key: string): void => {
    const selection = selectionOf(model.structure, key);
    if (selection !== undefined) select(selection, true);
  };
  const isNarrow = size.width < narrow;
  /** The keyboard goes to the table, which a narrow page may first have to bring up. */
  const toTable = (): void => {
    dispatch({ type: 'pane', pane: 'layers' });
    requestAnimationFrame(() => document.querySelector<HTMLElement>('.table [tabindex="0"]')?.focus());
  };
  const selectedLayer = state.selection.kind === 'layer' ? state.selection.layer : -1;
  /** The match after or before the selected one, in the table's order and round its ends. */
  const find = (step: 1 | -1): void => {
    const at = rows.indexOf(selectedLayer);
    const next = rows[at < 0 ? (step === 1 ? 0 : rows.length - 1) : (at + step + rows.length) % rows.length];
    if (next !== undefined) dispatch({ type: 'find', layer: next });
  };
  const shownTable = Math.min(tableHeight > 0 ? tableHeight : Math.round(size.height * (isNarrow ? 0.42 : 0.3)), size.height - 220);
  const table = (
    <LayerTable
      context={context} rows={rows} searched={matches !== undefined} sort={state.sort} selectedLayer={selectedLayer}
      onSort={(column) => dispatch({ type: 'sort', column })} onSelect={(layer, reveal) => select({ kind: 'layer', layer }, reveal)}
    />
  );
  const inspector = (
    <Inspector
      model={model} heat={heat} selection={state.selection} details={state.details} deep={state.deep} onLayer={selectKey}
      onFix={(fix) => host.send({ type: 'fix', fix })} onText={(layer) => host.send(layer === undefined ? { type: 'openText' } : { type: 'openText', layer })}
      onSaveAsOnnx={() => host.send({ type: 'saveAsOnnx' })}
      onInline={(called) => host.send(called === undefined ? { type: 'inline' } : { type: 'inline', function: called })}
    />
  );
  return (
    <div class={isNarrow ? 'page narrow' : 'page'} style={isNarrow ? {} : { gridTemplateColumns: `minmax(0, 1fr) auto ${Math.min(inspectorWidth, size.width - 420).toString()}px` }}>
      <div class="top">
        <Header
          model={model} busy={state.jobs.length > 0} onProfile={() => host.send({ type: 'profile' })} onOptimize={() => host.send({ type: 'optimize' })}
          onHere={() => { askedHere.current = true; dispatch({ type: 'view', view: 'here' }); }}
          onBind={(bindings, target) => host.send(target === undefined ? { type: 'bind', bindings } : { type: 'bind', bindings, target })}
          onNotice={(notice) => dispatch({ type: 'notice', notice })}
        />
        <Banners state={state} gone={state.gone ? 'The file' : undefined} host={host} onClose={(what) => dispatch({ type: 'close', what })} />
        {state.jobs.map((job) => <JobLine key={job.id} job={job} onCancel={() => host.send({ type: 'cancel', job: job.id })} />)}
        <MetricBar
          metrics={availableMetrics(model.snapshot.layers, model.latency)} chosen={metric.name} heat={heat} query={state.query} found={matches === undefined ? undefined : { count: rows.length, at: rows.indexOf(selectedLayer) }} searchRef={search}
          onMetric={(name) => dispatch({ type: 'metric', metric: name })} onQuery={(query) => dispatch({ type: 'query', query })} onFind={find} onLeaveSearch={toTable}
        />
      </div>
      <div class="main" id="main" role="tabpanel" aria-labelledby={`tab-${metric.name}`} style={{ gridTemplateRows: `minmax(${leastPicture.toString()}px, 1fr) auto minmax(0, ${shownTable.toString()}px)` }}>
        <div class="picture">
          {state.view === 'here' ? <HerePane benchmarks={here} takeFocus={askedHere.current} /> : model.snapshot.layers.count === 0 ? <Empty /> : state.view === 'treemap'
            ? <TreemapPane model={model} heat={heat} selection={state.selection} matches={matches} onSelect={select} />
            : (
              <GraphPane
                model={model} heat={heat} expanded={state.expanded} selection={state.selection} revealed={state.revealed} matches={matches} workerUri={workerUri} camera={camera.current}
                onCamera={(at) => { camera.current = at; save(); }} onSelect={select} onToggle={(group) => dispatch({ type: 'toggle', group })}
                onExpand={(groups) => dispatch({ type: 'expand', groups })} onOpenTable={toTable} onReady={onGraph}
              />
            )}
          <ViewSwitch view={state.view} hasHere={state.view === 'here' || here.result !== undefined || here.running !== undefined} onView={(view) => { askedHere.current = false; dispatch({ type: 'view', view }); }} />
        </div>
        <Splitter direction="horizontal" label="Height of the table" size={shownTable} least={80} greatest={size.height - 220} onSize={setTableHeight} />
        {isNarrow ? (
          <div class="lower">
            <Choices
              role="tablist" label="Below the graph" class="tabs small-tabs" choiceClass="tab" controls="below" idOf={(pane) => `tab-${pane}`}
              choices={panes} chosen={state.pane} onChoose={(pane) => dispatch({ type: 'pane', pane })}
            />
            <div class="below" id="below" role="tabpanel" aria-labelledby={`tab-${state.pane}`}>{state.pane === 'layers' ? table : inspector}</div>
          </div>
        ) : table}
      </div>
      {isNarrow ? null : (
        <>
          <Splitter direction="vertical" label="Width of the inspector" size={inspectorWidth} least={220} greatest={size.width - 420} onSize={setInspectorWidth} />
          {inspector}
        </>
      )}
      <div class="hidden" role="status" aria-live="polite">{spoken}</div>
    </div>
  );
}

/** The layer's key; of a function's body, the key of its call. */
function keyOf({ snapshot }: Shown, selection: Selection): string | undefined {
  if (selection.kind === 'layer') return snapshot.layers.keys[selection.layer];
  return selection.kind === 'group' ? snapshot.groups[selection.group]?.call : undefined;
}

/** The benchmark in the page is among them once it was asked for. */
function ViewSwitch({ view, hasHere, onView }: { readonly view: Picture; readonly hasHere: boolean; readonly onView: (view: Picture) => void }): VNode {
  return <Choices<Picture> role="radiogroup" label="Picture" class="view-switch" choiceClass="switch" choices={hasHere ? withHere : pictures} chosen={view} onChoose={onView} />;
}

function Empty(): VNode {
  return <div class="centre"><p>This model has no nodes: its outputs are its inputs or constants.</p></div>;
}
