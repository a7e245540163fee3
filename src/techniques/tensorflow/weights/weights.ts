// Weights of TensorFlow.js models in fewer bits: float16, uint16 or uint8 per weight. They are widened when the model is loaded, so it is smaller, not faster.
import * as z from 'zod';
import { formatBytes } from '../../../base/format';
import { storedBytes } from '../../../formats/tfjs/manifest';
import { DequantizedSource } from '../../../formats/tfjs/weightSources';
import { cloneModel } from '../../../graph/construct';
import type { Model } from '../../../graph/model';
import { weightMoments } from '../../../tensor/statistics';
import { elementCount, type Tensor } from '../../../tensor/tensor';
import type { StoredWeightReport } from '../../../protocol/report';
import { largestHalf, smallestNormalHalf } from '../../float16/halfWeight';
import type { Technique, TechniqueContext, TechniqueResult } from '../../technique';
import { throwIfCancelled } from '../../../base/cancellation';
import { affineQuantization, dtypeBytes, quantizedTensor, storageError, type WeightDtype } from './affine';
import { matches } from './wildcard';

const dtypes = ['float16', 'uint16', 'uint8'] as const;
const pattern = z.string().min(1).max(1000);

export const tensorflowWeightsOptions = z.strictObject({
  dtype: z.enum(dtypes).default('float16').describe('How weights are stored: float16 (half the bytes, 11 bits of each number), uint16 (half the bytes, 65,536 steps over the range of a weight) or uint8 (a quarter, 256 steps).'),
  choices: z.array(z.strictObject({ weights: pattern, dtype: z.enum([...dtypes, 'float32']) })).max(10_000).default([]).describe('Other ways to store weights of these names; the first that fits decides. `*` stands for any text, `?` for one character.'),
  only: z.array(pattern).max(10_000).optional().describe('Names of the weights that are stored anew; all of them where not said.'),
  leastElements: z.int().min(1).default(256).describe('Smaller weights stay as they are: they save nothing.'),
});
export type TensorflowWeightsOptions = z.infer<typeof tensorflowWeightsOptions>;

export const tensorflowWeights: Technique<TensorflowWeightsOptions> = {
  id: 'tensorflow-weights',
  title: 'Weights in fewer bits',
  options: tensorflowWeightsOptions,
  applies(model) {
    if (model.format === 'onnx') return 'it is for TensorFlow.js models';
    return [...weightsOf(model)].some((tensor) => tensor.elementType === 'float32' && storedWidth(tensor) > 1) ? undefined : 'no weights that take more than 8 bits';
  },
  estimate(model, options) {
    let saved = 0;
    for (const tensor of weightsOf(model)) {
      const dtype = choose(tensor, options);
      if (!('reason' in dtype)) saved += storedBytes(tensor) - elementCount(tensor.dims) * dtypeBytes[dtype.dtype];
    }
    return { weightBytes: { low: -saved, high: -saved } };
  },
  apply: (model, options, context) => Promise.resolve(apply(model, options, context)),
};

/** What a weight that hurts may be stored as instead, least bits first. */
export function widerTypes(dtype: WeightDtype): readonly TensorflowWeightsOptions['choices'][number]['dtype'][] {
  return dtype === 'uint8' ? ['uint16', 'float32'] : ['float32'];
}

/** The weights a model reads, each once: TensorFlow.js knows them by name, wherever they are read. */
function weightsOf(model: Model): Set<Tensor> {
  const weights = new Set(model.graph.initializers.values());
  for (const { nodes } of model.functions) for (const node of nodes) for (const attribute of node.attributes.values()) if (node.opType === 'Const' && attribute.type === 'tensor') weights.add(attribute.value);
  return weights;
}

/** Bytes of an element as it is stored. */
function storedWidth({ source }: Tensor): number {
  return source instanceof DequantizedSource ? dtypeBytes[source.quantization.dtype] : 4;
}

type Choice = { readonly dtype: WeightDtype } | { readonly reason: string | undefined };

/** How a weight shall be stored, or why it stays as it is; without a reason where nobody would expect anything else. */
function choose({ name, elementType, dims, source }: Tensor, options: TensorflowWeightsOptions): Choice {
  if (options.only?.some((wanted) => matches(name, wanted)) === false) return { reason: undefined };
  const dtype = options.choices.find(({ weights }) => matches(name, weights))?.dtype ?? options.dtype;
  if (dtype === 'float32') return { reason: 'left as it is by choice' };
  if (elementType !== 'float32') return { reason: leftTypes.get(elementType) ?? `holds ${elementType}` };
  if (elementCount(dims) < options.leastElements) return { reason: `has fewer than ${options.leastElements} elements` };
  const width = storedWidth({ name, elementType, dims, source });
  if (source instanceof DequantizedSource && dtypeBytes[dtype] >= width) return { reason: `is stored as ${source.quantization.dtype} already` };
  return { dtype };
}

