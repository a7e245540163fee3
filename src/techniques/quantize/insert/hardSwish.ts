// Behind an int8 layer, x · HardSigmoid(x) becomes one HardSwish: it reads the dequantized value once, where two readers make two conversions.
import { makeNode } from '../../../graph/construct';
import type { Model, Node } from '../../../graph/model';
import { floatAttribute, GraphIndex } from '../../../graph/traverse';

/** HardSwish came with opset 14; what else changed from 13 to 14 reads on as it was, but for BatchNormalization in training. */
const hardSwishOpset = 14;
const slope = Math.fround(1 / 6);
const offset = 0.5;

/** Rewrites the pairs whose input comes from DequantizeLinear, and raises the opset to 14 where there are any; the model is changed. */
export function joinHardSwish(model: Model): void {
  const { graph } = model;
  const opset = model.opsetImports.get('') ?? 1;
  if (opset < hardSwishOpset && graph.nodes.some((node) => node.opType === 'BatchNormalization' && node.outputs.length > 1)) return;
  const index = new GraphIndex(graph);
  const replacements = new Map<Node, Node | undefined>();
  for (const product of graph.nodes) {
    const sigmoid = product.opType === 'Mul' && product.domain === '' ? hardSigmoidOf(index, product) : undefined;
    const [value = ''] = sigmoid?.inputs ?? [];
    if (sigmoid === undefined || index.producer(value)?.opType !== 'DequantizeLinear') continue;
    replacements.set(sigmoid, undefined);
    replacements.set(product, makeNode({ opType: 'HardSwish', name: product.name, inputs: [value], outputs: product.outputs, metadata: product.metadata, docString: product.docString, origin: [...new Set([...sigmoid.origin, ...product.origin])] }));
  }
  if (replacements.size === 0) return;
  graph.nodes = graph.nodes.flatMap((node) => (replacements.has(node) ? (replacements.get(node) ?? []) : [node]));
  model.opsetImports.set('', Math.max(opset, hardSwishOpset));
}

/** The HardSigmoid of a product x · HardSigmoid(x) with HardSwish's constants, read by nothing else. */
function hardSigmoidOf(index: GraphIndex, product: Node): Node | undefined {
  for (const [gate, value] of [product.inputs, [...product.inputs].reverse()]) {
    const node = index.producer(gate ?? '');
    if (node?.opType !== 'HardSigmoid' || node.domain !== '' || node.inputs[0] !== value) continue;
    const alone = index.consumersOf(gate ?? '').length === 1 && !index.outputNames.has(gate ?? '');
    if (alone && Math.abs(floatAttribute(node, 'alpha', 0.2) - slope) < 1e-6 && floatAttribute(node, 'beta', 0.5) === offset) return node;
  }
  return undefined;
}
