// The comparison as a whole: totals, metric tabs, both graphs under one selection, the table of pairs, and the states it can be in.
import type { VNode } from 'preact';
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import type { FromCompareView, ToCompareView } from '../../src/protocol/compareView';
import { sides, type Side } from '../../src/protocol/comparison';
import { Banners, Waiting } from '../common/banners';
import type { Host } from '../common/host';
import { useSaver } from '../common/saver';
import { JobLine } from '../common/status';
import type { TextFieldElement } from '../controls';
import type { Camera } from '../model/graph/camera';
import { GraphPane } from '../model/graph/graphPane';
import type { GraphView } from '../model/graph/graphView';
import { MetricBar } from '../model/metricBar';
import { useSearchKeys, useWindowSize } from '../model/pageHooks';
import { Splitter } from '../model/splitter';
import { matchingRows, matchingTexts } from '../model/table/rows';
import { availableChangeMetrics, changeMetricOf, heatOfSides } from './changeMetrics';
import { searchTexts, sortedPairs } from './columns';
import type { Compared } from './compared';
import { Header } from './header';
import { PairTable } from './pairTable';
import { reduce, selectedRow, startState, type KeptCompareState } from './state';
import { announce, cardWords, changedInGroups, nameOf, sideNames, sideText } from './words';

export type CompareHost = Host<ToCompareView, FromCompareView, KeptCompareState>;

export interface AppProps {
  readonly host: CompareHost;
  readonly workerUri: string | undefined;
  readonly onGraph: (side: Side, view: GraphView) => void;
}

/** Below this width the graphs stand one below the other. */
const narrow = 760;
/** However short the window, a graph and its tools keep this height. */
const leastPicture = 150;
const scaleNote = { text: 'size of the difference', title: 'Size of the difference per layer, on one scale for both; its sign stands on the card. A group has the colour of its greatest layer.' };
const errorNote = { text: 'of the signal', title: 'Root mean square of the difference over that of the values in A. A group has the colour of its greatest layer.' };

