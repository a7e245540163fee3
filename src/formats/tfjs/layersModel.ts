// Layers models: Keras's nested and shared layers flattened to one node per call of a layer.
import { LatheError } from '../../base/errors';
import { makeGraph, makeNode, tensorType } from '../../graph/construct';
import { symbol } from '../../graph/dimension';
import { namelessSymbol } from '../../graph/inputs';
import type { Graph, Node, Shape, ValueInfo } from '../../graph/model';
import { showName } from '../onnx/utf8';
import { CallNames } from './callNames';
import { anyField, isList, kindOf, type JsonObject, type TfjsContext } from './context';
import { kerasAttributes } from './kerasAttributes';
import { readModelConfig, type KerasLayer, type KerasModelConfig, type KerasReference } from './kerasConfig';
import { holdsCode, isKerasLayer, isModelClass, kerasElementType } from './kerasLayers';
import { layerPaths, LayerWeights } from './layerWeights';
import type { Weights } from './manifest';

/** The domain of Keras's layers. */
export const kerasDomain = 'keras';

export interface LayersGraph {
  readonly graph: Graph;
  /** The whole configuration of each node's layer, by the node's name. */
  readonly configs: ReadonlyMap<string, JsonObject>;
}

/**
 * The graph of a Keras model.
 * @param model `{class_name, config}`
 * @throws LatheError `malformed`, `unsupported` for a model that is a class of its own
 */
export function readKerasModel(context: TfjsContext, model: JsonObject, weights: Weights): LayersGraph {
  const className = context.text(anyField(model, 'class_name', 'className'), 'The class of the model');
  if (!isModelClass(className)) throw context.malformed(className, `The model is of the class "${showName(className)}", not Sequential, Functional or Model: its structure is code, which is not in the file.`);
  const config = readModelConfig(context, className, anyField(model, 'config'), 'model_config.config');
  const flattener = new Flattener(context, new LayerWeights(context, config, weights), config);
  const outputs = flattener.model(config, '', undefined);
  flattener.weights.finish();
  return {
    graph: makeGraph(config.name === '' ? 'model' : config.name, {
      nodes: flattener.nodes,
      inputs: flattener.inputs,
      outputs: [...new Set(outputs)].map((name): ValueInfo => ({ name })),
      initializers: new Map(weights.tensors),
    }),
    configs: flattener.configs,
  };
}

/** One call of a layer, waiting for what it reads. */
interface Call {
  readonly layer: KerasLayer;
  readonly number: number;
  readonly reads: readonly KerasReference[];
}

/** Models that call models many times multiply: more calls than this are no model. */
const mostCalls = 50_000;

class Flattener {
  readonly nodes: Node[] = [];
  readonly inputs: ValueInfo[] = [];
  readonly configs = new Map<string, JsonObject>();
  private readonly names: CallNames;
  private calls = 0;

  constructor(
    private readonly context: TfjsContext,
    readonly weights: LayerWeights,
    config: KerasModelConfig,
  ) {
    this.names = new CallNames(layerPaths(config, ''));
  }

  /**
   * Adds a model's nodes and gives the names of its outputs.
   * @param prefix path of the model among models, '' or ending in '/'
   * @param given what the model is called with; undefined where its inputs are those of the whole
   */
  model(config: KerasModelConfig, prefix: string, given: readonly string[] | undefined): string[] {
    return config.sequential ? this.sequential(config, prefix, given) : this.functional(config, prefix, given);
  }

  private sequential({ layers, inputShape, name }: KerasModelConfig, prefix: string, given: readonly string[] | undefined): string[] {
    let values = given;
    for (const layer of layers) {
      if (layer.className === 'InputLayer') {
        values ??= [this.input(layer, `${prefix}${layer.name}`, undefined)];
        continue;
      }
      if (values === undefined && layer.model === undefined) values = [this.input(layer, `${prefix}${layer.name}_input`, inputShape)];
      values = this.call(layer, prefix, values, 1);
    }
    if (values === undefined) throw this.context.malformed(name || prefix || 'model', 'The Sequential model has no layers.');
    return [...values];
  }

