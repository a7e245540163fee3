// Decoders with a cache: recognised by their names, a token after a prompt gives what the longer prompt gives, and both phases are measured.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildBert, bertTiny } from '../../samples/architectures/bert';
import { buildDecoder } from '../../samples/architectures/decoder';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import { openModel } from '../../src/formats/open';
import { cloneModel, tensorValue } from '../../src/graph/construct';
import { symbol } from '../../src/graph/dimension';
import { assertValid } from '../../src/graph/verify';
import { benchmarkDecoder, decoderOf, nextFeeds, prefillFeeds } from '../../src/runtime/decoder';
import { Runner } from '../../src/runtime/runner';
import { toFloat32Array, toIntegers } from '../../src/tensor/decode';
import { int64Tensor, tensorFromArray, type Tensor } from '../../src/tensor/tensor';
import { quantizeWeights } from '../../src/techniques/weightOnly/weightOnly';
import { quantize } from '../techniques/weightOnly/support';
import { stopWorkbench } from '../techniques/quantize/support';

const folder = mkdtempSync(join(tmpdir(), 'lathe-decoder-'));
let runner: Runner | undefined;

beforeAll(async () => {
  runner = await Runner.start();
});
afterAll(() => {
  runner?.dispose();
  stopWorkbench();
  rmSync(folder, { recursive: true, force: true });
});

const decoderModel = buildDecoder();
const found = decoderOf(decoderModel);

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Missing.');
  return value;
}

describe('a decoder', () => {
  it('is known by the names of its cache', () => {
    expect(found).toEqual({
      tokens: 'input_ids',
      positions: 'position_ids',
      sequence: 'sequence_length',
      past: 'past_sequence_length',
      cache: [0, 1].flatMap((layer) => ['key', 'value'].map((part) => ({ past: `past_key_values.${layer}.${part}`, present: `present.${layer}.${part}` }))),
    });
    assertValid(decoderModel);
  });

  it('is nothing without a cache, without the output that feeds it, or with an input nobody knows', () => {
    expect(decoderOf(buildBert(bertTiny))).toBeUndefined();
    const cut = cloneModel(decoderModel);
    cut.graph.outputs = cut.graph.outputs.filter(({ name }) => name !== 'present.1.key');
    expect(decoderOf(cut)).toBeUndefined();
    const crossed = cloneModel(decoderModel);
    crossed.graph.inputs.push({ ...need(crossed.graph.inputs[0]), name: 'encoder_hidden_states' });
    expect(decoderOf(crossed)).toBeUndefined();
  });

  it('gives for a token after a prompt what it gives for the prompt with that token', async () => {
    const decoder = need(found);
    const session = await need(runner).load(decoderModel);
    const names = ['logits', ...decoder.cache.map(({ present }) => present)];
    const prompt = prefillFeeds(decoderModel, decoder, { sequence_length: 9 });
    const whole = toIntegers(need(prompt.get('input_ids')));
    const short = prefillFeeds(decoderModel, decoder, { sequence_length: 8 });
    const shortened = new Map(short).set('input_ids', int64Tensor('input_ids', [1, 8], whole.slice(0, 8)));
    const full = (await session.run(prompt, names)).outputs;
    const before = (await session.run(shortened, names)).outputs;
    const step = nextFeeds(decoderModel, decoder, {}, before, whole[8]);
    expect(toIntegers(need(step.get('position_ids')))).toEqual([8]);
    expect(step.get('attention_mask')?.dims).toEqual([1, 9]);
    const after = (await session.run(step, names)).outputs;
    const last = (tensor: Tensor | undefined): Float32Array => toFloat32Array(need(tensor)).slice(-256);
    const [expected, got] = [last(full.get('logits')), last(after.get('logits'))];
    for (const [i, value] of expected.entries()) expect(got[i]).toBeCloseTo(value, 4);
    expect(after.get('present.0.key')?.dims).toEqual(full.get('present.0.key')?.dims);
    // And on from there: the cache grows by a token a step.
    expect(nextFeeds(decoderModel, decoder, {}, after).get('past_key_values.1.value')?.dims).toEqual([1, 4, 9, 16]);
    await session.release();
  });

  it('is fed a mask over prompt and cache also where that length has a symbol of its own', () => {
    const model = cloneModel(decoderModel);
    model.graph.inputs = model.graph.inputs.map((input) => (input.name === 'attention_mask' ? tensorValue('attention_mask', 'int64', [symbol('batch_size'), symbol('total_sequence_length')]) : input));
    const decoder = need(decoderOf(model));
    expect(decoder.total).toBe('total_sequence_length');
    const prompt = prefillFeeds(model, decoder, { sequence_length: 9 });
    expect(prompt.get('attention_mask')?.dims).toEqual([1, 9]);
    const cache = new Map(decoder.cache.map(({ present }) => [present, tensorFromArray(present, 'float32', [1, 4, 9, 16], new Float32Array(4 * 9 * 16))]));
    expect(nextFeeds(model, decoder, { sequence_length: 9 }, cache).get('attention_mask')?.dims).toEqual([1, 10]);
  });

  it('is measured in both phases, against its own weights in 4 bits', async () => {
    const [source, variant] = [join(folder, 'float.onnx'), join(folder, 'int4.onnx')];
    await writeOnnxModel(decoderModel, source);
    const { model, notes } = await quantize(decoderModel);
    expect(notes).toEqual(['13 matrix products, 2 embeddings to 4 bits, blocks of 32']);
    await writeOnnxModel(model, variant);
    const opened = openModel(source);
    const options = { settings: { provider: 'cpu' as const, threads: 1, bindings: { sequence_length: 24 } }, budgetMs: 300, lockPath: join(folder, 'lock') };
    const { promptTokens, prefill, decode } = await benchmarkDecoder(opened, need(decoderOf(opened)), { path: source }, { path: variant }, options);
    expect(promptTokens).toBe(24);
    expect(prefill.settings.bindings).toMatchObject({ sequence_length: 24, past_sequence_length: 0 });
    expect(decode.settings.bindings).toMatchObject({ sequence_length: 1, past_sequence_length: 24 });
    expect(prefill.latencyRatio?.value).toBeGreaterThan(0);
    expect(decode.variant?.medianMs.value).toBeGreaterThan(0);
    opened.dispose();
    expect(quantizeWeights.applies(model)).toMatch(/no constant float32 weights/);
  }, 60_000);
});
