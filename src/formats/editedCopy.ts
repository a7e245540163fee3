// A copy of a model that is edited as text: each saved text becomes a version, kept in `.lathe/history`, and the copy is the
// newest of them. The text refers to weights by the version it was printed from, so that a text that is older than the file,
// as one typed while it was saved, still finds its own weights and never those that lie at their place now.
import { constants, lstatSync, readdirSync, type Stats } from 'node:fs';
import { copyFile, link, mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { throwIfCancelled } from '../base/cancellation';
import { isEditedCopy } from '../base/editedName';
import { LatheError, toLatheError } from '../base/errors';
import { hubCacheFolder } from '../base/hubCache';
import type { Model } from '../graph/model';
import { assertValid } from '../graph/verify';
import type { PlaceTensor } from './onnx/encodeTensor';
import { readOnnxModel } from './onnx/read';
import { writeOnnxModel } from './onnx/write';
import { openModel } from './open';
import { publishModel } from './publish';
import { assertUntouched, captureSource } from './sourceState';
import { errorCode, refuseLinkedFolder, StagingFolder, sweepOrphans, withoutLinks } from './staging';
import { carryOver, type NotHeld } from './text/notHeld';
import { printModel } from './text/print';
import { parseModelText } from './text/read';
import { type ReferredModel, referToPlaces } from './text/references';
import { quote } from './text/syntax';

const versionName = /^(\d{1,9})\.onnx$/;

/**
 * Makes `<name>.edited.onnx` beside a model, its first version.
 * @returns Its path.
 * @throws LatheError as `publishModel`; `usage` for a model in the Hugging Face cache, where nothing is put.
 */
export async function makeEditedCopy(model: Model, signal: AbortSignal): Promise<string> {
  if (model.path === undefined) throw new LatheError('internal', 'A model that was not read from a file cannot be copied beside it.');
  if (hubCacheFolder(model.path) !== undefined) throw new LatheError('usage', 'The model lies in the Hugging Face cache, where nothing is written.', { file: model.path, hint: 'Copy its folder with links followed (cp -rL), and edit a copy there.' });
  const stem = basename(model.path).replace(/\.onnx$/, '').replace(/\.edited(?:-\d+)?$/, '');
  const path = await publishModel(model, { directory: dirname(model.path), stem, tag: 'edited', source: model.path, signal });
  await keepVersion(path);
  return path;
}

/** The text of a copy that is edited: it refers to weights by the version, where that is kept. */
export function printEditedCopy(model: Model): string {
  const version = model.path === undefined ? undefined : currentVersion(model.path);
  return printModel(model, version === undefined ? {} : { refer: referToPlaces(model, version) });
}

/** The models that a text of a copy refers to: `current`, by its version too, and earlier versions that are still kept. Dispose the rest. */
export async function openVersions(current: Model, text: string): Promise<{ readonly others: readonly ReferredModel[]; readonly dispose: () => void }> {
  const path = current.path ?? '';
  const others: ReferredModel[] = [];
  const dispose = (): void => others.forEach(({ model }) => (model === current ? undefined : model.dispose()));
  try {
    const mentioned = versionsIn(path, text);
    if (mentioned.size > 0) await refuseLinks(path);
    for (const own of mentioned) {
      if (own === currentVersion(path)) others.push({ model: current, own });
      else if (lstatSync(join(dirname(path), own), { throwIfNoEntry: false })?.isFile() === true) others.push({ model: readVersion(path, own), own });
    }
    return { others, dispose };
  } catch (thrown) {
    dispose();
    throw thrown;
  }
}

/** Locations of a copy's versions that a text mentions. */
function versionsIn(path: string, text: string): Set<string> {
  const found = new Set<string>();
  const prefix = `${locationOf(path)}/`;
  const printed = quote(prefix).slice(1, -1);
  for (let at = text.indexOf(printed); at !== -1; at = text.indexOf(printed, at + printed.length)) {
    const number = /^\d{1,9}(?=\.onnx")/.exec(text.slice(at + printed.length, at + printed.length + 20))?.[0];
    if (number !== undefined) found.add(`${prefix}${number}.onnx`);
  }
  return found;
}

/** A version as if it lay in the copy's place: that is where its external data are, and what its weights are referred to from. */
function readVersion(path: string, own: string): Model {
  return { ...readOnnxModel(join(dirname(path), own), { dataFolder: dirname(path) }), path };
}

/**
 * Saves a text as the copy's next version: parsed, given what a text does not hold, verified, written, and only then put in
 * the copy's place. A failure leaves the copy as it was.
 * @returns What belonged to things that the new version does not have any more.
 * @throws LatheError `usage` where the file is no copy made to be edited; `malformed` with line and column, `invalid-model`,
 * `source-touched`, `no-space`, `io`, `cancelled`.
 */
export async function saveEditedCopy(path: string, text: string, signal: AbortSignal): Promise<NotHeld[]> {
  if (!isEditedCopy(path)) throw new LatheError('usage', 'Only a copy made to be edited can be written as text.', { file: path, hint: 'Choose Edit a Copy… first.' });
  const directory = dirname(path);
  try {
    sweepOrphans(directory);
    const state = await captureSource(path);
    const staging = await StagingFolder.create(directory);
    try {
      const staged = staging.path(basename(path));
      const lost = await writeVersion(path, text, staged, signal);
      throwIfCancelled(signal);
      await assertUntouched(state);
      await keepVersion(path);
      const version = await keepVersion(path, staged);
      await rename(staged, path).catch(async (thrown: unknown) => {
        await rm(version, { force: true });
        throw thrown;
      });
      return lost;
    } finally {
      await staging.dispose();
    }
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

/** Writes what a text says to a staged file, its weights streamed from the versions it refers to. */
async function writeVersion(path: string, text: string, staged: string, signal: AbortSignal): Promise<NotHeld[]> {
  const current = openModel(path);
  try {
    const { others, dispose } = await openVersions(current, text);
    try {
      const edited = parseModelText(text, { source: current, others });
      const lost = carryOver(edited, current);
      assertValid(edited);
      await writeOnnxModel(edited, staged, { externalData: 'never', inPlace: placesBeside(dirname(path)), signal });
      const written = readOnnxModel(staged, { dataFolder: dirname(path) });
      try {
        assertValid(written);
      } finally {
        written.dispose();
      }
      return lost;
    } finally {
      dispose();
    }
  } finally {
    current.dispose();
  }
}

/** External data stay where they are. */
function placesBeside(directory: string): PlaceTensor {
  return ({ storage, source }) => {
    if (storage !== 'external' || source.location === undefined) return undefined;
    return { location: relative(directory, source.location.path).split(sep).join('/'), offset: source.location.offset };
  };
}

function historyOf(path: string): string {
  return join(dirname(path), '.lathe', 'history', basename(path));
}

/** The history as a text names it. */
function locationOf(path: string): string {
  return `.lathe/history/${basename(path)}`;
}

/** @throws LatheError `unsafe-path` where a folder of the history is a link. */
async function refuseLinks(path: string): Promise<void> {
  const history = historyOf(path);
  for (const folder of [dirname(dirname(history)), dirname(history), history]) await refuseLinkedFolder(folder);
}

/** Numbers of the kept versions. */
function versionsOf(path: string): number[] {
  try {
    return readdirSync(historyOf(path)).flatMap((name) => {
      const number = versionName.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
  } catch {
    return []; // no history yet
  }
}

/** The kept version that a copy is, as a text names it; undefined where none is kept. */
function currentVersion(path: string): string | undefined {
  const newest = Math.max(...versionsOf(path));
  if (!Number.isFinite(newest)) return undefined;
  const kept = lstatSync(join(historyOf(path), `${newest}.onnx`), { throwIfNoEntry: false });
  const copy = lstatSync(path, { throwIfNoEntry: false });
  return kept !== undefined && copy !== undefined && isSame(kept, copy) ? `${locationOf(path)}/${newest}.onnx` : undefined;
}

/** One file under two names or, where a file system has no hard links, a copy with the same time. */
function isSame(a: Stats, b: Stats): boolean {
  return (a.ino === b.ino && a.dev === b.dev) || (a.size === b.size && Math.abs(a.mtimeMs - b.mtimeMs) < 2);
}

/** Keeps a file as the copy's next version; the copy as it is once only. @returns The path of the version. */
async function keepVersion(path: string, file = path): Promise<string> {
  const known = file === path ? currentVersion(path) : undefined;
  if (known !== undefined) return join(dirname(path), known);
  const history = historyOf(path);
  await mkdir(history, { recursive: true });
  await refuseLinks(path);
  for (let number = Math.max(0, ...versionsOf(path)) + 1; ; number++) {
    const target = join(history, `${number}.onnx`);
    try {
      await linkOrCopy(file, target);
      return target;
    } catch (thrown) {
      if (errorCode(thrown) !== 'EEXIST') throw thrown;
    }
  }
}

async function linkOrCopy(file: string, target: string): Promise<void> {
  try {
    await link(file, target);
  } catch (thrown) {
    if (!withoutLinks.has(errorCode(thrown))) throw thrown;
    await copyFile(file, target, constants.COPYFILE_EXCL);
    const { atime, mtime } = await stat(file);
    await utimes(target, atime, mtime);
  }
}
