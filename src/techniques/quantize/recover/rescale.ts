// Two choices of factors for values whose channels can be rescaled: cross-layer equalization, by weights alone, and SmoothQuant, by activations too.
import { cloneModel, makeNode, tensorValue } from '../../../graph/construct';
import type { Model } from '../../../graph/model';
import { toFloat32Array } from '../../../tensor/decode';
import { tensorFromArray, type Tensor } from '../../../tensor/tensor';
import type { TechniqueContext } from '../../technique';
import { dropUnreadInitializers } from '../constants';
import { FreshNames } from '../names';
import { otherAxes, reduceNode } from './reduce';
import { type RescaleSite, rescaleSites, type ScaledConstant } from './rescaleSites';

/** Equalizing one pair changes the ranges its neighbours see: so often at most everything is gone through. */
const mostRounds = 20;
/** Factors closer to 1 than this change nothing that rounding to 8 bits could tell. */
const settled = 1e-3;
/** Channels are never pulled further apart than this at a time: a dead channel would take all there is. */
const largestFactor = 1e4;

/**
 * Cross-layer equalization (Nagel et al. 2019, arXiv:1906.04721, section 4.1): between two layers with weights, channel i is
 * divided by s_i = √(r1_i · r2_i) / r2_i, so that its weights on both sides have the same range, until nothing moves. Exact in
 * real numbers. The model is changed.
 * @returns the number of values rescaled.
 */
export function equalizeLayers(model: Model): number {
  const touched = new Set<string>();
  const sites = rescaleSites(model).filter(({ makers }) => makers.some(({ node }) => layers.has(node.opType)));
  for (let round = 0; round < mostRounds; round++) {
    let largest = 0;
    for (const site of sites) {
      const made = peaks(model, site.makers, site.channels);
      const read = peaks(model, site.readers, site.channels);
      const factors = made.map((range, i) => bounded(Math.sqrt(range / (read[i] ?? 0))));
      const change = factors.reduce((most, factor) => Math.max(most, Math.abs(Math.log(factor))), 0);
      if (change < settled) continue;
      largest = Math.max(largest, change);
      touched.add(site.value);
      rescale(model, site, factors);
    }
    if (largest === 0) break;
  }
  dropUnreadInitializers(model.graph);
  return touched.size;
}

/** Both sides of an equalized value are layers: normalizations and factors have no range worth sparing. */
const layers = new Set(['Conv', 'MatMul', 'Gemm']);

/**
 * SmoothQuant (Xiao et al. 2023, arXiv:2211.10438, equation 4): channel j of an activation is divided by
 * s_j = max|X_j|^α / max|W_j|^(1−α), which moves outliers from activations, quantized with one scale, into weights, with a scale
 * per output channel. The divisors go into the normalization, convolution or product that makes the activation; a value whose
 * maker cannot take them stays as it is. Exact in real numbers. The model is changed.
 * @param alpha how much goes to the weights: 0.5 halves the difficulty.
 * @returns the number of values rescaled.
 * @throws LatheError what the runner throws; `cancelled`.
 */
export async function smoothActivations(model: Model, alpha: number, samples: number, context: TechniqueContext): Promise<number> {
  const sites = rescaleSites(model);
  const largest = await largestPerChannel(model, sites, samples, context);
  for (const site of sites) {
    const seen = largest.get(site.value);
    if (seen === undefined) continue;
    const weights = peaks(model, site.readers, site.channels);
    rescale(model, site, seen.map((range, j) => bounded(range ** alpha / (weights[j] ?? 0) ** (1 - alpha))));
  }
  dropUnreadInitializers(model.graph);
  return largest.size;
}

/** A factor that can be divided by; a channel that is zero on one side keeps its scale. */
function bounded(factor: number): number {
  if (!(factor > 0) || factor === Number.POSITIVE_INFINITY) return 1;
  return Math.min(largestFactor, Math.max(1 / largestFactor, factor));
}

