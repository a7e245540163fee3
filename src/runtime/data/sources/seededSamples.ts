// Inputs made up from a seed: safe for embeddings and masks, the same on every machine; never mistaken for real data.
import type { Graph, Model, Node } from '../../../graph/model';
import { subgraphs } from '../../../graph/traverse';
import { isFloat } from '../../../tensor/elementType';
import { type Tensor, elementCount } from '../../../tensor/tensor';
import { tensorFromNumbers } from '../../convert';
import { type FedInput, fedInputsAt } from '../inputs';
import { SeededRandom } from '../../random';
import type { Feeds, SampleSource } from '../samples';

export const defaultSeededSamples = 8;

/** Makes one element of an input; `bound` is the size of the smallest table the input indexes. */
type MakeValue = (random: SeededRandom, bound: number | undefined, index: number) => number;

interface ValueRule {
  readonly fits: (input: FedInput) => boolean;
  readonly value: MakeValue;
}

/** Voice models branch on it; anything else is refused. */
const sampleRate = 16_000;

const valueRules: readonly ValueRule[] = [
  { fits: ({ name, dims }) => /^(sr|sample_?rate)$/i.test(name) && elementCount(dims) === 1, value: () => sampleRate },
  { fits: ({ name }) => /mask/i.test(name), value: () => 1 },
  { fits: ({ elementType }) => elementType === 'bool', value: () => 1 },
  { fits: ({ elementType, name }) => !isFloat(elementType) && /position/i.test(name), value: (_random, bound, index) => (bound === undefined ? index : index % bound) },
  { fits: ({ elementType, dims }) => isFloat(elementType) && dims.length === 4 && [1, 3, 4].includes(dims[1] ?? 0), value: (random) => random.next() * 2 - 1 },
  { fits: ({ elementType }) => isFloat(elementType), value: (random) => random.normal() },
  { fits: ({ elementType, dims }) => elementType === 'uint8' && dims.length >= 3, value: (random) => random.below(256) },
  // Where no table is known, 0 and 1 are indices that nearly every model accepts.
  { fits: () => true, value: (random, bound = 2) => random.below(Math.max(1, bound)) },
];

/**
 * Seeded samples for every fed input.
 * @throws LatheError as {@link fedInputsAt}, or `unsupported` for types that cannot be fed
 */
export function seededSamples(model: Model, options: { readonly bindings?: Readonly<Record<string, number>>; readonly seed?: number; readonly limit?: number } = {}): SampleSource {
  const { bindings = {}, seed = 1, limit = defaultSeededSamples } = options;
  const make = seededMaker(model, bindings, seed);
  return {
    description: { kind: 'seeded', samples: limit, seed },
    real: false,
    async *samples(most = limit) {
      for (let sample = 0; sample < Math.min(most, limit); sample++) yield await Promise.resolve(make(sample));
    },
  };
}

/** One seeded sample. @throws LatheError as {@link seededSamples} */
export function seededFeeds(model: Model, bindings: Readonly<Record<string, number>>, seed = 1): Feeds {
  return seededMaker(model, bindings, seed)(0);
}

function seededMaker(model: Model, bindings: Readonly<Record<string, number>>, seed: number): (sample: number) => Feeds {
  const inputs = fedInputsAt(model, bindings);
  const bounds = new Map(inputs.map(({ name }) => [name, indexBound(model.graph, name)]));
  return (sample) => {
    const random = new SeededRandom(Math.imul(seed, 0x9e3779b1) + sample);
    return new Map(inputs.map((input) => [input.name, seededTensor(input, random, bounds.get(input.name))]));
  };
}

/** One input's seeded tensor. */
export function seededTensor(input: FedInput, random: SeededRandom, bound: number | undefined): Tensor {
  const { name, elementType, dims } = input;
  const count = elementCount(dims);
  if (elementType === 'string') return { name, elementType, dims, source: emptySource, strings: Array.from({ length: count }, () => new Uint8Array([97])) };
  const rule = valueRules.find(({ fits }) => fits(input)) ?? { value: () => 0 };
  return tensorFromNumbers(name, elementType, dims, Float64Array.from({ length: count }, (_, index) => rule.value(random, bound, index)));
}

const emptySource = { byteLength: 0, read: () => new Uint8Array() };

/** Operators that hand an index on unchanged. */
const passing: ReadonlySet<string> = new Set(['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten', 'Transpose']);

/** Size of the smallest constant table that an input indexes by Gather; undefined when there is none. */
export function indexBound(graph: Graph, input: string): number | undefined {
  const bounds: number[] = [];
  const carried = new Set([input]);
  const tables = new Map<string, readonly number[]>();
  const visit = (scope: Graph): void => {
    for (const [name, tensor] of scope.initializers) tables.set(name, tensor.dims);
    for (const node of scope.nodes) {
      const value = node.attributes.get('value');
      if (node.opType === 'Constant' && value?.type === 'tensor') tables.set(node.outputs[0] ?? '', value.value.dims);
      if (passing.has(node.opType) && carried.has(node.inputs[0] ?? '')) carried.add(node.outputs[0] ?? '');
      const bound = gatherBound(node, carried, tables);
      if (bound !== undefined) bounds.push(bound);
      for (const inner of subgraphs(node)) visit(inner.graph);
    }
  };
  visit(graph);
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

function gatherBound(node: Node, indices: ReadonlySet<string>, tables: ReadonlyMap<string, readonly number[]>): number | undefined {
  if (node.opType !== 'Gather' || !indices.has(node.inputs[1] ?? '')) return undefined;
  const dims = tables.get(node.inputs[0] ?? '');
  const axis = node.attributes.get('axis');
  const index = axis?.type === 'int' ? Number(axis.value) : 0;
  return dims?.[index < 0 ? index + dims.length : index];
}
