// Writes a layers model as a graph model: each layer as the TensorFlow nodes that compute it, names of inputs and outputs kept.
import { makeGraph, makeModel, tensorType } from '../../../graph/construct';
import type { Model, Node, ValueInfo } from '../../../graph/model';
import { nodeKeys } from '../../../graph/traverse';
import { assertValid } from '../../../graph/verify';
import type { Tensor } from '../../../tensor/tensor';
import { tensorflowDomain } from '../graphModel';
import { convolutionRules } from './convolution';
import { coreRules } from './core';
import { Layer, type LayerRule, NotExpressed } from './layer';
import { shapeRules } from './shape';
import { type Dims, GraphWriter } from './writer';

/** A layer that is not written as nodes, and why. */
export interface LayerNotExpressed {
  readonly node: string;
  readonly className: string;
  readonly reason: string;
}

export interface LayersAsGraph {
  /** The graph model, verified; undefined where a layer stands in the way. */
  readonly model: Model | undefined;
  readonly notExpressed: readonly LayerNotExpressed[];
}

/** Layers that can be written as nodes, by class name. */
export const layerRules: ReadonlyMap<string, LayerRule> = new Map([...Object.entries(coreRules), ...Object.entries(convolutionRules), ...Object.entries(shapeRules)]);

/**
 * The graph model of a layers model. Images keep their channels last; weights stay as they are stored. Layers that hold code, or that
 * there is no rule for, are named, all of them. The model given is left as it is.
 */
export function layersToGraph(source: Model): LayersAsGraph {
  const { graph } = source;
  const writer = new GraphWriter();
  const keys = nodeKeys(graph);
  const values = new Map<string, string>();
  const notExpressed: LayerNotExpressed[] = [];
  for (const { name } of [...graph.inputs, ...graph.nodes]) writer.reserve(name);
  for (const { name, type } of graph.inputs) {
    values.set(name, name);
    writer.declare(name, type?.kind === 'tensor' ? type.shape?.map((size) => (typeof size === 'number' ? size : undefined)) : undefined);
  }
  for (const node of graph.nodes) {
    const key = keys.get(node) ?? node.name;
    try {
      values.set(node.outputs[0] ?? '', written(node, key, writer, values, graph.initializers));
    } catch (thrown) {
      if (!(thrown instanceof NotExpressed)) throw thrown;
      notExpressed.push({ node: key, className: node.opType, reason: thrown.message });
    }
  }
  // What reads an unknown value is unknown for that alone: only the first cause is told.
  const causes = notExpressed.filter(({ reason }) => reason !== unknownInput);
  if (causes.length > 0) return { model: undefined, notExpressed: causes };
  const outputs = graph.outputs.map(({ name }): ValueInfo => output(name, values.get(name) ?? name, writer));
  const result = makeModel(
    makeGraph(graph.name, { nodes: writer.nodes, inputs: [...graph.inputs], outputs, initializers: writer.initializers }),
    { format: 'tfjs-graph', path: source.path, ...(source.file === undefined ? {} : { file: source.file }), ...(source.formatData === undefined ? {} : { formatData: source.formatData }), producerName: source.producerName, producerVersion: source.producerVersion, irVersion: 0, opsetImports: new Map([[tensorflowDomain, 0]]), metadata: source.metadata },
  );
  assertValid(result);
  return { model: result, notExpressed: [] };
}

const unknownInput = 'its input is unknown';

/** The name of what a layer makes. @throws NotExpressed */
function written(node: Node, key: string, writer: GraphWriter, values: ReadonlyMap<string, string>, initializers: ReadonlyMap<string, Tensor>): string {
  const rule = layerRules.get(node.opType);
  if (rule === undefined) throw new NotExpressed('there is no rule for it');
  if (node.outputs.length !== 1) throw new NotExpressed(`${node.outputs.length} of its outputs are read`);
  const weights: Tensor[] = [];
  const inputs: string[] = [];
  for (const name of node.inputs) {
    const weight = initializers.get(name);
    if (weight !== undefined) weights.push(weight);
    else inputs.push(values.get(name) ?? unknown());
  }
  writer.label = node.name;
  writer.origin = [key];
  const since = writer.nodes.length;
  return writer.finish(rule(new Layer(node, writer, inputs, weights)), node.name, since);
}

function unknown(): never {
  throw new NotExpressed(unknownInput);
}

/** An output keeps the name of its layer, also where that does nothing. */
function output(name: string, value: string, writer: GraphWriter): ValueInfo {
  if (value !== name) writer.identity(value, name);
  const dims: Dims | undefined = writer.dimsOf(value);
  return { name, type: dims === undefined ? tensorType('float32') : tensorType('float32', dims) };
}
