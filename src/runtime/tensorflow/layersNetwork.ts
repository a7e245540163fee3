// A layers model in TensorFlow.js: predicted as a page would.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { CallNames } from '../../formats/tfjs/callNames';
import type { SessionValue } from '../messages';
import { type Network, openDims } from './network';
import { elementTypeOf } from './tensors';

type Layer = LayersModel['layers'][number];

export class LayersNetwork implements Network {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  readonly weights: ReadonlySet<Tensor>;

  constructor(private readonly model: LayersModel) {
    this.inputs = model.inputs.map((tensor, i) => value(model.inputNames[i] ?? tensor.name, tensor));
    this.outputs = model.outputs.map((tensor, i) => value(model.outputNames[i] ?? tensor.name, tensor));
    this.weights = new Set(model.weights.map((weight) => weight.read()));
  }

  run(feeds: ReadonlyMap<string, Tensor>, outputs: readonly string[]): Promise<readonly Tensor[]> {
    const inputs = this.inputs.map(({ name }) => {
      const tensor = feeds.get(name);
      if (tensor === undefined) throw new Error(`The input ${name} is missing.`);
      return tensor;
    });
    const [only] = inputs;
    const result = this.model.predict(inputs.length === 1 && only !== undefined ? only : inputs);
    const all = Array.isArray(result) ? result : [result];
    const asked = outputs.map((name) => all[this.outputs.findIndex((output) => output.name === name)]);
    for (const tensor of all) if (!asked.includes(tensor)) tensor.dispose();
    return Promise.resolve(asked.filter((tensor) => tensor !== undefined));
  }

  /** Every layer that computes says when it is called; models among the layers are looked into. */
  watch(enter: (node: string) => void): () => void {
    const restore: (() => void)[] = [];
    const paths = new Map<Layer, string>();
    let names = new CallNames([]);
    const watchLayers = (all: readonly Layer[], prefix: string): void => {
      for (const layer of all) {
        if (paths.has(layer)) continue;
        const path = `${prefix}${layer.name}`;
        paths.set(layer, path);
        if ('layers' in layer) {
          watchLayers((layer as unknown as LayersModel).layers, `${path}/`);
          continue;
        }
        const { call } = layer;
        layer.call = (...given: Parameters<Layer['call']>) => {
          enter(names.of(path));
          return call.apply(layer, given);
        };
        restore.push(() => Reflect.deleteProperty(layer, 'call'));
      }
    };
    watchLayers(this.model.layers, '');
    const { predict } = this.model;
    this.model.predict = (...given: Parameters<LayersModel['predict']>) => {
      names = new CallNames(paths.values());
      return predict.apply(this.model, given);
    };
    restore.push(() => Reflect.deleteProperty(this.model, 'predict'));
    return () => {
      for (const each of restore) each();
    };
  }

  dispose(): void {
    this.model.dispose();
    // The weights of a layer that is called several times are not let go by TensorFlow.js.
    for (const weight of this.weights) weight.dispose();
  }
}

/** The first axis of a Keras tensor is the batch, whatever the layer. */
function value(name: string, { dtype, shape }: SymbolicTensor): SessionValue {
  const elementType = elementTypeOf(dtype);
  return { name, ...(elementType === undefined ? {} : { elementType }), shape: openDims(shape, (axis) => (axis === 0 ? 'batch' : '')) };
}
