// Bad input 26–30: external data is read from plain files in the model's folder, and from nowhere else.
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOnnxBytes, readOnnxModel } from '../../src/formats/onnx/read';
import { toFloat32Array } from '../../src/tensor/decode';
import { hubCache, hubWeights } from '../support/hubCache';
import { modelBytes, modelFile, refusal, temporaryFolder } from '../support/models';

/** A model whose tensor `w` of two float32 lies in `location`, with further entries. */
function external(location: string, more: Readonly<Record<string, string>> = {}): string {
  return modelFile(externalBytes({ location, ...more }));
}

function externalBytes(entries: Readonly<Record<string, string>>): Uint8Array {
  const external_data = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return modelBytes({ initializer: [{ name: 'w', data_type: 1, dims: [2], data_location: 1, external_data }] });
}

function beside(path: string, name: string): string {
  return join(dirname(path), name);
}

const values = Buffer.from(Float32Array.of(0, 0, 3, 4).buffer);
const posix = process.platform !== 'win32';

describe('external data', () => {
  it('is read from where it lies', () => {
    const path = external('weights/w.bin', { offset: '8', length: '8' });
    mkdirSync(beside(path, 'weights'));
    writeFileSync(beside(path, 'weights/w.bin'), values);
    const model = readOnnxModel(path);
    const tensor = model.graph.initializers.get('w');
    expect(tensor && toFloat32Array(tensor)).toEqual(Float32Array.of(3, 4));
    model.dispose();
  });

  it.runIf(existsSync('/proc/self/fd'))('in one file per tensor holds few of them open, and still reads them all', () => {
    const count = 300;
    const initializer = Array.from({ length: count }, (_, i) => ({ name: `w${i}`, data_type: 1, dims: [1], data_location: 1, external_data: [{ key: 'location', value: `w${i}.bin` }] }));
    const path = modelFile(modelBytes({ initializer }));
    for (let i = 0; i < count; i++) writeFileSync(beside(path, `w${i}.bin`), Buffer.from(Float32Array.of(i).buffer));
    const before = readdirSync('/proc/self/fd').length;
    const model = readOnnxModel(path);
    const read = (): number[] => [...model.graph.initializers.values()].map((tensor) => toFloat32Array(tensor)[0] ?? NaN);
    expect(read()).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(readdirSync('/proc/self/fd').length - before).toBeLessThan(100);
    writeFileSync(beside(path, 'w0.bin'), Buffer.from(Float32Array.of(1, 2).buffer));
    expect(refusal(read)).toMatchObject({ code: 'source-touched' });
    model.dispose();
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });

  it.each([
    ['../w.bin', "leaves the model's folder"],
    ['a/../../b', "leaves the model's folder"],
    ['..\\w.bin', "leaves the model's folder"],
    ['/etc/passwd', 'is an absolute or network path'],
    ['C:\\w.bin', 'names a drive'],
    ['c:w.bin', 'names a drive'],
    ['\\\\server\\share\\w.bin', 'is an absolute or network path'],
    ['//server/share/w.bin', 'is an absolute or network path'],
    ['', 'names no file'],
    ['w\0.bin', 'names no file'],
  ])('at %j is refused', (location, what) => {
    expect(refusal(() => readOnnxModel(external(location)))).toMatchObject({ code: 'unsafe-path', message: expect.stringContaining(what) as string, item: 'w', hint: "External data must be a plain file in the model's folder or below." });
  });

  it.runIf(posix)('through a link to a file, or a folder that is a link, is refused', () => {
    const outside = join(temporaryFolder(), 'w.bin');
    writeFileSync(outside, values);
    const path = external('w.bin');
    symlinkSync(outside, beside(path, 'w.bin'));
    expect(refusal(() => readOnnxModel(path))).toMatchObject({ code: 'unsafe-path', message: 'The external data path "w.bin" is or goes through a symbolic link.' });
    const nested = external('folder/w.bin');
    symlinkSync(dirname(outside), beside(nested, 'folder'));
    expect(refusal(() => readOnnxModel(nested))).toMatchObject({ code: 'unsafe-path', message: 'The external data path "folder/w.bin" is or goes through a symbolic link.' });
  });

  it.runIf(posix)('that is a pipe, a device or a folder is refused without being opened', () => {
    const pipe = external('w.bin');
    execFileSync('mkfifo', [beside(pipe, 'w.bin')]);
    expect(refusal(() => readOnnxModel(pipe))).toMatchObject({ code: 'unsafe-path', message: 'The external data path "w.bin" is a pipe or device, not a file.' });
    const folder = external('w.bin');
    mkdirSync(beside(folder, 'w.bin'));
    expect(refusal(() => readOnnxModel(folder))).toMatchObject({ message: 'The external data path "w.bin" is a folder.' });
  });

  it('that is a hard link is refused, unless links are allowed', () => {
    const path = external('w.bin', { length: '8' });
    const outside = join(temporaryFolder(), 'other.bin');
    writeFileSync(outside, values);
    linkSync(outside, beside(path, 'w.bin'));
    expect(refusal(() => readOnnxModel(path))).toMatchObject({
      code: 'unsafe-path',
      message: 'The external data path "w.bin" is a hard link: the same file has another name elsewhere.',
      hint: 'Put a copy of the file in its place.',
    });
    readOnnxModel(path, { externalData: 'allow-links' }).dispose();
  });

  describe.runIf(posix)('in the Hugging Face cache', () => {
    const allowed = { externalData: 'cache-links' } as const;

    it('is refused with the way to open it, and read where its links may be followed', () => {
      const { model: path, folder } = hubCache(temporaryFolder());
      expect(refusal(() => readOnnxModel(path))).toEqual({
        code: 'cache-link',
        file: path,
        item: 'w',
        message: 'The external data path "model.onnx_data" is a symbolic link, as the Hugging Face cache keeps its files.',
        hint: 'At the command line, --follow-cache-links opens the model read-only (results go elsewhere, with -o). Or copy its folder with links followed (cp -rL).',
      });
      const model = readOnnxModel(path, allowed);
      const tensor = model.graph.initializers.get('w');
      expect(tensor && toFloat32Array(tensor)).toEqual(Float32Array.of(1, 2, 3, 4));
      expect(tensor?.source.location?.path).toBe(realpathSync(join(folder, 'blobs', 'bbbb')));
      model.dispose();
    });

    it('is refused, allowed or not, where a link leaves the folder of its model', () => {
      const root = temporaryFolder();
      const other = join(root, 'models--org--other', 'blobs');
      mkdirSync(other, { recursive: true });
      writeFileSync(join(other, 'cccc'), hubWeights);
      const { model: path } = hubCache(root, join(other, 'cccc'));
      for (const options of [{}, allowed])
        expect(refusal(() => readOnnxModel(path, options))).toMatchObject({ code: 'unsafe-path', item: 'w', message: 'The external data path "model.onnx_data" is a symbolic link that leaves the model\'s folder of the Hugging Face cache.' });
    });

    it('is refused, allowed or not, through a chain of links that ends outside', () => {
      const root = temporaryFolder();
      writeFileSync(join(root, 'secret'), hubWeights);
      const { model: path, folder } = hubCache(root);
      rmSync(join(folder, 'blobs', 'bbbb'));
      symlinkSync('../../secret', join(folder, 'blobs', 'bbbb'));
      for (const options of [{}, allowed]) expect(refusal(() => readOnnxModel(path, options))).toMatchObject({ code: 'unsafe-path' });
    });

    it('that was not downloaded is missing: the structure can be looked at', () => {
      const { model: path, folder } = hubCache(temporaryFolder());
      rmSync(join(folder, 'blobs', 'bbbb'));
      const model = readOnnxModel(path, allowed);
      expect(model.warnings.map(({ code }) => code)).toEqual(['missing-external-data']);
      model.dispose();
    });

    it('keeps every other rule: no folder above, no hard link', () => {
      const { model: path, folder } = hubCache(temporaryFolder());
      linkSync(join(folder, 'blobs', 'bbbb'), join(folder, 'second'));
      expect(refusal(() => readOnnxModel(path, allowed))).toMatchObject({ code: 'unsafe-path', message: expect.stringContaining('is a hard link') as string });
      const above = join(dirname(path), 'above.onnx');
      writeFileSync(above, externalBytes({ location: '../w.bin' }));
      expect(refusal(() => readOnnxModel(above, allowed))).toMatchObject({ code: 'unsafe-path', message: expect.stringContaining("leaves the model's folder") as string });
    });
  });

  it.runIf(posix)('through a link is refused outside of the cache, though the links of the cache may be followed', () => {
    const path = external('w.bin');
    writeFileSync(beside(path, 'real.bin'), values);
    symlinkSync('real.bin', beside(path, 'w.bin'));
    expect(refusal(() => readOnnxModel(path, { externalData: 'cache-links' }))).toMatchObject({ code: 'unsafe-path', message: 'The external data path "w.bin" is or goes through a symbolic link.' });
  });

  it.each<[string, Record<string, string>, string]>([
    ['a negative offset', { offset: '-8' }, 'The external data has the offset "-8", which is not a number of bytes.'],
    ['an offset that is no number', { offset: '0x8' }, 'The external data has the offset "0x8", which is not a number of bytes.'],
    ['an offset beyond all numbers', { offset: '99999999999999999999' }, 'The external data has the offset "99999999999999999999", which is not a number of bytes.'],
    ['a length that is empty', { length: '' }, 'The external data has the length "", which is not a number of bytes.'],
    ['a length that is not the tensor\'s', { length: '4' }, 'The external data is 4 bytes long, but the tensor needs 8.'],
    ['a place past the end', { offset: '12' }, 'The external data should lie at bytes 12 … 20, but w.bin has 16.'],
    ['an unknown key', { basepath: '/' }, 'The external data has the unknown key "basepath".'],
  ])('with %s is refused', (_, more, message) => {
    const path = external('w.bin', more);
    writeFileSync(beside(path, 'w.bin'), values);
    expect(refusal(() => readOnnxModel(path))).toMatchObject({ code: 'malformed', message, item: 'w', file: path });
  });

  it('that is missing leaves the structure to be looked at, and fails when read', () => {
    const path = external('w.bin');
    const model = readOnnxModel(path);
    expect(model.warnings).toEqual([{ code: 'missing-external-data', message: 'The file w.bin with the weights is missing: the model can be looked at, but not run.', item: 'w' }]);
    expect(refusal(() => model.graph.initializers.get('w')?.source.read())).toMatchObject({ code: 'not-found', message: 'The file with the weights is missing.', file: beside(path, 'w.bin') });
    model.dispose();
  });

  it('is refused in a model without a folder, and in sparse tensors', () => {
    expect(refusal(() => readOnnxBytes(externalBytes({ location: 'w.bin' })))).toMatchObject({ message: 'The tensor lies in another file, but this model was not read from a folder.' });
    const sparse = { values: { name: 's', data_type: 1, dims: [1], data_location: 1, external_data: [{ key: 'location', value: 'w.bin' }] }, indices: { data_type: 7, dims: [1], int64_data: [0] }, dims: [2] };
    const path = modelFile(modelBytes({ sparse_initializer: [sparse] }));
    writeFileSync(beside(path, 'w.bin'), values);
    expect(refusal(() => readOnnxModel(path))).toMatchObject({ message: 'The sparse tensor has its values or indices in another file, which onnxruntime refuses.' });
  });

  it('that changes after opening is refused when it is opened again', () => {
    const path = external('w.bin', { offset: '8' });
    writeFileSync(beside(path, 'w.bin'), values);
    const model = readOnnxModel(path);
    model.dispose();
    writeFileSync(beside(path, 'w.bin'), Buffer.concat([values, values]));
    expect(refusal(() => model.graph.initializers.get('w')?.source.read())).toMatchObject({ code: 'source-touched', message: 'The file changed after it was opened.' });
  });
});
