// IDX, tables, JSON lines, recordings and texts as samples, and what is said of those that are broken or do not fit.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { symbol } from '../../../src/graph/dimension';
import { openSamples } from '../../../src/runtime/data/datasets';
import { readNpy } from '../../../src/runtime/data/files/npy';
import { readWav, readWavHeader, resample } from '../../../src/runtime/data/files/wav';
import { usualMetric } from '../../../src/runtime/metrics/evaluate';
import { drawn, folders, idx, modelOf, npy, numbers, wav } from './support';

const folder = folders();
const batch = symbol('batch');

function written(name: string, bytes: Uint8Array | string, at = folder()): string {
  writeFileSync(join(at, name), bytes);
  return join(at, name);
}

describe('IDX', () => {
  const model = modelOf(['x', 'float32', [1, 1, 2, 2]]);
  const pictures = idx(8, [3, 2, 2], Uint8Array.from({ length: 12 }, (_, i) => i));

  it('is read gzipped too, with the labels beside it', async () => {
    const at = folder();
    written('t-images-idx3-ubyte.gz', gzipSync(pictures), at);
    written('t-labels-idx1-ubyte.gz', gzipSync(idx(8, [3], Uint8Array.of(7, 2, 7))), at);
    const source = await openSamples(at, model);
    expect(source.description).toMatchObject({ kind: 'idx', samples: 3, classes: 2 });
    expect((await drawn(source)).map(({ feeds, label }) => [numbers(feeds.get('x')), label?.index])).toEqual([[[0, 1, 2, 3], 7], [[4, 5, 6, 7], 2], [[8, 9, 10, 11], 7]]);
    expect(await usualMetric(source)).toBe('top1');
  });

  it('of wider types is big-endian', async () => {
    const path = written('a.idx', idx(0x0b, [1, 2], Uint8Array.of(1, 0, 0, 2)));
    expect(numbers((await drawn(await openSamples(path, modelOf(['x', 'float32', [1, 2]]))))[0]?.feeds.get('x'))).toEqual([256, 2]);
  });

  it('that is cut off, foreign, or unpacks to more than it announces is refused', async () => {
    await expect(openSamples(written('a.idx', pictures.subarray(0, 20)), model)).rejects.toMatchObject({ code: 'malformed', message: 'The file ends before the uint8[3, 2, 2] it announces.' });
    await expect(openSamples(written('a.idx', 'hello'), model)).rejects.toMatchObject({ code: 'malformed' });
    await expect(openSamples(written('a.idx.gz', gzipSync(pictures).subarray(0, 30)), model)).rejects.toMatchObject({ code: 'malformed' });
    await expect(openSamples(written('a.idx.gz', gzipSync(Buffer.concat([pictures, Buffer.alloc(50_000_000)]))), model)).rejects.toMatchObject({ code: 'malformed', message: 'The file unpacks to more than its header announces.' });
    await expect(openSamples(written('a.idx.gz', gzipSync(idx(8, [4e9, 4e9], Uint8Array.of()))), model)).rejects.toMatchObject({ code: 'too-large' });
    const at = folder();
    written('t-images-idx3-ubyte', pictures, at);
    written('t-labels-idx1-ubyte', idx(8, [2], Uint8Array.of(1, 2)), at);
    await expect(openSamples(at, model)).rejects.toMatchObject({ code: 'usage', message: 'There are 2 labels for 3 samples.' });
    await expect(openSamples(written('a.idx', pictures), modelOf(['x', 'float32', [1, 5]]))).rejects.toMatchObject({ code: 'usage', item: 'x' });
  });
});

describe('arrays', () => {
  it('take labels from a file of that name', async () => {
    const at = folder();
    written('x.npy', npy('<f4', [2, 2], new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)), at);
    written('labels.npy', npy('<i8', [2], new Uint8Array(BigInt64Array.of(5n, 6n).buffer)), at);
    expect((await drawn(await openSamples(at, modelOf(['x', 'float32', [batch, 2]])))).map(({ label }) => label?.index)).toEqual([5, 6]);
  });

  it('of an absurd shape are refused', () => {
    expect(() => readNpy(written('a.npy', npy('<f4', '99999999999, 99999999999', Uint8Array.of())))).toThrow('The file ends before');
  });
});

