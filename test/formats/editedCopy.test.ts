// A copy that is edited as text: every saved text is a version, the source is never touched, nothing of the model is lost.
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isEditedCopy } from '../../src/base/editedName';
import { makeEditedCopy, openVersions, printEditedCopy, saveEditedCopy } from '../../src/formats/editedCopy';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import { printModel } from '../../src/formats/text/print';
import { toFloat64Array } from '../../src/tensor/decode';
import { asyncRefusal, floatType, modelBytes, modelFile, temporaryFolder } from '../support/models';

const { signal } = new AbortController();
const weights = (count: number, value: number) => ({ data_type: 1, dims: [count], raw_data: new Uint8Array(Float32Array.from({ length: count }, () => value).buffer) });
const modelOf = (count: number): Uint8Array => modelBytes({
  doc_string: 'about the graph',
  node: [
    { op_type: 'Add', name: 'first', input: ['x', 'a'], output: ['h'], doc_string: 'why' },
    { op_type: 'Add', name: 'second', input: ['h', 'b'], output: ['y'] },
  ],
  input: [{ name: 'x', type: floatType(count) }],
  output: [{ name: 'y', type: floatType(count) }],
  initializer: [{ name: 'a', ...weights(count, 1) }, { name: 'b', ...weights(count, 2) }],
});

const bytes = modelOf(100);

async function copyOf(path: string): Promise<string> {
  const model = readOnnxModel(path);
  try {
    return await makeEditedCopy(model, signal);
  } finally {
    model.dispose();
  }
}

async function textOf(path: string): Promise<string> {
  const model = readOnnxModel(path);
  try {
    return await printEditedCopy(model);
  } finally {
    model.dispose();
  }
}

/** First element of each initializer. */
function firsts(path: string): Record<string, number | undefined> {
  const model = readOnnxModel(path);
  try {
    return Object.fromEntries([...model.graph.initializers].map(([name, tensor]) => [name, toFloat64Array(tensor)[0]]));
  } finally {
    model.dispose();
  }
}
const versions = (path: string): string[] => readdirSync(join(dirname(path), '.lathe/history', basename(path))).sort();

/** A text with its two weights in the other order. */
function swapped(text: string): string {
  const [a = '', b = ''] = ['a', 'b'].map((name) => new RegExp(`float\\[100\\] ${name} = \\[[^\\]]*\\]`).exec(text)?.[0] ?? '');
  return text.replace(a, '@').replace(b, a).replace('@', b);
}

