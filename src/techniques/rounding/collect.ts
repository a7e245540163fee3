// The Hessians of layers, XᵀX over calibration samples, summed inside the runtime so that only K × K numbers travel.
import { checkpoint } from '../../base/cancellation';
import { attributes, cloneModel, makeNode, tensorValue } from '../../graph/construct';
import type { Model, Node } from '../../graph/model';
import { intAttribute } from '../../graph/traverse';
import { toFloat32Array } from '../../tensor/decode';
import { elementCount, int64Tensor, tensorFromArray, type Tensor } from '../../tensor/tensor';
import { FreshNames } from '../quantize/names';
import type { TechniqueContext } from '../technique';
import { rowLayout } from './rows';

/** A node of the model with a constant weight: a Conv, or a MatMul or Gemm whose activation is its first input. */
export interface WeightedLayer {
  readonly key: string;
  readonly node: Node;
  /** The weight, its input position and the axis of its output channels. */
  readonly weight: { readonly input: number; readonly axis: number; readonly tensor: Tensor };
}

export interface LayerHessian {
  /** K: weights per row. */
  readonly size: number;
  /** XᵀX [K, K], one for each group of a convolution; layers that read the same value share them. */
  readonly groups: readonly Float64Array[];
}

export interface CollectSettings {
  /** Calibration samples. */
  readonly samples: number;
  /** Bytes of Hessians held at once; more are collected in several passes over the data. */
  readonly memoryBytes?: number;
}

const usualMemory = 512 * 2 ** 20;
/** A float64 sum here, a float32 product on its way. */
const bytesPerElement = 12;

/**
 * Runs the model over the samples and hands out each layer's Hessian; it is let go afterwards.
 * The Hessian of a row's squared output error in its weights is 2·XᵀX (Frantar et al. 2022, arXiv:2210.17323, section 3.1); the
 * factor 2 changes no decision. A convolution's X are the patches its kernel is laid on.
 * @throws LatheError what the runner throws; `cancelled`.
 */
export async function forEachHessian<T extends WeightedLayer>(model: Model, layers: readonly T[], context: TechniqueContext, settings: CollectSettings, use: (layer: T, hessian: LayerHessian) => void | Promise<void>): Promise<void> {
  const shared = new Map<string, { readonly plan: ProbePlan; readonly layers: T[] }>();
  for (const layer of layers) {
    const plan = planProbe(layer);
    const known = shared.get(plan.key);
    if (known === undefined) shared.set(plan.key, { plan, layers: [layer] });
    else known.layers.push(layer);
  }
  const waiting = [...shared.values()];
  while (waiting.length > 0) {
    const together = takeFitting(waiting, settings.memoryBytes ?? usualMemory);
    const sums = await collect(model, together.map((entry) => entry.plan), settings.samples, context);
    for (const [i, entry] of together.entries()) {
      for (const layer of entry.layers) {
        await checkpoint(context.signal);
        await use(layer, sums[i] ?? { size: 0, groups: [] });
      }
      sums[i] = undefined;
    }
  }
}

/** Takes from the front what fits the memory; one at least. */
function takeFitting<T extends { readonly plan: ProbePlan }>(waiting: T[], memoryBytes: number): T[] {
  let bytes = 0;
  const fits = ({ plan }: T): boolean => (bytes += plan.groups * plan.size ** 2 * bytesPerElement) <= memoryBytes;
  const end = waiting.findIndex((entry, i) => !fits(entry) && i > 0);
  return waiting.splice(0, end < 0 ? waiting.length : end);
}

interface ProbePlan {
  /** The same for layers with the same Hessian. */
  readonly key: string;
  readonly node: Node;
  readonly size: number;
  readonly groups: number;
  /** Kernel extent of a convolution. */
  readonly kernel: readonly number[] | undefined;
}

