// From a metric's values to positions on the colour scale: one scale for layers, and a group is as hot as its hottest layer.
import type { LayerColumns } from '../../src/protocol/view';
import type { Metric } from './metrics';
import { sumOverGroups, type Structure } from './structure';

/** No figure: drawn in the theme's own ground with a dash. */
export const noHeat = -1;

/** What colours a graph. */
export interface HeatMetric {
  readonly name: string;
  /** On the tab. */
  readonly title: string;
  readonly format: (value: number) => string;
  /** Values are differences: coloured by their size, and no shares of a whole. As of a peak, those of 0 are not coloured. */
  readonly isChange?: true;
  /** The sum over layers says nothing: a group has the figure of its greatest. */
  readonly isPeak?: true;
}

export interface Heat {
  readonly metric: HeatMetric;
  readonly values: Float64Array;
  /** Sum over all layers. */
  readonly total: number;
  /** What shares are of: the total, or 0 where there are none. */
  readonly whole: number;
  /** Greatest layer: the upper end of the legend. */
  readonly greatest: number;
  /** 0…1 per layer, {@link noHeat} where unknown. */
  readonly layerHeat: Float32Array;
  /** Of a peak metric, the greatest. */
  readonly groupSum: Float64Array;
  /** 0…1 per group, of its hottest layer. */
  readonly groupHeat: Float32Array;
}

/** The heat of a model's own figures. */
export function measureHeat(structure: Structure, layers: LayerColumns, metric: Metric, latency: Float64Array | undefined): Heat {
  return heatOf(structure, layers.group, metric, metric.values(layers, latency));
}

/**
 * Linear from 0 to the greatest layer: equal differences in cost look equal.
 * @param greatestAnywhere upper end of the scale where it is shared with another graph
 */
export function heatOf(structure: Structure, layerGroup: Uint32Array, metric: HeatMetric, values: Float64Array, greatestAnywhere?: number): Heat {
  const sizes = metric.isChange === true ? values.map(Math.abs) : values;
  const { sum, greatest: greatestValue } = sumOverGroups(structure, layerGroup, values);
  const greatest = sizes === values ? greatestValue : sumOverGroups(structure, layerGroup, sizes).greatest;
  const top = greatestAnywhere ?? greatest[0] ?? Number.NaN;
  const scale = top > 0 ? 1 / top : 0;
  const marksOnlyDifferences = metric.isChange === true || metric.isPeak === true;
  const positions = (figures: Float64Array): Float32Array => {
    const column = new Float32Array(figures.length);
    figures.forEach((value, index) => { column[index] = Number.isNaN(value) || (marksOnlyDifferences && value === 0) ? noHeat : Math.min(1, Math.max(0, value * scale)); });
    return column;
  };
  return {
    metric,
    values,
    total: sum[0] ?? 0,
    whole: marksOnlyDifferences ? 0 : sum[0] ?? 0,
    greatest: Number.isNaN(top) ? 0 : top,
    layerHeat: positions(sizes),
    groupSum: metric.isPeak === true ? greatest : sum,
    groupHeat: positions(greatest),
  };
}
