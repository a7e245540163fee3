// The versions of a copy that is edited as text, whole files in `.lathe/history/<copy>`: numbered, never pruned, and never one
// file with the copy, so that a program that writes into the copy cannot change what was kept.
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { copyFile, lstat, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LatheError } from '../base/errors';
import { type FileIdentity, isSameState } from '../tensor/fileSource';
import { errorCode, isTaken, refuseLinkedFolder } from './staging';

/** Nobody saves a million versions; a file of a higher number was put there by something else. */
const highestVersion = 999_999;
const versionName = /^([1-9]\d{0,5})\.onnx$/;

/** Files are compared this much at a time. */
const comparedBytes = 2 ** 20;
/** A file written less than this ago may be written again without its times telling: file systems count in up to 2 seconds. */
const settledMilliseconds = 3000;

/** Folder of a copy's versions. */
function historyOf(path: string): string {
  return join(dirname(path), '.lathe', 'history', basename(path));
}

/** The history as a text names it. */
export function locationOf(path: string): string {
  return `.lathe/history/${basename(path)}`;
}

/** The version that a text names at its beginning, without the folder; undefined where none is. */
export function versionAtStart(text: string): string | undefined {
  return /^[1-9]\d{0,5}\.onnx(?=")/.exec(text)?.[0];
}

/** @throws LatheError `unsafe-path` where a folder of the history is a link. */
export async function refuseLinks(path: string): Promise<void> {
  for (const folder of foldersOf(path)) {
    if (!(await isTaken(folder))) return;
    await refuseLinkedFolder(folder);
  }
}

/** The folders of a history, outermost first. */
function foldersOf(path: string): string[] {
  const history = historyOf(path);
  return [dirname(dirname(history)), dirname(history), history];
}

/** Makes the history's folders, none through a link. */
async function makeFolders(path: string): Promise<void> {
  for (const folder of foldersOf(path)) {
    await mkdir(folder).catch((thrown: unknown) => {
      if (errorCode(thrown) !== 'EEXIST') throw thrown;
    });
    await refuseLinkedFolder(folder);
    if (!(await lstat(folder)).isDirectory()) throw new LatheError('io', 'A file lies where the history of edited copies has its folder.', { file: folder, hint: 'Move it away.' });
  }
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

/** The kept version that a copy is, as a text names it: the newest of the same bytes; undefined where none is kept. @throws LatheError as {@link refuseLinks} */
export async function currentVersion(path: string): Promise<string | undefined> {
  await refuseLinks(path);
  for (const number of versionsOf(path).sort((a, b) => b - a)) if (isSameContent(join(historyOf(path), `${number}.onnx`), path)) return `${locationOf(path)}/${number}.onnx`;
  return undefined;
}

/** Pairs of settled files that were found to be the same, by their paths, and in which state. */
const foundSame = new Map<string, readonly [FileIdentity, FileIdentity]>();

/** Whether two regular files hold the same bytes. Times alone would not say it: programs set them, and they are coarse. */
export function isSameContent(one: string, other: string): boolean {
  const first = stateOf(one);
  const second = stateOf(other);
  if (first === undefined || second === undefined || first.size !== second.size) return false;
  const pair = JSON.stringify([one, other]);
  const known = foundSame.get(pair);
  if (known !== undefined && isSameState(known[0], first) && isSameState(known[1], second)) return true;
  foundSame.delete(pair);
  if (!equalBytes(one, other)) return false;
  if ([first, second].every(({ mtimeNs }) => Date.now() - Number(mtimeNs / 1_000_000n) > settledMilliseconds)) foundSame.set(pair, [first, second]);
  return true;
}

/** With the time of the last change of any kind for that of the content: no program can set it. */
function stateOf(path: string): FileIdentity | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isFile() === true ? { dev: stats.dev, ino: stats.ino, size: stats.size, mtimeNs: stats.ctimeNs } : undefined;
}

function equalBytes(one: string, other: string): boolean {
  const files: number[] = [];
  try {
    for (const path of [one, other]) files.push(openSync(path, constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK | constants.O_NOFOLLOW)));
    const [first = -1, second = -1] = files;
    if (!fstatSync(first).isFile() || !fstatSync(second).isFile()) return false;
    const [left, right] = [Buffer.allocUnsafe(comparedBytes), Buffer.allocUnsafe(comparedBytes)];
    for (let at = 0; ; ) {
      const count = readFully(first, left, at);
      if (readFully(second, right, at) !== count || !left.subarray(0, count).equals(right.subarray(0, count))) return false;
      if (count < comparedBytes) return true;
      at += count;
    }
  } finally {
    files.forEach(closeSync);
  }
}

/** Fills a buffer; less only where the file ends. */
function readFully(file: number, into: Buffer, at: number): number {
  let done = 0;
  while (done < into.length) {
    const count = readSync(file, into, done, into.length - done, at + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Keeps a file as the copy's next version. @returns The path of the version. @throws LatheError `unsafe-path`, or what the file system says. */
export async function addVersion(path: string, file: string): Promise<string> {
  await makeFolders(path);
  const newest = Math.max(0, ...versionsOf(path));
  // Where something took the highest number, any free one will do.
  for (let number = newest < highestVersion ? newest + 1 : 1; number <= highestVersion; number++) {
    const target = join(historyOf(path), `${number}.onnx`);
    if (await isTaken(target)) continue;
    try {
      await copyFile(file, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      return target;
    } catch (thrown) {
      if (errorCode(thrown) === 'EEXIST') continue;
      await rm(target, { force: true });
      throw thrown;
    }
  }
  throw new LatheError('io', 'The history of the copy has no number left for another version.', { file: historyOf(path), hint: 'Move the history away.' });
}

/** Keeps the copy as it is, once only. @returns The version, as a text names it. @throws LatheError as {@link addVersion}; `source-touched` where the copy changed meanwhile. */
export async function keepVersion(path: string): Promise<string> {
  const known = await currentVersion(path);
  if (known !== undefined) return known;
  const kept = await addVersion(path, path);
  if (!isSameContent(kept, path)) throw new LatheError('source-touched', 'The copy changed while it was kept in the history.', { file: path, hint: 'Try again.' });
  return `${locationOf(path)}/${basename(kept)}`;
}
