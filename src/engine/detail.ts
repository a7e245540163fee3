// What the inspector shows of one layer: attributes, shapes, what its weights look like, its place on the roofline.
import { checkpoint } from '../base/cancellation';
import { LatheError } from '../base/errors';
import type { LayerAnalysis, ModelAnalysis } from '../analysis/analyze';
import { type CallSite, functionLabel, FunctionTable } from '../analysis/functions';
import { rooflineOf } from '../analysis/roofline';
import { knownDevice } from '../runtime/device';
import { summarizeValue, typeText } from '../analysis/summarize';
import { modelTotals } from '../analysis/totals';
import type { OperatorRow } from '../operators/row';
import type { WeightUse } from '../analysis/weights';
import type { Attribute, FunctionBody, Node } from '../graph/model';
import { intAttribute } from '../graph/traverse';
import type { ValueSummary } from '../protocol/analysis';
import type { LayerDetail, WeightDetail } from '../protocol/view';
import { weightStatistics } from '../tensor/statistics';
import { elementKind } from '../tensor/elementType';
import { elementCount, type Tensor } from '../tensor/tensor';
import type { EngineDocument } from './documents';
import { shownModel } from './shownModel';

/** Longer lists are cut: the inspector is no place to read a thousand numbers. */
const shownElements = 32;
const shownText = 2000;

/** @throws LatheError `not-found` when the model has no such layer; `io` when its weights cannot be read. */
export async function layerDetail(document: EngineDocument, analysis: ModelAnalysis, key: string, signal: AbortSignal): Promise<LayerDetail> {
  const { sites } = shownModel(document.model);
  const site = [...new Set(sites.values())].find((one) => one.key === key);
  if (site !== undefined) return callDetail(analysis, site, sites);
  const layer = analysis.layers.find((one) => one.key === key);
  if (layer === undefined) throw new LatheError('not-found', 'The model has no such layer.', { file: document.path, item: key });
  const { node, graph } = layer;
  const body = new FunctionTable(document.model.functions).calledBy(node);
  const weights: WeightDetail[] = [];
  for (const use of layer.weights) {
    weights.push(weightDetail(use, channelAxis(use, node, analysis.types.rowOf(graph, node))));
    await checkpoint(signal); // the next weight may be large: a cancel may arrive in between
  }
  return {
    key,
    op: node.opType,
    domain: node.domain,
    ...(body === undefined ? { docString: node.docString.slice(0, shownText) } : functionPart(body, node)),
    attributes: [...node.attributes].map(([name, attribute]) => ({ name, value: attributeText(attribute) })),
    inputs: node.inputs.filter((name) => name !== '').map((name) => summarizeValue(name, analysis.types.typeOf(graph, name))),
    outputs: layer.outputs,
    weights,
    parameters: layer.parameters,
    weightBytes: layer.weightBytes,
    macs: layer.macs,
    flops: layer.flops,
    intensity: intensityOf(layer.macs, layer.bytesMoved),
    roofline: rooflineHere(layer),
  };
}

function intensityOf(macs: number | null, bytesMoved: number | null): number | null {
  return macs === null || bytesMoved === null || bytesMoved === 0 ? null : macs / bytesMoved;
}

/** Which function of the model a node calls, and how. */
function functionPart(body: FunctionBody, call: Node): Pick<LayerDetail, 'function' | 'docString'> {
  const attributes = [...body.attributes, ...[...body.attributeDefaults].map(([name, value]) => `${name} = ${attributeText(value)}`)];
  const signature = `${body.name}${attributes.length === 0 ? '' : ` <${attributes.join(', ')}>`} (${body.inputs.join(', ')}) → (${body.outputs.join(', ')})`;
  return { function: { label: functionLabel(body), signature: signature.slice(0, shownText) }, docString: [body.docString, call.docString].filter((text) => text !== '').join('\n').slice(0, shownText) };
}

