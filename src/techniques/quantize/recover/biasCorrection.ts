// Bias correction: the mean error that quantization brings to each output channel of a layer, measured on the samples, is taken out of its bias.
import { attributes, cloneModel, cloneNode, makeNode, tensorValue } from '../../../graph/construct';
import type { Model, Node } from '../../../graph/model';
import { GraphIndex } from '../../../graph/traverse';
import { toFloat32Array } from '../../../tensor/decode';
import { tensorFromArray, type Tensor } from '../../../tensor/tensor';
import type { TechniqueContext } from '../../technique';
import type { Observation } from '../calibrate/observe';
import { type Candidate, findCandidates } from '../choose/candidates';
import { constantOf } from '../constants';
import { type InsertionSettings, insertQuantization } from '../insert/insert';
import { FreshNames } from '../names';
import { type ChannelAxis, otherAxes, reduceNode } from './reduce';

export interface BiasCorrectionSettings extends InsertionSettings {
  readonly samples: number;
}

/** Layer key → mean of (quantized − float) output of each channel. */
export type BiasErrors = ReadonlyMap<string, Float32Array>;

/**
 * Runs each chosen layer with its quantized weight on its own quantized float input, beside itself in the float model, and
 * averages the difference over samples and positions: E[ε x] of Nagel et al. 2019 (arXiv:1906.04721, section 4.2) with the
 * expectation taken over samples, and with what clipping the input costs. Every layer is measured on float inputs, so that no
 * layer corrects again what the one before it corrects already.
 * @param model float; not changed.
 * @throws LatheError what the runner throws; `cancelled`.
 */
export async function measureBiasErrors(model: Model, chosen: readonly Candidate[], observations: ReadonlyMap<string, Observation>, settings: BiasCorrectionSettings, context: TechniqueContext): Promise<BiasErrors> {
  const probe = new BiasProbe(model, chosen, observations, settings);
  if (probe.measured.length === 0) return new Map();
  const sums = new Map(probe.measured.map(({ key, outputChannels }) => [key, new Float64Array(outputChannels)]));
  let samples = 0;
  await context.runSamples(probe.model, context.data, settings.samples, [probe.output], (results) => {
    const errors = results.get(probe.output);
    if (errors === undefined) return;
    samples++;
    const values = toFloat32Array(errors);
    let first = 0;
    for (const sum of sums.values()) {
      for (let channel = 0; channel < sum.length; channel++) sum[channel] = (sum[channel] ?? 0) + (values[first + channel] ?? 0);
      first += sum.length;
    }
  });
  return new Map([...sums].map(([key, sum]) => [key, Float32Array.from(sum, (value) => value / Math.max(1, samples))]));
}

class BiasProbe {
  readonly model: Model;
  readonly output: string;
  readonly measured: readonly Candidate[];
  private readonly names: FreshNames;
  private readonly copied = new Map<string, string>();

  constructor(model: Model, chosen: readonly Candidate[], observations: ReadonlyMap<string, Observation>, settings: BiasCorrectionSettings) {
    const wanted = new Set(chosen.map(({ key }) => key));
    const quantized = cloneModel(model);
    const layers = findCandidates(quantized).filter(({ key, weight }) => weight !== undefined && wanted.has(key));
    const { notFinite } = insertQuantization(quantized, layers, observations, settings);
    const index = new GraphIndex(quantized.graph);
    this.model = cloneModel(model);
    this.names = new FreshNames(this.model.graph);
    const floatNodes = new Map(findCandidates(this.model).map(({ key, node }) => [key, node]));
    this.measured = layers.filter(({ key }) => !notFinite.includes(key));
    const errors = this.measured.map((layer) => this.errorOf(layer, floatNodes.get(layer.key) ?? layer.node, index, quantized, observations.get(layer.output)?.shape.length ?? 0));
    this.output = this.names.fresh('lathe_errors');
    if (errors.length === 0) return;
    this.model.graph.nodes.push(makeNode({ opType: 'Concat', inputs: errors, outputs: [this.output], attributes: attributes({ axis: 0 }) }));
    this.model.graph.outputs = [tensorValue(this.output, 'float32', [undefined])];
  }

