// Weight-only quantization: weights of products and embeddings in 8, 4 or 2 bits by block, others by channel where asked; activations stay as they are.
import { cloneModel } from '../../graph/construct';
import type { Model } from '../../graph/model';
import type { GainEstimate } from '../../protocol/findings';
import { elementCount } from '../../tensor/tensor';
import { hoisted } from '../quantize/constants';
import { raiseOpset } from '../simplify/opset';
import type { Technique, TechniqueContext, TechniqueResult } from '../technique';
import { channelIrVersions, channelOpsets } from './channels';
import { bitsOf, type WeightOnlyOptions, weightOnlyOptions, type Width } from './options';
import { type RoundedWeight, roundSites } from './rounded';
import { findSites, floatReaders, type FoundSites, type Kept, type Site } from './sites';
import { WeightOnlyWriter } from './writer';

export const quantizeWeights: Technique<WeightOnlyOptions> = {
  id: 'quantize-weights',
  title: 'Weight-only quantization',
  options: weightOnlyOptions,
  applies: (model) => (findSites(hoisted(model)).sites.length > 0 ? undefined : 'no constant float32 weights of matrix products, embeddings or convolutions'),
  estimate,
  apply,
};

/** Bits of a weight, and its share of a float32 scale (and zero point). */
function estimate(model: Model, options: WeightOnlyOptions): GainEstimate {
  const { sites } = chooseSites(hoisted(model), options);
  const saved = sites.reduce((sum, { kind, key, weight: { tensor, axis } }) => {
    const bits = bitsOf(options, key);
    const perScale = kind === 'stored' ? elementCount(tensor.dims) / (tensor.dims[axis] ?? 1) : options.blockSize;
    return sum + (elementCount(tensor.dims) * (32 - bits - (32 + (options.symmetric ? 0 : bits)) / perScale)) / 8;
  }, 0);
  return { weightBytes: { low: -saved, high: -0.95 * saved } };
}

/** The sites the options allow, and the reason for each that they do not. */
function chooseSites(model: Model, options: WeightOnlyOptions): FoundSites {
  const { sites, kept } = findSites(model);
  const [chosen, left]: [Site[], Kept[]] = [[], [...kept]];
  for (const site of sites) {
    const reason = notWanted(site, options);
    if (reason === undefined) chosen.push(site);
    else if (reason !== '') left.push({ layer: site.key, reason });
  }
  const readers = floatReaders(model, new Set(chosen.map((site) => site.node)));
  return {
    sites: chosen.filter((site) => {
      const reader = readers.get(site.weight.tensor.name);
      if (reader !== undefined) left.push({ layer: site.key, reason: `its weight is read as float by ${reader} too` });
      return reader === undefined;
    }),
    kept: left,
  };
}

/** '' where nothing needs to be said: the options leave all of that kind out. */
function notWanted({ kind, key, weight }: Site, { keepFloat, only, leastElements, embeddings, storage }: WeightOnlyOptions): string | undefined {
  if (keepFloat.includes(key)) return 'given up for accuracy';
  if (only?.includes(key) === false) return 'not asked for';
  if (kind === 'stored' && !storage) return '';
  if (kind === 'embedding' && !embeddings) return '';
  return elementCount(weight.tensor.dims) < leastElements ? 'its weight is small' : undefined;
}

async function apply(model: Model, options: WeightOnlyOptions, context: TechniqueContext): Promise<TechniqueResult> {
  const result = withChannelTypes(hoisted(model), options);
  const { sites, kept: left } = chooseSites(result, options);
  const kept = [...left];
  const rounded = options.rounding === 'gptq' && sites.length > 0 ? await roundSites(result, sites, options, context) : new Map<Site, RoundedWeight>();
  const writer = new WeightOnlyWriter(result, options, rounded);
  const done = sites.filter((site) => {
    const reason = writer.replace(site);
    if (reason !== undefined) kept.push({ layer: site.key, reason });
    return reason === undefined;
  });
  writer.finish();
  return {
    model: result,
    notes: [...notesOf(done, options), ...(rounded.size === 0 ? [] : [`${rounded.size} weights rounded by GPTQ on ${options.samples} samples at most`])],
    kept,
    unchanged: done.length === 0,
    uncalibrated: rounded.size > 0 && !context.data.real,
  };
}

/** Raised to the opset that has the integer types which weights are to be stored in. */
function withChannelTypes(model: Model, options: WeightOnlyOptions): Model {
  const widths = chooseSites(model, options).sites.filter((site) => site.kind === 'stored').map((site) => bitsOf(options, site.key));
  if (widths.length === 0) return model;
  const wanted = (table: Readonly<Record<Width, number>>): number => Math.max(...widths.map((bits) => table[bits]));
  const raised = cloneModel(raiseOpset(model, wanted(channelOpsets)));
  raised.irVersion = Math.max(raised.irVersion, wanted(channelIrVersions));
  return raised;
}

const kinds: Readonly<Record<Site['kind'], string>> = { product: 'matrix products', embedding: 'embeddings', stored: 'stored weights' };

/** E.g. `72 matrix products, 3 embeddings to 4 bits, blocks of 32`. */
function notesOf(done: readonly Site[], options: WeightOnlyOptions): string[] {
  const widths = [...new Set(done.map((site) => bitsOf(options, site.key)))].sort((a, b) => a - b);
  return widths.map((bits) => {
    const here = done.filter((site) => bitsOf(options, site.key) === bits);
    const counts = (Object.keys(kinds) as Site['kind'][]).map((kind) => [here.filter((site) => site.kind === kind).length, kinds[kind]] as const).filter(([count]) => count > 0);
    return `${counts.map(([count, name]) => `${count} ${name}`).join(', ')} to ${bits} bits${here.some((site) => site.kind !== 'stored') ? `, blocks of ${options.blockSize}` : ''}${options.symmetric ? '' : ' with zero points'}`;
  });
}
