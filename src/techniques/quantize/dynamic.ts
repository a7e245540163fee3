// Dynamic int8: weights of MatMul, Gemm and LSTM stored as int8, activations quantized at run time; needs no data.
import * as z from 'zod';
import { attributes, makeNode } from '../../graph/construct';
import type { Model, Node } from '../../graph/model';
import { elementTypeCode } from '../../tensor/elementType';
import { elementCount, tensorFromArray, type Tensor } from '../../tensor/tensor';
import { raiseOpset } from '../simplify/opset';
import type { Technique, TechniqueContext, TechniqueResult } from '../technique';
import { type Candidate, findCandidates } from './choose/candidates';
import { scanChannelScales, type WeightRange } from './channelScales';
import { dropUnreadInitializers, hoisted } from './constants';
import { type LstmLayer, lstmLayers, quantizedLstm } from './dynamicLstm';
import { FreshNames } from './names';
import { quantizedWeight, transposedBytes } from './quantizedWeight';
import { int8KernelsSaturate } from './saturation';

/** DynamicQuantizeLinear came with opset 11. */
const leastOpset = 11;

export const dynamicOptions = z.strictObject({
  reduceRange: z.union([z.literal('auto'), z.boolean()]).default('auto').describe('Scale weights so that sums of two products fit 16 bits: needed where int8 kernels saturate (x86 without VNNI). auto: find out here.'),
  keepFloat: z.array(z.string()).default([]).describe('Layers that stay float.'),
  only: z.array(z.string()).optional().describe('When given, no other layers go to int8.'),
  leastElements: z.int().min(0).default(1024).describe('Smaller weights stay float: they save nothing.'),
});
export type DynamicOptions = z.infer<typeof dynamicOptions>;

export const quantizeDynamic: Technique<DynamicOptions> = {
  id: 'quantize-dynamic',
  title: 'Dynamic int8 (MatMul, Gemm, LSTM)',
  options: dynamicOptions,
  applies: (model) => (weightsOf(hoisted(model)).length > 0 ? undefined : 'no MatMul or Gemm with constant float32 weights, and no LSTM'),
  estimate(model) {
    const bytes = weightsOf(hoisted(model)).reduce((sum, tensor) => sum + elementCount(tensor.dims) * 4, 0);
    return { weightBytes: { low: -0.75 * bytes, high: -0.7 * bytes } };
  },
  apply,
};

type Product = Candidate & { readonly weight: NonNullable<Candidate['weight']> };

function products(model: Model): Product[] {
  return findCandidates(model).filter((candidate): candidate is Product => candidate.weight !== undefined && (candidate.kind === 'matmul' || candidate.kind === 'gemm'));
}

function weightsOf(model: Model): Tensor[] {
  return [...products(model).map(({ weight }) => weight.tensor), ...lstmLayers(model).flatMap(({ weights }) => weights)];
}

async function apply(model: Model, options: DynamicOptions, context: TechniqueContext): Promise<TechniqueResult> {
  const reduced = options.reduceRange === 'auto' ? await int8KernelsSaturate(context) : options.reduceRange;
  const raised = (model.opsetImports.get('') ?? 1) < leastOpset ? raiseOpset(model, leastOpset) : model;
  const result = hoisted(raised);
  const writer = new DynamicWriter(result, reduced ? 'pairs' : 'full');
  const kept: { layer: string; reason: string }[] = [];
  const all = [...products(result), ...lstmLayers(result)];
  for (const layer of all) {
    const elements = 'weights' in layer ? layer.weights.reduce((sum, { dims }) => sum + elementCount(dims), 0) : elementCount(layer.weight.tensor.dims);
    const reason = options.keepFloat.includes(layer.key)
      ? 'given up for accuracy'
      : options.only?.includes(layer.key) === false
        ? 'not asked for'
        : elements < options.leastElements
          ? 'its weight is small'
          : 'weights' in layer
            ? writer.replaceLstm(layer)
            : writer.replace(layer);
    if (reason !== undefined) kept.push({ layer: layer.key, reason });
  }
  writer.finish();
  return {
    model: result,
    notes: [`${all.length - kept.length} of ${all.length} matrix products and LSTM to dynamic int8`, ...(reduced ? ['weights scaled so that no two products overflow 16 bits: int8 kernels without VNNI saturate there'] : [])],
    kept,
    unchanged: kept.length === all.length,
    uncalibrated: false, // ranges are found at run time: there is nothing to calibrate
  };
}

