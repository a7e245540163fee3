// ModelProto, GraphProto, NodeProto, FunctionProto, AttributeProto and types on their way out. Source of the field numbers: onnx.proto3.
import type { Attribute, FunctionBody, Graph, Model, Node, ValueInfo, ValueType } from '../../graph/model';
import { nodeKeys } from '../../graph/traverse';
import { elementTypeCode } from '../../tensor/elementType';
import { encodeEntries, encodeSparseTensor, encodeTensor, type PlaceTensor } from './encodeTensor';
import { storedMetadata } from './origin';
import { attributeTypeCode } from './readAttribute';
import { WireWriter } from './wireWriter';

/** Encodes a model; tensor data stay holes. `place` says which tensors lie in another file. */
export function encodeModel(model: Model, place: PlaceTensor): WireWriter {
  const wire = new WireWriter();
  new ModelEncoder(wire, place, nodeKeys(model.graph)).model(model);
  return wire;
}

class ModelEncoder {
  constructor(
    private readonly wire: WireWriter,
    private readonly place: PlaceTensor,
    private readonly keys: ReadonlyMap<Node, string>,
  ) {}

  model(model: Model): void {
    const { wire } = this;
    wire.intUnlessZero(1, model.irVersion);
    wire.textUnlessEmpty(2, model.producerName);
    wire.textUnlessEmpty(3, model.producerVersion);
    wire.textUnlessEmpty(4, model.domain);
    wire.intUnlessZero(5, model.modelVersion);
    wire.textUnlessEmpty(6, model.docString);
    this.graph(7, model.graph);
    this.opsets(8, model.opsetImports);
    encodeEntries(wire, 14, model.metadata);
    for (const body of model.functions) this.functionBody(25, body);
    for (const unknown of model.unknownFields) wire.raw(unknown);
  }

  private opsets(field: number, imports: ReadonlyMap<string, number>): void {
    for (const [domain, version] of imports)
      this.wire.message(field, () => {
        this.wire.textUnlessEmpty(1, domain);
        this.wire.int(2, version);
      });
  }

  private graph(field: number, graph: Graph): void {
    const { wire } = this;
    wire.message(field, () => {
      for (const node of graph.nodes) this.node(1, node);
      wire.textUnlessEmpty(2, graph.name);
      for (const tensor of graph.initializers.values()) encodeTensor(wire, 5, tensor, this.place);
      wire.textUnlessEmpty(10, graph.docString);
      for (const value of graph.inputs) this.valueInfo(11, value);
      for (const value of graph.outputs) this.valueInfo(12, value);
      for (const value of graph.valueInfo.values()) this.valueInfo(13, value);
      for (const { tensorName, parameters } of graph.quantizationAnnotations)
        wire.message(14, () => {
          wire.textUnlessEmpty(1, tensorName);
          encodeEntries(wire, 2, parameters);
        });
      for (const sparse of graph.sparseInitializers.values()) encodeSparseTensor(wire, 15, sparse);
      encodeEntries(wire, 16, graph.metadata);
      for (const unknown of graph.unknownFields) wire.raw(unknown);
    });
  }

  private node(field: number, node: Node): void {
    const { wire } = this;
    wire.message(field, () => {
      for (const name of node.inputs) wire.text(1, name);
      for (const name of node.outputs) wire.text(2, name);
      wire.textUnlessEmpty(3, node.name);
      wire.textUnlessEmpty(4, node.opType);
      for (const [name, attribute] of node.attributes) this.attribute(5, name, attribute);
      wire.textUnlessEmpty(6, node.docString);
      wire.textUnlessEmpty(7, node.domain);
      wire.textUnlessEmpty(8, node.overload);
      encodeEntries(wire, 9, storedMetadata(node, this.keys.get(node)));
      for (const unknown of node.unknownFields) wire.raw(unknown);
    });
  }

  private functionBody(field: number, body: FunctionBody): void {
    const { wire } = this;
    wire.message(field, () => {
      wire.textUnlessEmpty(1, body.name);
      for (const name of body.inputs) wire.text(4, name);
      for (const name of body.outputs) wire.text(5, name);
      for (const name of body.attributes) wire.text(6, name);
      for (const node of body.nodes) this.node(7, node);
      wire.textUnlessEmpty(8, body.docString);
      this.opsets(9, body.opsetImports);
      wire.textUnlessEmpty(10, body.domain);
      for (const [name, attribute] of body.attributeDefaults) this.attribute(11, name, attribute);
      for (const value of body.valueInfo) this.valueInfo(12, value);
      wire.textUnlessEmpty(13, body.overload);
      encodeEntries(wire, 14, body.metadata);
      for (const unknown of body.unknownFields) wire.raw(unknown);
    });
  }

