// Metric tabs, the colour scale with its numbers, and the search field.
import type { ComponentChildren, RefObject, VNode } from 'preact';
import { Choices } from '../common/choices';
import { cividisCss } from '../common/cividis';
import { integer } from '../common/format';
import { Button, TextField, type TextFieldElement } from '../controls';
import type { Heat } from './heat';

export interface MetricBarProps<N extends string> {
  readonly metrics: readonly { readonly name: N; readonly title: string }[];
  readonly chosen: N;
  readonly heat: Pick<Heat, 'metric' | 'greatest'>;
  /** What the scale's figures are of, behind it; said in full to who points at it. */
  readonly scaleNote?: { readonly text: string; readonly title: string };
  readonly query: string;
  /** How many layers match the search, and which of them is selected (−1: none); undefined without a search. */
  readonly found: { readonly count: number; readonly at: number } | undefined;
  readonly searchRef: RefObject<TextFieldElement | null>;
  readonly onMetric: (metric: N) => void;
  readonly onQuery: (query: string) => void;
  /** To the next match, or the one before. */
  readonly onFind: (step: 1 | -1) => void;
  readonly onLeaveSearch: () => void;
  /** Further controls, before the search. */
  readonly children?: ComponentChildren;
}

const gradient = `linear-gradient(to right, ${Array.from({ length: 10 }, (_, index) => cividisCss(index / 9)).join(', ')})`;

const perLayer = { text: 'per layer', title: 'Per layer; a group has the colour of its greatest layer' };

export function MetricBar<N extends string>({ metrics, chosen, heat, scaleNote = perLayer, query, found, searchRef, onMetric, onQuery, onFind, onLeaveSearch, children }: MetricBarProps<N>): VNode {
  return (
    <div class={found === undefined ? 'metric-bar' : 'metric-bar searching'}>
      <Choices
        role="tablist" label="Metric that colours the graph" class="tabs" choiceClass="tab" controls="main" idOf={(name: N) => `tab-${name}`}
        choices={metrics.map(({ name, title }) => ({ value: name, title }))} chosen={chosen} onChoose={onMetric}
      />
      {heat.greatest === 0 ? null : <div class="legend" role="img" aria-label={`Colour scale of ${heat.metric.title} per layer from 0, dark blue, to ${heat.metric.format(heat.greatest)}, yellow`} title={scaleNote.title}>
        <span>0</span>
        <span class="scale" style={{ background: gradient }} />
        <span>{heat.metric.format(heat.greatest)}</span>
        <span class="muted legend-note">{scaleNote.text}</span>
      </div>}
      {children}
      <div class="search">
        <TextField
          value={query} label="Search layers by name, operator or shape" placeholder="Search layers" class="search-field" fieldRef={searchRef} onInput={onQuery}
          onKeyDown={(event) => {
            if (event.key === 'Escape' && query !== '') onQuery('');
            else if (event.key === 'Enter' && found !== undefined) onFind(event.shiftKey ? -1 : 1);
            else if (event.key === 'Escape' || event.key === 'Enter' || event.key === 'ArrowDown') onLeaveSearch();
            else return;
            event.preventDefault();
          }}
        />
        <span class="muted matches" role="status">
          {found === undefined ? null : (
            <>
              {found.count === 0 ? 'none' : `${found.at < 0 ? '' : `${integer(found.at + 1)} of `}${integer(found.count)}`}
              <span class="hidden"> {found.count === 1 ? 'layer matches' : 'layers match'}</span>
            </>
          )}
        </span>
        <span class="match-steps">
          <Button kind="icon" label="Previous match" title="Previous match (Shift+Enter)" disabled={found?.count === 0} onClick={() => onFind(-1)}>↑</Button>
          <Button kind="icon" label="Next match" title="Next match (Enter)" disabled={found?.count === 0} onClick={() => onFind(1)}>↓</Button>
        </span>
      </div>
    </div>
  );
}
