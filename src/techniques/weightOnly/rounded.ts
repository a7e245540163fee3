// The integers of layers rounded by what their inputs are like on the data: GPTQ, layer by layer, before anything is rewritten.
import type { Model } from '../../graph/model';
import { type FittedGrid, fitRows, emptyGrid } from '../rounding/grid';
import { forEachHessian, type LayerHessian } from '../rounding/collect';
import { roundRows } from '../rounding/layer';
import { readRows, rowLayout } from '../rounding/rows';
import type { TechniqueContext } from '../technique';
import { bitsOf, gridSettings, type WeightOnlyOptions } from './options';
import type { Site } from './sites';

/** A weight's integers [rows, K] and the grid they stand on. */
export interface RoundedWeight {
  readonly grid: FittedGrid;
  readonly codes: Uint8Array;
}

/** Weights per row from which the K × K numbers of a Hessian are no longer worth their memory: 300 MB. */
const mostWeightsPerRow = 5120;

/**
 * Rounds the products and convolutions among the sites; those left out go to the nearest.
 * @throws LatheError what the runner throws; `cancelled`.
 */
export async function roundSites(model: Model, sites: readonly Site[], options: WeightOnlyOptions, context: TechniqueContext): Promise<ReadonlyMap<Site, RoundedWeight>> {
  const rounded = new Map<Site, RoundedWeight>();
  const layers = sites.filter(({ kind, node, weight }) => (kind === 'product' || (node.opType === 'Conv' && node.domain === '')) && rowLayout(weight.tensor, weight.axis).size <= mostWeightsPerRow);
  context.progress({ message: `Calibrating ${layers.length} layers on up to ${options.samples} samples` });
  await forEachHessian(model, layers, context, { samples: options.samples }, (site, hessian) => {
    context.progress({ message: `Rounding ${site.key}`, fraction: rounded.size / layers.length });
    const weight = roundSite(site, options, hessian);
    if (weight !== undefined) rounded.set(site, weight);
  });
  return rounded;
}

function roundSite(site: Site, options: WeightOnlyOptions, hessian: LayerHessian): RoundedWeight | undefined {
  const { tensor, axis } = site.weight;
  const layout = rowLayout(tensor, axis);
  const { size, rows } = layout;
  const values = readRows(tensor, layout, 0, rows);
  const settings = gridSettings(options, site.kind, bitsOf(options, site.key));
  const grid = emptyGrid(layout, settings);
  const perGroup = rows / hessian.groups.length;
  let finite = true;
  for (const [group, matrix] of hessian.groups.entries()) {
    // What an error costs by column is known: clipping takes it into account.
    const importance = Float64Array.from({ length: size }, (_, k) => matrix[k * size + k] ?? 0);
    const known = importance.every(Number.isFinite) && importance.some((value) => value > 0);
    const clean = fitRows(values.subarray(group * perGroup * size, (group + 1) * perGroup * size), group * perGroup, size, grid, settings, known ? importance : undefined);
    finite &&= clean;
  }
  return finite ? { grid, codes: Uint8Array.from(roundRows(values, grid, size, hessian)) } : undefined;
}
