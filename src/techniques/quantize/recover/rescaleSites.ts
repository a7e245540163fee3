// Values whose channels can be rescaled without a change to the model: whoever makes them divides, all who read them multiply, in their weights.
import type { Model, Node } from '../../../graph/model';
import { GraphIndex, intAttribute } from '../../../graph/traverse';
import type { Tensor } from '../../../tensor/tensor';
import { constantOf } from '../constants';
import type { ChannelAxis } from './reduce';

/** A constant input of a node that takes in a factor per channel. */
export interface ScaledConstant {
  readonly node: Node;
  readonly input: number;
  readonly tensor: Tensor;
  /** Channel of the value that an element of the tensor belongs to. */
  readonly channelOf: (element: number) => number;
  /** True for weights, whose ranges decide; false for biases and the like. */
  readonly weight: boolean;
}

export interface RescaleSite {
  readonly value: string;
  readonly axis: ChannelAxis;
  readonly channels: number;
  /** Constants that are divided by the factors. */
  readonly makers: readonly ScaledConstant[];
  /** Constants that are multiplied by the factors. */
  readonly readers: readonly ScaledConstant[];
}

/**
 * f(s · x) = s · f(x) for s > 0, channel by channel: a factor passes unchanged. Clip(0, 6) is not among them: equalizing across it
 * changes what it clips.
 */
const homogeneous = new Set(['Relu', 'LeakyRelu', 'Identity', 'Dropout']);
/** The same where channels are maps of their own. */
const homogeneousOnMaps = new Set(['MaxPool', 'AveragePool']);

/** Finds the sites before the Conv, MatMul and Gemm nodes of the top graph, each value once. */
export function rescaleSites(model: Model): RescaleSite[] {
  const index = new GraphIndex(model.graph);
  const sites = new Map<string, RescaleSite>();
  for (const node of model.graph.nodes) {
    const [value = ''] = node.inputs;
    if (sites.has(value) || index.outputNames.has(value)) continue;
    const own = readerOf(model, node);
    if (own === undefined) continue;
    const readers = index.consumersOf(value).map((reader) => (reader.inputs.indexOf(value) === 0 && reader.inputs.lastIndexOf(value) === 0 ? readerOf(model, reader) : undefined));
    const makers = makersOf(model, index, value, own);
    if (makers === undefined || !readers.every((reader) => reader?.axis === own.axis && reader.channels === own.channels)) continue;
    sites.set(value, { value, axis: own.axis, channels: own.channels, makers, readers: readers.flatMap((reader) => reader?.constant ?? []) });
  }
  return [...sites.values()];
}

/** Where the channels of a value lie. */
interface Channels {
  readonly axis: ChannelAxis;
  readonly channels: number;
  /** Of a map [N, C, …]; a value whose channels lie last may have any. */
  readonly rank?: number;
}

interface Reader extends Channels {
  readonly constant: ScaledConstant;
}

function floatConstant(model: Model, name: string | undefined): Tensor | undefined {
  const tensor = constantOf(model, name ?? '');
  return tensor?.elementType === 'float32' ? tensor : undefined;
}

function readerOf(model: Model, node: Node): Reader | undefined {
  const tensor = node.domain === '' ? floatConstant(model, node.inputs[1]) : undefined;
  if (tensor === undefined) return undefined;
  const [rows = 1, columns = 1] = tensor.dims;
  const base = { node, input: 1, tensor, weight: true };
  if (node.opType === 'Conv' && tensor.dims.length > 2) {
    const groups = intAttribute(node, 'group', 1);
    const positions = tensor.dims.slice(2).reduce((product, dim) => product * dim, 1);
    // Weight [M, C/g, …]: output channel m reads the input channels of its group.
    const channelOf = (element: number): number => Math.floor(Math.floor(element / (columns * positions)) / (rows / groups)) * columns + (Math.floor(element / positions) % columns);
    return { axis: 'second', channels: columns * groups, rank: tensor.dims.length, constant: { ...base, channelOf } };
  }
  if (tensor.dims.length !== 2) return undefined;
  const transposed = node.opType === 'Gemm' && intAttribute(node, 'transB', 0) !== 0;
  const plain = node.opType === 'MatMul' || (node.opType === 'Gemm' && intAttribute(node, 'transA', 0) === 0);
  if (!plain) return undefined;
  return { axis: 'last', channels: transposed ? columns : rows, constant: { ...base, channelOf: transposed ? (element) => element % columns : (element) => Math.floor(element / columns) } };
}