describe('tables', () => {
  const model = modelOf(['x', 'float32', [batch, 2]]);

  it('feed all columns that are no label, whose classes go by name', async () => {
    const path = written('a.csv', 'width,height,label\r\n1,2.5,cat\r\n"3",4,dog\r\n5,6,cat\r\n');
    const source = await openSamples(path, model);
    expect(source.description).toMatchObject({ kind: 'csv', samples: 3, classes: 2 });
    expect((await drawn(source)).map(({ feeds, label }) => [numbers(feeds.get('x')), label?.index, label?.text])).toEqual([[[1, 2.5], 0, 'cat'], [[3, 4], 1, 'dog'], [[5, 6], 0, 'cat']]);
  });

  it('feed inputs by the columns’ names, texts too, and as described', async () => {
    const path = written('a.csv', 'b;a;name\n1;2;"x; y"\n');
    const byName = await drawn(await openSamples(path, modelOf(['a', 'float32', [batch, 1]], ['name', 'string', [batch, 1]])));
    expect([numbers(byName[0]?.feeds.get('a')), Buffer.from(byName[0]?.feeds.get('name')?.strings?.[0] ?? []).toString()]).toEqual([[2], 'x; y']);
    expect(numbers((await drawn(await openSamples({ path, table: { inputs: { x: ['a', 'b'] } } }, model)))[0]?.feeds.get('x'))).toEqual([2, 1]);
    await expect(openSamples({ path, table: { inputs: { x: ['a', 'c'] } } }, model)).rejects.toMatchObject({ code: 'usage', item: 'c' });
  });

  it('with ragged rows, texts for numbers, or open quotes name the row', async () => {
    const rows = Array.from({ length: 10 }, (_, i) => `${i},${i}`);
    await expect(drawn(await openSamples(written('a.csv', ['a,b', ...rows.slice(0, 4), '1,2,3', ...rows].join('\n')), model))).rejects.toMatchObject({ code: 'malformed', item: 'row 6', message: expect.stringContaining('The row has 3 fields, and the first has 2.') as string });
    await expect(drawn(await openSamples(written('a.csv', 'a,b\n1,two\n'), model))).rejects.toMatchObject({ code: 'malformed', item: 'row 2', message: '“two” is no number, and input x takes float32.' });
    await expect(openSamples(written('a.csv', 'a,b\n1,"2\n'), model)).rejects.toMatchObject({ code: 'malformed', message: 'A quote is never closed.' });
    await expect(openSamples(written('a.csv', 'a,b\n'), model)).rejects.toMatchObject({ code: 'usage' });
  });

  it('that do not fit the input say both shapes', async () => {
    await expect(drawn(await openSamples(written('a.csv', '1,2,3\n4,5,6\n'), model))).rejects.toMatchObject({ code: 'usage', item: 'row 1', message: 'Values of shape [3] do not fit input x of shape [batch, 2].' });
  });
});

describe('JSON lines', () => {
  it('feed fields by the inputs’ names, nested lists as arrays, with labels', async () => {
    const path = written('a.jsonl', '{"x": [[1, 2], [3, 4]], "label": 1}\n{"x": [[5, 6], [7, 8]], "label": 0}\n');
    const samples = await drawn(await openSamples(path, modelOf(['x', 'float32', [batch, 2, 2]])));
    expect(samples.map(({ feeds, label }) => [feeds.get('x')?.dims, numbers(feeds.get('x')), label?.index])).toEqual([[[1, 2, 2], [1, 2, 3, 4], 1], [[1, 2, 2], [5, 6, 7, 8], 0]]);
  });

  it('that are no JSON, lack a field or hold uneven lists name the line', async () => {
    const model = modelOf(['x', 'float32', [batch, 2]]);
    const fails = async (line: string): Promise<unknown> => await drawn(await openSamples(written('a.jsonl', `{"x": [1, 2]}\n${line}\n`), model)).catch((error: unknown) => error);
    expect(await fails('{"x": [1, ')).toMatchObject({ code: 'malformed', item: 'line 2' });
    expect(await fails('{"y": [1, 2]}')).toMatchObject({ code: 'malformed', item: 'line 2' });
    expect(await fails('{"x": [[1], [2, 3]]}')).toMatchObject({ code: 'malformed', item: 'line 2' });
    expect(await fails('{"x": null}')).toMatchObject({ code: 'malformed', item: 'line 2' });
    expect(await fails('{"x": [1, 2, 3]}')).toMatchObject({ code: 'usage', item: 'line 2' });
  });
});

