// Writes quantization into a graph as QuantizeLinear/DequantizeLinear pairs, placed so that onnxruntime fuses int8 kernels from them.
import { attributes, makeNode } from '../../../graph/construct';
import type { Graph, Model, Node } from '../../../graph/model';
import { GraphIndex, intAttribute } from '../../../graph/traverse';
import { toFloat32Array } from '../../../tensor/decode';
import { tensorFromArray, type Tensor } from '../../../tensor/tensor';
import type { Candidate } from '../choose/candidates';
import { passing } from '../choose/choose';
import { type ChannelScales, scanChannelScales, type WeightRange } from '../channelScales';
import { constantOf, dropUnreadInitializers } from '../constants';
import { FreshNames } from '../names';
import { scalar, type Observation } from '../calibrate/observe';
import { activationParameters, type ActivationParameters, type ActivationType } from './activationParameters';
import { usefulRange } from '../calibrate/usefulRange';
import { quantizedWeight } from '../quantizedWeight';
import { clipChannels } from '../weightClipping';

/** Bound of an int32 bias; the margin takes up float32 rounding of the scales. */
const largestInt32 = 2 ** 31 * 0.999;
/** Least input scale × weight scale: float32 holds it in full precision. */
const smallestScaleProduct = 1e-37;

export interface InsertionSettings {
  /** `pairs` where int8 kernels add pairs of products in 16 bits. */
  readonly range: WeightRange;
  /** Clip each channel of the weights where that lowers their square error; with `pairs` the room is needed and nothing is clipped. */
  readonly clipWeights: boolean;
  /** Type of the activations of int8 layers. */
  readonly activations: 'uint8' | 'int8';
  /** Keys of layers whose activations get 16 bits. */
  readonly int16: ReadonlySet<string>;
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
  readonly type: ActivationType;
  readonly parameters: ActivationParameters;
  readonly scale: string;
  readonly zeroPoint: string;
  readonly integers: string;
  /** What layers that take this type read. */
  readonly dequantized: string;
  /** True when an int8 layer makes it, so that every reader gets the dequantized value. */
  readonly fromInt8: boolean;
}

class Inserter {
  private readonly graph: Graph;
  private readonly names: FreshNames;
  private readonly index: GraphIndex;
  /** By value and the type a reader takes. */
  private readonly values = new Map<string, QuantizedValue>();
  /** Values that chosen layers make, by the type they make. */
  private readonly made = new Map<string, ActivationType>();
  private readonly weights = new Map<string, { readonly integers: string; readonly scales: string; readonly zeroPoints: string; readonly found: ChannelScales }>();
  private readonly before = new Map<Node, Node[]>();
  private readonly after = new Map<Node, Node[]>();
  private readonly first: Node[] = [];
  /** Resize nodes that pass integers on. */
  private resized: ReadonlySet<Node> = new Set();

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
    this.resized = new Set(chosen.filter(({ kind }) => kind === 'resize').map(({ node }) => node));
    for (const candidate of chosen.filter(endsInIntegers)) this.made.set(candidate.output, this.typeOf(candidate));
    for (const [value, type] of this.made) this.quantizeValue(value, type);
    for (const candidate of chosen) for (const input of candidate.activations) this.quantizeValue(candidate.node.inputs[input] ?? '', this.typeOf(candidate, input));
    const guarded = this.floatConvolutionsToGuard(chosen);
    for (const candidate of chosen) this.rewire(candidate);
    for (const node of guarded) this.guard(node);
    this.renameMade();
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
  private makeRoomForBias(candidate: Candidate, scales: Float32Array): void {
    const { node } = candidate;
    const bias = floatConstant(this.model, node.inputs[2] ?? '');
    const inputScale = this.parametersOf(node.inputs[0] ?? '', this.typeOf(candidate, 0))?.scale;
    if (bias === undefined || inputScale === undefined) return;
    for (const [channel, value] of bias.entries()) scales[channel] = Math.max(scales[channel] ?? 0, Math.abs(value) / largestInt32 / inputScale, smallestScaleProduct / inputScale);
  }

  /** The type of a layer's output, or of the activation at one of its inputs. */
  private typeOf(candidate: Candidate, input?: number): ActivationType {
    if (this.settings.int16.has(candidate.key)) return 'uint16';
    // A product's second side stands where weights do, which kernels want signed.
    return candidate.kind === 'attention' && input === 1 ? 'int8' : this.settings.activations;
  }

  /** A value that was only moved takes the parameters of the one that was made, so that the runtime moves its integers. */
  private parametersOf(value: string, type: ActivationType): ActivationParameters | undefined {
    const root = this.rootOf(value);
    const source = this.made.has(root) ? root : value;
    const range = this.observations.get(source);
    if (range === undefined) return undefined;
    // 16 bits have room for outliers.
    const whole = type === 'uint16' ? { ...range, low: range.min, high: range.max } : range;
    const useful = usefulRange(source, whole, this.index);
    return activationParameters(useful.low, useful.high, type);
  }

