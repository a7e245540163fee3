// Proposes a mix of float and int8 by what each layer was measured at in both: a guess to be measured whole, since layers do not add up.
import type { Model } from '../graph/model';
import type { Profile } from '../protocol/measurement';
import { type CandidatePlan, type CandidateStep, searchCalibration } from './candidates';

/** Below this share of the float time the proposal is worth building. */
const worthwhile = 0.97;

export interface Proposal {
  /** Layers whose int8 kernel, with the conversions around it, took longer. */
  readonly slower: readonly string[];
  /** Time of the mix over that of float, were layers additive. */
  readonly predictedRatio: number;
}

/**
 * @param float the model before quantization, and where its time went
 * @param layers keys of those that are int8 in the other
 * @param int8 the same model quantized wherever a kernel exists; its nodes keep their names
 */
export function proposeMix(float: Profile, layers: readonly string[], int8Model: Model, int8: Profile): Proposal {
  const before = new Map(Object.entries(float.milliseconds));
  const after = new Map(Object.entries(int8.milliseconds));
  const origins = new Map<string, string>();
  for (const node of int8Model.graph.nodes) if (node.opType !== 'QuantizeLinear' && node.opType !== 'DequantizeLinear') for (const origin of node.origin) origins.set(origin, node.name);
  const borders = new Map<string, number>();
  for (const node of int8Model.graph.nodes) {
    if (node.opType !== 'QuantizeLinear' && node.opType !== 'DequantizeLinear') continue;
    const owner = origins.get(node.origin[0] ?? '') ?? '';
    borders.set(owner, (borders.get(owner) ?? 0) + (after.get(node.name) ?? 0));
  }
  let total = 0;
  for (const milliseconds of before.values()) total += milliseconds;
  let mixed = total;
  const slower: string[] = [];
  for (const layer of layers) {
    const floatMs = before.get(layer) ?? 0;
    const int8Ms = (after.get(layer) ?? 0) + (borders.get(layer) ?? 0);
    if (int8Ms >= floatMs) slower.push(layer);
    else mixed -= floatMs - int8Ms;
  }
  return { slower, predictedRatio: total === 0 ? 1 : mixed / total };
}

/** The proposal as a plan; undefined where it would gain nothing, or is what was measured already. */
export function mixPlan({ slower, predictedRatio }: Proposal, before: readonly CandidateStep[]): CandidatePlan | undefined {
  if (predictedRatio > worthwhile || slower.length === 0) return undefined;
  return { id: 'int8-measured', title: 'Int8 where each layer measured faster', tag: 'int8', steps: [...before, { technique: 'quantize-static', options: { preset: 'all', calibration: searchCalibration, keepFloat: slower } }] };
}
