// Writes quantization into a graph as QuantizeLinear/DequantizeLinear pairs, placed so that onnxruntime fuses int8 kernels from them.
import { attributes, makeNode } from '../../../graph/construct';
import type { Graph, Model, Node } from '../../../graph/model';
import { GraphIndex, intAttribute } from '../../../graph/traverse';
import { toFloat32Array } from '../../../tensor/decode';
import { tensorFromArray, type Tensor } from '../../../tensor/tensor';
import type { Candidate } from '../choose/candidates';
import { type ChannelScales, scanChannelScales, type WeightRange } from '../channelScales';
import { constantOf, dropUnreadInitializers } from '../constants';
import { FreshNames } from '../names';
import { scalar, type Observation } from '../calibrate/observe';
import { usefulRange } from '../calibrate/usefulRange';
import { quantizedWeight } from '../quantizedWeight';
import { clipChannels } from '../weightClipping';

/** Value ≈ scale × (integer − zeroPoint), integers 0 … 255. */
export interface ActivationParameters {
  readonly scale: number;
  readonly zeroPoint: number;
}

const largestByte = 255;
/** Bound of an int32 bias; the margin takes up float32 rounding of the scales. */
const largestInt32 = 2 ** 31 * 0.999;
/** Least input scale × weight scale: float32 holds it in full precision. */
const smallestScaleProduct = 1e-37;

/**
 * Asymmetric uint8 parameters of an activation. The range is widened to hold 0, which must be exact because padding is zero
 * (Jacob et al. 2018, section 3; QuantizeLinear in the ONNX specification).
 */
export function activationParameters(low: number, high: number): ActivationParameters {
  const bottom = Math.min(0, low);
  const top = Math.max(0, high);
  const scale = Math.fround((top - bottom) / largestByte);
  if (!(scale > 0)) return { scale: 1, zeroPoint: 0 };
  return { scale, zeroPoint: Math.min(largestByte, Math.max(0, Math.round(-bottom / scale))) };
}

export interface InsertionSettings {
  /** `pairs` where int8 kernels add pairs of products in 16 bits. */
  readonly range: WeightRange;
  /** Clip each channel of the weights where that lowers their square error; with `pairs` the room is needed and nothing is clipped. */
  readonly clipWeights: boolean;
}

export interface Insertion {
  /** Layers whose weights turned out not to be finite, left as they were. */
  readonly notFinite: readonly string[];
}

/**
 * Quantizes the chosen layers of `model`, which is changed.
 */
export function insertQuantization(model: Model, chosen: readonly Candidate[], observations: ReadonlyMap<string, Observation>, settings: InsertionSettings): Insertion {
  return new Inserter(model, observations, settings).run(chosen);
}

/** Names of the values a quantized activation goes through. */
interface QuantizedValue {
  readonly parameters: ActivationParameters;
  readonly scale: string;
  readonly zeroPoint: string;
  readonly integers: string;
  /** What int8 layers read. */
  readonly dequantized: string;
  /** True when an int8 layer makes it, so that every reader gets the dequantized value. */
  readonly fromInt8: boolean;
}

class Inserter {
  private readonly graph: Graph;
  private readonly names: FreshNames;
  private readonly index: GraphIndex;
  private readonly values = new Map<string, QuantizedValue>();
  private readonly weights = new Map<string, { readonly integers: string; readonly scales: string; readonly zeroPoints: string; readonly found: ChannelScales }>();
  private readonly before = new Map<Node, Node[]>();
  private readonly after = new Map<Node, Node[]>();
  private readonly first: Node[] = [];

  constructor(
    private readonly model: Model,
    private readonly observations: ReadonlyMap<string, Observation>,
    private readonly settings: InsertionSettings,
  ) {
    this.graph = model.graph;
    this.names = new FreshNames(model.graph);
    this.index = new GraphIndex(model.graph);
  }

  run(wanted: readonly Candidate[]): Insertion {
    const chosen = wanted.filter((candidate) => candidate.weight === undefined || this.storeWeight(candidate, candidate.weight));
    const made = new Set(chosen.filter(endsInIntegers).map((candidate) => candidate.output));
    for (const value of made) this.quantizeValue(value, true);
    for (const candidate of chosen) for (const name of activationInputs(candidate)) if (!made.has(name)) this.quantizeValue(name, false);
    const guarded = this.floatConvolutionsToGuard(chosen);
    for (const candidate of chosen) this.rewire(candidate);
    for (const node of guarded) this.guard(node);
    this.renameMade(made);
    this.graph.nodes = [...this.first, ...this.graph.nodes.flatMap((node) => [...(this.before.get(node) ?? []), node, ...(this.after.get(node) ?? [])])];
    dropUnreadInitializers(this.graph);
    const done = new Set(chosen);
    return { notFinite: wanted.filter((candidate) => !done.has(candidate)).map((candidate) => candidate.key) };
  }

