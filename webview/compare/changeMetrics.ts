// The differences that colour both graphs: one row each. A figure stands on the layer that does the row's work.
import type { Side } from '../../src/protocol/comparison';
import { formatBytes, formatChange, formatCount, formatMilliseconds, significant } from '../common/format';
import { heatOf, type Heat, type HeatMetric } from '../model/heat';
import { layersOf, type Compared, type Measured } from './compared';

export type ChangeMetricName = 'parameters' | 'weightBytes' | 'macs' | 'latency' | 'error';

export interface ChangeMetric extends HeatMetric {
  readonly name: ChangeMetricName;
  /** Figure of each row; undefined until it was measured. */
  readonly rows: (compared: Compared, measured: Measured | undefined) => Float64Array | undefined;
}

/** A relative error as a share of the signal. */
export function formatRelativeError(value: number): string {
  if (!Number.isFinite(value)) return '∞';
  return value === 0 ? '0' : `${significant(value * 100, 2)} %`;
}

const signed = (format: (value: number) => string) => (value: number): string => formatChange(value, format);

export const changeMetrics: readonly ChangeMetric[] = [
  { name: 'weightBytes', title: 'Δ Weight bytes', isChange: true, format: signed(formatBytes), rows: ({ comparison }) => comparison.pairs.weightBytes },
  { name: 'parameters', title: 'Δ Parameters', isChange: true, format: signed(formatCount), rows: ({ comparison }) => comparison.pairs.parameters },
  { name: 'macs', title: 'Δ MACs', isChange: true, format: signed(formatCount), rows: ({ comparison }) => comparison.pairs.macs },
  { name: 'latency', title: 'Δ Latency (measured)', isChange: true, format: signed(formatMilliseconds), rows: (_, measured) => measured?.millisecondsDelta },
  { name: 'error', title: 'Error (measured)', isPeak: true, format: formatRelativeError, rows: (_, measured) => measured?.relativeError },
];

export function changeMetricOf(name: ChangeMetricName): ChangeMetric {
  const metric = changeMetrics.find((row) => row.name === name) ?? changeMetrics[0];
  if (metric === undefined) throw new Error('There are no metrics.');
  return metric;
}

/** Metrics that there are figures of: those of time and error once they were measured. */
export function availableChangeMetrics(compared: Compared, measured: Measured | undefined): readonly ChangeMetric[] {
  return changeMetrics.filter(({ rows }) => rows(compared, measured)?.some((value) => !Number.isNaN(value)) === true);
}

/** Both sides on one scale, so that equal colours are equal differences. */
export function heatOfSides(compared: Compared, metric: ChangeMetric, measured: Measured | undefined): Readonly<Record<Side, Heat>> {
  const rows = metric.rows(compared, measured) ?? new Float64Array(compared.comparison.pairs.count).fill(Number.NaN);
  const greatest = rows.reduce((most, value) => (Math.abs(value) > most && Number.isFinite(value) ? Math.abs(value) : most), 0);
  const side = (which: Side): Heat => {
    const { snapshot, structure } = compared.models[which];
    const values = new Float64Array(snapshot.layers.count).fill(Number.NaN);
    rows.forEach((value, row) => {
      const [lead] = layersOf(compared, which, row);
      if (lead !== undefined) values[lead] = value;
    });
    return heatOf(structure, snapshot.layers.group, metric, values, greatest);
  };
  return { before: side('before'), after: side('after') };
}