/** A call that is shown opened: what it calls and with what, and what the layers cost that stand for it. */
function callDetail({ layers, types }: ModelAnalysis, site: CallSite, sites: ReadonlyMap<Node, CallSite>): LayerDetail {
  const { key, call, body, graph } = site;
  const inside = new Set<string>();
  const own = layers.filter((layer) => {
    let at = sites.get(layer.node);
    while (at !== undefined && at !== site) at = at.outer;
    const within = at === site || layer.enclosing.some((holder) => inside.has(holder));
    if (within) inside.add(layer.key);
    return within;
  });
  const { parameters, weightBytes, macs, flops, bytesMoved } = modelTotals(own, types);
  const attributes = new Map([...body.attributeDefaults, ...call.attributes]);
  const summaries = (names: readonly string[]): ValueSummary[] => names.filter((name) => name !== '').map((name) => summarizeValue(name, types.typeOf(graph, name)));
  return {
    key,
    op: call.opType,
    domain: call.domain,
    ...functionPart(body, call),
    attributes: [...attributes].map(([name, attribute]) => ({ name, value: attributeText(attribute) })),
    inputs: summaries(call.inputs),
    outputs: summaries(call.outputs),
    weights: [],
    parameters,
    weightBytes,
    macs,
    flops,
    intensity: intensityOf(macs, bytesMoved),
    roofline: null,
  };
}

/** On this machine, once its rates were measured; nothing before that. */
function rooflineHere(layer: LayerAnalysis): LayerDetail['roofline'] {
  const device = knownDevice();
  const estimate = device === undefined ? null : rooflineOf(layer, { ...device, measuredHere: true });
  return device === undefined || estimate === null ? null : { device: device.name, ...estimate };
}

function weightDetail(use: WeightUse, axis: number | undefined): WeightDetail {
  const { name, elementType, dims, bytes, tensor } = use;
  const shown = { name, elementType, dims, bytes };
  if (tensor === undefined || !hasStatistics(tensor)) return shown;
  return { ...shown, statistics: weightStatistics(tensor, axis === undefined ? {} : { channelAxis: axis }) };
}

/** The stored axis of the output channels, where the weight has such; rows count some from the end, and `transB` swaps a Gemm's two. */
function channelAxis({ input, dims }: WeightUse, node: Node, row: OperatorRow | undefined): number | undefined {
  const axis = row?.weights?.find((weight) => weight.input === input && weight.role === 'weight')?.outputAxis;
  if (axis === undefined || dims.length < 2) return undefined;
  const fromStart = axis < 0 ? axis + dims.length : axis;
  const stored = input === 1 && intAttribute(node, 'transB', 0) !== 0 ? dims.length - 1 - fromStart : fromStart;
  return stored >= 0 && stored < dims.length ? stored : undefined;
}

/** A weight with its statistics, where its numbers can be read and are at most so many bytes. */
export function weightDetailOf(tensor: Tensor, mostBytes: number): WeightDetail {
  const { name, elementType, dims, source } = tensor;
  const shown = { name, elementType, dims, bytes: source.byteLength };
  if (!hasStatistics(tensor) || source.byteLength > mostBytes) return shown;
  try {
    return { ...shown, statistics: weightStatistics(tensor) };
  } catch {
    return shown; // weights in a file that is missing: what is known of the tensor is still worth showing
  }
}

function hasStatistics(tensor: Tensor): boolean {
  const kind = elementKind(tensor.elementType);
  return kind !== 'string' && kind !== 'complex' && elementCount(tensor.dims) > 0;
}

/** An attribute as the text view has it, shortened. */
function attributeText(attribute: Attribute): string {
  if (attribute.reference !== undefined && attribute.reference !== '') return `@${attribute.reference}`;
  switch (attribute.type) {
    case 'int':
    case 'float':
      return String(attribute.value);
    case 'string':
      return JSON.stringify(attribute.value.slice(0, shownText));
    case 'ints':
    case 'floats':
      return list(attribute.value.map(String));
    case 'strings':
      return list(attribute.value.map((text) => JSON.stringify(text.slice(0, shownText))));
    case 'tensor':
      return tensorText(attribute.value);
    case 'tensors':
      return list(attribute.value.map(tensorText));
    case 'graph':
      return `graph of ${attribute.value.nodes.length} nodes`;
    case 'graphs':
      return list(attribute.value.map((graph) => `graph of ${graph.nodes.length} nodes`));
    case 'sparseTensor':
    case 'sparseTensors':
      return 'sparse tensor';
    case 'type':
      return typeText(attribute.value);
    case 'types':
      return list(attribute.value.map(typeText));
    default:
      return attribute satisfies never;
  }
}

function list(items: readonly string[]): string {
  const more = items.length - shownElements;
  return `[${items.slice(0, shownElements).join(', ')}${more > 0 ? `, … ${more} more` : ''}]`;
}

function tensorText(tensor: Tensor): string {
  return `${tensor.elementType}[${tensor.dims.join(', ')}]`;
}