const leftTypes: ReadonlyMap<string, string> = new Map([
  ['int32', 'holds whole numbers: indices and shapes must stay exact'],
  ['bool', 'holds truth values'],
  ['string', 'holds texts'],
  ['complex64', 'holds complex numbers, which TensorFlow.js does not store in fewer bits'],
]);

function apply(model: Model, options: TensorflowWeightsOptions, { signal, progress }: Pick<TechniqueContext, 'signal' | 'progress'>): TechniqueResult {
  const stored = new Map<Tensor, Tensor>();
  const kept: { layer: string; reason: string }[] = [];
  const reports: StoredWeightReport[] = [];
  const weights = weightsOf(model);
  for (const [i, weight] of [...weights].entries()) {
    throwIfCancelled(signal);
    progress({ message: `Weight ${weight.name}`, fraction: i / weights.size });
    const made = store(weight, options);
    if ('reason' in made) {
      if (made.reason !== undefined) kept.push({ layer: weight.name, reason: made.reason });
      continue;
    }
    stored.set(weight, made.tensor);
    reports.push({ name: weight.name, dtype: made.dtype, bytes: storedBytes(made.tensor), ...storageError(weight, made.tensor) });
  }
  return { model: withWeights(model, stored), notes: notesOf(reports, stored), kept, weights: reports, unchanged: stored.size === 0, uncalibrated: false };
}

type Stored = { readonly tensor: Tensor; readonly dtype: WeightDtype } | { readonly reason: string | undefined };

function store(weight: Tensor, options: TensorflowWeightsOptions): Stored {
  const choice = choose(weight, options);
  if ('reason' in choice) return choice;
  const { dtype } = choice;
  const { min, max, notFinite } = weightMoments(weight);
  if (notFinite > 0) return { reason: 'holds NaN or infinite numbers' };
  if (dtype !== 'float16') return { dtype, tensor: quantizedTensor(weight, affineQuantization({ min, max }, dtype)) };
  const largest = Math.max(Math.abs(min), Math.abs(max));
  if (largest > largestHalf) return { reason: `holds values beyond float16 (${largestHalf})` };
  if (largest > 0 && largest < smallestNormalHalf) return { reason: 'holds values below the normal range of float16 (6.1e-5) only' };
  return { dtype, tensor: quantizedTensor(weight, { dtype, scale: 1, min: 0 }) };
}

/** A copy with other weights in place of some, wherever they stand. */
function withWeights(model: Model, stored: ReadonlyMap<Tensor, Tensor>): Model {
  const copy = cloneModel(model);
  for (const [name, tensor] of copy.graph.initializers) copy.graph.initializers.set(name, stored.get(tensor) ?? tensor);
  for (const { nodes } of copy.functions)
    for (const node of nodes)
      for (const [key, attribute] of node.attributes) {
        const other = attribute.type === 'tensor' ? stored.get(attribute.value) : undefined;
        if (other !== undefined) node.attributes.set(key, { type: 'tensor', value: other });
      }
  return copy;
}

/** Weights whose errors a note tells; the report has all of them. */
const namedErrors = 3;

function notesOf(reports: readonly StoredWeightReport[], stored: ReadonlyMap<Tensor, Tensor>): string[] {
  if (reports.length === 0) return [];
  const counts = dtypes.flatMap((dtype) => {
    const count = reports.filter((report) => report.dtype === dtype).length;
    return count === 0 ? [] : [`${count} as ${dtype}`];
  });
  let before = 0;
  for (const weight of stored.keys()) before += storedBytes(weight);
  const after = reports.reduce((sum, { bytes }) => sum + bytes, 0);
  const worst = reports.flatMap(({ name, sqnrDb, maxAbs }) => (sqnrDb === undefined ? [] : [{ name, sqnrDb, maxAbs }])).sort((a, b) => a.sqnrDb - b.sqnrDb).slice(0, namedErrors);
  return [
    `weights stored in fewer bits: ${counts.join(', ')}; ${formatBytes(before)} → ${formatBytes(after)}. They are widened when the model is loaded, so it is smaller, not faster`,
    worst.length === 0 ? 'nothing is lost: every number is stored exactly' : `largest errors of weights: ${worst.map(({ name, sqnrDb, maxAbs }) => `${name} ${sqnrDb.toFixed(1)} dB SQNR, at most ${maxAbs.toPrecision(3)}`).join('; ')}`,
  ];
}