  private rootOf(value: string): string {
    let root = value;
    for (let node = this.index.producer(root); node !== undefined && node.domain === '' && this.moves(node); node = this.index.producer(root)) root = node.inputs[0] ?? '';
    return root;
  }

  private moves(node: Node): boolean {
    return passing.has(node.opType) || this.resized.has(node);
  }

  private quantizedAt(candidate: Candidate, input: number): QuantizedValue | undefined {
    return this.values.get(valueKey(candidate.node.inputs[input] ?? '', this.typeOf(candidate, input)));
  }

  private quantizeValue(value: string, type: ActivationType): void {
    const parameters = this.parametersOf(value, type);
    if (this.values.has(valueKey(value, type)) || parameters === undefined) return;
    const fromInt8 = this.made.get(value) === type;
    const scale = this.names.fresh(`${value}_scale`);
    const zeroPoint = this.names.fresh(`${value}_zero_point`);
    const integers = this.names.fresh(`${value}_${type}`);
    // A value that an int8 layer makes keeps its name behind the pair, so that no reader needs to know.
    const dequantized = fromInt8 ? value : this.names.fresh(`${value}_dequantized`);
    const float = fromInt8 ? this.names.fresh(`${value}_float`) : value;
    this.add(scalar(scale, 'float32', parameters.scale));
    this.add(scalar(zeroPoint, type, parameters.zeroPoint));
    const producer = this.index.producer(value);
    const origin = producer?.origin ?? [];
    const pair = [
      makeNode({ opType: 'QuantizeLinear', name: this.names.fresh(`${value}_QuantizeLinear`), inputs: [float, scale, zeroPoint], outputs: [integers], origin }),
      makeNode({ opType: 'DequantizeLinear', name: this.names.fresh(`${value}_DequantizeLinear`), inputs: [integers, scale, zeroPoint], outputs: [dequantized], origin }),
    ];
    if (producer === undefined) this.first.push(...pair);
    else push(this.after, producer, ...pair);
    this.values.set(valueKey(value, type), { type, parameters, scale, zeroPoint, integers, dequantized, fromInt8 });
  }

  private rewire(candidate: Candidate): void {
    const { node, weight } = candidate;
    // The key names what the node reads: it must be made before that changes.
    const stored = this.weights.get(this.weightKey(candidate));
    let inputScale = 1;
    // Looked up before any is renamed: a node may read one value twice.
    const taken = candidate.activations.map((input) => ({ input, value: this.quantizedAt(candidate, input) }));
    for (const { input, value } of taken) {
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
      if (node.opType !== 'Conv' || int8.has(node) || this.int8Value(node.inputs[0])?.fromInt8 !== true) return false;
      let [output = ''] = node.outputs;
      for (;;) {
        const [reader, ...others] = this.index.consumersOf(output);
        const activation = reader?.opType === 'Relu' || reader?.opType === 'Clip';
        if (this.int8Value(output) !== undefined) return true;
        if (reader === undefined || others.length > 0 || !activation) return false;
        output = reader.outputs[0] ?? '';
      }
    });
  }

  private int8Value(name = ''): QuantizedValue | undefined {
    return this.values.get(valueKey(name, this.settings.activations));
  }

  /** Gives a convolution its input from a DequantizeLinear of its own that repeats the one scale per channel: the same numbers. */
  private guard(node: Node): void {
    const value = this.int8Value(node.inputs[0]);
    const channels = this.observations.get(node.inputs[0] ?? '')?.shape[1];
    if (value === undefined || channels === undefined) return;
    const scales = this.names.fresh(`${value.scale}_channels`);
    const zeroPoints = this.names.fresh(`${value.zeroPoint}_channels`);
    this.add(tensorFromArray(scales, 'float32', [channels], new Float32Array(channels).fill(value.parameters.scale)));
    const points = value.type === 'int8' ? new Int8Array(channels) : new Uint8Array(channels);
    this.add(tensorFromArray(zeroPoints, value.type, [channels], points.fill(value.parameters.zeroPoint)));
    node.inputs[0] = this.dequantize(node, value.integers, scales, zeroPoints, 1);
  }

  /** The producer of a value made by an int8 layer writes the name that QuantizeLinear reads. */
  private renameMade(): void {
    for (const [name, type] of this.made) {
      const producer = this.index.producer(name);
      const quantize = producer === undefined ? undefined : this.after.get(producer)?.find((node) => node.opType === 'QuantizeLinear' && node.outputs[0] === this.values.get(valueKey(name, type))?.integers);
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

function valueKey(value: string, type: ActivationType): string {
  return `${type} ${value}`;
}

/** A matrix product gives float from integers at no cost; the other kernels end in uint8. */
function endsInIntegers(candidate: Candidate): boolean {
  return candidate.kind !== 'matmul' && candidate.kind !== 'gemm' && candidate.kind !== 'attention';
}

function push(map: Map<Node, Node[]>, key: Node, ...nodes: Node[]): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, nodes);
  else list.push(...nodes);
}
