// What tests of data share: folders, models with inputs alone, samples drawn, files in foreign formats.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { makeGraph, makeModel, tensorValue } from '../../../src/graph/construct';
import type { Model, Shape } from '../../../src/graph/model';
import { type Sample, samplesWithLabels, type SampleSource } from '../../../src/runtime/data/samples';
import { temporaryFolder } from '../../../src/runtime/temporary';
import { toFloat64Array } from '../../../src/tensor/decode';
import type { ElementType } from '../../../src/tensor/elementType';
import type { Tensor } from '../../../src/tensor/tensor';

/** Makes folders that are gone after the file's tests. */
export function folders(): () => string {
  const root = temporaryFolder();
  afterAll(() => root.dispose());
  let made = 0;
  return () => {
    const path = join(root.path, String(made++));
    mkdirSync(path);
    return path;
  };
}

export function modelOf(...inputs: readonly (readonly [string, ElementType, Shape])[]): Model {
  return makeModel(makeGraph('g', { nodes: [], inputs: inputs.map(([name, type, shape]) => tensorValue(name, type, shape)), outputs: [] }));
}

export async function drawn(source: SampleSource, limit?: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const sample of samplesWithLabels(source, limit)) samples.push(sample);
  return samples;
}

export function numbers(tensor: Tensor | undefined): number[] {
  return tensor === undefined ? [] : [...toFloat64Array(tensor)];
}

/** An IDX file: two zeros, the type, the rank, the dimensions, the data. */
export function idx(type: number, dims: readonly number[], data: Uint8Array): Buffer {
  const head = Buffer.alloc(4 + 4 * dims.length);
  head.writeUInt8(type, 2);
  head.writeUInt8(dims.length, 3);
  for (const [axis, dim] of dims.entries()) head.writeUInt32BE(dim, 4 + 4 * axis);
  return Buffer.concat([head, data]);
}

/** A version 1.0 array file by NumPy's format description: magic, version, header length, header padded to 64 bytes. */
export function npy(descr: string, shape: readonly number[] | string, data: Uint8Array): Buffer {
  const written = typeof shape === 'string' ? shape : `${shape.join(', ')}${shape.length === 1 ? ',' : ''}`;
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${written}), }`;
  const header = `${dictionary.padEnd(64 * Math.ceil((10 + dictionary.length + 1) / 64) - 11)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header, 'latin1'), data]);
}

/** A WAV file of the canonical 44-byte form. */
export function wav(rate: number, bits: number, channels: number, data: Buffer, format = 1): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + data.byteLength, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(format, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE((rate * channels * bits) / 8, 28);
  head.writeUInt16LE((channels * bits) / 8, 32);
  head.writeUInt16LE(bits, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(data.byteLength, 40);
  return Buffer.concat([head, data]);
}
