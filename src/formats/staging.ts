// A hidden folder beside the target in which new files grow; from it they appear under their names whole, never replacing anything.
import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { appendFile, link, lstat, mkdir, open, rename, rm, unlink } from 'node:fs/promises';
import { hostname, platform } from 'node:os';
import { basename, join } from 'node:path';
import { LatheError } from '../base/errors';

const hostTag = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const folderPattern = /^\.lathe-([0-9a-f]{8})-(\d+)-[0-9a-f]+\.tmp$/;
/** No job takes a day: an older folder is an orphan even where its owner cannot be asked (another machine, a reused process number). */
const orphanAge = 24 * 60 * 60 * 1000;
/** Beside a staged file: which files the job put at its name in the target folder, one a line. */
const markerSuffix = '.marker';
/** Two lines of two 64-bit numbers; what is larger is no marker of ours. */
const maxMarkerBytes = 100;
/** What a file system without hard links answers. */
const noLinks = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'EXDEV', 'UNKNOWN']);

const active = new Set<string>();

export class StagingFolder {
  private readonly published: string[] = [];

  private constructor(
    private readonly directory: string,
    private readonly folder: string,
  ) {}

  static async create(directory: string): Promise<StagingFolder> {
    const folder = join(directory, `.lathe-${hostTag}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
    await mkdir(folder);
    active.add(folder);
    return new StagingFolder(directory, folder);
  }

  /** Where the file that will be `name` in the target folder is to be written. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /**
   * Makes a staged file appear in the target folder.
   * @throws an `EEXIST` error where the name is taken, be it by a link that leads nowhere.
   */
  async publish(name: string): Promise<void> {
    const target = join(this.directory, name);
    await this.mark(name, this.path(name));
    try {
      await link(this.path(name), target);
    } catch (thrown) {
      if (!noLinks.has(errorCode(thrown))) throw thrown;
      await this.move(name, target);
    }
    this.published.push(target);
  }

  /**
   * Makes a staged folder appear in the target folder, in one step: there is no moment at which some of its files are there.
   * @throws an `EEXIST` error where the name is taken.
   */
  async publishFolder(name: string): Promise<void> {
    const target = join(this.directory, name);
    if (await isTaken(target)) throw Object.assign(new Error(`${name} exists already.`), { code: 'EEXIST' });
    await flushFolder(this.path(name));
    try {
      // Should another appear meanwhile: files, links and folders that hold anything are never replaced by a folder.
      await rename(this.path(name), target);
    } catch (thrown) {
      if (await isTaken(target)) throw Object.assign(new Error(`${name} exists already.`, { cause: thrown }), { code: 'EEXIST' });
      throw thrown;
    }
  }

  /** Takes back what was published, after a failure. */
  async retract(): Promise<void> {
    for (const target of this.published.splice(0)) await unlink(target);
  }

  /** Removes the folder and what is still in it, and flushes the target folder to the disk. */
  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    active.delete(this.folder);
    await flushFolder(this.directory);
  }

  /** Without hard links: the name is reserved by an empty file of our own, which the staged file then replaces in one step. */
  private async move(name: string, target: string): Promise<void> {
    await (await open(target, 'wx')).close();
    try {
      await this.mark(name, target);
      await rename(this.path(name), target);
    } catch (thrown) {
      await unlink(target);
      throw thrown;
    }
  }

  private async mark(name: string, path: string): Promise<void> {
    await appendFile(this.path(name + markerSuffix), `${identityOf(path) ?? ''}\n`);
  }
}

export function errorCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

async function flushFolder(directory: string): Promise<void> {
  if (platform() === 'win32') return; // folders cannot be opened there; NTFS journals them
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** True where anything, even a dangling link, has the path. */
export async function isTaken(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

/**
 * Removes what jobs that were killed left in a folder: their staging folders, and weights published without their model.
 * @returns The paths removed.
 */
export function sweepOrphans(directory: string): string[] {
  const removed: string[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const match = entry.isDirectory() ? folderPattern.exec(entry.name) : null;
    const folder = join(directory, entry.name);
    if (match === null || active.has(folder) || !isOrphan(folder, match[1] ?? '', Number(match[2]))) continue;
    removed.push(...strandedFiles(directory, folder));
    rmSync(folder, { recursive: true, force: true });
    removed.push(folder);
  }
  return removed;
}

function isOrphan(folder: string, host: string, pid: number): boolean {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (Date.now() - stats.mtimeMs > orphanAge) return true;
  if (host !== hostTag || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return errorCode(thrown) === 'ESRCH';
  }
}

/**
 * Removes what a killed job made appear although its last file, the model, did not. A folder of this name may have been planted (in an
 * archive, in a clone): only the names a job publishes are touched, and only where a marker proves that the job put the file there.
 */
function strandedFiles(directory: string, folder: string): string[] {
  const names = jobNames(readdirSync(folder));
  const model = names.at(-1);
  if (model === undefined) return [];
  const isComplete = markedIdentities(folder, model)[0] === (identityOf(join(directory, model)) ?? '');
  if (isComplete) return [];
  const stranded = names.map((name) => join(directory, name)).filter((path) => markedIdentities(folder, basename(path)).includes(identityOf(path) ?? ''));
  for (const path of stranded) unlinkSync(path);
  return stranded;
}

/** What the job publishes, in its order: weights and model, or one file; nothing where the folder holds anything else. */
function jobNames(staged: readonly string[]): string[] {
  const names = [...new Set(staged.map((name) => (name.endsWith(markerSuffix) ? basename(name, markerSuffix) : name)))].sort((a, b) => b.length - a.length);
  const [first, second] = names;
  return names.length === 1 || (names.length === 2 && first === `${second}.data`) ? names : [];
}

/** Which file it is, whatever its name: it keeps this when linked or moved, and no archive can foretell it. Undefined where no file is. */
function identityOf(path: string): string | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isFile() === true ? `${stats.dev}:${stats.ino}` : undefined;
}

/** The files that the job put at this name: the staged one and, where it was moved, the empty one that reserved the name. */
function markedIdentities(folder: string, name: string): string[] {
  const marker = join(folder, name + markerSuffix);
  const stats = lstatSync(marker, { throwIfNoEntry: false });
  if (stats?.isFile() !== true || stats.size > maxMarkerBytes) return [];
  return readFileSync(marker, 'utf8').split('\n').filter((line) => line !== '');
}

/** @throws LatheError `unsafe-path` where the folder is a link to somewhere else. */
export async function refuseLinkedFolder(directory: string): Promise<void> {
  if ((await lstat(directory)).isSymbolicLink())
    throw new LatheError('unsafe-path', `The folder ${basename(directory)} is a link to somewhere else; nothing is written through it.`, { file: directory });
}
