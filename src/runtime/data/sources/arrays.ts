// NumPy arrays as samples: one sample per file, or stacked along the first axis; several inputs by name, labels beside them.
import { basename, extname } from 'node:path';
import { LatheError } from '../../../base/errors';
import { formatShape } from '../../../graph/dimension';
import { elementBits } from '../../../tensor/elementType';
import { type Tensor, elementCount } from '../../../tensor/tensor';
import { convertTensor } from '../../convert';
import { part, readNpy, readNpz } from '../files/npy';
import type { IndexedData } from '../indexed';
import { type FedInput, fits } from '../inputs';
import { labelsOfArray, type Labels } from '../labels';
import { stemOf } from '../listing';
import type { Feeds } from '../samples';
import type { OpenRequest } from './openers';

/** A sample's array as it will be fed, before its type is changed. */
type Draw = () => Feeds;

/** Arrays of these names, that are no inputs, are the labels. */
const labelNames: ReadonlySet<string> = new Set(['labels', 'label', 'y', 'target', 'targets']);

/** Names beyond this many files are not looked into: every array of a folder is opened for its shape. */
const mostFiles = 100_000;

/** @throws LatheError `usage` when an array fits no input */
export function openArrays({ found, inputs }: OpenRequest): IndexedData {
  const { path } = found;
  const isInput = (name: string): boolean => inputs.some((input) => input.name === name);
  const isLabels = (name: string): boolean => labelNames.has(name) && !isInput(name);
  const files = found.files.map((file) => file.path).slice(0, mostFiles);
  const data = files.length === 1 ? files : files.filter((file) => !isLabels(stemOf(file)));
  const labelFile = files.length === 1 ? undefined : files.find((file) => isLabels(stemOf(file)) && extname(file) === '.npy');
  const whole = filesAreInputs(data, inputs) ? new Map(data.map((file) => [stemOf(file), readNpy(file)])) : undefined;
  const archive = data.length === 1 && extname(data[0] ?? '').toLowerCase() === '.npz' ? readNpz(data[0] ?? '') : undefined;
  const arrays = whole ?? archive;
  const fed = arrays === undefined ? undefined : new Map([...arrays].filter(([name]) => !isLabels(name)));
  const draws = fed === undefined ? data.flatMap((file) => drawsOfFile(file, inputs)) : drawsOf(fed, data.length === 1 ? (data[0] ?? path) : path, inputs);
  if (draws.length === 0) throw new LatheError('usage', 'The arrays hold no samples.', { file: path });
  const inArchive = arrays === undefined ? undefined : [...arrays].find(([name]) => isLabels(name))?.[1];
  const labels: Labels | undefined = labelFile !== undefined ? labelsOfArray(readNpy(labelFile), draws.length, labelFile) : inArchive !== undefined ? labelsOfArray(inArchive, draws.length, path) : undefined;
  return {
    kind: 'npy',
    path,
    count: draws.length,
    nameOf: (index) => (draws.length === data.length ? basename(data[index] ?? '') : String(index)),
    ...(labels === undefined ? {} : { labelOf: (index: number) => labels.labelOf(index, '') }),
    ...(labels?.classes === undefined ? {} : { classes: labels.classes }),
    read: (index) => ({ feeds: draws[index]?.() ?? new Map<string, Tensor>() }),
  };
}

/** `<input>.npy` for every input: each file holds all samples of one input. */
function filesAreInputs(files: readonly string[], inputs: readonly FedInput[]): boolean {
  return files.length === inputs.length && inputs.length > 1 && inputs.every(({ name }) => files.some((file) => stemOf(file) === name && extname(file) === '.npy'));
}

function drawsOfFile(file: string, inputs: readonly FedInput[]): Draw[] {
  const arrays = extname(file).toLowerCase() === '.npz' ? readNpz(file) : new Map([[stemOf(file), readNpy(file)]]);
  return drawsOf(arrays, file, inputs);
}

/** The samples in arrays, one array per input: matched by name, or by order where no name matches. */
function drawsOf(arrays: ReadonlyMap<string, Tensor>, file: string, inputs: readonly FedInput[]): Draw[] {
  const byOrder = [...arrays.values()];
  const named = inputs.some(({ name }) => arrays.has(name));
  const stacks = inputs.map((input, i) => {
    const array = named ? arrays.get(input.name) : byOrder[i];
    if (array === undefined) throw new LatheError('usage', `The data have no array for input ${input.name}; they have ${[...arrays.keys()].join(', ')}.`, { file, item: input.name });
    return { input, ...stackOf(array, input, file) };
  });
  const counts = stacks.map(({ count }) => count).filter((count) => count !== Infinity);
  const count = counts.length === 0 ? 1 : Math.min(...counts);
  return Array.from({ length: count }, (_, sample) => () => new Map(stacks.map(({ input, at }) => [input.name, convertTensor(at(sample), input.name, input.elementType)])));
}

interface Stack {
  /** Infinity for a scalar or vector that serves every sample. */
  readonly count: number;
  readonly at: (sample: number) => Tensor;
}

/** Reads an array as samples of an input: one sample as it is, a stack of samples, or samples that lack or fill the batch axis. */
function stackOf(array: Tensor, input: FedInput, file: string): Stack {
  const { dims } = array;
  const [first = 1, ...rest] = dims;
  const batched = [1, ...rest];
  if (dims.length === 0 && input.declared.length === 0) return { count: Infinity, at: () => array };
  // [N, …] where the input is [1 or open, …]: N samples.
  if (dims.length === input.declared.length && first > 1 && fits(input.declared, batched)) return sliced(array, first, batched);
  if (fits(input.declared, dims)) return { count: 1, at: () => array };
  if (fits(input.declared, rest)) return sliced(array, first, rest);
  if (fits(input.declared, [1, ...dims])) return { count: 1, at: () => ({ ...array, dims: [1, ...dims] }) };
  throw new LatheError('usage', `The array of shape [${dims.join(', ')}] does not fit input ${input.name} of shape ${formatShape(input.declared)}.`, { file, item: input.name });
}

function sliced(array: Tensor, count: number, dims: readonly number[]): Stack {
  const bytes = (elementCount(dims) * elementBits(array.elementType)) / 8;
  return { count, at: (sample) => ({ ...array, dims, source: part(array.source, sample * bytes, bytes) }) };
}
