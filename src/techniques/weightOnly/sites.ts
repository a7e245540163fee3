// Where a graph reads float32 weights, and by which means each can be stored in few bits; with the reason for each that cannot.
import type { Attribute, Model, Node } from '../../graph/model';
import { GraphIndex, intAttribute, nodeKeys } from '../../graph/traverse';
import { normalDomain } from '../../graph/opsets';
import { findOperator } from '../../operators/table';
import { elementCount, type Tensor } from '../../tensor/tensor';
import { constantOf } from '../quantize/constants';

/** `product`: MatMulNBits. `embedding`: GatherBlockQuantized. `stored`: any other weight, behind DequantizeLinear. */
export type SiteKind = 'product' | 'embedding' | 'stored';

/** One use of one weight. */
export interface Site {
  readonly kind: SiteKind;
  readonly node: Node;
  /** Node key: what options and reports call this layer. */
  readonly key: string;
  readonly weight: {
    readonly input: number;
    /** Axis of the output channels; of a table, the axis of its rows. */
    readonly axis: number;
    readonly tensor: Tensor;
  };
}

export interface Kept {
  readonly layer: string;
  readonly reason: string;
}

export interface FoundSites {
  readonly sites: readonly Site[];
  readonly kept: readonly Kept[];
}

/** Weights of the top graph, in graph order. Subgraphs stay float. */
export function findSites(model: Model): FoundSites {
  const keys = nodeKeys(model.graph);
  const opset = (node: Node): number => model.opsetImports.get(normalDomain(node.domain)) ?? 1;
  const sites: Site[] = [];
  const kept: Kept[] = [];
  for (const node of model.graph.nodes) {
    const key = keys.get(node) ?? node.name;
    for (const { input, role, outputAxis = 0 } of findOperator(node.domain, node.opType, opset(node))?.weights ?? []) {
      if (role !== 'weight' && role !== 'table') continue;
      const name = node.inputs[input] ?? '';
      const stored = model.graph.initializers.get(name);
      if (stored === undefined || stored.elementType !== 'float32' || elementCount(stored.dims) === 0) continue;
      const tensor = constantOf(model, name);
      if (tensor === undefined) kept.push({ layer: key, reason: `a caller may set its weight ${name}` });
      else sites.push(siteOf(node, key, input, outputAxis, tensor));
    }
  }
  return { sites, kept };
}

function siteOf(node: Node, key: string, input: number, outputAxis: number, tensor: Tensor): Site {
  const product = productAxis(node, input, tensor);
  if (product !== undefined) return { kind: 'product', node, key, weight: { input, axis: product, tensor } };
  if (isEmbedding(node, input, tensor)) return { kind: 'embedding', node, key, weight: { input, axis: 0, tensor } };
  const rank = tensor.dims.length;
  const axis = outputAxis < 0 ? outputAxis + rank : outputAxis;
  return { kind: 'stored', node, key, weight: { input, axis: axis >= 0 && axis < rank ? axis : 0, tensor } };
}

/** Axis of the output channels of a product that MatMulNBits can take: A · B, or Gemm without factors and with A as it is. */
function productAxis(node: Node, input: number, { dims }: Tensor): number | undefined {
  if (node.domain !== '' || input !== 1 || dims.length !== 2) return undefined;
  if (node.opType === 'MatMul') return 1;
  if (node.opType !== 'Gemm' || intAttribute(node, 'transA', 0) !== 0 || !isOne(node.attributes.get('alpha'))) return undefined;
  if ((node.inputs[2] ?? '') !== '' && !isOne(node.attributes.get('beta'))) return undefined;
  return intAttribute(node, 'transB', 0) === 0 ? 1 : 0;
}

function isOne(attribute: Attribute | undefined): boolean {
  return attribute === undefined || attribute.value === 1;
}

/** A table [V, D] whose rows are looked up: the kernel wants rows of whole bytes and blocks along them. */
function isEmbedding(node: Node, input: number, { dims }: Tensor): boolean {
  if (node.domain !== '' || node.opType !== 'Gather' || input !== 0 || dims.length !== 2) return false;
  const axis = intAttribute(node, 'axis', 0);
  return axis === 0 || axis === -dims.length;
}

/** For every weight some sites leave alone: who else reads it as float, so that storing it twice would save nothing. */
export function floatReaders(model: Model, taken: ReadonlySet<Node>): ReadonlyMap<string, string> {
  const index = new GraphIndex(model.graph);
  const keys = nodeKeys(model.graph);
  const found = new Map<string, string>();
  for (const [name, consumers] of index.consumers) {
    const other = consumers.find((node) => !taken.has(node));
    if (other !== undefined) found.set(name, keys.get(other) ?? other.name);
    else if (index.outputNames.has(name)) found.set(name, 'the output of the model');
  }
  return found;
}