function planProbe({ node, weight: { tensor, axis } }: WeightedLayer): ProbePlan {
  const { size } = rowLayout(tensor, axis);
  if (node.opType !== 'Conv') return { key: JSON.stringify([node.inputs[0], size]), node, size, groups: 1, kernel: undefined };
  const kernel = tensor.dims.slice(2);
  const geometry = ['auto_pad', 'dilations', 'group', 'pads', 'strides'].map((name) => node.attributes.get(name)?.value);
  return { key: JSON.stringify([node.inputs[0], size, kernel, geometry]), node, size, groups: intAttribute(node, 'group', 1), kernel };
}

async function collect(model: Model, plans: readonly ProbePlan[], samples: number, context: TechniqueContext): Promise<(LayerHessian | undefined)[]> {
  const probed = cloneModel(model);
  const prober = new Prober(probed);
  probed.graph.outputs = [];
  const outputs = plans.map((plan) => prober.probe(plan));
  const sums = plans.map(({ size, groups }) => ({ size, groups: Array.from({ length: groups }, () => new Float64Array(size * size)) }));
  await context.runSamples(probed, context.data, samples, outputs, (results) => {
    for (const [i, sum] of sums.entries()) {
      const found = results.get(outputs[i] ?? '');
      if (found === undefined) continue;
      const products = toFloat32Array(found);
      for (const [group, into] of sum.groups.entries()) for (let at = 0, from = group * into.length; at < into.length; at++) into[at] = (into[at] ?? 0) + (products[from + at] ?? 0);
    }
  });
  return sums;
}

/** Adds the nodes that compute XᵀX of layers to a model. */
class Prober {
  private readonly names: FreshNames;

  constructor(private readonly model: Model) {
    this.names = new FreshNames(model.graph);
  }

  /** The output [groups, K, K] that holds the Hessian of one sample. */
  probe(plan: ProbePlan): string {
    const { node, size, groups, kernel } = plan;
    const [input = ''] = node.inputs;
    // Columns of X side by side: [groups, K, everything else].
    const columns = kernel === undefined ? this.productColumns(input, size) : this.patchColumns(plan, kernel);
    const product = this.add('MatMul', [columns, this.add('Transpose', [columns], { perm: [0, 2, 1] })]);
    this.model.graph.outputs.push(tensorValue(product, 'float32', [groups, size, size]));
    return product;
  }

  private productColumns(input: string, size: number): string {
    const rows = this.add('Reshape', [input, this.constant([1, -1, size])]);
    return this.add('Transpose', [rows], { perm: [0, 2, 1] });
  }

  /** The patches a kernel is laid on, through a depthwise convolution whose kernels each pick one position. */
  private patchColumns({ node, size, groups }: ProbePlan, kernel: readonly number[]): string {
    const [input = ''] = node.inputs;
    const positions = elementCount(kernel);
    const channels = (size * groups) / positions;
    const picks = new Float32Array(channels * positions * positions);
    for (let at = 0; at < channels * positions; at++) picks[at * positions + (at % positions)] = 1;
    const name = this.names.fresh('lathe_picks');
    this.model.graph.initializers.set(name, tensorFromArray(name, 'float32', [channels * positions, 1, ...kernel], picks));
    const geometry = new Map([...node.attributes].filter(([attribute]) => attribute !== 'group'));
    const patches = this.names.fresh('lathe_probe');
    this.model.graph.nodes.push(makeNode({ opType: 'Conv', inputs: [input, name], outputs: [patches], attributes: new Map([...geometry, ...attributes({ group: channels })]) }));
    const grouped = this.add('Reshape', [patches, this.constant([0, groups, size, -1])]);
    const moved = this.add('Transpose', [grouped], { perm: [1, 2, 0, 3] });
    return this.add('Reshape', [moved, this.constant([groups, size, -1])]);
  }

  private add(opType: string, inputs: string[], values: Record<string, number[]> = {}): string {
    const output = this.names.fresh('lathe_probe');
    this.model.graph.nodes.push(makeNode({ opType, inputs, outputs: [output], attributes: attributes(values) }));
    return output;
  }

  private constant(values: readonly number[]): string {
    const name = this.names.fresh('lathe_shape');
    this.model.graph.initializers.set(name, int64Tensor(name, [values.length], values));
    return name;
  }
}
