// Sensitivity of a model's layers to int8: predicted from each layer's own error, then measured at the outputs, the worst first.
import type { Model } from '../../graph/model';
import { takenNames } from '../../graph/takenNames';
import { GraphIndex } from '../../graph/traverse';
import type { LayerSensitivity, SensitivityReport } from '../../protocol/report';
import { rankCorrelation } from '../../runtime/metrics/statistics';
import type { Observation } from '../../techniques/quantize/calibrate/observe';
import { planStatic, type StaticOptions } from '../../techniques/quantize/static';
import { usefulRange } from '../../techniques/quantize/calibrate/usefulRange';
import type { TechniqueContext } from '../../techniques/technique';
import { measureDamage } from './damage';
import { localErrors } from './localErrors';
import { type LoneLayer, loneLayer } from './loneLayer';

export interface SensitivityRequest {
  /** The float model; `applies` of static int8 holds for it. */
  readonly model: Model;
  /** Calibration and preset; the layers that are asked about are those it would take to int8. */
  readonly options: StaticOptions;
  readonly samples: number;
  /** No run starts after this long; layers not measured by then are ranked by their prediction. */
  readonly budgetMs: number;
  readonly context: TechniqueContext;
}

/** Decibels that stand for "no difference": float32 itself carries about 150. */
const noDifference = 150;

/**
 * @returns the layers, the most sensitive first
 * @throws LatheError what calibration or the runner throws; `cancelled`
 */
export async function measureSensitivity({ model, options, samples, budgetMs, context }: SensitivityRequest): Promise<SensitivityReport> {
  const start = Date.now();
  const layers = await loneLayers(model, options, context);
  context.progress({ message: `Int8 errors of ${layers.lone.length} layers` });
  const local = await localErrors(layers.model, layers.lone, samples, context);
  const order = local.map((_, i) => i).sort((i, j) => (local[j] ?? 0) - (local[i] ?? 0));
  context.progress({ message: `Output damage of ${layers.lone.length} layers` });
  const damages = await measureDamage({ model: layers.model, layers: layers.lone, order, samples, budgetMs, context });
  const measured = order.filter((layer) => damages[layer]?.noise !== undefined);
  const correlation = rankCorrelation(measured.map((layer) => local[layer] ?? 0), measured.map((layer) => damages[layer]?.noise ?? 0));
  const found = layers.lone.map(({ candidate }, i): LayerSensitivity => {
    const noise = damages[i]?.noise;
    return { layer: candidate.key, origins: candidate.node.origin, op: candidate.node.opType, predictedDb: decibels(local[i] ?? 0), ...(noise === undefined ? {} : { outputDb: decibels(noise) }) };
  });
  return {
    layers: sorted(found),
    samples: Math.max(0, ...damages.map((damage) => damage.samples)),
    measured: measured.length,
    ...(Number.isFinite(correlation) ? { rankCorrelation: correlation } : {}),
    seconds: (Date.now() - start) / 1000,
  };
}

async function loneLayers(model: Model, options: StaticOptions, context: TechniqueContext): Promise<{ model: Model; lone: LoneLayer[] }> {
  const { model: float, observations, choice, settings } = await planStatic(model, options, context);
  const ranges = withUsefulRanges(float, observations);
  const names = takenNames(float.graph);
  const weighted = choice.chosen.filter(({ weight }) => weight !== undefined);
  const lone = weighted.flatMap((candidate, i) => loneLayer(float, candidate, ranges, settings, names.fresh(`lathe_layer_${i}`)) ?? []);
  return { model: float, lone };
}

/** A layer by itself does not see who reads its values: what its readers make of a range is worked out before. */
function withUsefulRanges({ graph }: Model, observations: ReadonlyMap<string, Observation>): Map<string, Observation> {
  const index = new GraphIndex(graph);
  return new Map([...observations].map(([value, range]) => [value, { ...range, ...usefulRange(value, range, index) }]));
}

function decibels(noise: number): number {
  const found = -10 * Math.log10(noise);
  return Number.isNaN(found) ? -noDifference : Math.max(-noDifference, Math.min(noDifference, found));
}

/** Most harmful first. Those not measured follow by their prediction: their turn came last because it is better. */
function sorted(layers: readonly LayerSensitivity[]): LayerSensitivity[] {
  return [...layers].sort((a, b) => Number(a.outputDb === undefined) - Number(b.outputDb === undefined) || (a.outputDb ?? a.predictedDb) - (b.outputDb ?? b.predictedDb));
}
