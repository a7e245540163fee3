// The nodes of a graph that have an int8 kernel, each with what decides whether that kernel is worth it.
import type { TypeInference } from '../../../analysis/infer';
import type { Graph, Model, Node } from '../../../graph/model';
import { GraphIndex, intAttribute, nodeKeys, stringAttribute } from '../../../graph/traverse';
import { elementCount, type Tensor } from '../../../tensor/tensor';
import { constantOf } from '../constants';

export type CandidateKind = 'conv' | 'depthwise' | 'matmul' | 'gemm' | 'add' | 'globalPool' | 'mul' | 'concat' | 'averagePool' | 'resize' | 'activation' | 'attention';

export interface Candidate {
  readonly kind: CandidateKind;
  readonly node: Node;
  /** Node key: what options and reports call this layer. */
  readonly key: string;
  /** Positions of the inputs that carry activations. */
  readonly activations: readonly number[];
  /** The constant weight, its input position and the axis of its output channels. */
  readonly weight?: { readonly input: number; readonly axis: number; readonly tensor: Tensor };
  /** The Relu or Clip that the int8 kernel takes in, if one follows alone. */
  readonly absorbed?: Node;
  /** The value that is quantized behind the node: its own output, or the absorbed activation's. */
  readonly output: string;
  /** Output channels, input channels per group, kernel positions; 1 where there is no weight. */
  readonly outputChannels: number;
  readonly inputChannels: number;
  readonly kernel: number;
}

const weightedRank = 3; // a convolution weight has at least one spatial axis

/** Finds the candidates of the top graph, in graph order, of all kinds or the given ones. Subgraphs stay float. */
export function findCandidates(model: Model, kinds?: ReadonlySet<CandidateKind>): Candidate[] {
  const index = new GraphIndex(model.graph);
  const keys = nodeKeys(model.graph);
  const found: Candidate[] = [];
  for (const node of model.graph.nodes) {
    const shape = node.domain === '' ? kernels.get(node.opType)?.(model, node) : undefined;
    const [output] = node.outputs;
    if (shape === undefined || output === undefined || kinds?.has(shape.kind) === false) continue;
    const absorbed = absorbedActivation(model, index, node);
    found.push({ ...shape, node, key: keys.get(node) ?? node.name, output: absorbed?.outputs[0] ?? output, ...(absorbed === undefined ? {} : { absorbed }) });
  }
  return found;
}

type KernelShape = Pick<Candidate, 'kind' | 'activations' | 'weight' | 'outputChannels' | 'inputChannels' | 'kernel'>;

const kernels = new Map<string, (model: Model, node: Node) => KernelShape | undefined>([
  ['Conv', convolution],
  ['MatMul', matmul],
  ['Gemm', gemm],
  ['Add', elementwise('add')],
  ['Mul', elementwise('mul')],
  ['GlobalAveragePool', () => unweighted('globalPool', [0])],
  ['AveragePool', () => unweighted('averagePool', [0])],
  ['Concat', (model, node) => (node.inputs.some((name) => constantOf(model, name) !== undefined) ? undefined : unweighted('concat', node.inputs.map((_, i) => i)))],
  // Nearest neighbours are copies: the integers pass as they are.
  ['Resize', (_, node) => ((stringAttribute(node, 'mode') ?? 'nearest') === 'nearest' ? unweighted('resize', [0]) : undefined)],
  ['Sigmoid', () => unweighted('activation', [0])],
  ['LeakyRelu', () => unweighted('activation', [0])],
]);

function elementwise(kind: 'add' | 'mul'): (model: Model, node: Node) => KernelShape | undefined {
  return (model, node) => (node.inputs.some((name) => constantOf(model, name) !== undefined) ? undefined : unweighted(kind, [0, 1]));
}

function unweighted(kind: CandidateKind, activations: readonly number[]): KernelShape {
  return { kind, activations, outputChannels: 1, inputChannels: 1, kernel: 1 };
}

function floatWeight(model: Model, node: Node, input: number): Tensor | undefined {
  const tensor = constantOf(model, node.inputs[input] ?? '');
  return tensor?.elementType === 'float32' && elementCount(tensor.dims) > 0 ? tensor : undefined;
}

