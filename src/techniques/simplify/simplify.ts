// The simplify technique: the same function with fewer nodes, in the forms the runtime's own fusions know. Lossless up to rounding.
import * as z from 'zod';
import { inferTypes } from '../../analysis/infer';
import { throwIfCancelled } from '../../base/cancellation';
import { cloneModel } from '../../graph/construct';
import type { Graph, Model } from '../../graph/model';
import { ModelEditor } from '../../graph/rewrite';
import { runRules } from '../../graph/rewriteRules';
import { subgraphs } from '../../graph/traverse';
import { assertValid } from '../../graph/verify';
import { freeWeightsFromInputs } from '../../graph/weightInputs';
import { inlineFunctions } from '../inline/inline';
import type { Technique, TechniqueContext, TechniqueResult } from '../technique';
import { SimplifyContext } from './context';
import { foldFloats } from './floatFolding';
import { ruleIds, ruleNotes, simplifyRules } from './rules';
import { joinDuplicateInitializers } from './rules/duplicates';
import { dropUnusedInitializers, hasTrainingInfo } from './rules/unused';

export const simplifyOptions = z.strictObject({
  only: z.array(z.enum(ruleIds)).optional().describe('Rules to run; all of them where not given.'),
  without: z.array(z.enum(ruleIds)).default([]).describe('Rules to leave out.'),
  foldedBytes: z
    .int()
    .min(0)
    .default(1 << 20)
    .describe('Folded constants above this many bytes are kept only when they replace at least as many.'),
});
export type SimplifyOptions = z.infer<typeof simplifyOptions>;

/** Inlined branches call for another inference, which may decide further ones: so many levels are followed. */
const mostRounds = 12;

export const simplify: Technique<SimplifyOptions> = {
  id: 'simplify',
  title: 'Simplify',
  options: simplifyOptions,
  applies: (model) => (model.format === 'onnx' ? undefined : 'only ONNX models can be simplified'),
  estimate: () => ({}),
  apply,
};

/** A simplified copy, and how often each rule applied. @throws LatheError `cancelled`; `invalid-model` where the result does not pass the verifier, which no model should bring about */
export async function simplifyModel(model: Model, options: SimplifyOptions, work: TechniqueContext): Promise<{ model: Model; counts: ReadonlyMap<string, number> }> {
  const counts = new Map<string, number>();
  const count = (id: string, by = 1): void => {
    if (by > 0) counts.set(id, (counts.get(id) ?? 0) + by);
  };
  const enabled = (id: string): boolean => (options.only?.includes(id) ?? true) && !options.without.includes(id);
  const { model: result, inlined } = enabled('inline-function') ? inlineFunctions(model) : { model: cloneModel(model), inlined: [] };
  for (const { calls } of inlined) count('inline-function', calls);
  const rules = simplifyRules().filter(({ id }) => enabled(id));
  freeWeightsFromInputs(result);
  for (let round = 0; round < mostRounds; round++) {
    throwIfCancelled(work.signal);
    work.progress({ message: round === 0 ? 'Simplifying' : `Simplifying, round ${round + 1}`, fraction: round / (round + 1) });
    const editor = new ModelEditor(result);
    const context = contextFor(editor, options);
    await runRules(editor, rules, context, work.signal, ({ id }) => count(id));
    const folded = !context.stale && enabled('float-folding') ? await foldFloats(context, work) : 0;
    count('float-folding', folded);
    if (enabled('unused-initializer')) count('unused-initializer', dropUnusedInitializers(editor));
    const last = folded === 0 && !context.stale;
    if (last && enabled('duplicate-initializer') && !hasTrainingInfo(result)) count('duplicate-initializer', joinDuplicateInitializers(editor));
    editor.finish();
    if (last) break;
  }
  assertValid(result);
  return { model: result, counts };
}

async function apply(source: Model, options: SimplifyOptions, work: TechniqueContext): Promise<TechniqueResult> {
  const { model, counts } = await simplifyModel(source, options, work);
  const notes = [...counts].map(([id, times]) => `${times} ${ruleNotes[id] ?? id}`);
  const before = nodeCount(source.graph);
  const after = nodeCount(model.graph);
  if (before !== after) notes.unshift(`${before} nodes → ${after}`);
  return { model, notes, kept: [], unchanged: counts.size === 0, uncalibrated: false };
}

function contextFor(editor: ModelEditor, options: SimplifyOptions): SimplifyContext {
  const { model } = editor;
  const types = inferTypes(model, { proven: true });
  const opset = model.opsetImports.get('') ?? model.opsetImports.get('ai.onnx') ?? 1;
  return new SimplifyContext(editor, opset, options, {
    typeOf: (scope, name) => types.typeOf(scope.graph, name),
    valuesOf: (scope, name) => types.valuesOf(scope.graph, name),
  });
}

/** Nodes of a graph and its subgraphs; Constant is a way to store weights and does not count. */
export function nodeCount(graph: Graph): number {
  let count = 0;
  for (const node of graph.nodes) {
    if (node.opType !== 'Constant') count++;
    for (const inner of subgraphs(node)) count += nodeCount(inner.graph);
  }
  return count;
}
