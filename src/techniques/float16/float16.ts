// Float16 or bfloat16 storage: weights take half the bytes and are widened to float32 when the model is loaded; the arithmetic stays the same.
import * as z from 'zod';
import { attributes, cloneModel, makeNode } from '../../graph/construct';
import type { Graph, Model, Node } from '../../graph/model';
import { subgraphs, walkNodes } from '../../graph/traverse';
import { freeWeightsFromInputs } from '../../graph/weightInputs';
import { elementTypeCode } from '../../tensor/elementType';
import { elementCount, type Tensor } from '../../tensor/tensor';
import { FreshNames } from '../quantize/names';
import { raiseOpset } from '../simplify/opset';
import type { Technique, TechniqueResult } from '../technique';
import { type HalfType, halfWeight, largestHalf, largestMagnitude, smallestNormalHalf } from './halfWeight';

export const float16Options = z.strictObject({
  type: z.enum(['float16', 'bfloat16']).default('float16').describe('bfloat16: the range of float32 with 8 significant bits instead of 11.'),
  leastElements: z.int().min(1).default(256).describe('Smaller weights stay float32: they save nothing.'),
});
export type Float16Options = z.infer<typeof float16Options>;

export const float16: Technique<Float16Options> = {
  id: 'float16',
  title: 'Float16 storage',
  options: float16Options,
  applies: (model) => (eligibleBytes(model.graph, 1) > 0 ? undefined : 'no float32 weights'),
  estimate(model, options) {
    const bytes = eligibleBytes(model.graph, options.leastElements);
    return { weightBytes: { low: -bytes / 2, high: -bytes / 2 } };
  },
  apply: (model, options) => Promise.resolve(apply(model, options)),
};

/** Cast takes bfloat16 from opset 13 on (ONNX, Cast). */
const leastOpsets: Readonly<Record<HalfType, number>> = { float16: 1, bfloat16: 13 };

/** Largest finite bfloat16: seven bits behind the point. */
const largestBfloat16 = (2 - 2 ** -7) * 2 ** 127;
/** Least and largest magnitude, of a weight's largest element, that keep their significant bits. */
const ranges: Readonly<Record<HalfType, { readonly least: number; readonly most: number }>> = { float16: { least: smallestNormalHalf, most: largestHalf }, bfloat16: { least: 2 ** -126, most: largestBfloat16 } };

/** Operators whose second input is a scale or a divisor. */
const readsExactly = new Set(['DequantizeLinear', 'QuantizeLinear', 'Div']);

function* float32Weights(graph: Graph): Generator<Tensor> {
  for (const tensor of graph.initializers.values()) if (tensor.elementType === 'float32') yield tensor;
  for (const node of graph.nodes) {
    const value = constantValue(node);
    if (value !== undefined) yield value;
    for (const inner of subgraphs(node)) yield* float32Weights(inner.graph);
  }
}

function constantValue(node: Node): Tensor | undefined {
  const value = node.opType === 'Constant' && node.domain === '' ? node.attributes.get('value') : undefined;
  return value?.type === 'tensor' && value.value.elementType === 'float32' ? value.value : undefined;
}

function eligibleBytes(graph: Graph, leastElements: number): number {
  let bytes = 0;
  for (const tensor of float32Weights(graph)) {
    const elements = elementCount(tensor.dims);
    if (elements >= leastElements) bytes += elements * 4;
  }
  return bytes;
}

function apply(model: Model, options: Float16Options): TechniqueResult {
  const { type } = options;
  const { least, most } = ranges[type];
  const result = cloneModel(raiseOpset(model, leastOpsets[type]));
  freeWeightsFromInputs(result);
  const names = new FreshNames(result.graph);
  const kept: { layer: string; reason: string }[] = [];
  let converted = 0;
  const fits = (tensor: Tensor): boolean => {
    if (elementCount(tensor.dims) < options.leastElements) return false;
    const largest = largestMagnitude(tensor);
    if (largest === 0 || (largest <= most && largest >= least)) return true;
    kept.push({ layer: tensor.name, reason: largest < least ? `holds values below the normal range of ${type} (${least.toExponential(1)}) only` : `holds values beyond ${type} (${most === largestHalf ? most : most.toPrecision(3)}), NaN or infinite` });
    return false;
  };
  // Scales of quantization and divisors: what is small among them matters as much as what is large.
  const exact = new Set([...walkNodes(result.graph)].flatMap(({ node }) => (readsExactly.has(node.opType) ? node.inputs.slice(1, 2) : [])));
  const convert = (graph: Graph): void => {
    const casts: Node[] = [];
    const outputs = new Set(graph.outputs.map((value) => value.name));
    const inputs = new Set(graph.inputs.map((value) => value.name));
    for (const [name, tensor] of [...graph.initializers]) {
      // A weight a caller may override, or that is itself an output, keeps its type.
      if (tensor.elementType !== 'float32' || inputs.has(name) || outputs.has(name) || exact.has(name) || !fits(tensor)) continue;
      const half = names.fresh(`${name}_${type}`);
      graph.initializers.delete(name);
      graph.initializers.set(half, halfWeight(half, tensor, type));
      casts.push(widen(half, name, names, []));
      converted++;
    }
    graph.nodes = [
      ...casts,
      ...graph.nodes.flatMap((node) => {
        for (const inner of subgraphs(node)) convert(inner.graph);
        const tensor = constantValue(node);
        const [output = ''] = node.outputs;
        if (tensor === undefined || exact.has(output) || !fits(tensor)) return [node];
        const half = names.fresh(`${output}_${type}`);
        converted++;
        return [{ ...node, outputs: [half], attributes: new Map([['value', { type: 'tensor' as const, value: halfWeight(tensor.name, tensor, type) }]]) }, widen(half, output, names, node.origin)];
      }),
    ];
  };
  convert(result.graph);
  return {
    model: result,
    notes: [`${converted} weights stored as ${type}; the arithmetic stays float32, so it is smaller, not faster`],
    kept,
    unchanged: converted === 0,
    uncalibrated: false,
  };
}

/** The runtime folds this Cast when it loads the model. */
function widen(half: string, output: string, names: FreshNames, origin: readonly string[]): Node {
  return makeNode({ opType: 'Cast', name: names.fresh(`${output}_Cast`), inputs: [half], outputs: [output], attributes: attributes({ to: elementTypeCode('float32') }), origin });
}