/** The constants that make a value's channels smaller by a factor each, walking towards its maker; undefined where something in between cannot. */
function makersOf(model: Model, index: GraphIndex, value: string, place: Channels): ScaledConstant[] | undefined {
  const { axis, channels } = place;
  const node = index.producer(value);
  if (node?.domain !== '' || node.outputs[0] !== value) return undefined;
  const before = (input: number): ScaledConstant[] | undefined => {
    const name = node.inputs[input] ?? '';
    return index.consumersOf(name).length === 1 && !index.outputNames.has(name) ? makersOf(model, index, name, place) : undefined;
  };
  if (homogeneous.has(node.opType) || (axis === 'second' && homogeneousOnMaps.has(node.opType))) return node.outputs.filter((output) => output !== '').length === 1 ? before(0) : undefined;
  if (node.opType === 'Add' || node.opType === 'Mul') {
    const input = node.inputs.findIndex((name) => floatConstant(model, name) !== undefined);
    const vector = input < 0 ? undefined : vectorAt(model, node, input, place);
    if (vector === undefined) return undefined;
    if (node.opType === 'Mul') return [{ ...vector, weight: true }];
    const others = before(1 - input);
    return others === undefined ? undefined : [vector, ...others];
  }
  if (node.opType === 'LayerNormalization') return axis === 'last' && intAttribute(node, 'axis', -1) === -1 ? withBias(model, node, place, vectorAt(model, node, 1, place)) : undefined;
  const made = weightOf(model, node, axis, channels);
  return made === undefined ? undefined : withBias(model, node, place, made);
}

const biasInput = 2;

function withBias(model: Model, node: Node, place: Channels, weight: ScaledConstant | undefined): ScaledConstant[] | undefined {
  if (weight === undefined) return undefined;
  const made = [{ ...weight, weight: true }];
  if ((node.inputs[biasInput] ?? '') === '') return made;
  const bias = vectorAt(model, node, biasInput, node.opType === 'Conv' ? { ...place, axis: 'last' } : place);
  return bias === undefined ? undefined : [...made, bias];
}

/** A constant with one element per channel, at the place broadcasting gives it. */
function vectorAt(model: Model, node: Node, input: number, { axis, channels, rank = 0 }: Channels): ScaledConstant | undefined {
  const tensor = floatConstant(model, node.inputs[input]);
  if (tensor === undefined || channels < 2) return undefined;
  // Broadcasting counts axes from the last.
  const place = axis === 'last' ? tensor.dims.length - 1 : tensor.dims.length - rank + 1;
  const fits = place >= 0 && (axis === 'last' || tensor.dims.length <= rank) && tensor.dims.every((dim, i) => dim === (i === place ? channels : 1));
  return fits ? { node, input, tensor, weight: false, channelOf: (element) => element } : undefined;
}

/** Weights whose output channels are the value's. */
function weightOf(model: Model, node: Node, axis: ChannelAxis, channels: number): ScaledConstant | undefined {
  const tensor = floatConstant(model, node.inputs[1]);
  if (tensor === undefined) return undefined;
  const [rows = 1, columns = 1] = tensor.dims;
  const base = { node, input: 1, tensor, weight: true };
  if (node.opType === 'Conv' && axis === 'second' && tensor.dims.length > 2 && rows === channels) {
    const inner = tensor.dims.slice(1).reduce((product, dim) => product * dim, 1);
    return { ...base, channelOf: (element) => Math.floor(element / inner) };
  }
  if (axis !== 'last' || tensor.dims.length !== 2) return undefined;
  if (node.opType === 'MatMul' && columns === channels) return { ...base, channelOf: (element) => element % columns };
  if (node.opType !== 'Gemm' || ['alpha', 'beta'].some((name) => (node.attributes.get(name)?.value ?? 1) !== 1)) return undefined;
  const transposed = intAttribute(node, 'transB', 0) !== 0;
  if ((transposed ? rows : columns) !== channels) return undefined;
  return { ...base, channelOf: transposed ? (element) => Math.floor(element / columns) : (element) => element % columns };
}
