// NumPy arrays as samples: one sample per file, or stacked along the first axis; several inputs by name.
import { readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { LatheError } from '../../../base/errors';
import { formatShape } from '../../../graph/dimension';
import { elementBits } from '../../../tensor/elementType';
import { type Tensor, elementCount } from '../../../tensor/tensor';
import { convertTensor } from '../../convert';
import { type FedInput, fits } from '../inputs';
import { part, readNpy, readNpz } from '../files/npy';
import type { Feeds, SampleSource } from '../samples';

const extensions: ReadonlySet<string> = new Set(['.npy', '.npz']);

/** Array files of a folder, by name. */
export function listArrays(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => extensions.has(extname(name).toLowerCase()))
    .sort()
    .map((name) => join(folder, name));
}

/** A sample's array as it will be fed, before its type is changed. */
type Draw = () => Feeds;

/** @throws LatheError `usage` when an array fits no input */
export function arraySamples(path: string, files: readonly string[], inputs: readonly FedInput[], limit: number): SampleSource {
  const draws = filesAreInputs(files, inputs) ? drawsOf(new Map(files.map((file) => [stem(file), readNpy(file)])), path, inputs) : drawsOfFiles(files, inputs, limit);
  if (draws.length === 0) throw new LatheError('usage', 'The arrays hold no samples.', { file: path });
  const count = Math.min(draws.length, limit);
  return {
    description: { kind: 'npy', path, samples: count },
    real: true,
    async *samples(most = count) {
      for (const draw of draws.slice(0, Math.min(most, count))) yield await Promise.resolve(draw());
    },
  };
}

function stem(file: string): string {
  return basename(file, extname(file));
}

/** `<input>.npy` for every input: each file holds all samples of one input. */
function filesAreInputs(files: readonly string[], inputs: readonly FedInput[]): boolean {
  return files.length === inputs.length && inputs.length > 1 && inputs.every(({ name }) => files.some((file) => stem(file) === name && extname(file) === '.npy'));
}

/** Files beyond the limit are not looked into. */
function drawsOfFiles(files: readonly string[], inputs: readonly FedInput[], limit: number): Draw[] {
  const draws: Draw[] = [];
  for (const file of files) {
    if (draws.length >= limit) break;
    for (const draw of drawsOfFile(file, inputs)) draws.push(draw);
  }
  return draws;
}

function drawsOfFile(file: string, inputs: readonly FedInput[]): Draw[] {
  const arrays = extname(file).toLowerCase() === '.npz' ? readNpz(file) : new Map([[stem(file), readNpy(file)]]);
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