/** Largest magnitude of each channel over the weights. */
function peaks(model: Model, constants: readonly ScaledConstant[], channels: number): Float64Array {
  const found = new Float64Array(channels);
  for (const constant of constants) {
    if (!constant.weight) continue;
    const { channelOf } = constant;
    toFloat32Array(current(model, constant)).forEach((value, element) => {
      const channel = channelOf(element);
      found[channel] = Math.max(found[channel] ?? 0, Math.abs(value));
    });
  }
  return found;
}

/** The constant as it is now: one that is read on one side of a layer and made on the other is changed twice. */
function current(model: Model, { node, input, tensor }: ScaledConstant): Tensor {
  return model.graph.initializers.get(node.inputs[input] ?? '') ?? tensor;
}

function rescale(model: Model, site: RescaleSite, factors: Float64Array): void {
  const names = new FreshNames(model.graph);
  const write = (constant: ScaledConstant, factorOf: (channel: number) => number): void => {
    const { node, input, channelOf } = constant;
    const tensor = current(model, constant);
    const values = toFloat32Array(tensor).map((value, element) => value * factorOf(channelOf(element)));
    // A tensor of its own, because another node may read the old one; once it has it, rounds do not pile up copies.
    const name = tensor === constant.tensor ? names.fresh(tensor.name.includes(suffix) ? tensor.name : `${tensor.name}${suffix}`) : tensor.name;
    model.graph.initializers.set(name, tensorFromArray(name, 'float32', tensor.dims, values));
    node.inputs[input] = name;
  };
  for (const maker of site.makers) write(maker, (channel) => 1 / (factors[channel] ?? 1));
  for (const reader of site.readers) write(reader, (channel) => factors[channel] ?? 1);
}

const suffix = '_rescaled';

/** Largest magnitude of each channel of the sites' values over the samples, found in the runtime. */
async function largestPerChannel(model: Model, sites: readonly RescaleSite[], samples: number, context: TechniqueContext): Promise<Map<string, Float64Array>> {
  const found = new Map<string, Float64Array>();
  if (sites.length === 0) return found;
  const ranks = await ranksOf(model, sites, context);
  const probed = cloneModel(model);
  const names = new FreshNames(probed.graph);
  const outputs = new Map<string, RescaleSite>();
  probed.graph.outputs = [];
  for (const site of sites) {
    const rank = ranks.get(site.value);
    if (rank === undefined) continue;
    const [magnitude, largest] = [names.fresh(`${site.value}_magnitude`), names.fresh(`${site.value}_largest`)];
    probed.graph.nodes.push(makeNode({ opType: 'Abs', inputs: [site.value], outputs: [magnitude] }), reduceNode(probed, names, 'ReduceMax', magnitude, largest, otherAxes(rank, site.axis)));
    probed.graph.outputs.push(tensorValue(largest, 'float32', [site.channels]));
    outputs.set(largest, site);
    found.set(site.value, new Float64Array(site.channels));
  }
  await context.runSamples(probed, context.data, samples, [...outputs.keys()], (results) => {
    for (const [output, { value }] of outputs) {
      const tensor = results.get(output);
      const sofar = found.get(value);
      if (tensor === undefined || sofar === undefined) continue;
      toFloat32Array(tensor).forEach((largest, channel) => (sofar[channel] = Math.max(sofar[channel] ?? 0, largest)));
    }
  });
  return found;
}

/** The rank of each site's value, from one run. */
async function ranksOf(model: Model, sites: readonly RescaleSite[], context: TechniqueContext): Promise<Map<string, number>> {
  const probed = cloneModel(model);
  const names = new FreshNames(probed.graph);
  const shapes = new Map(sites.map(({ value }) => [names.fresh(`${value}_shape`), value]));
  for (const [shape, value] of shapes) probed.graph.nodes.push(makeNode({ opType: 'Shape', inputs: [value], outputs: [shape] }));
  probed.graph.outputs = [...shapes.keys()].map((shape) => tensorValue(shape, 'int64', [undefined]));
  const ranks = new Map<string, number>();
  await context.runSamples(probed, context.data, 1, [...shapes.keys()], (results) => {
    for (const [shape, value] of shapes) ranks.set(value, results.get(shape)?.dims[0] ?? 0);
  });
  return ranks;
}
