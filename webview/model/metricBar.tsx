// Metric tabs, the colour scale with its numbers, and the search field.
import type { Ref, VNode } from 'preact';
import { Choices } from '../common/choices';
import { cividisCss } from '../common/cividis';
import type { MetricName } from '../../src/protocol/view';
import { TextField, type TextFieldElement } from '../controls';
import type { Heat } from './heat';
import type { Metric } from './metrics';

export interface MetricBarProps {
  readonly metrics: readonly Metric[];
  readonly heat: Heat;
  readonly query: string;
  readonly matches: number | undefined;
  readonly searchRef: Ref<TextFieldElement>;
  readonly onMetric: (metric: MetricName) => void;
  readonly onQuery: (query: string) => void;
  readonly onLeaveSearch: () => void;
}

const gradient = `linear-gradient(to right, ${Array.from({ length: 10 }, (_, index) => cividisCss(index / 9)).join(', ')})`;

export function MetricBar({ metrics, heat, query, matches, searchRef, onMetric, onQuery, onLeaveSearch }: MetricBarProps): VNode {
  return (
    <div class="metric-bar">
      <Choices
        role="tablist" label="Metric that colours the graph" class="tabs" choiceClass="tab" controls="main" idOf={(name) => `tab-${name}`}
        choices={metrics.map(({ name, title }) => ({ value: name, title }))} chosen={heat.metric.name} onChoose={onMetric}
      />
      <div class="legend" role="img" aria-label={`Colour scale of ${heat.metric.title} per layer from 0, dark blue, to ${heat.metric.format(heat.greatest)}, yellow`} title="Per layer; a group has the colour of its greatest layer">
        <span>0</span>
        <span class="scale" style={{ background: gradient }} />
        <span>{heat.metric.format(heat.greatest)}</span>
        <span class="muted legend-note">per layer</span>
      </div>
      <div class="search">
        <TextField
          value={query} label="Search layers by name, operator or shape" placeholder="Search layers" class="search-field" fieldRef={searchRef} onInput={onQuery}
          onKeyDown={(event) => {
            if (event.key === 'Escape' && query !== '') onQuery('');
            else if (event.key === 'Escape' || event.key === 'Enter') onLeaveSearch();
          }}
        />
        {matches === undefined ? null : <span class="muted matches">{matches.toLocaleString('en-US')}</span>}
      </div>
    </div>
  );
}
