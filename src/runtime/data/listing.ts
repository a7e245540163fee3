// The files of a folder that are samples: those in it, else those in its subfolders, whose names are then the classes.
import { readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { Label } from './samples';

export interface ListedFile {
  readonly path: string;
  /** Below the folder, with forward slashes. */
  readonly name: string;
  /** The subfolder it lies in. */
  readonly folder?: string;
}

/** Files with one of the extensions (lower case, with the dot), by name. */
export function listFiles(folder: string, extensions: ReadonlySet<string>): ListedFile[] {
  const own = filesIn(folder, extensions);
  if (own.length > 0) return own.map((name) => ({ path: join(folder, name), name }));
  return foldersIn(folder).flatMap((sub) => filesIn(join(folder, sub), extensions).map((name) => ({ path: join(folder, sub, name), name: `${sub}/${name}`, folder: sub })));
}

function filesIn(folder: string, extensions: ReadonlySet<string>): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.') && extensions.has(extname(name).toLowerCase()))
    .sort();
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.') && isFolder(join(folder, name)))
    .sort();
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * The class of each subfolder: its number where all are numbers (`0` … `9`), its place in `classes` where these are given,
 * else its place in alphabetical order, as ImageNet's folders have it.
 */
export function classesOfFolders(files: readonly ListedFile[], classes?: readonly string[]): ReadonlyMap<string, Label> | undefined {
  const folders = [...new Set(files.flatMap(({ folder }) => (folder === undefined ? [] : [folder])))];
  return folders.length === 0 ? undefined : classesOfNames(folders, classes);
}

/** Classes by name: numbers as they are, else by `classes` or by alphabetical order. Names that `classes` does not list have no number. */
export function classesOfNames(names: readonly string[], classes?: readonly string[]): ReadonlyMap<string, Label> {
  const numbers = names.every((name) => /^\d{1,9}$/.test(name));
  const order = classes ?? [...new Set(names)].sort();
  const places = new Map(order.map((name, place) => [name, place]));
  return new Map(
    names.map((name) => {
      const index = classes === undefined && numbers ? Number(name) : places.get(name);
      return [name, { text: name, ...(index === undefined ? {} : { index }) }];
    }),
  );
}

/** A file that lies beside another, found by its name without regard to what comes after it. */
export function besides(path: string, names: readonly string[]): string | undefined {
  return names.map((name) => join(path, name)).find((each) => statSync(each, { throwIfNoEntry: false })?.isFile() === true);
}

/** Name without its extension. */
export function stemOf(path: string): string {
  return basename(path, extname(path));
}