  /** Puts the int8 weight, its scales and zero points into the initializers; false when the weight is not finite. */
  private storeWeight(candidate: Candidate, { tensor, axis }: NonNullable<Candidate['weight']>): boolean {
    const key = this.weightKey(candidate);
    if (this.weights.has(key)) return true;
    const scanned = scanChannelScales(tensor, axis, this.settings.range, isDepthwise(candidate));
    if (!scanned.finite) return false;
    const found = this.settings.clipWeights && this.settings.range === 'full' ? clipChannels(tensor, scanned) : scanned;
    if (candidate.kind === 'gemm') this.makeRoomForBias(candidate, found.scales);
    const integers = this.names.fresh(`${tensor.name}_int8`);
    const scales = this.names.fresh(`${tensor.name}_scale`);
    const zeroPoints = this.names.fresh(`${tensor.name}_zero_point`);
    this.add(quantizedWeight(integers, tensor, found));
    this.add(tensorFromArray(scales, 'float32', [found.channels], found.scales));
    this.add(tensorFromArray(zeroPoints, 'int8', [found.channels], new Int8Array(found.channels)));
    this.weights.set(key, { integers, scales, zeroPoints, found });
    return true;
  }

  /** Layers share a stored weight where they would store the same. */
  private weightKey({ kind, node, weight }: Candidate): string {
    return JSON.stringify([weight?.axis, weight?.tensor.name, kind, kind === 'gemm' ? [node.inputs[0], node.inputs[2]] : []]);
  }

  /** Raises the scales of channels whose bias, in units of input scale × weight scale, would leave int32. */
  private makeRoomForBias({ node }: Candidate, scales: Float32Array): void {
    const bias = floatConstant(this.model, node.inputs[2] ?? '');
    const inputScale = this.parametersOf(node.inputs[0] ?? '')?.scale;
    if (bias === undefined || inputScale === undefined) return;
    for (const [channel, value] of bias.entries()) scales[channel] = Math.max(scales[channel] ?? 0, Math.abs(value) / largestInt32 / inputScale, smallestScaleProduct / inputScale);
  }

  private parametersOf(value: string): ActivationParameters | undefined {
    const range = this.observations.get(value);
    if (range === undefined) return undefined;
    const useful = usefulRange(value, range, this.index);
    return activationParameters(useful.low, useful.high);
  }

  private quantizeValue(value: string, fromInt8: boolean): void {
    const parameters = this.parametersOf(value);
    if (this.values.has(value) || parameters === undefined) return;
    const scale = this.names.fresh(`${value}_scale`);
    const zeroPoint = this.names.fresh(`${value}_zero_point`);
    const integers = this.names.fresh(`${value}_uint8`);
    // A value that an int8 layer makes keeps its name behind the pair, so that no reader needs to know.
    const dequantized = fromInt8 ? value : this.names.fresh(`${value}_dequantized`);
    const float = fromInt8 ? this.names.fresh(`${value}_float`) : value;
    this.add(scalar(scale, 'float32', parameters.scale));
    this.add(scalar(zeroPoint, 'uint8', parameters.zeroPoint));
    const producer = this.index.producer(value);
    const origin = producer?.origin ?? [];
    const pair = [
      makeNode({ opType: 'QuantizeLinear', name: this.names.fresh(`${value}_QuantizeLinear`), inputs: [float, scale, zeroPoint], outputs: [integers], origin }),
      makeNode({ opType: 'DequantizeLinear', name: this.names.fresh(`${value}_DequantizeLinear`), inputs: [integers, scale, zeroPoint], outputs: [dequantized], origin }),
    ];
    if (producer === undefined) this.first.push(...pair);
    else push(this.after, producer, ...pair);
    this.values.set(value, { parameters, scale, zeroPoint, integers, dequantized, fromInt8 });
  }

  private rewire(candidate: Candidate): void {
    const { node, weight } = candidate;
    // The key names what the node reads: it must be made before that changes.
    const stored = this.weights.get(this.weightKey(candidate));
    let inputScale = 1;
    for (const input of candidate.activations) {
      const value = this.values.get(node.inputs[input] ?? '');
      if (value === undefined) continue;
      node.inputs[input] = value.dequantized;
      inputScale = value.parameters.scale;
    }
    if (weight === undefined || stored === undefined) return;
    node.inputs[weight.input] = this.dequantize(node, stored.integers, stored.scales, stored.zeroPoints, weight.axis);
    if (candidate.kind === 'gemm') this.quantizeBias(node, stored.found, inputScale);
  }

