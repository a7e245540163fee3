// What lies at a path: recognised by names alone, and summed up for whoever chose it.
import { statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { LatheError, toLatheError } from '../../base/errors';
import { dataKinds, type DataSummary, type StoredDataKind } from '../../protocol/data';
import { isIdx, readIdxHeader } from './files/idx';
import { isDescription, readDescription } from './description';
import { listFiles, type ListedFile } from './listing';
import { besideIdx, listIdx } from './sources/idx';
import { labelsBeside } from './sources/pictures';
import { listDataSets } from './sources/testDataSets';

/** Data that were recognised: what they are, and the files that hold them. */
export interface FoundData {
  readonly kind: StoredDataKind;
  readonly path: string;
  readonly files: readonly ListedFile[];
}

/** Kinds of single files by extension. */
const ofExtension = new Map<string, StoredDataKind>([
  ['.npy', 'npy'],
  ['.npz', 'npy'],
  ['.png', 'images'],
  ['.jpg', 'images'],
  ['.jpeg', 'images'],
  ['.csv', 'csv'],
  ['.tsv', 'csv'],
  ['.jsonl', 'json-lines'],
  ['.ndjson', 'json-lines'],
  ['.wav', 'wav'],
  ['.txt', 'text'],
]);

const extensionsOf = (kind: StoredDataKind): ReadonlySet<string> => new Set([...ofExtension].flatMap(([extension, of]) => (of === kind ? [extension] : [])));

type List = (folder: string) => readonly ListedFile[];

const list = (kind: StoredDataKind): List => (folder) => listFiles(folder, extensionsOf(kind));

/** How the samples of a folder are found, by kind, in the order in which kinds are tried. Tables and texts are single files. */
const folders = new Map<StoredDataKind, List>([
  ['test-data-set', (folder) => listDataSets(folder).map((path) => ({ path, name: basename(path) }))],
  ['npy', (folder) => listFiles(folder, extensionsOf('npy')).filter(({ folder: sub }) => sub === undefined)],
  ['images', list('images')],
  ['wav', list('wav')],
  ['idx', listIdx],
]);

/** @param kind what the person says it is @throws LatheError `not-found`, `usage` when it is nothing that can be fed */
export function recognise(path: string, kind?: StoredDataKind): FoundData {
  if (isFile(path)) {
    const known = kind ?? (isIdx(path) ? 'idx' : ofExtension.get(extname(path).toLowerCase()));
    if (known === undefined) throw unknownData(path);
    return { kind: known, path, files: [{ path, name: basename(path) }] };
  }
  for (const [each, listed] of folders) {
    if (kind !== undefined && kind !== each) continue;
    const files = listed(path);
    if (files.length > 0) return { kind: each, path, files };
  }
  throw unknownData(path, kind);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

function unknownData(path: string, kind?: StoredDataKind): LatheError {
  return new LatheError('usage', kind === undefined ? 'There are no data here that can be fed to a model.' : `There are no data of kind ${kind} here.`, {
    file: path,
    hint: 'Give a folder of PNG or JPEG pictures, of .npy or .npz files, of .wav recordings or of test_data_set_* folders, or a .npy, .npz, IDX, .csv, .jsonl, .wav or .txt file. Kinds: '.concat(`${dataKinds.slice(0, -1).join(', ')}.`),
  });
}

/** What the data at a path are, without reading them. @throws LatheError `not-found`, `usage` when they are nothing that can be fed */
export function dataKind(path: string): StoredDataKind {
  return summarize(path, false).kind;
}

/** What lies there and how much of it, as far as names and headers say. @throws LatheError as {@link dataKind} */
export function summarize(path: string, count = true): DataSummary {
  const spec = isDescription(path) ? readDescription(path) : { path };
  const { kind, files } = recognise(spec.path, spec.kind);
  if (!count) return { kind };
  const classes = new Set(files.flatMap(({ folder }) => (folder === undefined ? [] : [folder]))).size;
  const ofFolders = classes === 0 ? {} : { classes, labels: 'classes' as const };
  const ofFile = spec.labels === undefined ? {} : { labels: 'classes' as const };
  switch (kind) {
    case 'images':
      return { kind, samples: files.length, ...(labelsBeside(spec.path) === undefined ? {} : { labels: 'texts' as const }), ...ofFolders, ...ofFile };
    case 'wav':
      return { kind, samples: files.length, ...ofFolders, ...ofFile };
    case 'test-data-set':
      return { kind, samples: files.length, labels: 'outputs', ...ofFile };
    case 'idx': {
      const [file] = files;
      const samples = file === undefined ? undefined : readIdxHeader(file.path).dims[0];
      return { kind, ...(samples === undefined ? {} : { samples }), ...(file !== undefined && besideIdx(file.path) !== undefined ? { labels: 'classes' as const } : {}), ...ofFile };
    }
    case 'npy':
    case 'csv':
    case 'json-lines':
    case 'text':
      return { kind, ...ofFile };
    default:
      return kind satisfies never;
  }
}
