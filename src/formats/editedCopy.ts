// A copy of a model that is edited as text: each saved text becomes a version, kept in `.lathe/history`, and the copy is the
// newest of them. The text refers to weights by the version it was printed from, so that a text that is older than the file,
// as one typed while it was saved, still finds its own weights and never those that lie at their place now.
import { lstatSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { throwIfCancelled } from '../base/cancellation';
import { isEditedCopy } from '../base/editedName';
import { LatheError, toLatheError } from '../base/errors';
import { hubCacheFolder } from '../base/hubCache';
import type { Model } from '../graph/model';
import { assertValid } from '../graph/verify';
import { isSameState } from '../tensor/fileSource';
import { addVersion, currentVersion, isSameContent, keepVersion, locationOf, refuseLinks, versionAtStart } from './editedHistory';
import type { PlaceTensor } from './onnx/encodeTensor';
import { readOnnxModel } from './onnx/read';
import { writeOnnxModel } from './onnx/write';
import { assertOnnx, openModel } from './open';
import { publishModel } from './publish';
import { assertUntouched, captureSource } from './sourceState';
import { StagingFolder, sweepOrphans } from './staging';
import { carryOver, type NotHeld } from './text/notHeld';
import { printModel } from './text/print';
import { parseModelText } from './text/read';
import { type ReferredModel, referToPlaces } from './text/references';
import { quote } from './text/syntax';

/**
 * Makes `<name>.edited.onnx` beside a model, its first version.
 * @returns Its path.
 * @throws LatheError as `publishModel`; `usage` for a model in the Hugging Face cache, where nothing is put.
 */
export async function makeEditedCopy(model: Model, signal: AbortSignal): Promise<string> {
  assertOnnx(model, 'edited as a copy');
  if (model.path === undefined) throw new LatheError('internal', 'A model that was not read from a file cannot be copied beside it.');
  if (hubCacheFolder(model.path) !== undefined) throw new LatheError('usage', 'The model lies in the Hugging Face cache, where nothing is written.', { file: model.path, hint: 'Copy its folder with links followed (cp -rL), and edit a copy there.' });
  const stem = basename(model.path).replace(/\.onnx$/, '').replace(/\.edited(?:-\d+)?$/, '');
  const directory = dirname(model.path);
  // A history that is a link is refused before anything appears.
  const verify = async (staged: string): Promise<void> => await refuseLinks(join(directory, basename(staged)));
  const path = await publishModel(model, { directory, stem, tag: 'edited', source: model.path, verify, signal });
  try {
    await keepVersion(path);
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
  return path;
}

/**
 * The text of a copy that is edited. It refers to weights by the version, which is kept first where it is not yet: as one
 * that another program put in the copy's place.
 * @throws LatheError `source-touched` where the copy is not what it was when the model was opened; as `publishModel` where nothing can be kept.
 */
export async function printEditedCopy(model: Model): Promise<string> {
  const { path } = model;
  if (path === undefined) return printModel(model);
  try {
    await assertAsOpened(model, path);
    const version = await keepVersion(path);
    await assertAsOpened(model, path); // it is this state that the version was compared with
    return printModel(model, { refer: referToPlaces(model, version) });
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

/** Another window may have saved since: what is read is then not what the newest version holds. */
async function assertAsOpened(model: Model, path: string): Promise<void> {
  if (!(await isAsOpened(model, path))) throw new LatheError('source-touched', 'The file changed after it was opened.', { file: path, hint: 'Open the model again.' });
}

async function isAsOpened({ file }: Model, path: string): Promise<boolean> {
  return file !== undefined && isSameState(await stat(path, { bigint: true }), file);
}

/** The models that a text of a copy refers to: `current`, by its version too, and earlier versions that are still kept. Dispose the rest. */
export async function openVersions(current: Model, text: string): Promise<{ readonly others: readonly ReferredModel[]; readonly dispose: () => void }> {
  const path = current.path ?? '';
  const others: ReferredModel[] = [];
  const dispose = (): void => others.forEach(({ model }) => (model === current ? undefined : model.dispose()));
  try {
    const mentioned = versionsIn(path, text);
    const version = mentioned.size > 0 ? await currentVersion(path) : undefined;
    const now = version !== undefined && (await isAsOpened(current, path)) ? version : undefined;
    for (const own of mentioned) {
      if (own === now) others.push({ model: current, own });
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
    const version = versionAtStart(text.slice(at + printed.length, at + printed.length + 20));
    if (version !== undefined) found.add(`${prefix}${version}`);
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
      if (isSameContent(staged, path)) return lost; // saved again as it is
      await keepVersion(path);
      const version = await addVersion(path, staged);
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
