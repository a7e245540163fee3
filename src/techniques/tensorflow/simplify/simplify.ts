// Simplification of TensorFlow.js models: layers models become graph models, batch normalisation goes into the weights, and layers, biases and activations become TensorFlow.js's fused operators.
import * as z from 'zod';
import { throwIfCancelled } from '../../../base/cancellation';
import { type LayersAsGraph, layersToGraph } from '../../../formats/tfjs/toGraph/toGraph';
import { cloneModel } from '../../../graph/construct';
import type { Model } from '../../../graph/model';
import { ModelEditor } from '../../../graph/rewrite';
import { runRules } from '../../../graph/rewriteRules';
import { assertValid } from '../../../graph/verify';
import { joinDuplicateInitializers } from '../../simplify/rules/duplicates';
import { dropUnusedInitializers } from '../../simplify/rules/unused';
import type { Technique, TechniqueContext, TechniqueResult } from '../../technique';
import { foldConstants } from './constants';
import { TensorflowContext } from './context';
import { ruleIds, ruleNotes, tensorflowRules } from './rules';
import { dropDeadNodes } from './rules/tidy';

export const tensorflowSimplifyOptions = z.strictObject({
  only: z.array(z.enum(ruleIds)).optional().describe('Rules to run; all of them where not given.'),
  without: z.array(z.enum(ruleIds)).default([]).describe('Rules to leave out.'),
  quantizedWeights: z.enum(['expand', 'keep']).default('expand').describe('Weights stored in few bits into which something could be folded: written as float32, or left as they are.'),
});
export type TensorflowSimplifyOptions = z.infer<typeof tensorflowSimplifyOptions>;

/** Folded constants may call for further rules: so many rounds are made. */
const mostRounds = 8;

export const tensorflowSimplify: Technique<TensorflowSimplifyOptions> = {
  id: 'tensorflow-simplify',
  title: 'Simplify (TensorFlow.js)',
  options: tensorflowSimplifyOptions,
  applies,
  estimate: () => ({}),
  apply,
};

function applies(model: Model): string | undefined {
  if (model.format === 'onnx') return 'only TensorFlow.js models have these operators';
  if (model.format === 'tfjs-graph') return undefined;
  const { notExpressed } = layersToGraph(model);
  if (notExpressed.length === 0) return undefined;
  const named = notExpressed.slice(0, namedLayers).map(({ node, className, reason }) => `${className} ${node} (${reason})`);
  return `these layers have no operators of graph models: ${named.join(', ')}${notExpressed.length > namedLayers ? ` and ${notExpressed.length - namedLayers} more` : ''}`;
}

/** Layers that a reason names before it only counts them. */
const namedLayers = 5;

/** A simplified copy and what each rule did. Functions of the model's library are left as they are, and so is what lies in loops and choices. */
export async function simplifyTensorflow(source: Model, options: TensorflowSimplifyOptions, work: TechniqueContext): Promise<{ model: Model; counts: ReadonlyMap<string, number>; expanded: number }> {
  const counts = new Map<string, number>();
  const count = (id: string, by = 1): void => {
    if (by > 0) counts.set(id, (counts.get(id) ?? 0) + by);
  };
  const enabled = (id: string): boolean => (options.only?.includes(id) ?? true) && !options.without.includes(id);
  const model = cloneModel(source);
  const rules = tensorflowRules().filter(({ id }) => enabled(id));
  let expanded = 0;
  for (let round = 0; round < mostRounds; round++) {
    throwIfCancelled(work.signal);
    work.progress({ message: round === 0 ? 'Simplifying' : `Simplifying, round ${round + 1}`, fraction: round / (round + 1) });
    const editor = new ModelEditor(model);
    if (enabled('dead-node')) count('dead-node', dropDeadNodes(editor.root));
    const context = new TensorflowContext(editor, options.quantizedWeights === 'keep');
    const folded = enabled('constant-folding') ? await foldConstants(editor.root, context, work) : 0;
    count('constant-folding', folded);
    await runRules(editor, rules, context, work.signal, ({ id }) => count(id));
    if (enabled('unused-initializer')) count('unused-initializer', dropUnusedInitializers(editor));
    expanded += context.expanded;
    if (folded === 0 && enabled('duplicate-initializer')) count('duplicate-initializer', joinDuplicateInitializers(editor));
    editor.finish();
    if (folded === 0) break;
  }
  assertValid(model);
  return { model, counts, expanded };
}

async function apply(source: Model, options: TensorflowSimplifyOptions, work: TechniqueContext): Promise<TechniqueResult> {
  const fromLayers = source.format === 'tfjs-layers';
  const { model: graph, notExpressed }: LayersAsGraph = fromLayers ? layersToGraph(source) : { model: source, notExpressed: [] };
  if (graph === undefined) return { model: source, notes: [], kept: notExpressed.map(({ node, reason }) => ({ layer: node, reason })), unchanged: true, uncalibrated: false };
  const { model, counts, expanded } = await simplifyTensorflow(graph, options, work);
  const notes = [...counts].map(([id, times]) => `${times} ${ruleNotes[id] ?? id}`);
  if (expanded > 0) notes.push(`${expanded} weights that were stored in few bits are float32 now: the files may be larger`);
  if (fromLayers) notes.unshift(`layers model written as a graph model`);
  const before = graph.graph.nodes.length;
  const after = model.graph.nodes.length;
  if (before !== after) notes.unshift(`${before} nodes → ${after}`);
  return { model, notes, kept: [], unchanged: !fromLayers && counts.size === 0, uncalibrated: false };
}
