// `lathe evaluate` for a person.
import { visible } from '../../base/visible';
import type { Comparison, DataDescription } from '../../protocol/measurement';
import type { Evaluation, MetricUnit, TaskComparison, TaskFigure } from '../../protocol/taskMetrics';
import { differenceLine, figure } from '../../recipes/taskLimit';
import { metrics } from '../../runtime/metrics/table';
import { tableLines } from '../terminal';
import { metricLine } from './measurement';

export function evaluationLines({ metric, unit, figure: found, data }: Evaluation): string[] {
  return [`${metrics[metric].title}: ${withInterval(unit, found)}`, dataLine(data)];
}

export function taskLines(task: TaskComparison, names: { readonly source: string; readonly variant: string }, { metric, data }: Comparison): string[] {
  const { unit, source, variant } = task;
  const row = (name: string, found: TaskFigure): string[] => [visible(name), figure(unit, found.value), `${figure(unit, found.low)} to ${figure(unit, found.high)}`];
  return [
    ...tableLines([{ title: metrics[task.metric].title, align: 'left', width: 60 }, { title: '', align: 'right' }, { title: '95 % interval', align: 'right' }], [row(names.source, source), row(names.variant, variant)]),
    '',
    differenceLine(task),
    ...(metric === undefined ? [] : [metricLine(metric)]),
    dataLine(data),
  ];
}

function withInterval(unit: MetricUnit, { value, low, high, samples }: TaskFigure): string {
  return `${figure(unit, value)} (95 % interval ${figure(unit, low)} to ${figure(unit, high)}, ${samples} ${samples === 1 ? 'sample' : 'samples'})`;
}

function dataLine({ kind, path, samples, skipped, split, note }: DataDescription): string {
  const part = split === undefined ? '' : ` of the ${split} part`;
  const left = skipped === undefined ? '' : `, ${skipped} unreadable left out`;
  return `measured here on ${samples} samples${part} of ${visible(path ?? kind)}${left}${note === undefined ? '' : `; ${note}`}`;
}