  private attribute(field: number, name: string, attribute: Attribute): void {
    const { wire } = this;
    wire.message(field, () => {
      wire.text(1, name);
      if (attribute.reference === undefined) this.attributeValue(attribute);
      else wire.text(21, attribute.reference);
      wire.textUnlessEmpty(13, attribute.docString);
      wire.int(20, attributeTypeCode(attribute.type));
      for (const unknown of attribute.unknownFields ?? []) wire.raw(unknown);
    });
  }

  private attributeValue(attribute: Attribute): void {
    const { wire } = this;
    switch (attribute.type) {
      case 'float':
        wire.float(2, attribute.value);
        return;
      case 'int':
        wire.int(3, attribute.value);
        return;
      case 'string':
        wire.text(4, attribute.value);
        return;
      case 'tensor':
        encodeTensor(wire, 5, attribute.value, this.place);
        return;
      case 'graph':
        this.graph(6, attribute.value);
        return;
      case 'floats':
        wire.floats(7, attribute.value);
        return;
      case 'ints':
        wire.ints(8, attribute.value);
        return;
      case 'strings':
        for (const text of attribute.value) wire.text(9, text);
        return;
      case 'tensors':
        for (const tensor of attribute.value) encodeTensor(wire, 10, tensor, this.place);
        return;
      case 'graphs':
        for (const graph of attribute.value) this.graph(11, graph);
        return;
      case 'type':
        this.type(14, attribute.value);
        return;
      case 'types':
        for (const type of attribute.value) this.type(15, type);
        return;
      case 'sparseTensor':
        encodeSparseTensor(wire, 22, attribute.value);
        return;
      case 'sparseTensors':
        for (const sparse of attribute.value) encodeSparseTensor(wire, 23, sparse);
        return;
    }
    attribute satisfies never;
  }

  private valueInfo(field: number, value: ValueInfo): void {
    const { wire } = this;
    wire.message(field, () => {
      wire.textUnlessEmpty(1, value.name);
      if (value.type !== undefined) this.type(2, value.type);
      else if (value.untyped !== undefined) wire.raw(value.untyped);
      wire.textUnlessEmpty(3, value.docString);
      encodeEntries(wire, 4, value.metadata);
      for (const unknown of value.unknownFields ?? []) wire.raw(unknown);
    });
  }

  private type(field: number, type: ValueType): void {
    const { wire } = this;
    wire.message(field, () => {
      this.typeBody(type);
      wire.textUnlessEmpty(6, type.denotation);
    });
  }

  private typeBody(valueType: ValueType): void {
    const { wire } = this;
    switch (valueType.kind) {
      case 'tensor':
      case 'sparseTensor':
        wire.message(valueType.kind === 'tensor' ? 1 : 8, () => {
          wire.int(1, elementTypeCode(valueType.elementType));
          this.shape(valueType);
        });
        return;
      case 'sequence':
      case 'optional':
        wire.message(valueType.kind === 'sequence' ? 4 : 9, () => this.type(1, valueType.of));
        return;
      case 'map':
        wire.message(5, () => {
          wire.int(1, elementTypeCode(valueType.key));
          this.type(2, valueType.value);
        });
        return;
      case 'opaque':
        wire.message(7, () => {
          wire.textUnlessEmpty(1, valueType.domain);
          wire.textUnlessEmpty(2, valueType.name);
        });
        return;
    }
    valueType satisfies never;
  }

  private shape(type: ValueType & { kind: 'tensor' | 'sparseTensor' }): void {
    const { shape } = type;
    if (shape === undefined) return;
    this.wire.message(2, () => {
      for (const [axis, dimension] of shape.entries())
        this.wire.message(1, () => {
          if (typeof dimension === 'number') this.wire.int(1, dimension);
          else if (dimension !== undefined) this.wire.text(2, dimension.text);
          this.wire.textUnlessEmpty(3, type.dimensionDenotations?.[axis]);
        });
    });
  }
}