const notFinite = 'its weights hold NaN or infinite values';

interface StoredWeight {
  readonly integers: string;
  readonly scales: string;
}

/** Replaces products by DynamicQuantizeLinear → MatMulInteger → Cast → Mul, the form onnxruntime fuses into one kernel. */
class DynamicWriter {
  private readonly names: FreshNames;
  private readonly replaced = new Map<Node, readonly Node[]>();
  /** The quantized form of an activation, shared by the products that read it. */
  private readonly activations = new Map<string, { readonly integers: string; readonly scale: string; readonly zeroPoint: string }>();
  private readonly weights = new Map<string, StoredWeight | undefined>();

  constructor(
    private readonly model: Model,
    private readonly range: WeightRange,
  ) {
    this.names = new FreshNames(model.graph);
  }

  /** Undefined when replaced, else the reason it was not. */
  replace(product: Product): string | undefined {
    const { node } = product;
    const stored = this.store(product);
    if (stored === undefined) return notFinite;
    const [input = '', , bias = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const name = (suffix: string): string => this.names.fresh(`${output}_${suffix}`);
    const nodes: Node[] = [];
    const add = (opType: string, inputs: string[], outputs: string[], extra: Partial<Node> = {}): void => void nodes.push(makeNode({ opType, inputs, outputs, name: this.names.fresh(`${node.name || output}_${opType}`), origin: node.origin, ...extra }));
    let activation = this.activations.get(input);
    if (activation === undefined) {
      activation = { integers: name('uint8'), scale: name('scale'), zeroPoint: name('zero_point') };
      add('DynamicQuantizeLinear', [input], [activation.integers, activation.scale, activation.zeroPoint]);
      this.activations.set(input, activation);
    }
    const [sum, float, scale] = [name('int32'), name('sum'), name('product_scale')];
    add('MatMulInteger', [activation.integers, stored.integers, activation.zeroPoint], [sum]);
    add('Cast', [sum], [float], { attributes: attributes({ to: elementTypeCode('float32') }) });
    add('Mul', [activation.scale, stored.scales], [scale]);
    const plain = bias === '' ? output : name('product');
    add('Mul', [float, scale], [plain]);
    if (bias !== '') add('Add', [plain, bias], [output]);
    this.replaced.set(node, nodes);
    return undefined;
  }

  /** Undefined when replaced, else the reason it was not. */
  replaceLstm(layer: LstmLayer): string | undefined {
    const quantized = quantizedLstm(this.model, this.names, layer, this.range);
    if (quantized === undefined) return notFinite;
    this.replaced.set(layer.node, [quantized]);
    return undefined;
  }

  finish(): void {
    const { graph } = this.model;
    graph.nodes = graph.nodes.flatMap((node) => this.replaced.get(node) ?? [node]);
    dropUnreadInitializers(graph);
  }

  /** Int8 weight [K, N] and its scales [N]. */
  private store({ weight: { tensor, axis } }: Product): StoredWeight | undefined {
    const key = `${axis} ${tensor.name}`;
    if (this.weights.has(key)) return this.weights.get(key);
    const found = scanChannelScales(tensor, axis, this.range);
    const stored = found.finite ? { integers: this.names.fresh(`${tensor.name}_int8`), scales: this.names.fresh(`${tensor.name}_scale`) } : undefined;
    if (stored !== undefined) {
      const integers: Tensor = quantizedWeight(stored.integers, tensor, found);
      this.model.graph.initializers.set(stored.integers, axis === 1 ? integers : transposedBytes(integers));
      this.model.graph.initializers.set(stored.scales, tensorFromArray(stored.scales, 'float32', [found.channels], found.scales));
    }
    this.weights.set(key, stored);
    return stored;
  }
}