describe('a copy that is edited as text', () => {
  it('lies beside its source, which stays as it is, with its first version in the history', async () => {
    const source = modelFile(bytes);
    const path = await copyOf(source);
    expect(basename(path)).toBe('model.edited.onnx');
    expect(isEditedCopy(path)).toBe(true);
    expect(versions(path)).toEqual(['1.onnx']);
    await saveEditedCopy(path, (await textOf(path)).replace('Add (h, b)', 'Mul (h, b)'), signal);
    expect(Buffer.compare(readFileSync(source), bytes)).toBe(0);
    expect(versions(path)).toEqual(['1.onnx', '2.onnx']);
    expect(basename(await copyOf(source))).toBe('model.edited-2.onnx');
  });

  it('is what was written, with what the text does not say', async () => {
    const path = await copyOf(modelFile(bytes));
    expect(await saveEditedCopy(path, (await textOf(path)).replaceAll(/\bh\b/g, 'hidden').replace('Add (hidden', 'Mul (hidden'), signal)).toEqual([]);
    const model = readOnnxModel(path);
    expect(model.graph.docString).toBe('about the graph');
    expect(model.graph.nodes.map(({ opType, inputs, docString }) => [opType, inputs, docString])).toEqual([['Add', ['x', 'a'], 'why'], ['Mul', ['hidden', 'b'], '']]);
    model.dispose();
    expect(firsts(path)).toEqual({ a: 1, b: 2 });
  });

  it('keeps its weights with a text that is older than the file: they lie elsewhere now', async () => {
    const path = await copyOf(modelFile(bytes));
    const old = await textOf(path);
    // The first weight goes: the second now lies where the first did, of the same length.
    await saveEditedCopy(path, old.replace(/.*float\[100\] a = .*\n/, '').replace('Add (x, a)', 'Add (x, b)'), signal);
    expect(firsts(path)).toEqual({ b: 2 });
    await saveEditedCopy(path, old.replace('[second]', '[third]'), signal);
    expect(firsts(path)).toEqual({ a: 1, b: 2 });
    expect(versions(path)).toEqual(['1.onnx', '2.onnx', '3.onnx']);
  });

  it('stays as it is where the text is wrong, and the place is said', async () => {
    const path = await copyOf(modelFile(bytes));
    const before = readFileSync(path);
    const text = await textOf(path);
    expect(await asyncRefusal(() => saveEditedCopy(path, text.replace('Add (h, b)', 'Add [h, b]'), signal))).toMatchObject({ code: 'malformed', message: 'Expected "(" before the inputs of the node, found [.', item: expect.stringMatching(/^line 1\d, column \d+$/) as unknown });
    expect(await asyncRefusal(() => saveEditedCopy(path, text.replace('Add (h, b)', 'Add (nowhere, b)'), signal))).toMatchObject({ code: 'invalid-model' });
    expect(await asyncRefusal(() => saveEditedCopy(path, text.replaceAll('/1.onnx"', '/7.onnx"'), signal))).toMatchObject({ code: 'malformed', message: 'The model that the text was printed from has no tensor there.' });
    expect(Buffer.compare(readFileSync(path), before)).toBe(0);
    expect(versions(path)).toEqual(['1.onnx']);
    expect(readdirSync(dirname(path)).sort()).toEqual(['.lathe', 'model.edited.onnx', 'model.onnx']);
  });

  it('is the only kind of file that is written again', async () => {
    const source = modelFile(bytes);
    expect(await asyncRefusal(async () => saveEditedCopy(source, await textOf(source), signal))).toMatchObject({ code: 'usage' });
  });

  it('keeps what another program put in its place', async () => {
    const path = await copyOf(modelFile(bytes));
    const other = join(dirname(path), 'other');
    writeFileSync(other, modelBytes({ doc_string: 'from elsewhere' }));
    renameSync(other, path);
    await saveEditedCopy(path, (await textOf(path)).replace('Relu', 'Neg'), signal);
    expect(versions(path)).toEqual(['1.onnx', '2.onnx', '3.onnx']);
    const kept = readOnnxModel(join(dirname(path), '.lathe/history/model.edited.onnx/2.onnx'));
    expect([kept.graph.docString, kept.graph.nodes[0]?.opType]).toEqual(['from elsewhere', 'Relu']);
    kept.dispose();
  });

  it('leaves its external data where they are', async () => {
    const folder = temporaryFolder();
    const source = readOnnxModel(modelFile(modelOf(1000)));
    const path = join(folder, 'model.onnx');
    await writeOnnxModel(source, path, { externalData: 'always', externalThreshold: 1 });
    source.dispose();
    const copy = await copyOf(path);
    const data = readFileSync(`${copy}.data`);
    await saveEditedCopy(copy, (await textOf(copy)).replace('float[1000] a = ', 'float[1000] renamed = ').replace('Add (x, a)', 'Add (x, renamed)'), signal);
    expect(firsts(copy)).toEqual({ renamed: 1, b: 2 });
    expect(Buffer.compare(readFileSync(`${copy}.data`), data)).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['.lathe', 'model.edited.onnx', 'model.edited.onnx.data', 'model.onnx', 'model.onnx.data']);
  });

  it('writes and reads nothing through a history that is a link', async () => {
    const elsewhere = temporaryFolder();
    const source = modelFile(bytes);
    const planted = join(dirname(source), 'model.edited.onnx');
    mkdirSync(join(elsewhere, 'model.edited.onnx'));
    writeFileSync(join(elsewhere, 'model.edited.onnx/1.onnx'), bytes);
    linkSync(join(elsewhere, 'model.edited.onnx/1.onnx'), planted);
    mkdirSync(join(dirname(source), '.lathe'));
    symlinkSync(elsewhere, join(dirname(source), '.lathe/history'));
    const model = readOnnxModel(planted);
    const text = printModel(model).replaceAll('"model.edited.onnx"', '".lathe/history/model.edited.onnx/1.onnx"');
    model.dispose();
    expect(await asyncRefusal(() => saveEditedCopy(planted, text, signal))).toMatchObject({ code: 'unsafe-path' });
    expect(await asyncRefusal(() => textOf(planted))).toMatchObject({ code: 'unsafe-path' });
    expect(readdirSync(join(elsewhere, 'model.edited.onnx'))).toEqual(['1.onnx']);
  });

  it.each(['.lathe', '.lathe/history', '.lathe/history/model.edited.onnx'])('is not made where %s is a link, and nothing is made behind it', async (link) => {
    const elsewhere = temporaryFolder();
    const source = modelFile(bytes);
    const planted = join(dirname(source), link);
    mkdirSync(dirname(planted), { recursive: true });
    symlinkSync(elsewhere, planted);
    expect(await asyncRefusal(() => copyOf(source))).toMatchObject({ code: 'unsafe-path' });
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(readdirSync(dirname(source)).sort()).toEqual(['.lathe', 'model.onnx']);
  });

  it('keeps its versions apart from the copy: one that is written into does not change them', async () => {
    const path = await copyOf(modelFile(bytes));
    const text = await textOf(path);
    const { atime, mtime } = statSync(path);
    // As long as before, and with the same time: only the content tells.
    writeFileSync(path, Buffer.from(readFileSync(path)).fill(0, readFileSync(path).length - 4));
    utimesSync(path, atime, mtime);
    const kept = join(dirname(path), '.lathe/history/model.edited.onnx/1.onnx');
    expect(firsts(kept)).toEqual({ a: 1, b: 2 });
    expect(readFileSync(kept).equals(readFileSync(path))).toBe(false);
    expect(await textOf(path)).toContain('model.edited.onnx/2.onnx');
    await saveEditedCopy(path, text.replace('Add (h, b)', 'Mul (h, b)'), signal);
    expect(firsts(path)).toEqual({ a: 1, b: 2 });
    expect(versions(path)).toEqual(['1.onnx', '2.onnx', '3.onnx']);
  });

  it('is printed only as it was opened: another window may have saved since', async () => {
    const path = await copyOf(modelFile(bytes));
    const open = readOnnxModel(path);
    const text = await printEditedCopy(open);
    await saveEditedCopy(path, swapped(text), signal);
    expect(firsts(path)).toEqual({ a: 1, b: 2 });
    expect(await asyncRefusal(() => printEditedCopy(open))).toMatchObject({ code: 'source-touched' });
    // A text that names the version of the file now finds the weights of that, not those of the model that was opened before.
    const { others, dispose } = await openVersions(open, await textOf(path));
    expect(others.map(({ model }) => model === open)).toEqual([false]);
    dispose();
    open.dispose();
  });

  it('is not confused by files of its history that it did not number', async () => {
    const source = modelFile(bytes);
    const history = join(dirname(source), '.lathe/history/model.edited.onnx');
    mkdirSync(history, { recursive: true });
    for (const name of ['999999999.onnx', '999999.onnx', '1.onnx', '0.onnx']) writeFileSync(join(history, name), 'x');
    const path = await copyOf(source);
    const text = await textOf(path);
    expect(text).toContain('model.edited.onnx/2.onnx');
    await saveEditedCopy(path, swapped(text), signal);
    await saveEditedCopy(path, swapped(text).replace('Add (h, b)', 'Mul (h, b)'), signal);
    expect(firsts(path)).toEqual({ a: 1, b: 2 });
  });

  it('has no new version where the text says what the copy is', async () => {
    const path = await copyOf(modelFile(bytes));
    for (let i = 0; i < 3; i++) expect(await saveEditedCopy(path, await textOf(path), signal)).toEqual([]);
    expect(versions(path)).toEqual(['1.onnx']);
  });
});
