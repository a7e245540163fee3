// The metrics that colour everything: one row each, so a new figure is one row more.
import type { LayerColumns, MetricName } from '../../src/protocol/view';
import type { Profile } from '../../src/protocol/measurement';
import type { HeatMetric } from './heat';
import { formatBytes, formatCount, formatMilliseconds, formatShare } from '../common/format';

export interface Metric extends HeatMetric {
  readonly name: MetricName;
  /** In a table head and on cards, where the tab's words are too long. */
  readonly short: string;
  /** Value per layer, NaN where not known. */
  readonly values: (layers: LayerColumns, latency: Float64Array | undefined) => Float64Array;
}

export const metrics: readonly Metric[] = [
  { name: 'parameters', title: 'Parameters', short: 'Parameters', format: formatCount, values: (layers) => layers.parameters },
  { name: 'flops', title: 'FLOPs', short: 'FLOPs', format: formatCount, values: (layers) => layers.flops },
  { name: 'macs', title: 'MACs', short: 'MACs', format: formatCount, values: (layers) => layers.macs },
  { name: 'weightBytes', title: 'Weight bytes', short: 'Weights', format: formatBytes, values: (layers) => layers.weightBytes },
  { name: 'activationBytes', title: 'Activation memory', short: 'Activation', format: formatBytes, values: (layers) => layers.activationBytes },
  { name: 'sensitivity', title: 'Sensitivity to int8', short: 'Sensitivity', format: formatShare, isPeak: true, values: (layers) => layers.sensitivity ?? unknownOf(layers) },
  { name: 'layerError', title: 'Error of int8', short: 'Error', format: formatShare, isPeak: true, values: (layers) => layers.layerError ?? unknownOf(layers) },
  { name: 'latency', title: 'Latency (measured)', short: 'Latency', format: formatMilliseconds, values: (layers, latency) => latency ?? unknownOf(layers) },
];

function unknownOf({ count }: LayerColumns): Float64Array {
  return new Float64Array(count).fill(Number.NaN);
}

export function metricOf(name: MetricName): Metric {
  const metric = metrics.find((row) => row.name === name) ?? metrics[0];
  if (metric === undefined) throw new Error('There are no metrics.');
  return metric;
}

/** Metrics whose figure is computed: latency only once it was measured, the others where any layer has a value. */
export function availableMetrics(layers: LayerColumns, latency: Float64Array | undefined): readonly Metric[] {
  return metrics.filter((metric) => metric.name !== 'latency' ? metric.values(layers, latency).some((value) => value > 0) || metric.name === 'parameters' : latency !== undefined);
}

/** Measured milliseconds by layer number; NaN where a layer was fused away or did not run. */
export function latencyColumn(layers: LayerColumns, layerOfKey: ReadonlyMap<string, number>, profile: Profile): Float64Array {
  const column = new Float64Array(layers.count).fill(Number.NaN);
  for (const [key, milliseconds] of Object.entries(profile.milliseconds)) {
    const layer = layerOfKey.get(key);
    if (layer !== undefined) column[layer] = milliseconds;
  }
  return column;
}