  /** QGemm takes its bias as int32 at input scale × weight scale; a convolution's float bias the runtime converts by itself. */
  private quantizeBias(node: Node, weight: ChannelScales, inputScale: number): void {
    const bias = constantOf(this.model, node.inputs[2] ?? '');
    const values = floatConstant(this.model, node.inputs[2] ?? '');
    if (bias === undefined || values === undefined) return;
    const scales = weight.scales.map((scale) => scale * inputScale);
    const integers = Int32Array.from(values, (value, i) => Math.round(value / (scales[i] ?? 1)));
    const name = this.names.fresh(`${bias.name}_int32`);
    const scaleName = this.names.fresh(`${bias.name}_scale`);
    this.add(tensorFromArray(name, 'int32', bias.dims, integers));
    this.add(tensorFromArray(scaleName, 'float32', [scales.length], scales));
    node.inputs[2] = this.dequantize(node, name, scaleName, undefined, 0);
  }

  private dequantize(node: Node, integers: string, scales: string, zeroPoints: string | undefined, axis: number): string {
    const output = this.names.fresh(`${integers}_dequantized`);
    const inputs = zeroPoints === undefined ? [integers, scales] : [integers, scales, zeroPoints];
    push(this.before, node, makeNode({ opType: 'DequantizeLinear', name: this.names.fresh(`${integers}_DequantizeLinear`), inputs, outputs: [output], attributes: attributes({ axis }), origin: node.origin }));
    return output;
  }

  /**
   * Convolutions that were to stay float but stand between two quantized values: the runtime would quantize them by itself, per
   * tensor. It does so only behind a DequantizeLinear with one scale.
   */
  private floatConvolutionsToGuard(chosen: readonly Candidate[]): Node[] {
    const int8 = new Set(chosen.map((candidate) => candidate.node));
    return this.graph.nodes.filter((node) => {
      if (node.opType !== 'Conv' || int8.has(node) || this.values.get(node.inputs[0] ?? '')?.fromInt8 !== true) return false;
      let [output = ''] = node.outputs;
      for (;;) {
        const [reader, ...others] = this.index.consumersOf(output);
        const activation = reader?.opType === 'Relu' || reader?.opType === 'Clip';
        if (this.values.has(output)) return true;
        if (reader === undefined || others.length > 0 || !activation) return false;
        output = reader.outputs[0] ?? '';
      }
    });
  }

  /** Gives a convolution its input from a DequantizeLinear of its own that repeats the one scale per channel: the same numbers. */
  private guard(node: Node): void {
    const value = this.values.get(node.inputs[0] ?? '');
    const channels = this.observations.get(node.inputs[0] ?? '')?.shape[1];
    if (value === undefined || channels === undefined) return;
    const scales = this.names.fresh(`${value.scale}_channels`);
    const zeroPoints = this.names.fresh(`${value.zeroPoint}_channels`);
    this.add(tensorFromArray(scales, 'float32', [channels], new Float32Array(channels).fill(value.parameters.scale)));
    this.add(tensorFromArray(zeroPoints, 'uint8', [channels], new Uint8Array(channels).fill(value.parameters.zeroPoint)));
    node.inputs[0] = this.dequantize(node, value.integers, scales, zeroPoints, 1);
  }

  /** The producer of a value made by an int8 layer writes the name that QuantizeLinear reads. */
  private renameMade(made: ReadonlySet<string>): void {
    for (const name of made) {
      const producer = this.index.producer(name);
      const quantize = producer === undefined ? undefined : this.after.get(producer)?.find((node) => node.opType === 'QuantizeLinear' && node.outputs[0] === this.values.get(name)?.integers);
      const float = quantize?.inputs[0];
      if (producer !== undefined && float !== undefined) producer.outputs = producer.outputs.map((output) => (output === name ? float : output));
    }
  }

  private add(tensor: Tensor): void {
    this.graph.initializers.set(tensor.name, tensor);
  }
}

/** As many groups as output channels, one input channel each. */
function isDepthwise({ kind, node, outputChannels }: Candidate): boolean {
  return kind === 'depthwise' && intAttribute(node, 'group', 1) === outputChannels;
}

/** Elements of a float32 constant. */
function floatConstant(model: Model, name: string): Float32Array | undefined {
  const tensor = constantOf(model, name);
  return tensor?.elementType === 'float32' ? toFloat32Array(tensor) : undefined;
}

function activationInputs(candidate: Candidate): string[] {
  return candidate.activations.map((input) => candidate.node.inputs[input] ?? '');
}

/** A matrix product gives float from integers at no cost; the other kernels end in uint8. */
function endsInIntegers(candidate: Candidate): boolean {
  return candidate.kind !== 'matmul' && candidate.kind !== 'gemm';
}

function push(map: Map<Node, Node[]>, key: Node, ...nodes: Node[]): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, nodes);
  else list.push(...nodes);
}
