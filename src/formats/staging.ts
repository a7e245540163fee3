// A hidden folder beside the target in which new files grow; from it they appear under their names whole, never replacing anything.
import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { link, lstat, mkdir, open, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { hostname, platform } from 'node:os';
import { basename, join } from 'node:path';
import { LatheError } from '../base/errors';

const hostTag = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const folderPattern = /^\.lathe-([0-9a-f]{8})-(\d+)-[0-9a-f]+\.tmp$/;
/** No job takes a day: an older folder is an orphan even where its owner cannot be asked (another machine, a reused process number). */
const orphanAge = 24 * 60 * 60 * 1000;
/** Marks a file that is moved rather than linked, on file systems without hard links. */
const movingSuffix = '.moving';
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
    try {
      await link(this.path(name), target);
    } catch (thrown) {
      if (!noLinks.has(errorCode(thrown))) throw thrown;
      await this.move(name, target);
    }
    this.published.push(target);
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
    await writeFile(this.path(name + movingSuffix), '');
    await (await open(target, 'wx')).close();
    await rename(this.path(name), target);
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
    removed.push(...strandedWeights(directory, folder));
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

/** Removes files that a killed job published although its last file, the model, did not appear. */
function strandedWeights(directory: string, folder: string): string[] {
  const staged = readdirSync(folder);
  const names = new Set(staged.map((name) => (name.endsWith(movingSuffix) ? basename(name, movingSuffix) : name)));
  const model = [...names].find((name) => names.has(`${name}.data`)) ?? [...names].find((name) => !name.endsWith('.data'));
  const moving = (name: string): boolean => staged.includes(name + movingSuffix);
  const isOurs = (name: string): boolean => {
    const target = lstatSync(join(directory, name), { throwIfNoEntry: false });
    const source = lstatSync(join(folder, name), { throwIfNoEntry: false });
    if (target === undefined || !target.isFile()) return false;
    if (source === undefined) return moving(name);
    return (target.ino === source.ino && target.dev === source.dev) || (moving(name) && target.size === 0);
  };
  const complete = model !== undefined && isOurs(model) && lstatSync(join(directory, model)).size > 0;
  if (complete) return [];
  return [...names].filter(isOurs).map((name) => {
    const path = join(directory, name);
    unlinkSync(path);
    return path;
  });
}

/** @throws LatheError `unsafe-path` where the folder is a link to somewhere else. */
export async function refuseLinkedFolder(directory: string): Promise<void> {
  if ((await lstat(directory)).isSymbolicLink())
    throw new LatheError('unsafe-path', `The folder ${basename(directory)} is a link to somewhere else; nothing is written through it.`, { file: directory });
}
