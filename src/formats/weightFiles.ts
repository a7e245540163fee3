// Which files a model's weights lie in.
import type { Attribute, Graph, Model, Node } from '../graph/model';
import type { Tensor } from '../tensor/tensor';

/** Absolute paths of the files that hold the model's tensors, the model file among them where it does. */
export function weightFiles(model: Model): Set<string> {
  const paths = new Set<string>();
  for (const tensor of modelTensors(model)) if (tensor.source.location !== undefined) paths.add(tensor.source.location.path);
  return paths;
}

/** Every tensor of a model: initializers and attributes, subgraphs and functions included; sparse tensors by their parts. */
export function* modelTensors(model: Model): Generator<Tensor> {
  yield* graphTensors(model.graph);
  for (const body of model.functions) yield* nodeTensors(body.nodes);
}

function* graphTensors(graph: Graph): Generator<Tensor> {
  yield* graph.initializers.values();
  for (const { values, indices } of graph.sparseInitializers.values()) yield* [values, indices];
  yield* nodeTensors(graph.nodes);
}

function* nodeTensors(nodes: readonly Node[]): Generator<Tensor> {
  for (const node of nodes) for (const attribute of node.attributes.values()) yield* attributeTensors(attribute);
}

function* attributeTensors(attribute: Attribute): Generator<Tensor> {
  if (attribute.type === 'tensor') yield attribute.value;
  else if (attribute.type === 'tensors') yield* attribute.value;
  else if (attribute.type === 'graph') yield* graphTensors(attribute.value);
  else if (attribute.type === 'graphs') for (const graph of attribute.value) yield* graphTensors(graph);
  else if (attribute.type === 'sparseTensor') yield* [attribute.value.values, attribute.value.indices];
  else if (attribute.type === 'sparseTensors') for (const { values, indices } of attribute.value) yield* [values, indices];
}
