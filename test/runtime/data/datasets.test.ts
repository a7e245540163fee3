// Data sets in every form: NumPy files, ONNX test data, pictures, and seeded inputs.
import { mkdirSync, readdirSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeTensorFile } from '../../../src/formats/onnx/tensorFile';
import { openModel } from '../../../src/formats/open';
import { makeGraph, makeModel, makeNode, tensorValue } from '../../../src/graph/construct';
import { symbol } from '../../../src/graph/dimension';
import { defaultBindings } from '../../../src/graph/defaultBindings';
import type { Shape } from '../../../src/graph/model';
import type { Model } from '../../../src/graph/model';
import { openSamples } from '../../../src/runtime/data/datasets';
import { layOut, normalisation, resizeBilinear } from '../../../src/runtime/data/files/images';
import { readNpy } from '../../../src/runtime/data/files/npy';
import { dataKind } from '../../../src/runtime/data/recognise';
import type { Feeds, SampleSource } from '../../../src/runtime/data/samples';
import { temporaryFolder } from '../../../src/runtime/temporary';
import { toFloat64Array, toIntegers } from '../../../src/tensor/decode';
import type { ElementType } from '../../../src/tensor/elementType';
import { seededTensor } from '../../../src/tensor/seeded';
import { float32Tensor } from '../../../src/tensor/tensor';
import { ocrModel, toFloat32 } from '../support';

const root = temporaryFolder();
afterAll(() => root.dispose());
let folders = 0;
const folder = (): string => {
  const path = join(root.path, String(folders++));
  mkdirSync(path);
  return path;
};

function modelOf(inputs: readonly (readonly [string, ElementType, Shape])[]): Model {
  return makeModel(makeGraph('g', { nodes: [], inputs: inputs.map(([name, type, shape]) => tensorValue(name, type, shape)), outputs: [] }));
}

async function all(source: SampleSource, limit?: number): Promise<Feeds[]> {
  const samples: Feeds[] = [];
  for await (const feeds of source.samples(limit)) samples.push(feeds);
  return samples;
}

