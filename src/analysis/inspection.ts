// An analysis as messages and JSON have it: the model's summary and one row per layer.
import { statSync } from 'node:fs';
import { tfjsContents, weightElements } from '../formats/tfjs/contents';
import { inputShape } from '../graph/inputs';
import type { Model, ValueInfo, ValueType } from '../graph/model';
import type { LayerSummary, ModelSummary } from '../protocol/analysis';
import type { LayerAnalysis, ModelAnalysis } from './analyze';
import { functionLabel } from './functions';
import { summarizeValue } from './summarize';

/** The model with its totals; its peak where that is better known than from the analysis, which does not look for it in functions: at the analysis's bindings. Inputs keep their symbols, the nameless ones by the names they are bound by; outputs keep theirs where the file gives a shape. */
export function toSummary(model: Model, analysis: ModelAnalysis, peakActivationBytes = analysis.totals.peakActivationBytes): ModelSummary {
  const { totals } = analysis;
  const contents = tfjsContents(model);
  const fed = model.graph.inputs.filter((input) => !model.graph.initializers.has(input.name));
  return {
    path: model.path ?? '',
    format: model.format,
    producer: [model.producerName, model.producerVersion].filter((part) => part !== '').join(' '),
    irVersion: model.irVersion,
    opsets: Object.fromEntries(model.opsetImports),
    fileBytes: fileBytes(model),
    nodes: totals.nodes,
    parameters: totals.parameters,
    ...(contents === undefined ? {} : { weightElements: weightElements(contents) }),
    weightBytes: totals.weightBytes,
    macs: totals.macs,
    flops: totals.flops,
    peakActivationBytes,
    bindings: Object.fromEntries(analysis.symbols.map((name) => [name, analysis.bindings.get(name) ?? null])),
    inputs: fed.map((input) => summarizeValue(input.name, namedType(input))),
    outputs: model.graph.outputs.map((output) => summarizeValue(output.name, isOpen(output) ? (analysis.types.typeOf(model.graph, output.name) ?? output.type) : output.type)),
    metadata: model.metadata,
    warnings: model.warnings,
  };
}

function namedType(input: ValueInfo): ValueType | undefined {
  const shape = inputShape(input);
  return input.type?.kind === 'tensor' && shape !== undefined ? { ...input.type, shape } : input.type;
}

/** The file leaves the output's shape, or a dimension of it, without a name. */
function isOpen({ type }: ValueInfo): boolean {
  return type === undefined || (type.kind === 'tensor' && (type.shape === undefined || type.shape.includes(undefined)));
}

/** One row per node, in the order of `walkNodes`. */
export function toLayerSummaries(analysis: ModelAnalysis): LayerSummary[] {
  return analysis.layers.map((layer) => toLayerSummary(layer, analysis.types.bodyOf(layer.node) !== undefined));
}

function toLayerSummary({ key, node, hasWeights, parameters, weightBytes, macs, flops, activationBytes, outputs }: LayerAnalysis, isCall: boolean): LayerSummary {
  const { opType: name, domain, overload } = node;
  return { name: key, op: name, domain, ...(isCall ? { function: functionLabel({ domain, name, overload }) } : {}), hasWeights, parameters, weightBytes, macs, flops, activationBytes, outputs };
}

/** The model file and the external data its tensors lie in; 0 for a model that was never in a file. */
function fileBytes(model: Model): number {
  if (model.path === undefined) return 0;
  const files = new Set([model.path, ...(tfjsContents(model)?.weights.files ?? [])]);
  for (const tensor of model.graph.initializers.values()) if (tensor.source.location !== undefined) files.add(tensor.source.location.path);
  let bytes = 0;
  for (const file of files) bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
