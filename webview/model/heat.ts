// From a metric's values to positions on the colour scale: one scale for layers, and a group is as hot as its hottest layer.
import type { LayerColumns } from '../../src/protocol/view';
import type { Metric } from './metrics';
import { sumOverGroups, type Structure } from './structure';

/** No figure: drawn in the theme's own ground with a dash. */
export const noHeat = -1;

export interface Heat {
  readonly metric: Metric;
  readonly values: Float64Array;
  /** Sum over all layers. */
  readonly total: number;
  /** Greatest layer: the upper end of the legend. */
  readonly greatest: number;
  /** 0…1 per layer, {@link noHeat} where unknown. */
  readonly layerHeat: Float32Array;
  readonly groupSum: Float64Array;
  /** 0…1 per group, of its hottest layer. */
  readonly groupHeat: Float32Array;
}

/** Linear from 0 to the greatest layer: equal differences in cost look equal. */
export function measureHeat(structure: Structure, layers: LayerColumns, metric: Metric, latency: Float64Array | undefined): Heat {
  const values = metric.values(layers, latency);
  const { sum, greatest } = sumOverGroups(structure, layers.group, values);
  const top = greatest[0] ?? Number.NaN;
  const scale = top > 0 ? 1 / top : 0;
  const positions = (figures: Float64Array): Float32Array => {
    const column = new Float32Array(figures.length);
    figures.forEach((value, index) => { column[index] = Number.isNaN(value) ? noHeat : Math.min(1, Math.max(0, value * scale)); });
    return column;
  };
  return {
    metric,
    values,
    total: sum[0] ?? 0,
    greatest: Number.isNaN(top) ? 0 : top,
    layerHeat: positions(values),
    groupSum: sum,
    groupHeat: positions(greatest),
  };
}