  private functional(config: KerasModelConfig, prefix: string, given: readonly string[] | undefined): string[] {
    const { context } = this;
    const byName = new Map(config.layers.map((layer) => [layer.name, layer]));
    const firstCall = firstCalls(config);
    const values = new Map<string, readonly string[]>();
    const key = (layer: string, call: number): string => `${call} ${layer}`;
    const asked = askedOutputs(config, firstCall);
    const order = orderCalls(context, config, firstCall);
    for (const [i, { layer, call }] of config.inputs.entries()) {
      const definition = byName.get(layer);
      if (definition === undefined) throw context.malformed(layer, `The input layer "${showName(layer)}" is not among the layers of the model.`);
      const value = given?.[i] ?? (given === undefined ? this.input(definition, `${prefix}${layer}`, undefined) : undefined);
      if (value === undefined) throw context.malformed(prefix.slice(0, -1), `The model "${showName(prefix.slice(0, -1))}" is called with ${given?.length ?? 0} inputs, but has ${config.inputs.length}.`);
      values.set(key(layer, call), [value]);
    }
    const valueOf = ({ layer, call, tensor }: KerasReference): string | undefined => values.get(key(layer, call - (firstCall.get(layer) ?? 0)))?.[tensor];
    for (const { layer, number, reads } of order) {
      if (values.has(key(layer.name, number))) continue;
      if (layer.className === 'InputLayer') throw context.malformed(layer.name, `The layer "${showName(layer.name)}" is an InputLayer, but not one of the model's inputs.`);
      const read = reads.map((reference) => {
        const value = valueOf(reference);
        if (value === undefined) throw context.malformed(layer.name, `The layer "${showName(layer.name)}" reads output ${reference.tensor} of call ${reference.call} of "${showName(reference.layer)}", which there is not.`);
        return value;
      });
      values.set(key(layer.name, number), this.call(layer, prefix, read, asked.get(layer.name) ?? 1));
    }
    return config.outputs.map((reference) => {
      const value = valueOf(reference);
      if (value === undefined) throw context.malformed(reference.layer, `The model's output "${showName(reference.layer)}" is made by no layer.`);
      return value;
    });
  }

  /** Calls a layer: a nested model is opened up, any other becomes a node. */
  private call(layer: KerasLayer, prefix: string, reads: readonly string[] | undefined, outputs: number): readonly string[] {
    const path = `${prefix}${layer.name}`;
    if (++this.calls > mostCalls) throw new LatheError('too-large', `The layers of the model are called over ${mostCalls} times.`, { file: this.context.file, item: showName(path) });
    if (layer.model !== undefined) return this.model(layer.model, `${path}/`, reads);
    this.judge(layer, path);
    const name = this.names.of(path);
    const made = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}:${i}`));
    this.nodes.push(
      makeNode({
        name,
        opType: layer.className,
        domain: kerasDomain,
        inputs: [...(reads ?? []), ...this.weights.of(layer, path)],
        outputs: made,
        attributes: kerasAttributes(layer.config),
      }),
    );
    this.configs.set(name, layer.config);
    return made;
  }

  private judge({ className }: KerasLayer, path: string): void {
    if (holdsCode(className)) this.context.warn('code-layer', `The ${className} layer holds code of its own: it is shown, never executed.`, path);
    else if (!isKerasLayer(className)) this.context.warn('custom-layer', `"${showName(className)}" is not one of Keras's layers: it is shown, never executed.`, path);
  }

  /** A graph input for an InputLayer, or for the first layer of a Sequential model, which says what it is fed. */
  private input(layer: KerasLayer, path: string, fallback: unknown): string {
    const { context } = this;
    const name = this.names.of(path);
    const dims = anyField(layer.config, 'batch_input_shape', 'batch_shape', 'batchInputShape', 'batchShape') ?? fallback;
    const elementType = kerasElementType(anyField(layer.config, 'dtype'));
    const shape = dims === undefined ? undefined : shapeOf(context, dims, name);
    this.inputs.push(elementType === undefined ? { name } : { name, type: tensorType(elementType, shape) });
    return name;
  }
}

