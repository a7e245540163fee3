// Oversized layers: the smallest set of layers holding half of a metric, each with at least 5 % of it, at most ten.
import type { LayerAnalysis } from '../../analysis/analyze';
import { formatBytes, formatCount, formatMilliseconds, formatShare } from '../../base/format';
import type { Fix } from '../../protocol/findings';
import { measuredMilliseconds } from '../../protocol/measurement';
import type { AdviceContext, Draft, FindingRule } from '../context';
import { int8Gain, int8Ratio, layerTitle } from '../gain';

const mostOversizedLayers = 10;

interface Metric {
  readonly title: string;
  readonly of: (context: AdviceContext, layer: LayerAnalysis) => number;
  readonly format: (value: number) => string;
}

/** Measured time counts before arithmetic where there is a profile: it is the truth the estimate stands for. */
const metrics: readonly Metric[] = [
  { title: 'of the weights', of: (_, layer) => layer.weightBytes, format: formatBytes },
  { title: 'of the arithmetic', of: (_, layer) => layer.macs ?? 0, format: (value) => formatCount(value, 'MACs') },
  { title: 'of the time, measured here', of: (context, layer) => measuredMilliseconds(context.profile, layer.key) ?? 0, format: formatMilliseconds },
];

/** The smallest set of layers holding `share` of the metric, each at least `minimum` of it. */
export function largest(context: AdviceContext, metric: Metric): readonly LayerAnalysis[] {
  const { oversizedShare, oversizedMinimum } = context.settings;
  const values = context.layers.map((layer) => ({ layer, value: metric.of(context, layer) }));
  const total = values.reduce((sum, item) => sum + item.value, 0);
  if (total === 0) return [];
  values.sort((a, b) => b.value - a.value);
  const chosen: LayerAnalysis[] = [];
  let sum = 0;
  for (const { layer, value } of values) {
    if (sum >= total * oversizedShare || value < total * oversizedMinimum || chosen.length === mostOversizedLayers) break;
    chosen.push(layer);
    sum += value;
  }
  return chosen;
}

export const oversizedLayers: FindingRule = {
  codes: ['oversized-layer'],
  *find(context): Generator<Draft> {
    const found = new Map<LayerAnalysis, string[]>();
    for (const metric of metrics) {
      const total = context.layers.reduce((sum, layer) => sum + metric.of(context, layer), 0);
      for (const layer of largest(context, metric)) {
        const value = metric.of(context, layer);
        const reasons = found.get(layer) ?? [];
        reasons.push(`${metric.format(value)} (${formatShare(value / total)} ${metric.title})`);
        found.set(layer, reasons);
      }
    }
    for (const [layer, reasons] of found) {
      const milliseconds = measuredMilliseconds(context.profile, layer.key);
      yield {
        code: 'oversized-layer',
        severity: 'information',
        layer: layer.key,
        message: `${layerTitle(context, layer)} holds ${reasons.join(', ')}.`,
        cost: { bytes: layer.weightBytes, ...(layer.macs === null ? {} : { macs: layer.macs }), ...(milliseconds === undefined ? {} : { milliseconds }) },
        fixes: fixesOf(context, layer),
      };
    }
  },
};

function fixesOf(context: AdviceContext, layer: LayerAnalysis): Omit<Fix, 'id'>[] {
  const fixes: Omit<Fix, 'id'>[] = [];
  if (int8Ratio(context, layer, 'static') !== undefined)
    fixes.push({ title: 'Quantize this layer to int8 (static)', technique: 'quantize-static', options: { preset: 'all', only: [layer.key] }, estimate: int8Gain(context, [layer], 'static') });
  if (int8Ratio(context, layer, 'dynamic') !== undefined)
    fixes.push({ title: 'Quantize this layer to int8 (dynamic)', technique: 'quantize-dynamic', options: { only: [layer.key] }, estimate: int8Gain(context, [layer], 'dynamic') });
  return fixes;
}