function convolution(model: Model, node: Node): KernelShape | undefined {
  const tensor = floatWeight(model, node, 1);
  if (tensor === undefined || tensor.dims.length < weightedRank) return undefined;
  const [outputChannels = 1, inputChannels = 1] = tensor.dims;
  const group = intAttribute(node, 'group', 1);
  // One input channel alone does not make a convolution depthwise: there must be several groups, one per channel.
  const kind = group > 1 && inputChannels === 1 ? 'depthwise' : 'conv';
  return { kind, activations: [0], weight: { input: 1, axis: 0, tensor }, outputChannels, inputChannels, kernel: elementCount(tensor.dims.slice(2)) };
}

function matmul(model: Model, node: Node): KernelShape | undefined {
  if (constantOf(model, node.inputs[0] ?? '') !== undefined) return undefined;
  // Scores and mixtures of attention: both sides are computed.
  if (constantOf(model, node.inputs[1] ?? '') === undefined) return unweighted('attention', [0, 1]);
  const tensor = floatWeight(model, node, 1);
  if (tensor?.dims.length !== 2) return undefined;
  const [inputChannels = 1, outputChannels = 1] = tensor.dims;
  return { kind: 'matmul', activations: [0], weight: { input: 1, axis: 1, tensor }, outputChannels, inputChannels, kernel: 1 };
}

function gemm(model: Model, node: Node): KernelShape | undefined {
  const tensor = floatWeight(model, node, 1);
  if (tensor === undefined || tensor.dims.length !== 2 || intAttribute(node, 'transA', 0) !== 0) return undefined;
  if (['alpha', 'beta'].some((name) => (node.attributes.get(name)?.value ?? 1) !== 1)) return undefined;
  const axis = intAttribute(node, 'transB', 0) === 0 ? 1 : 0;
  const outputChannels = tensor.dims[axis] ?? 1;
  const bias = node.inputs[2] ?? '';
  // The int8 kernel adds one number per column; a bias that varies by row or is computed stays with the float kernel.
  if (bias !== '' && !isColumnBias(constantOf(model, bias), outputChannels)) return undefined;
  return { kind: 'gemm', activations: [0], weight: { input: 1, axis, tensor }, outputChannels, inputChannels: tensor.dims[1 - axis] ?? 1, kernel: 1 };
}

function isColumnBias(bias: Tensor | undefined, columns: number): boolean {
  return bias?.elementType === 'float32' && bias.dims.length === 1 && bias.dims[0] === columns;
}

/** Relu, or Clip with constant bounds, when it is the only reader: int8 kernels end in a saturation that does the same. */
function absorbedActivation(model: Model, index: GraphIndex, node: Node): Node | undefined {
  const [output = ''] = node.outputs;
  const [reader, ...others] = index.consumersOf(output);
  if (reader?.domain !== '' || others.length > 0 || index.outputNames.has(output)) return undefined;
  if (reader.opType === 'Relu') return reader;
  if (reader.opType !== 'Clip' || node.opType !== 'Conv') return undefined;
  const bounds = reader.inputs.slice(1).filter((name) => name !== '');
  return bounds.every((name) => constantOf(model, name) !== undefined) ? reader : undefined;
}

/** Values whose ranges calibration must observe so that any of the candidates can be quantized: float32 ones. */
export function valuesToObserve(graph: Graph, candidates: readonly Candidate[], types: TypeInference): string[] {
  const isFloat = (name: string): boolean => {
    const type = types.typeOf(graph, name);
    return type?.kind === 'tensor' && type.elementType === 'float32';
  };
  const names = new Set<string>();
  for (const candidate of candidates) {
    // A layer with float32 weights takes and gives float32, whatever is known of its neighbours.
    if (candidate.weight === undefined && ![candidate.output, ...candidate.activations.map((input) => candidate.node.inputs[input] ?? '')].every(isFloat)) continue;
    for (const input of candidate.activations) {
      const name = candidate.node.inputs[input];
      if (name !== undefined && !graph.initializers.has(name)) names.add(name);
    }
    names.add(candidate.output);
  }
  return [...names];
}
