// The tensors of a model, and which files their weights lie in.
import type { Attribute, Graph, Model } from '../graph/model';
import type { SparseTensor, Tensor } from '../tensor/tensor';
import { tfjsContents } from './tfjs/contents';

/** Absolute paths of the files that hold the model's tensors, the model file among them where it does. */
export function weightFiles(model: Model): Set<string> {
  const paths = new Set<string>(tfjsContents(model)?.weights.files);
  for (const tensor of modelTensors(model)) if (tensor.source.location !== undefined) paths.add(tensor.source.location.path);
  return paths;
}

export type AnyTensor = Tensor | SparseTensor;

export function isSparse(tensor: AnyTensor): tensor is SparseTensor {
  return 'indices' in tensor;
}

/** Every tensor of a model: initializers and attributes, subgraphs and functions included; sparse tensors by their parts. */
export function* modelTensors(model: Model): Generator<Tensor> {
  for (const tensor of listTensors(model)) {
    if (isSparse(tensor)) yield* [tensor.values, tensor.indices];
    else yield tensor;
  }
}

/** Every tensor of a model in a fixed order: initializers, then what the nodes hold, then the functions. */
export function* listTensors(model: Model): Generator<AnyTensor> {
  yield* graphTensors(model.graph);
  for (const body of model.functions) {
    yield* attributeTensors(body.attributeDefaults.values());
    for (const node of body.nodes) yield* attributeTensors(node.attributes.values());
  }
}

function* graphTensors(graph: Graph): Generator<AnyTensor> {
  yield* graph.initializers.values();
  yield* graph.sparseInitializers.values();
  for (const node of graph.nodes) yield* attributeTensors(node.attributes.values());
}

function* attributeTensors(attributes: Iterable<Attribute>): Generator<AnyTensor> {
  for (const attribute of attributes) {
    if (attribute.type === 'tensor' || attribute.type === 'sparseTensor') yield attribute.value;
    else if (attribute.type === 'tensors' || attribute.type === 'sparseTensors') yield* attribute.value;
    else if (attribute.type === 'graph') yield* graphTensors(attribute.value);
    else if (attribute.type === 'graphs') for (const graph of attribute.value) yield* graphTensors(graph);
  }
}