  /** Adds the quantized twin of a layer. @returns the name of its mean error per channel */
  private errorOf(layer: Candidate, float: Node, index: GraphIndex, quantized: Model, rank: number): string {
    const twin = cloneNode(float);
    const [output = ''] = float.outputs;
    twin.name = this.names.fresh(`${output}_twin`);
    twin.outputs = [this.names.fresh(`${output}_twin`)];
    const { nodes } = this.model.graph;
    for (const input of layer.activations) {
      const dequantize = index.producer(layer.node.inputs[input] ?? '');
      if (dequantize?.opType !== 'DequantizeLinear') continue;
      const [, scale = '', zeroPoint = ''] = dequantize.inputs.map((name, i) => (i === 0 ? '' : this.copy(quantized, name)));
      const [integers, back] = [this.names.fresh(`${output}_integers`), this.names.fresh(`${output}_back`)];
      nodes.push(makeNode({ opType: 'QuantizeLinear', inputs: [float.inputs[input] ?? '', scale, zeroPoint], outputs: [integers] }), makeNode({ opType: 'DequantizeLinear', inputs: [integers, scale, zeroPoint], outputs: [back] }));
      twin.inputs[input] = back;
    }
    const weight = layer.weight === undefined ? undefined : index.producer(layer.node.inputs[layer.weight.input] ?? '');
    if (weight !== undefined && layer.weight !== undefined) {
      const floats = this.names.fresh(`${output}_weight`);
      nodes.push({ ...cloneNode(weight), name: '', inputs: weight.inputs.map((name) => this.copy(quantized, name)), outputs: [floats] });
      twin.inputs[layer.weight.input] = floats;
    }
    const [difference, mean] = [this.names.fresh(`${output}_difference`), this.names.fresh(`${output}_error`)];
    nodes.push(twin, makeNode({ opType: 'Sub', inputs: [twin.outputs[0] ?? '', output], outputs: [difference] }), reduceNode(this.model, this.names, 'ReduceMean', difference, mean, otherAxes(rank, channelAxisOf(layer))));
    return mean;
  }

  /** Brings an initializer of the quantized model into the probe. @returns its name there */
  private copy(from: Model, name: string): string {
    const known = this.copied.get(name);
    if (known !== undefined) return known;
    const fresh = this.names.fresh(name);
    const tensor = from.graph.initializers.get(name);
    if (tensor !== undefined) this.model.graph.initializers.set(fresh, { ...tensor, name: fresh });
    this.copied.set(name, fresh);
    return fresh;
  }
}

function channelAxisOf({ node }: Candidate): ChannelAxis {
  return node.opType === 'MatMul' || node.opType === 'Gemm' ? 'last' : 'second';
}

/**
 * Takes the errors out of the layers' biases; a layer without one gets one, a MatMul has it in the Add that follows.
 * The model, float, is changed.
 * @returns how many layers could be corrected.
 */
export function correctBiases(model: Model, chosen: readonly Candidate[], errors: BiasErrors): number {
  const index = new GraphIndex(model.graph);
  const names = new FreshNames(model.graph);
  let corrected = 0;
  for (const layer of chosen) {
    const error = errors.get(layer.key);
    const place = error?.every(Number.isFinite) === true ? biasPlace(model, index, layer) : undefined;
    if (error === undefined || place === undefined) continue;
    const { node, input, bias } = place;
    const before = bias === undefined ? new Float32Array(error.length) : toFloat32Array(bias);
    const tensor = tensorFromArray(names.fresh(`${bias?.name ?? layer.output}_corrected`), 'float32', bias?.dims ?? [error.length], before.map((value, channel) => value - (error[channel] ?? 0)));
    model.graph.initializers.set(tensor.name, tensor);
    node.inputs[input] = tensor.name;
    corrected++;
  }
  return corrected;
}

interface BiasPlace {
  readonly node: Node;
  readonly input: number;
  readonly bias: Tensor | undefined;
}

const biasInput = 2;

function biasPlace(model: Model, index: GraphIndex, { node, outputChannels }: Candidate): BiasPlace | undefined {
  const fits = (bias: Tensor | undefined): bias is Tensor => bias?.elementType === 'float32' && bias.dims.at(-1) === outputChannels && bias.dims.slice(0, -1).every((dim) => dim === 1);
  if (node.opType !== 'MatMul') {
    const name = node.inputs[biasInput] ?? '';
    const bias = constantOf(model, name);
    return name === '' || fits(bias) ? { node, input: biasInput, bias } : undefined;
  }
  const [product = ''] = node.outputs;
  const [add, ...others] = index.consumersOf(product);
  if (add?.opType !== 'Add' || others.length > 0 || index.outputNames.has(product)) return undefined;
  const input = add.inputs[0] === product ? 1 : 0;
  const bias = constantOf(model, add.inputs[input] ?? '');
  return fits(bias) ? { node: add, input, bias } : undefined;
}
