// What a rule sees of the layer it writes as nodes: inputs, weights, settings; and what every rule of layers shares.
import type { Node } from '../../../graph/model';
import type { Tensor } from '../../../tensor/tensor';
import type { AttributeInit } from '../../../graph/builder';
import { NodeReader } from '../nodeReader';
import type { Dims, GraphWriter } from './writer';

/** Why a layer has no nodes of TensorFlow's. */
export class NotExpressed extends Error {}

/** Writes one layer; the value it makes is the result. */
export type LayerRule = (layer: Layer) => string;
export type LayerRules = Readonly<Record<string, LayerRule>>;

export class Layer extends NodeReader {
  constructor(
    node: Node,
    readonly graph: GraphWriter,
    /** Values the layer is called with. */
    readonly inputs: readonly string[],
    /** Its weights in Keras's order. */
    readonly weights: readonly Tensor[],
  ) {
    super(node);
  }

  /** The one value the layer is called with. @throws NotExpressed where it is called with more: masks and states mean something else */
  get x(): string {
    const [first] = this.inputs;
    if (first === undefined || this.inputs.length !== 1) return this.refuse(`it is called with ${this.inputs.length} inputs`);
    return first;
  }

  /** @throws NotExpressed where the rank is unknown */
  dims(value = this.x): Dims {
    return this.graph.dimsOf(value) ?? this.refuse('the rank of its input is unknown');
  }

  ofRank(rank: number): Dims {
    const dims = this.dims();
    if (dims.length !== rank) this.refuse(`its input has ${dims.length} axes`);
    return dims;
  }

  weight(index: number): string {
    const tensor = this.tensor(index);
    return this.graph.weight(tensor.name, tensor);
  }

  tensor(index: number): Tensor {
    return this.weights[index] ?? this.refuse(`it has no weight ${index}`);
  }

  emit(op: string, inputs: readonly string[], dims: Dims | undefined, init?: Readonly<Record<string, AttributeInit[string]>>): string {
    return this.graph.emit(op, inputs, dims, init);
  }

  /** @throws NotExpressed always */
  refuse(reason: string): never {
    throw new NotExpressed(reason);
  }

  /** Two numbers for the two spatial axes; a lone one stands for both. */
  pair(name: string, fallback: number): readonly [number, number] {
    const given = this.ints(name) ?? [];
    return [given[0] ?? fallback, given[1] ?? given[0] ?? fallback];
  }

  /** @throws NotExpressed for channels before the spatial axes, which not every backend computes */
  channelsLast(): void {
    if (this.text('data_format') === 'channels_first') this.refuse('its channels come first');
  }

  padding(): 'SAME' | 'VALID' {
    const padding = this.text('padding') ?? 'valid';
    return padding === 'same' ? 'SAME' : padding === 'valid' ? 'VALID' : this.refuse(`padding ${padding}`);
  }

  /** The value with the layer's bias added, where it has one. */
  biased(value: string, weight: number): string {
    return this.flag('use_bias', true) ? this.emit('BiasAdd', [value, this.weight(weight)], this.graph.dimsOf(value), { data_format: 'NHWC' }) : value;
  }
}

/** Size of an axis after a window passed over it. Source: TensorFlow, "Neural Network ops", notes on padding. */
export function windowed(size: number | undefined, kernel: number, stride: number, padding: 'SAME' | 'VALID', dilation = 1): number | undefined {
  if (size === undefined) return undefined;
  return padding === 'SAME' ? Math.ceil(size / stride) : Math.ceil((size - (kernel - 1) * dilation) / stride);
}
