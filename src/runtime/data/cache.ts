// Samples kept as they are fed, so that pictures are decoded and recordings resampled once: in the user's cache folder, bounded, each written whole or not at all.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { elementTypes, type ElementType } from '../../tensor/elementType';
import { MemorySource, type Tensor } from '../../tensor/tensor';
import { cacheFolder } from '../deviceCache';
import type { IndexedData } from './indexed';
import type { Box, Sample } from './samples';

/** Changes with the layout of an entry and with what preprocessing does: older entries are not found then. */
const version = 1;
/** All entries together; the ones used longest ago go first. */
const mostBytes = 2e9;
/** A single entry; larger samples are made anew. */
const mostEntryBytes = 64e6;
/** After a sweep there is room for a while. */
const sweptTo = 0.8 * mostBytes;

/** Where samples are kept. */
export function sampleCacheFolder(): string {
  return join(cacheFolder(), 'model-lathe', 'samples');
}

const knownTypes: ReadonlySet<string> = new Set(elementTypes);

let bytesThere: number | undefined;

/** A sample from the cache, or read and put there. Without a usable cache folder it is read. */
export function cachedRead(data: IndexedData, index: number): Sample {
  const state = data.stateOf?.(index);
  if (state === undefined || process.env['MODEL_LATHE_SAMPLE_CACHE'] === 'off') return data.read(index);
  const path = join(sampleCacheFolder(), createHash('sha256').update(`${version}\0${data.kind}\0${state}`).digest('hex'));
  const kept = readEntry(path);
  if (kept !== undefined) return kept;
  const sample = data.read(index);
  writeEntry(path, sample);
  return sample;
}

interface EntryHeader {
  readonly tensors: readonly { readonly name: string; readonly elementType: ElementType; readonly dims: readonly number[]; readonly bytes: number }[];
  readonly boxes?: readonly Box[];
}

/** Undefined for what is not there or not whole: it is made again. */
function readEntry(path: string): Sample | undefined {
  try {
    const bytes = readFileSync(path);
    const headerBytes = bytes.readUInt32LE(0);
    const header: unknown = JSON.parse(bytes.toString('utf8', 4, 4 + headerBytes));
    if (!isHeader(header)) return undefined;
    let offset = 4 + headerBytes;
    const feeds = new Map<string, Tensor>();
    for (const { name, elementType, dims, bytes: length } of header.tensors) {
      feeds.set(name, { name, elementType, dims, source: new MemorySource(bytes.subarray(offset, offset + length)) });
      offset += length;
    }
    if (offset !== bytes.byteLength) return undefined;
    const now = new Date();
    utimesSync(path, now, now);
    return { feeds, ...(header.boxes === undefined ? {} : { label: { boxes: header.boxes } }) };
  } catch {
    return undefined;
  }
}

function isHeader(value: unknown): value is EntryHeader {
  if (typeof value !== 'object' || value === null || !('tensors' in value) || !Array.isArray(value.tensors)) return false;
  return value.tensors.every((each: unknown) => typeof each === 'object' && each !== null && 'elementType' in each && knownTypes.has(String(each.elementType)));
}

function writeEntry(path: string, { feeds, label }: Sample): void {
  const tensors = [...feeds].map(([name, { elementType, dims, source }]) => ({ name, elementType, dims, bytes: source.byteLength, source }));
  const size = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  if (size > mostEntryBytes || tensors.some(({ elementType }) => elementType === 'string')) return;
  const header = Buffer.from(JSON.stringify({ tensors: tensors.map(({ name, elementType, dims, bytes }) => ({ name, elementType, dims, bytes })), ...(label?.boxes === undefined ? {} : { boxes: label.boxes }) } satisfies EntryHeader));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.byteLength);
  const aside = `${path}.${process.pid}`;
  try {
    makeRoom(size);
    writeFileSync(aside, Buffer.concat([length, header, ...tensors.map(({ source }) => source.read())]));
    renameSync(aside, path);
  } catch {
    // Without a cache the sample is made again next time.
    rmSync(aside, { force: true });
  }
}

/** Counts what is there once, and afterwards what is added; removes the entries used longest ago where it would be too much. */
function makeRoom(size: number, limit = mostBytes): void {
  const folder = sampleCacheFolder();
  mkdirSync(folder, { recursive: true });
  bytesThere ??= entriesOf(folder).reduce((sum, entry) => sum + entry.size, 0);
  if (bytesThere + size > limit) bytesThere = sweep(folder, Math.min(sweptTo, limit * 0.8));
  bytesThere += size;
}

/** Removes entries, those used longest ago first, until at most `most` bytes are left. @returns the bytes left */
export function sweep(folder: string, most: number): number {
  const entries = entriesOf(folder).sort((a, b) => a.used - b.used);
  let left = entries.reduce((sum, entry) => sum + entry.size, 0);
  for (const { path, size } of entries) {
    if (left <= most) break;
    rmSync(path, { force: true });
    left -= size;
  }
  return left;
}

function entriesOf(folder: string): { readonly path: string; readonly size: number; readonly used: number }[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, size: stats.size, used: stats.mtimeMs }];
  });
}