/** A version 1.0 array file by NumPy's format description: magic, version, header length, header padded to 64 bytes. */
function npy(descr: string, shape: readonly number[], data: Uint8Array, fortran = false): Uint8Array {
  const dictionary = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const header = `${dictionary.padEnd(64 * Math.ceil((10 + dictionary.length + 1) / 64) - 11)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header, 'latin1'), data]);
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe('NumPy files', () => {
  const batch = symbol('batch');

  it('that hold NaN for an integer input are refused in words', async () => {
    const path = join(folder(), 'ids.npy');
    writeFileSync(path, npy('<f4', [1, 2], floats(1, NaN)));
    const samples = await openSamples(path, modelOf([['ids', 'int64', [1, 2]]]));
    await expect(all(samples)).rejects.toMatchObject({ code: 'usage', item: 'ids', message: 'Input ids takes int64, and the data hold NaN or infinity, which no int64 is.' });
  });

  it.runIf(process.platform === 'linux')('are open only while they are read, however many a folder holds', async () => {
    const place = folder();
    for (let i = 0; i < 300; i++) writeFileSync(join(place, `${String(i).padStart(3, '0')}.npy`), npy('<f4', [1, 2], floats(i, 0)));
    const open = (): number => readdirSync('/proc/self/fd').filter((fd) => { try { return readlinkSync(`/proc/self/fd/${fd}`).startsWith(place); } catch { return false; } }).length;
    const samples = await openSamples(place, modelOf([['x', 'float32', [batch, 2]]]), { limit: 200 });
    expect(samples.description.samples).toBe(200);
    expect(open()).toBe(0);
    const drawn = await all(samples);
    expect(toFloat32(drawn[199]?.get('x'))).toEqual([199, 0]);
    expect(open()).toBe(0);
  });

  it('are read with type and shape', () => {
    const path = join(folder(), 'a.npy');
    writeFileSync(path, npy('<f4', [2, 2], floats(1, 2, 3, 4)));
    const tensor = readNpy(path);
    expect([tensor.elementType, tensor.dims, toFloat32(tensor)]).toEqual(['float32', [2, 2], [1, 2, 3, 4]]);
  });

  it('stack samples along the first axis, with or without the batch axis', async () => {
    const path = join(folder(), 'x.npy');
    writeFileSync(path, npy('<f4', [3, 2], floats(1, 2, 3, 4, 5, 6)));
    const samples = await all(await openSamples(path, modelOf([['x', 'float32', [batch, 2]]])));
    expect(samples.map((feeds) => [feeds.get('x')?.dims, toFloat32(feeds.get('x'))])).toEqual([[[1, 2], [1, 2]], [[1, 2], [3, 4]], [[1, 2], [5, 6]]]);
    const stacked = await all(await openSamples(path, modelOf([['x', 'float32', [2]]])), 2);
    expect(stacked.map((feeds) => toFloat32(feeds.get('x')))).toEqual([[1, 2], [3, 4]]);
  });

  it('are converted to the input’s type', async () => {
    const path = join(folder(), 'x.npy');
    writeFileSync(path, npy('<f8', [1, 2], new Uint8Array(Float64Array.of(1.5, 2).buffer)));
    const [feeds] = await all(await openSamples(path, modelOf([['x', 'float32', [1, 2]]])));
    expect([feeds?.get('x')?.elementType, toFloat32(feeds?.get('x'))]).toEqual(['float32', [1.5, 2]]);
  });

  it('in an archive feed inputs by name', async () => {
    const path = join(folder(), 'data.npz');
    writeFileSync(path, zipSync({ 'ids.npy': npy('<i8', [2, 3], new Uint8Array(BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n).buffer)), 'mask.npy': npy('|b1', [2, 3], Uint8Array.of(1, 1, 1, 1, 1, 0)) }));
    const source = await openSamples(path, modelOf([['mask', 'bool', [batch, 3]], ['ids', 'int64', [batch, 3]]]));
    const samples = await all(source);
    expect(source.description).toEqual({ kind: 'npy', path, samples: 2 });
    expect(toIntegers(samples[1]?.get('ids') ?? float32Tensor('', [0], []))).toEqual([4, 5, 6]);
    expect([...(samples[1]?.get('mask')?.source.read() ?? [])]).toEqual([1, 1, 0]);
  });

  it('in a folder are a sample each, or one file per input', async () => {
    const one = folder();
    for (const [i, name] of ['b.npy', 'a.npy'].entries()) writeFileSync(join(one, name), npy('<f4', [1, 1], floats(i)));
    expect((await all(await openSamples(one, modelOf([['x', 'float32', [batch, 1]]])))).map((feeds) => toFloat32(feeds.get('x')))).toEqual([[1], [0]]);
    const each = folder();
    writeFileSync(join(each, 'x.npy'), npy('<f4', [2, 1], floats(1, 2)));
    writeFileSync(join(each, 'z.npy'), npy('<f4', [2, 1], floats(3, 4)));
    expect((await all(await openSamples(each, modelOf([['x', 'float32', [batch, 1]], ['z', 'float32', [batch, 1]]])))).map((feeds) => [toFloat32(feeds.get('x')), toFloat32(feeds.get('z'))])).toEqual([[[1], [3]], [[2], [4]]]);
  });

  it('that do not fit, are cut off or foreign are refused with the reason', async () => {
    const at = folder();
    const write = (name: string, bytes: Uint8Array): string => {
      writeFileSync(join(at, name), bytes);
      return join(at, name);
    };
    const model = modelOf([['x', 'float32', [batch, 2]]]);
    await expect(openSamples(write('shape.npy', npy('<f4', [3, 5], floats(...Array.from({ length: 15 }, () => 0)))), model)).rejects.toMatchObject({ code: 'usage', item: 'x', message: 'The array of shape [3, 5] does not fit input x of shape [batch, 2].' });
    await expect(openSamples(write('cut.npy', npy('<f4', [3, 2], floats(1))), model)).rejects.toMatchObject({ code: 'malformed', message: 'The file ends before the float32[3,2] it announces.' });
    await expect(openSamples(write('big.npy', npy('>f4', [1, 2], floats(1, 2))), model)).rejects.toMatchObject({ code: 'unsupported' });
    await expect(openSamples(write('fortran.npy', npy('<f4', [2, 2], floats(1, 2, 3, 4), true)), model)).rejects.toMatchObject({ code: 'unsupported', hint: 'Save numpy.ascontiguousarray(array).' });
    await expect(openSamples(write('no.npy', Buffer.from('hello, I am a text file')), model)).rejects.toMatchObject({ code: 'malformed' });
    await expect(openSamples(write('no.npz', Buffer.from('PK, nearly')), model)).rejects.toMatchObject({ code: 'malformed' });
    const large = write('large.npz', new Uint8Array());
    truncateSync(large, 513e6); // takes no room
    await expect(openSamples(large, model)).rejects.toMatchObject({ code: 'too-large' });
    const bomb = Buffer.from(zipSync({ 'x.npy': npy('<f4', [1, 2], floats(1, 2)) }));
    bomb.writeUInt32LE(513e6, bomb.indexOf(Buffer.from('PK\x01\x02', 'latin1')) + 24); // the entry's unpacked size, in the archive's directory
    await expect(openSamples(write('bomb.npz', bomb), model)).rejects.toMatchObject({ code: 'too-large' });
    await expect(openSamples(write('no.txt', Buffer.from('x')), model)).rejects.toMatchObject({ code: 'usage' });
    await expect(openSamples(join(at, 'none'), model)).rejects.toMatchObject({ code: 'not-found' });
    await expect(openSamples(folder(), model)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('ONNX test data', () => {
  it('feed inputs by name or order', async () => {
    const at = folder();
    for (const [i, value] of [2, 10].entries()) {
      const set = join(at, `test_data_set_${i * 9}`);
      mkdirSync(set);
      writeFileSync(join(set, 'input_0.pb'), encodeTensorFile(float32Tensor('z', [1], [value])));
      writeFileSync(join(set, 'input_1.pb'), encodeTensorFile(float32Tensor('', [1], [value + 1])));
    }
    const model = modelOf([['x', 'float32', [1]], ['z', 'float32', [1]]]);
    const source = await openSamples(at, model);
    expect(source).toMatchObject({ real: true, description: { kind: 'test-data-set', samples: 2 } });
    expect((await all(source)).map((feeds) => toFloat32(feeds.get('z')))).toEqual([[2], [10]]);
    // The folder of one set may be given itself.
    expect(await all(await openSamples(join(at, 'test_data_set_9'), model))).toHaveLength(1);
  });
});

describe('pictures', () => {
  const picture = (width: number, height: number, pixel: (x: number, y: number) => readonly [number, number, number, number]): PNG => {
    const png = new PNG({ width, height });
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) png.data.set(pixel(x, y), (y * width + x) * 4);
    return png;
  };

  it('are resized as OpenCV’s bilinear does', () => {
    // cv2.resize of [0, 100] to width 4: pixel centres at −0.25, 0.25, 0.75, 1.25 of the source, edges clamped.
    const resized = resizeBilinear({ width: 2, height: 1, rgb: Uint8Array.of(0, 0, 0, 100, 100, 100) }, 4, 1);
    expect([0, 3, 6, 9].map((i) => resized[i])).toEqual([0, 25, 75, 100]);
  });

  it('are laid out by channel, in the order asked for, and padded with zeros', () => {
    const pixels = Float32Array.of(255, 0, 51, 0, 255, 102);
    const planes = layOut(pixels, 2, 1, 3, { channels: 3, channelsFirst: true, order: 'rgb' }, normalisation('unit', false));
    expect([...planes].map((value) => Math.round(value * 10) / 10)).toEqual([1, 0, 0, 0, 1, 0, 0.2, 0.4, 0]);
    const interleaved = layOut(pixels, 2, 1, 2, { channels: 3, channelsFirst: false, order: 'bgr' }, normalisation('signed', false));
    expect([...interleaved].map((value) => Math.round(value * 10) / 10)).toEqual([-0.6, -1, 1, -0.2, 1, -1]);
    // ITU-R BT.601: 0.299·255 + 0.114·51 = 82.059.
    expect(layOut(pixels, 2, 1, 2, { channels: 1, channelsFirst: true, order: 'rgb' }, normalisation('raw', true))[0]).toBeCloseTo(82.059, 4);
  });

  it('of text lines keep their aspect at PP-OCR’s fixed height, and say how they were made', async () => {
    const at = folder();
    writeFileSync(join(at, 'a.png'), PNG.sync.write(picture(100, 24, () => [255, 255, 255, 255])));
    writeFileSync(join(at, 'b.jpg'), jpeg.encode({ width: 60, height: 30, data: new Uint8Array(60 * 30 * 4).fill(255) }, 90).data);
    const model = openModel(ocrModel('rec'));
    const source = await openSamples(at, model);
    const samples = await all(source);
    expect(samples.map((feeds) => feeds.get('x')?.dims)).toEqual([[1, 3, 48, 200], [1, 3, 48, 96]]);
    expect(toFloat32(samples[0]?.get('x'))[0]).toBe(1);
    expect(source.description).toMatchObject({ kind: 'images', samples: 2, note: 'RGB, (value/255 − 0.5)/0.5, NCHW, resized to 48×free (height × width), aspect kept' });
    // A bound width pads.
    const [padded] = await all(await openSamples(at, model, { bindings: { 'p2o.DynamicDimension.1': 320 } }), 1);
    expect(padded?.get('x')?.dims).toEqual([1, 3, 48, 320]);
    model.dispose();
  });

  it('are fed in the order and scale asked for, and say so', async () => {
    const at = folder();
    writeFileSync(join(at, 'a.png'), PNG.sync.write(picture(2, 2, () => [255, 51, 0, 255])));
    const model = modelOf([['x', 'float32', [1, 3, 2, 2]]]);
    // One pixel of each channel: red 255, green 51, blue 0.
    const channels = async (options: Parameters<typeof openSamples>[2]): Promise<number[]> => {
      const [feeds] = await all(await openSamples(at, model, options));
      return [0, 4, 8].map((i) => Math.round((toFloat32(feeds?.get('x'))[i] ?? NaN) * 1000) / 1000);
    };
    expect(await channels({})).toEqual([1, -0.6, -1]);
    expect(await channels({ order: 'bgr', scale: 'unit' })).toEqual([0, 0.2, 1]);
    expect(await channels({ scale: 'raw' })).toEqual([255, 51, 0]);
    // (value / 255 − mean) / deviation with ImageNet's 0.485, 0.456, 0.406 and 0.229, 0.224, 0.225.
    expect(await channels({ scale: 'imagenet' })).toEqual([2.249, -1.143, -1.804]);
    expect((await openSamples(at, model, { order: 'bgr', scale: 'unit' })).description.note).toBe('BGR, value/255, NCHW, resized to 2×2 (height × width)');
  });

  it('are known as such without being read, as are other data', () => {
    const at = folder();
    expect(() => dataKind(at)).toThrow('There are no data here');
    writeFileSync(join(at, 'a.JPG'), 'not read');
    expect(dataKind(at)).toBe('images');
    writeFileSync(join(at, 'x.npy'), 'not read');
    expect(dataKind(at)).toBe('npy');
    expect(dataKind(join(at, 'x.npy'))).toBe('npy');
    expect(() => dataKind(join(at, 'none'))).toThrow('The file does not exist.');
  });

  it('that are transparent lie on white, and become bytes for a byte input', async () => {
    const at = folder();
    writeFileSync(join(at, 'a.png'), PNG.sync.write(picture(2, 2, () => [0, 0, 0, 0])));
    const [feeds] = await all(await openSamples(at, modelOf([['x', 'uint8', [1, 2, 2, 3]]])));
    expect([...(feeds?.get('x')?.source.read() ?? [])]).toEqual(Array.from({ length: 12 }, () => 255));
  });

  it('that cannot be decoded, or that no input takes, are refused', async () => {
    const at = folder();
    writeFileSync(join(at, 'a.png'), 'not a picture');
    await expect(all(await openSamples(at, modelOf([['x', 'float32', [1, 3, 4, 4]]])))).rejects.toMatchObject({ code: 'malformed', file: join(at, 'a.png') });
    await expect(openSamples(at, modelOf([['ids', 'int64', [1, 8]]]))).rejects.toMatchObject({ code: 'usage', message: 'The data are pictures, but no input takes one (inputs: ids [1, 8]).' });
  });
});

describe('seeded inputs', () => {
  it('are the same for the same seed and differ between samples', async () => {
    const model = modelOf([['x', 'float32', [symbol('batch'), 4]]]);
    const [first, second] = await all(await openSamples(undefined, model, { seed: 5 }), 2);
    const [again] = await all(await openSamples(undefined, model, { seed: 5 }), 1);
    expect(toFloat32(first?.get('x'))).toEqual(toFloat32(again?.get('x')));
    expect(toFloat32(first?.get('x'))).not.toEqual(toFloat32(second?.get('x')));
    expect((await openSamples(undefined, model)).real).toBe(false);
  });

  it('stay inside the embedding they index, fill masks with ones and give voices their sample rate', async () => {
    const model = modelOf([['ids', 'int64', [1, 500]], ['attention_mask', 'int64', [1, 4]], ['token_type_ids', 'int64', [1, 50]], ['sr', 'int64', []]]);
    model.graph.nodes.push(makeNode({ opType: 'Gather', inputs: ['table', 'ids'], outputs: ['e'] }));
    model.graph.initializers.set('table', seededTensor('table', [30, 2], 1));
    const [feeds] = await all(await openSamples(undefined, model), 1);
    const values = (name: string): number[] => [...toFloat64Array(feeds?.get(name) ?? float32Tensor('', [0], []))];
    expect(Math.max(...values('ids'))).toBe(29);
    expect(Math.min(...values('ids'))).toBe(0);
    expect(values('attention_mask')).toEqual([1, 1, 1, 1]);
    expect(new Set(values('token_type_ids'))).toEqual(new Set([0, 1]));
    expect(values('sr')).toEqual([16000]);
  });

  it('give open dimensions usual sizes, and the person’s where given', () => {
    const rec = openModel(ocrModel('rec'));
    expect(defaultBindings(rec.graph)).toEqual({ 'p2o.DynamicDimension.0': 1, 'p2o.DynamicDimension.1': 320 });
    expect(defaultBindings(rec.graph, { 'p2o.DynamicDimension.1': 640 })).toEqual({ 'p2o.DynamicDimension.0': 1, 'p2o.DynamicDimension.1': 640 });
    rec.dispose();
    expect(defaultBindings(modelOf([['ids', 'int64', [symbol('batch'), symbol('seq')]]]).graph)).toEqual({ batch: 1, seq: 128 });
    expect(defaultBindings(modelOf([['waveforms', 'float32', [symbol('batch_size'), symbol('N')]]]).graph)).toEqual({ batch_size: 1, N: 16_000 });
  });
});
