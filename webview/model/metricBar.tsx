// Metric tabs, the colour scale with its numbers, and the search field.
import type { Ref, VNode } from 'preact';
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
  const chosen = metrics.findIndex(({ name }) => name === heat.metric.name);
  const move = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const next = metrics[(chosen + step + metrics.length) % metrics.length];
    if (step === 0 || next === undefined) return;
    event.preventDefault();
    onMetric(next.name);
    document.getElementById(`tab-${next.name}`)?.focus();
  };
  return (
    <div class="metric-bar">
      <div class="tabs" role="tablist" aria-label="Metric that colours the graph" onKeyDown={move}>
        {metrics.map(({ name, title }, index) => (
          <button
            key={name} id={`tab-${name}`} type="button" role="tab" class="tab" aria-selected={index === chosen} aria-controls="main"
            tabIndex={index === chosen ? 0 : -1} onClick={() => onMetric(name)}
          >{title}</button>
        ))}
      </div>
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
