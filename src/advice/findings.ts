// Every finding of a model: the table of rules, run in turn, sorted by what each costs, fixes numbered.
import type { ModelAnalysis } from '../analysis/analyze';
import type { Model } from '../graph/model';
import type { Finding } from '../protocol/findings';
import type { Profile } from '../protocol/measurement';
import { AdviceContext, type AdviceSettings, type Draft, type FindingRule, defaultAdviceSettings } from './context';
import { deadNodes, deadWeights, duplicateWeights } from './rules/dead';
import { unfoldedBatchNorm, unfusedActivation, unfusedQuantization } from './rules/fusion';
import { float64Values, notFiniteWeights } from './rules/numbers';
import { oversizedLayers } from './rules/oversized';
import { foldableConstants, notLowered, redundantMoves, shapeContradictions, unknownOperators } from './rules/structure';
import { oldOpset, quantizableModel, weightsInConstants } from './rules/whole';

const rules: readonly FindingRule[] = [
  shapeContradictions,
  unknownOperators,
  notLowered,
  notFiniteWeights,
  unfusedQuantization,
  oversizedLayers,
  quantizableModel,
  unfoldedBatchNorm,
  unfusedActivation,
  duplicateWeights,
  deadWeights,
  deadNodes,
  float64Values,
  foldableConstants,
  redundantMoves,
  weightsInConstants,
  oldOpset,
];

export interface AdviceOptions {
  /** Read the weights too (duplicates, NaN). */
  readonly deep: boolean;
  readonly profile?: Profile;
  readonly settings?: AdviceSettings;
  readonly signal?: AbortSignal;
}

const severities = ['error', 'warning', 'information'] as const satisfies readonly Finding['severity'][];

/**
 * All findings, what is wrong first, then by cost (milliseconds, then bytes, then MACs).
 * @throws LatheError `cancelled` when the signal fires; whatever reading weights throws when `deep`.
 */
export async function findFindings(model: Model, analysis: ModelAnalysis, options: AdviceOptions): Promise<Finding[]> {
  const context = new AdviceContext(model, analysis, options.settings ?? defaultAdviceSettings, options.profile, options.signal ?? new AbortController().signal);
  const drafts: Draft[] = [];
  for (const rule of rules) {
    if (rule.deep === true && !options.deep) continue;
    for await (const draft of rule.find(context)) drafts.push(draft);
  }
  drafts.sort(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      (b.cost.milliseconds ?? 0) - (a.cost.milliseconds ?? 0) ||
      (b.cost.bytes ?? 0) - (a.cost.bytes ?? 0) ||
      (b.cost.macs ?? 0) - (a.cost.macs ?? 0),
  );
  // Fixes rewrite ONNX graphs; what is found in another format is said all the same.
  return drafts.map((draft) => numberFixes(model.format === 'onnx' ? draft : { ...draft, fixes: [] }));
}

/** A fix's id says what it does to what, so that it names the same fix each time the findings are made. */
function numberFixes(draft: Draft): Finding {
  const place = draft.layer ?? draft.value ?? 'model';
  return { ...draft, fixes: (draft.fixes ?? []).map((fix) => ({ ...fix, id: `${draft.code}|${place}|${fix.technique}` })) };
}
