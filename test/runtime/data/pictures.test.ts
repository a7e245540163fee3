// Pictures with labels: classes by folder, texts beside them, boxes; crop and letterbox; those that cannot be read.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { symbol } from '../../../src/graph/dimension';
import { openSamples } from '../../../src/runtime/data/datasets';
import { readPicture, resizeBilinear } from '../../../src/runtime/data/files/images';
import { summarize } from '../../../src/runtime/data/recognise';
import { drawn, folders, modelOf, numbers } from './support';

const folder = folders();

function png(width: number, height: number, pixel: (x: number, y: number) => readonly [number, number, number] = () => [0, 0, 0]): Buffer {
  const picture = new PNG({ width, height });
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) picture.data.set([...pixel(x, y), 255], (y * width + x) * 4);
  return PNG.sync.write(picture);
}

/** As PNG's annex D has it. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const model = modelOf(['x', 'float32', [1, 3, 2, 2]]);

describe('labels of pictures', () => {
  it('are the folders they lie in: in alphabetical order, or the numbers that the folders are', async () => {
    const named = folder();
    for (const name of ['dog', 'cat']) {
      mkdirSync(join(named, name));
      writeFileSync(join(named, name, 'a.png'), png(2, 2));
    }
    const source = await openSamples(named, model);
    expect(source.description).toMatchObject({ kind: 'images', samples: 2, classes: 2 });
    expect((await drawn(source)).map(({ name, label }) => [name, label])).toEqual([['cat/a.png', { text: 'cat', index: 0 }], ['dog/a.png', { text: 'dog', index: 1 }]]);
    expect((await drawn(await openSamples({ path: named, classes: ['dog', 'bird', 'cat'] }, model))).map(({ label }) => label?.index)).toEqual([2, 0]);
    const numbered = folder();
    for (const name of ['10', '9']) {
      mkdirSync(join(numbered, name));
      writeFileSync(join(numbered, name, 'a.png'), png(2, 2));
    }
    expect((await drawn(await openSamples(numbered, model))).map(({ label }) => label?.index)).toEqual([10, 9]);
    expect(summarize(numbered)).toEqual({ kind: 'images', samples: 2, classes: 2, labels: 'classes' });
  });

  it('are lines of file name and text beside them', async () => {
    const at = folder();
    for (const name of ['a.png', 'b.png']) writeFileSync(join(at, name), png(2, 2));
    writeFileSync(join(at, 'labels.txt'), 'b.png\tgood morning\na.png\tStop\n');
    expect((await drawn(await openSamples(at, model))).map(({ label }) => label?.text)).toEqual(['Stop', 'good morning']);
    expect(summarize(at)).toMatchObject({ labels: 'texts' });
    writeFileSync(join(at, 'other.csv'), '1\n0\n1\n');
    await expect(openSamples({ path: at, labels: join(at, 'other.csv') }, model)).rejects.toMatchObject({ code: 'usage', message: 'There are 3 labels for 2 samples.' });
  });

  it('are boxes in YOLO’s files, in pixels of what is fed', async () => {
    const at = folder();
    writeFileSync(join(at, 'a.png'), png(100, 50));
    writeFileSync(join(at, 'a.txt'), '1 0.5 0.5 0.5 1\n');
    // The middle half of 100×50 at full height: 25 … 75 of 100, so 0.5 … 1.5 of 2 stretched.
    expect((await drawn(await openSamples(at, model)))[0]?.label?.boxes).toEqual([{ category: 1, corners: [0.5, 0, 1.5, 2] }]);
    // Letterboxed into 8×8 it is 8×4, 2 pixels from the top.
    const larger = modelOf(['x', 'float32', [1, 3, 8, 8]]);
    expect((await drawn(await openSamples({ path: at, pictures: { resize: 'letterbox' } }, larger)))[0]?.label?.boxes).toEqual([{ category: 1, corners: [2, 2, 6, 6] }]);
  });
});

describe('resizing', () => {
  it('takes the centre of what its shorter side is brought to', async () => {
    const at = folder();
    // 8×4, each column its own grey: the centre 2×2 of a 4-high picture is columns 3 and 4.
    writeFileSync(join(at, 'a.png'), png(8, 4, (x) => [10 * x, 10 * x, 10 * x]));
    const [sample] = await drawn(await openSamples({ path: at, pictures: { resize: 'crop', shorterSide: 4, scale: 'raw' } }, model));
    expect(numbers(sample?.feeds.get('x')).slice(0, 4)).toEqual([30, 40, 30, 40]);
  });

  it('cuts a window as if the whole had been resized', () => {
    const picture = { width: 3, height: 2, rgb: Uint8Array.from({ length: 18 }, (_, i) => i * 7) };
    const whole = resizeBilinear(picture, 6, 4);
    const part = resizeBilinear(picture, 6, 4, { left: 2, top: 1, width: 3, height: 2 });
    expect([...part.subarray(0, 9)]).toEqual([...whole.subarray((6 + 2) * 3, (6 + 5) * 3)]);
  });

  it('fills what the picture does not cover, and takes mean and deviation per channel in the order fed', async () => {
    const at = folder();
    writeFileSync(join(at, 'a.png'), png(2, 1, () => [255, 0, 51]));
    const [boxed] = await drawn(await openSamples({ path: at, pictures: { resize: 'letterbox', scale: 'raw', fill: 7 } }, model));
    expect(numbers(boxed?.feeds.get('x')).slice(0, 4)).toEqual([255, 255, 7, 7]);
    const [normal] = await drawn(await openSamples({ path: at, pictures: { order: 'bgr', mean: [0.2, 0, 0.5], std: [1, 1, 0.5] } }, model));
    // BGR: blue (51/255 − 0.2)/1 = 0, green 0, red (1 − 0.5)/0.5 = 1.
    expect([0, 4, 8].map((i) => Math.round(1e6 * (numbers(normal?.feeds.get('x'))[i] ?? NaN)) / 1e6)).toEqual([0, 0, 1]);
  });

  it('at a size of the person’s where the model leaves it open, and not against one that it fixes', async () => {
    const at = folder();
    writeFileSync(join(at, 'a.png'), png(4, 4));
    const open = modelOf(['x', 'float32', [1, 3, symbol('h'), symbol('w')]]);
    expect((await drawn(await openSamples({ path: at, pictures: { size: [6, 5] } }, open)))[0]?.feeds.get('x')?.dims).toEqual([1, 3, 6, 5]);
    await expect(openSamples({ path: at, pictures: { size: [6, 5] } }, model)).rejects.toMatchObject({ code: 'usage', item: 'x' });
    await expect(drawn(await openSamples({ path: at, pictures: { resize: 'crop' } }, open))).rejects.toMatchObject({ code: 'usage', item: 'x' });
  });
});

describe('pictures that cannot be read', () => {
  it('are left out and counted while they are few', async () => {
    const at = folder();
    for (let i = 0; i < 40; i++) writeFileSync(join(at, `${String(i).padStart(2, '0')}.png`), i === 20 ? Buffer.from('not a picture') : png(2, 2));
    const source = await openSamples(at, model);
    expect(await drawn(source)).toHaveLength(39);
    expect(source.skipped?.()).toMatchObject({ count: 1, first: { code: 'malformed', file: join(at, '20.png') } });
  });

  it('are an error that names the first of them when they are many', async () => {
    const at = folder();
    for (let i = 0; i < 40; i++) writeFileSync(join(at, `${String(i).padStart(2, '0')}.png`), i % 4 === 1 ? Buffer.from('not a picture') : png(2, 2));
    await expect(drawn(await openSamples(at, model))).rejects.toMatchObject({ code: 'malformed', file: join(at, '01.png'), message: expect.stringContaining('3 of 40 samples cannot be read, more than may be left out. The first:') as string });
    expect(await drawn(await openSamples({ path: at, mostSkipped: 0.3 }, model))).toHaveLength(30);
  });

  it('because they claim to be 60,000 × 60,000 in a few bytes are refused before anything is unpacked', () => {
    const at = join(folder(), 'bomb.png');
    const bytes = png(1, 1);
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    writeFileSync(at, bytes);
    expect(() => readPicture(at)).toThrow('more than 64 million pixels');
  });

  it('because they unpack to far more than their size are refused within little memory', () => {
    const at = join(folder(), 'bomb.png');
    const chunk = (type: string, data: Buffer): Buffer => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(data.byteLength);
      head.write(type, 4, 'latin1');
      const check = Buffer.alloc(4);
      check.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), data])));
      return Buffer.concat([head, data, check]);
    };
    const header = Buffer.from([0, 0, 0, 4, 0, 0, 0, 4, 8, 2, 0, 0, 1]);
    writeFileSync(at, Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.alloc(300_000_000))), chunk('IEND', Buffer.alloc(0))]));
    const before = process.memoryUsage().rss;
    expect(() => readPicture(at)).toThrow('unpacks to more than its size can take');
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  it('leave no folder without data unnamed', async () => {
    const at = folder();
    mkdirSync(join(at, 'cats'));
    await expect(openSamples(at, model)).rejects.toMatchObject({ code: 'usage', file: at });
    expect(readdirSync(at)).toEqual(['cats']);
  });
});
