// Symbols that cannot be 0 where the model runs at all, because a node that always runs would have refused it.
import { lowerBound, sameDimension, substituteDimension, symbolsOf } from '../graph/dimension';
import type { Dimension } from '../graph/dimension';
import type { Graph, Node, Shape } from '../graph/model';
import { intAttribute, nodeReads } from '../graph/traverse';
import type { TypeInference } from './infer';

/** Symbols that the nodes of the main graph demand to be 1 or more, beyond those known to be. */
export function demandedSymbols(graph: Graph, types: TypeInference): ReadonlySet<string> {
  const found = new Set<string>();
  for (const node of livingNodes(graph)) {
    if (node.domain !== '' || node.opType !== 'Reshape') continue;
    for (const dimension of reshapeDemands(node, graph, types)) for (const name of symbolsOf(dimension)) if (vanishesWith(dimension, name)) found.add(name);
  }
  return found;
}

/** Nodes an output depends on: the others may never run. */
function livingNodes(graph: Graph): readonly Node[] {
  const wanted = new Set(graph.outputs.map(({ name }) => name));
  const living: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    living.push(node);
    for (const name of nodeReads(node)) wanted.add(name);
  }
  return living;
}

/**
 * Dimensions that are not 0 after a Reshape: beside a −1, whose size could not be told (ONNX Reshape: "inferred from the
 * size of the tensor and the remaining dimensions"), and where there is no dimension of the input that a 0 would copy
 * (what may be negative may be that −1).
 */
function reshapeDemands(node: Node, graph: Graph, types: TypeInference): readonly Dimension[] {
  const target = types.valuesOf(graph, node.inputs[1] ?? '');
  const data = types.typeOf(graph, node.inputs[0] ?? '');
  const input: Shape | undefined = data?.kind === 'tensor' ? data.shape : undefined;
  if (target === undefined || input === undefined || intAttribute(node, 'allowzero', 0) !== 0) return [];
  const infers = target.includes(-1);
  return target.map((entry, axis) => {
    if (axis >= input.length) return lowerBound(entry) >= 0 ? entry : undefined;
    if (!infers) return undefined;
    return entry === 0 || sameDimension(entry, input[axis]) ? input[axis] : undefined;
  });
}

/** True when the dimension is 0 (or less) wherever this symbol is, so that demanding it to be 1 or more demands that of the symbol. */
function vanishesWith(dimension: Dimension, name: string): boolean {
  const without = substituteDimension(dimension, new Map([[name, 0]]));
  return typeof without === 'number' && without <= 0;
}