export function App({ host, workerUri, onGraph }: AppProps): VNode {
  const kept = useMemo(() => host.load(), []);
  const [state, dispatch] = useReducer(reduce, kept, startState);
  const size = useWindowSize();
  const [tableHeight, setTableHeight] = useState(kept.tableHeight ?? 0);
  const cameras = useRef<Record<Side, Camera | null>>({ before: kept.cameras?.before ?? null, after: kept.cameras?.after ?? null });
  const search = useRef<TextFieldElement>(null);
  useSearchKeys(search);
  const { compared, measured } = state;

  useEffect(() => {
    host.listen((message) => dispatch({ type: 'message', message, kept }));
    host.send({ type: 'ready' });
  }, []);

  const save = useSaver(host, () => {
    if (compared === undefined) return undefined;
    const { models } = compared;
    const at = state.selection[state.chosen];
    const key = at.kind === 'layer' ? models[state.chosen].snapshot.layers.keys[at.layer] : undefined;
    const both = <T,>(of: (side: Side) => T): Record<Side, T> => ({ before: of('before'), after: of('after') });
    return {
      paths: both((side) => models[side].snapshot.summary.path), groupCounts: both((side) => models[side].structure.groupCount), expanded: both((side) => [...state.expanded[side]]),
      selected: key === undefined ? null : { side: state.chosen, key }, cameras: { ...cameras.current },
      metric: state.metric, onlyChanged: state.onlyChanged, query: state.query, sort: state.sort, tableHeight,
    };
  });
  useEffect(save, [state, tableHeight]);

  const metric = changeMetricOf(state.metric);
  const heat = useMemo(() => (compared === undefined ? undefined : heatOfSides(compared, metric, measured)), [compared, measured, metric]);
  const context = useMemo(() => (compared === undefined ? undefined : { compared, measured }), [compared, measured]);
  const texts = useMemo(() => (compared === undefined || state.query === '' ? undefined : searchTexts(compared)), [compared, state.query === '']);
  const found = useMemo(() => (texts === undefined ? undefined : matchingTexts(texts, state.query)), [texts, state.query]);
  const shown = useMemo(() => (compared === undefined ? undefined : shownRows(compared, state.onlyChanged, found)), [compared, state.onlyChanged, found]);
  const order = useMemo(() => (context === undefined ? undefined : sortedPairs(context, state.sort)), [context, state.sort]);
  const rows = useMemo(() => (order === undefined ? undefined : matchingRows(order, shown)), [order, shown]);
  const matches = useMemo(() => (compared === undefined || shown === undefined ? undefined : { before: matchingIn(compared, 'before', shown), after: matchingIn(compared, 'after', shown) }), [compared, shown]);
  const changedIn = useMemo(() => (compared === undefined ? undefined : { before: changedInGroups(compared, 'before'), after: changedInGroups(compared, 'after') }), [compared]);
  const words = useMemo(() => (compared === undefined || heat === undefined || changedIn === undefined ? undefined : { before: cardWords(compared, 'before', heat.before, changedIn.before), after: cardWords(compared, 'after', heat.after, changedIn.after) }), [compared, heat, changedIn]);
  const spoken = useMemo(() => (heat === undefined ? '' : announce(state, heat[state.chosen])), [compared, heat, state.selection]);

  const toTable = useCallback((): void => document.querySelector<HTMLElement>('.table [tabindex="0"]')?.focus(), []);
  if (compared === undefined || heat === undefined || context === undefined || rows === undefined || words === undefined) {
    return <Waiting reading="Comparing the models…" failed="These models cannot be compared" error={state.error} died={state.engineDied} host={host} jobs={state.jobs} />;
  }
  const isNarrow = size.width < narrow;
  const row = selectedRow(state);
  /** The match after or before the selected one, in the table's order and round its ends. */
  const find = (step: 1 | -1): void => {
    const at = rows.indexOf(row);
    const next = rows[at < 0 ? (step === 1 ? 0 : rows.length - 1) : (at + step + rows.length) % rows.length];
    if (next !== undefined) dispatch({ type: 'row', row: next, reveal: true });
  };
  const same = compared.counts.changed + compared.counts.added + compared.counts.removed === 0;
  const shownTable = Math.min(tableHeight > 0 ? tableHeight : Math.round(size.height * (isNarrow ? 0.28 : 0.32)), Math.max(80, size.height - (isNarrow ? 460 : 240)));
  const goneNames = sides.filter((side) => state.gone.has(side)).map((side) => nameOf(compared, side));
  return (
    <div class={isNarrow ? 'compare narrow' : 'compare'}>
      <div class="top">
        <Header
          compared={compared} measured={measured} busy={state.jobs.length > 0} onMeasure={() => host.send({ type: 'measure' })} onTexts={() => host.send({ type: 'texts' })}
          onNotice={(notice) => dispatch({ type: 'notice', notice })}
        />
        <Banners state={state} gone={goneNames.length === 0 ? undefined : goneNames.join(' and ')} host={host} onClose={(what) => dispatch({ type: 'close', what })} />
        {measured?.measurement.problem === undefined ? null : <p class="quiet-note" role="status">{measured.measurement.problem}</p>}
        {same ? <p class="quiet-note" role="status">No differences: both have the same layers, attributes, shapes and weights.</p> : null}
        {state.jobs.map((job) => <JobLine key={job.id} job={job} onCancel={() => host.send({ type: 'cancel', job: job.id })} />)}
        <MetricBar
          metrics={availableChangeMetrics(compared, measured)} chosen={metric.name} heat={legendOf(heat.before.greatest, metric)} scaleNote={metric.isPeak === true ? errorNote : scaleNote} query={state.query}
          found={found === undefined ? undefined : { count: rows.length, at: rows.indexOf(row) }} searchRef={search}
          onMetric={(name) => dispatch({ type: 'metric', metric: name })} onQuery={(query) => dispatch({ type: 'query', query })} onFind={find} onLeaveSearch={toTable}
        >
          <button type="button" role="checkbox" class="switch only" aria-checked={state.onlyChanged} title="List only what differs, and dim the rest in the graphs" onClick={() => dispatch({ type: 'onlyChanged', onlyChanged: !state.onlyChanged })}><span aria-hidden="true">{state.onlyChanged ? '✓ ' : ''}</span>Only changed</button>
        </MetricBar>
      </div>
      <div class="main" id="main" role="tabpanel" aria-labelledby={`tab-${metric.name}`} style={{ gridTemplateRows: `minmax(${(isNarrow ? leastPicture * 2 : leastPicture).toString()}px, 1fr) auto minmax(0, ${shownTable.toString()}px)` }}>
        <div class="sides">
          {sides.map((side) => (
            <section key={side} class="side" aria-label={`${sideNames[side]}, ${nameOf(compared, side)}`}>
              <h2 class="side-name"><b>{sideNames[side]}</b> <span class="side-file">{nameOf(compared, side)}</span> <span class="muted side-says">{sideText(state, side)}</span></h2>
              <div class="picture">
                {compared.models[side].snapshot.layers.count === 0 ? <div class="centre"><p>This model has no nodes.</p></div> : (
                  <GraphPane
                    id={`graph-${side}`} label={`Graph ${sideNames[side]}, ${nameOf(compared, side)}`} help={`What is selected here is selected in ${sideNames[side === 'before' ? 'after' : 'before']} too. The table below lists the pairs.`} textOf={words[side]}
                    model={compared.models[side]} heat={heat[side]} expanded={state.expanded[side]} selection={state.selection[side]} revealed={state.revealed[side]} matches={matches?.[side]} workerUri={workerUri} camera={cameras.current[side]}
                    onCamera={(camera) => { cameras.current[side] = camera; save(); }} onSelect={(selection) => dispatch({ type: 'select', side, selection })} onToggle={(group) => dispatch({ type: 'toggle', side, group })}
                    onExpand={(groups) => dispatch({ type: 'expand', groups })} onOpenTable={toTable} onReady={(view) => onGraph(side, view)}
                  />
                )}
              </div>
            </section>
          ))}
        </div>
        <Splitter direction="horizontal" label="Height of the table" size={shownTable} least={80} greatest={size.height - 240} onSize={setTableHeight} />
        <PairTable
          context={context} metric={metric.name} rows={rows} sort={state.sort} selected={row} empty={same && state.onlyChanged && found === undefined ? 'Nothing differs.' : 'No pair matches.'}
          onSort={(column) => dispatch({ type: 'sort', column })} onSelect={(chosen, reveal) => dispatch({ type: 'row', row: chosen, reveal })}
        />
      </div>
      <div class="hidden" role="status" aria-live="polite">{spoken}</div>
    </div>
  );
}

/** 1 for each row that is listed; undefined for all. */
function shownRows({ changed }: Compared, onlyChanged: boolean, found: Uint8Array | undefined): Uint8Array | undefined {
  if (!onlyChanged) return found;
  return found === undefined ? changed : changed.map((flag, row) => flag & (found[row] ?? 0));
}

/** The layers of a side in listed rows; the others are dimmed. */
function matchingIn({ rowOf }: Compared, side: Side, shown: Uint8Array): Uint8Array {
  return Uint8Array.from(rowOf[side], (row) => shown[row] ?? 0);
}

/** The scale's end is a size: no sign. */
function legendOf(greatest: number, metric: ReturnType<typeof changeMetricOf>): { readonly greatest: number; readonly metric: ReturnType<typeof changeMetricOf> } {
  return { greatest, metric: metric.isChange === true ? { ...metric, format: (value) => metric.format(value).replace(/^\+/u, '±') } : metric };
}
