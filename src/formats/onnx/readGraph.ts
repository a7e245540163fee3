// GraphProto, NodeProto and FunctionProto.
import { LatheError } from '../../base/errors';
import { makeGraph } from '../../graph/construct';
import type { Attribute, FunctionBody, Graph, Node, QuantizationAnnotation, ValueInfo } from '../../graph/model';
import { normalDomain } from '../../graph/opsets';
import type { Tensor } from '../../tensor/tensor';
import { readAttribute } from './readAttribute';
import { noFields, noMetadata, type ReadContext } from './readContext';
import { readSparseTensor, readTensor } from './readTensor';
import { readValueInfo } from './readType';
import { showName } from './utf8';

/** Stands in a node until its lists are known. */
const noNames: string[] = [];

/** Rough bytes a Node takes in memory with its maps and lists; an empty node costs a file two bytes. */
const nodeBytes = 600;

export function readGraph(context: ReadContext, where: string): Graph {
  const { wire } = context;
  const unknownFields: Uint8Array[] = [];
  const metadata: (readonly [string, string])[] = [];
  const graph = makeGraph('');
  wire.enter(where);
  wire.charge(1000);
  while (wire.next()) {
    switch (wire.field) {
      case 1:
        graph.nodes.push(readNode(context));
        break;
      case 2:
        graph.name = context.name();
        break;
      case 5:
        addInitializer(context, graph, readTensor(context, 'initializer'));
        break;
      case 10:
        graph.docString = wire.text();
        break;
      case 11:
        graph.inputs.push(readValueInfo(context));
        break;
      case 12:
        graph.outputs.push(readValueInfo(context));
        break;
      case 13:
        addValueInfo(context, graph, readValueInfo(context));
        break;
      case 14:
        graph.quantizationAnnotations.push(readAnnotation(context));
        break;
      case 15: {
        const sparse = readSparseTensor(context);
        const { name } = sparse.values;
        if (graph.sparseInitializers.has(name) || graph.initializers.has(name)) throw duplicate(context, 'initializers', name);
        graph.sparseInitializers.set(name, sparse);
        break;
      }
      case 16:
        context.entry(metadata);
        break;
      default:
        context.keep(unknownFields);
    }
  }
  wire.leave();
  graph.metadata = metadata;
  graph.unknownFields = unknownFields;
  return graph;
}

function addInitializer(context: ReadContext, graph: Graph, tensor: Tensor): void {
  if (graph.initializers.has(tensor.name) || graph.sparseInitializers.has(tensor.name)) throw duplicate(context, 'initializers', tensor.name);
  graph.initializers.set(tensor.name, tensor);
}

function addValueInfo(context: ReadContext, graph: Graph, value: ValueInfo): void {
  const known = graph.valueInfo.get(value.name);
  if (known !== undefined) {
    if (JSON.stringify(known.type) !== JSON.stringify(value.type)) throw duplicate(context, 'declared types', value.name);
    context.warn('duplicate-value-info', 'The type of a value is declared twice, alike; it is kept once.', value.name);
  }
  graph.valueInfo.set(value.name, value);
}

function duplicate(context: ReadContext, what: string, name: string): LatheError {
  return new LatheError('invalid-model', `Two ${what} have the same name, "${showName(name)}".`, {
    ...context.wire.where('onnxruntime takes such a model and silently uses one of the two. Export the model again.'),
    item: showName(name),
  });
}

function readAnnotation(context: ReadContext): QuantizationAnnotation {
  const { wire } = context;
  let tensorName = '';
  const parameters: (readonly [string, string])[] = [];
  wire.enter('quantization annotation');
  while (wire.next()) {
    if (wire.field === 1) tensorName = context.name();
    else if (wire.field === 2) context.entry(parameters);
    else throw wire.malformed(`Field ${wire.field} in a quantization annotation`);
  }
  wire.leave();
  return { tensorName, parameters };
}

