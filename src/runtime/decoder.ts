// Decoders with a cache of keys and values, measured as they are used: the prompt at once (prefill), then a token at a time (decode).
import { symbolsOf } from '../graph/dimension';
import { fedInputs, inputShape } from '../graph/inputs';
import type { Model } from '../graph/model';
import type { ModelFile } from '../formats/open';
import type { Benchmark } from '../protocol/measurement';
import { elementCount, int64Tensor } from '../tensor/tensor';
import { tensorFromNumbers } from './convert';
import { benchmark, type BenchmarkOptions } from './benchmark';
import { seededFeeds } from './data/sources/seededSamples';
import { Runner } from './runner';
import type { Feeds } from './data/samples';

/** A decoder by the names that Hugging Face's Optimum and onnxruntime-genai give to inputs and outputs. */
export interface Decoder {
  /** Input of token ids [batch, sequence]. */
  readonly tokens: string;
  readonly positions: string | undefined;
  /** Each past input with the output that takes its place in the next step. */
  readonly cache: readonly { readonly past: string; readonly present: string }[];
  /** Symbols of the tokens fed at once and of those in the cache. */
  readonly sequence: string;
  readonly past: string;
  /** Symbol of both together, where the mask has one of its own, as onnxruntime-genai writes it. */
  readonly total?: string;
}

/** A decoder's two phases, at one prompt length. */
export interface DecoderBenchmark {
  readonly promptTokens: number;
  readonly prefill: Benchmark;
  /** One token with the prompt in the cache. */
  readonly decode: Benchmark;
}

const usualPrompt = 128;
const pastName = /^past_key_values\.(\d+)\.(key|value)$/;
/** What a decoder is fed beside its cache; with anything else it is not known how it goes from token to token. */
const known: ReadonlySet<string> = new Set(['input_ids', 'attention_mask', 'position_ids']);
/** Axis of the cache that grows: [batch, heads, past, head size]. */
const cacheAxis = 2;

/** Undefined where the model is not known to be a decoder with a cache. */
export function decoderOf({ graph }: Pick<Model, 'graph'>): Decoder | undefined {
  const inputs = fedInputs(graph);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const cache: { past: string; present: string }[] = [];
  for (const { name } of inputs) {
    const match = pastName.exec(name);
    if (match === null && !known.has(name)) return undefined;
    if (match === null) continue;
    const present = `present.${match[1] ?? ''}.${match[2] ?? ''}`;
    if (!outputs.has(present)) return undefined;
    cache.push({ past: name, present });
  }
  const symbolAt = (name: string, axis: number): string | undefined => {
    const input = inputs.find((candidate) => candidate.name === name);
    const symbols = symbolsOf(input === undefined ? undefined : inputShape(input)?.[axis]);
    return symbols.length === 1 ? symbols[0] : undefined;
  };
  const sequence = symbolAt('input_ids', 1);
  const past = symbolAt(cache[0]?.past ?? '', cacheAxis);
  if (sequence === undefined || past === undefined || sequence === past) return undefined;
  const positions = inputs.some(({ name }) => name === 'position_ids') ? 'position_ids' : undefined;
  const total = symbolAt('attention_mask', 1);
  return { tokens: 'input_ids', positions, cache, sequence, past, ...(total === undefined || total === sequence || total === past ? {} : { total }) };
}

/** Bindings with so many tokens fed and so many in the cache. */
function lengths({ sequence, past, total }: Decoder, bindings: Readonly<Record<string, number>>, fed: number, cached: number): Record<string, number> {
  return { ...bindings, [sequence]: fed, [past]: cached, ...(total === undefined ? {} : { [total]: fed + cached }) };
}

/** A prompt of seeded tokens with nothing in the cache. */
export function prefillFeeds(model: Model, decoder: Decoder, bindings: Readonly<Record<string, number>>): Feeds {
  return seededFeeds(model, lengths(decoder, bindings, bindings[decoder.sequence] ?? usualPrompt, 0));
}

/**
 * The step after a prompt: one token, the prompt's keys and values in the cache.
 * @param outputs what the model gave for `prefill`, or for the step before
 */
export function nextFeeds(model: Model, decoder: Decoder, bindings: Readonly<Record<string, number>>, outputs: Feeds, token?: number): Feeds {
  const [first] = decoder.cache;
  const length = outputs.get(first?.present ?? '')?.dims[cacheAxis] ?? 0;
  const feeds = new Map(seededFeeds(model, lengths(decoder, bindings, 1, length)));
  for (const { past, present } of decoder.cache) {
    const value = outputs.get(present);
    if (value !== undefined) feeds.set(past, { ...value, name: past });
  }
  const fill = (name: string | undefined, value: number): void => {
    const tensor = feeds.get(name ?? '');
    if (tensor !== undefined && name !== undefined) feeds.set(name, tensor.elementType === 'int64' ? int64Tensor(name, tensor.dims, new Array<number>(elementCount(tensor.dims)).fill(value)) : tensorFromNumbers(name, tensor.elementType, tensor.dims, new Float64Array(elementCount(tensor.dims)).fill(value)));
  };
  fill(decoder.positions, length);
  if (token !== undefined) fill(decoder.tokens, token);
  return feeds;
}

/**
 * Measures both phases of a decoder, or of one against another, each in interleaved rounds. The cache of the decode phase is what
 * the source made of the prompt; both sides read the same.
 * @throws LatheError as {@link benchmark}
 */
export async function benchmarkDecoder(model: Model, decoder: Decoder, file: ModelFile, variant: ModelFile | undefined, options: Omit<BenchmarkOptions, 'feeds' | 'variantFeeds'>): Promise<DecoderBenchmark> {
  const { bindings } = options.settings;
  const prompt = prefillFeeds(model, decoder, bindings);
  const step = nextFeeds(model, decoder, bindings, await presentOf(file, decoder, prompt, options));
  const prefill = await benchmark(file, variant, { ...options, feeds: prompt });
  const decode = await benchmark(file, variant, { ...options, feeds: step });
  return { promptTokens: prompt.get(decoder.tokens)?.dims[1] ?? 0, prefill, decode };
}

async function presentOf(file: ModelFile, { cache }: Decoder, prompt: Feeds, { settings, runner: start, signal }: Omit<BenchmarkOptions, 'feeds'>): Promise<Feeds> {
  const runner = await Runner.start(start);
  const watch = signal === undefined ? undefined : runner.killOn(signal);
  try {
    const session = await runner.load(file, { provider: settings.provider, threads: settings.threads });
    return (await session.run(prompt, cache.map(({ present }) => present))).outputs;
  } finally {
    watch?.dispose();
    runner.dispose();
  }
}
