// What a model means, as plain data: equal for models that differ only in how they are stored.
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import type { Attribute, Graph, Model } from '../../src/graph/model';
import type { Tensor } from '../../src/tensor/tensor';
import { canonicalModel, type Plain } from './onnxProto';

/** What a model means: how a tensor's values are stored does not matter, nor in which form a NaN is. */
export function meaning(model: Model): Plain {
  return canonicalModel(encodeOnnxModel(storedAlike(model)));
}

/** A model whose tensors are all stored as raw data, for a comparison of what they hold. */
export function storedAlike(model: Model): Model {
  return { ...model, graph: alike(model.graph), functions: model.functions.map((body) => ({ ...body, nodes: alike({ ...model.graph, nodes: body.nodes }).nodes, attributeDefaults: attributesAlike(body.attributeDefaults) })) };
}

function alike(graph: Graph): Graph {
  return {
    ...graph,
    initializers: new Map([...graph.initializers].map(([name, tensor]) => [name, tensorAlike(tensor)])),
    nodes: graph.nodes.map((node) => ({ ...node, attributes: attributesAlike(node.attributes) })),
  };
}

function attributesAlike(attributes: ReadonlyMap<string, Attribute>): Map<string, Attribute> {
  return new Map(
    [...attributes].map(([name, attribute]): [string, Attribute] => {
      if (attribute.type === 'tensor') return [name, { ...attribute, value: tensorAlike(attribute.value) }];
      if (attribute.type === 'tensors') return [name, { ...attribute, value: attribute.value.map(tensorAlike) }];
      if (attribute.type === 'graph') return [name, { ...attribute, value: alike(attribute.value) }];
      if (attribute.type === 'graphs') return [name, { ...attribute, value: attribute.value.map(alike) }];
      return [name, attribute];
    }),
  );
}

function tensorAlike(tensor: Tensor): Tensor {
  return { ...tensor, storage: 'raw' };
}