/** Open dimensions get a symbol: the first axis of a Keras tensor is the batch, whatever the layer. */
function shapeOf(context: TfjsContext, dims: unknown, name: string): Shape {
  if (!isList(dims)) throw context.malformed(name, `The input's shape should be a list, but is ${kindOf(dims)}.`);
  return dims.map((dim, axis) => {
    if (dim === null || dim === -1) return symbol(axis === 0 ? 'batch' : namelessSymbol(name, axis));
    if (typeof dim !== 'number' || !Number.isSafeInteger(dim) || dim < 0) throw context.malformed(name, `The input's shape holds ${kindOf(dim)}, not a whole number.`);
    return dim;
  });
}

/** Every reference of a model, by whom it is made. */
function* allReferences({ layers, inputs, outputs }: KerasModelConfig): Generator<KerasReference> {
  yield* inputs;
  yield* outputs;
  for (const { calls } of layers) for (const reads of calls) yield* reads;
}

/** A nested model's calls are counted from 1 where its own inputs count as call 0, as Keras does; TensorFlow.js counts from 0. */
function firstCalls(config: KerasModelConfig): ReadonlyMap<string, number> {
  const lowest = new Map<string, number>();
  for (const { layer, call } of allReferences(config)) lowest.set(layer, Math.min(call, lowest.get(layer) ?? call));
  return new Map(config.layers.filter(({ model }) => model !== undefined).map(({ name }) => [name, Math.min(1, lowest.get(name) ?? 0)]));
}

/** How many outputs of each layer somebody reads. */
function askedOutputs(config: KerasModelConfig, firstCall: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const asked = new Map<string, number>();
  for (const { layer, tensor } of allReferences(config)) if (!firstCall.has(layer)) asked.set(layer, Math.max(asked.get(layer) ?? 1, Math.min(tensor, mostOutputs) + 1));
  return asked;
}

const mostOutputs = 1000;

/** The calls of all layers, each after those it reads. @throws LatheError `malformed` where they wait for each other, or for a layer that is not there */
function orderCalls(context: TfjsContext, { layers }: KerasModelConfig, firstCall: ReadonlyMap<string, number>): Call[] {
  const calls = new Map<string, Call>();
  const key = (layer: string, call: number): string => `${call} ${layer}`;
  for (const layer of layers) for (const [number, reads] of layer.calls.entries()) calls.set(key(layer.name, number), { layer, number, reads });
  const names = new Set(layers.map(({ name }) => name));
  const state = new Map<Call, 'open' | 'done'>();
  const order: Call[] = [];
  for (const first of calls.values()) {
    const stack = [first];
    for (let call = stack.at(-1); call !== undefined; call = stack.at(-1)) {
      const before = state.get(call);
      if (before !== undefined) {
        stack.pop();
        if (before === 'open') order.push(call);
        state.set(call, 'done');
        continue;
      }
      state.set(call, 'open');
      for (const read of [...call.reads].reverse()) {
        if (!names.has(read.layer)) throw context.malformed(call.layer.name, `The layer "${showName(call.layer.name)}" reads "${showName(read.layer)}", which is not among the layers of the model.`);
        const needed = calls.get(key(read.layer, read.call - (firstCall.get(read.layer) ?? 0)));
        if (needed === undefined || state.get(needed) === 'done') continue;
        if (state.get(needed) === 'open') throw context.malformed(call.layer.name, `The layers form a cycle: "${showName(call.layer.name)}" reads "${showName(read.layer)}", which waits for it.`);
        stack.push(needed);
      }
    }
  }
  return order;
}