export function readNode(context: ReadContext): Node {
  const { wire } = context;
  let metadata: (readonly [string, string])[] | undefined;
  let unknownFields: Uint8Array[] | undefined;
  const inputsFrom = context.inputs.height;
  const outputsFrom = context.outputs.height;
  const node: Node = {
    name: '',
    opType: '',
    domain: '',
    overload: '',
    inputs: noNames,
    outputs: noNames,
    attributes: new Map<string, Attribute>(),
    docString: '',
    metadata: noMetadata,
    origin: [],
    unknownFields: noFields,
  };
  wire.enter('node');
  wire.charge(nodeBytes);
  while (wire.next()) {
    switch (wire.field) {
      case 1:
        context.inputs.push(context.name());
        break;
      case 2:
        context.outputs.push(context.name());
        break;
      case 3:
        node.name = context.name();
        break;
      case 4:
        node.opType = context.name();
        break;
      case 5: {
        const { name, attribute } = readAttribute(context);
        if (node.attributes.has(name)) throw duplicate(context, `attributes of ${showName(node.name || node.opType || 'a node')}`, name);
        node.attributes.set(name, attribute);
        break;
      }
      case 6:
        node.docString = wire.text();
        break;
      case 7:
        node.domain = normalDomain(context.name());
        break;
      case 8:
        node.overload = context.name();
        break;
      case 9:
        context.entry((metadata ??= []));
        break;
      case 10: // device_configurations: kept, not interpreted
        context.keep((unknownFields ??= []), true);
        break;
      default:
        context.keep((unknownFields ??= []));
    }
  }
  wire.leave();
  node.inputs = context.inputs.take(inputsFrom);
  node.outputs = context.outputs.take(outputsFrom);
  if (metadata !== undefined) node.metadata = metadata;
  if (unknownFields !== undefined) node.unknownFields = unknownFields;
  return node;
}

/** Reads one OperatorSetIdProto into the imports. */
export function readOpsetImport(context: ReadContext, into: Map<string, number>): void {
  const { wire } = context;
  let domain = '';
  let version = 0;
  wire.enter('opset import');
  while (wire.next()) {
    if (wire.field === 1) domain = normalDomain(context.name());
    else if (wire.field === 2) {
      const value = wire.int64();
      if (typeof value === 'bigint' || value < 0) throw wire.malformed(`The opset version ${value}`);
      version = value;
    } else throw wire.malformed(`Field ${wire.field} in an opset import`);
  }
  const known = into.get(domain);
  if (known !== undefined && known !== version)
    throw new LatheError('invalid-model', `The model imports two versions, ${known} and ${version}, of the operator set "${domain === '' ? 'ai.onnx' : showName(domain)}".`, wire.where());
  wire.leave();
  into.set(domain, version);
}

export function readFunction(context: ReadContext): FunctionBody {
  const { wire } = context;
  let name = '';
  let domain = '';
  let overload = '';
  let docString = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: string[] = [];
  const attributeDefaults = new Map<string, Attribute>();
  const nodes: Node[] = [];
  const opsetImports = new Map<string, number>();
  const valueInfo: ValueInfo[] = [];
  const metadata: (readonly [string, string])[] = [];
  const unknownFields: Uint8Array[] = [];
  wire.enter('function');
  wire.charge(1000);
  while (wire.next()) {
    switch (wire.field) {
      case 1:
        name = context.name();
        break;
      case 4:
        inputs.push(context.name());
        break;
      case 5:
        outputs.push(context.name());
        break;
      case 6:
        attributes.push(context.name());
        break;
      case 7:
        nodes.push(readNode(context));
        break;
      case 8:
        docString = wire.text();
        break;
      case 9:
        readOpsetImport(context, opsetImports);
        break;
      case 10:
        domain = normalDomain(context.name());
        break;
      case 11: {
        const { name: of, attribute } = readAttribute(context);
        if (attributeDefaults.has(of)) throw duplicate(context, `attribute defaults of function ${showName(name)}`, of);
        attributeDefaults.set(of, attribute);
        break;
      }
      case 12:
        valueInfo.push(readValueInfo(context));
        break;
      case 13:
        overload = context.name();
        break;
      case 14:
        context.entry(metadata);
        break;
      default:
        context.keep(unknownFields);
    }
  }
  wire.leave();
  return { name, domain, overload, inputs, outputs, attributes, attributeDefaults, nodes, opsetImports, docString, valueInfo, metadata, unknownFields };
}