describe('recordings', () => {
  const halves: readonly (readonly [string, number, number, Buffer])[] = [
    ['8 bits', 8, 1, Buffer.from([64, 192])],
    ['16 bits', 16, 1, Buffer.from(Int16Array.of(-16384, 16384).buffer)],
    ['24 bits', 24, 1, Buffer.from([0, 0, 0xc0, 0, 0, 0x40])],
    ['32 bits', 32, 1, Buffer.from(Int32Array.of(-(2 ** 30), 2 ** 30).buffer)],
    ['floats', 32, 3, Buffer.from(Float32Array.of(-0.5, 0.5).buffer)],
  ];

  it.each(halves)('of %s are −1 to 1', (_, bits, format, data) => {
    const path = written('a.wav', wav(16_000, bits, 1, data, format));
    expect([...readWav(path, readWavHeader(path), 0, 3)]).toEqual([-0.5, 0.5, 0]);
  });

  it('are made mono and cut into frames; states begin at zero, the rate is told', async () => {
    const at = folder();
    mkdirSync(join(at, 'speech'));
    written('a.wav', wav(16_000, 16, 2, Buffer.from(Int16Array.of(16384, 0, 16384, 16384, 0, 0, 0, 0, 8192, 8192).buffer)), join(at, 'speech'));
    const source = await openSamples(at, modelOf(['input', 'float32', [batch, 2]], ['state', 'float32', [2, 1, 4]], ['sr', 'int64', []]));
    const samples = await drawn(source);
    expect(samples.map(({ feeds }) => numbers(feeds.get('input')))).toEqual([[0.25, 0.5], [0, 0]]);
    expect([numbers(samples[0]?.feeds.get('state')), numbers(samples[0]?.feeds.get('sr')), samples[0]?.label?.text]).toEqual([[0, 0, 0, 0, 0, 0, 0, 0], [16_000], 'speech']);
  });

  it('are resampled: a tone keeps its pitch and height', () => {
    const tone = (rate: number, count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin((2 * Math.PI * 440 * i) / rate));
    const found = resample(tone(44_100, 4410), 0, 44_100, 16_000, 400, 800);
    const expected = tone(16_000, 1200).subarray(400);
    expect(Math.max(...found.map((value, i) => Math.abs(value - (expected[i] ?? NaN))))).toBeLessThan(0.005);
  });

  it('that are cut off, foreign or of an unknown format are refused', () => {
    const whole = wav(16_000, 16, 1, Buffer.alloc(100));
    expect(() => readWavHeader(written('a.wav', whole.subarray(0, 60)))).toThrow('The recording ends before the data it announces.');
    expect(() => readWavHeader(written('a.wav', whole.subarray(0, 30)))).toThrow('ends within its header');
    expect(() => readWavHeader(written('a.wav', 'RIFFnope'))).toThrow();
    expect(() => readWavHeader(written('a.wav', wav(16_000, 4, 1, Buffer.alloc(4), 2)))).toThrow('format 2 with 4 bits');
  });
});

describe('texts', () => {
  const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'want', '##want', '##ed', 'wa', 'un', 'runn', '##ing', ','];

  it('become ids, mask and type ids by the vocabulary beside them', async () => {
    const at = folder();
    written('vocab.txt', vocabulary.join('\n'), at);
    const path = written('a.txt', 'UNwanted, running\nun\n', at);
    const samples = await drawn(await openSamples(path, modelOf(['input_ids', 'int64', [batch, 8]], ['attention_mask', 'int64', [batch, 8]], ['token_type_ids', 'int64', [batch, 8]])));
    expect(numbers(samples[0]?.feeds.get('input_ids'))).toEqual([2, 8, 5, 6, 11, 9, 10, 3]);
    expect(['input_ids', 'attention_mask', 'token_type_ids'].map((name) => numbers(samples[1]?.feeds.get(name)))).toEqual([[2, 8, 3, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]]);
  });

  it('without a tokenizer, or for a model without ids, say what is missing', async () => {
    await expect(openSamples(written('a.txt', 'hello\n'), modelOf(['input_ids', 'int64', [batch, 8]]))).rejects.toMatchObject({ code: 'usage', message: 'Texts need a tokenizer to become ids.' });
    const at = folder();
    written('vocab.txt', vocabulary.join('\n'), at);
    await expect(openSamples(written('a.txt', 'hello\n', at), modelOf(['x', 'float32', [batch, 8]]))).rejects.toMatchObject({ code: 'usage' });
  });
});
