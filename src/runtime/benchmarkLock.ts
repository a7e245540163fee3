// One benchmark per machine at a time: a lock file that names its holder, so that a crashed holder's lock is recognised and taken over.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Disposable, onDispose } from '../base/disposable';
import { throwIfCancelled } from '../base/cancellation';
import { LatheError } from '../base/errors';

export interface LockOptions {
  readonly path?: string;
  readonly signal: AbortSignal;
  /** How long to wait for another benchmark to end. */
  readonly waitMs?: number;
  readonly onWait?: (holder: number) => void;
}

interface Holder {
  readonly pid: number;
  /** When the process began, as the system counts it: a process id may be used again. */
  readonly began: string;
  readonly token: string;
}

export const benchmarkLockPath = join(tmpdir(), 'model-lathe-benchmark.lock');
const defaultWaitMs = 120_000;
const pollMs = 200;

/**
 * Waits for the machine's benchmark lock.
 * @throws LatheError `busy` naming the process that holds it when the wait is over; `cancelled`
 */
export async function acquireBenchmarkLock({ path = benchmarkLockPath, signal, waitMs = defaultWaitMs, onWait }: LockOptions): Promise<Disposable> {
  const mine: Holder = { pid: process.pid, began: beginning(process.pid), token: `${process.pid}-${Math.random().toString(36).slice(2)}` };
  const deadline = performance.now() + waitMs;
  let told = false;
  for (;;) {
    throwIfCancelled(signal);
    if (create(path, mine)) return onDispose(() => release(path, mine));
    const holder = readHolder(path);
    if (holder === undefined || !isAlive(holder)) {
      takeAway(path, holder);
      continue;
    }
    if (performance.now() > deadline) throw new LatheError('busy', `Another benchmark is running on this machine (process ${holder.pid}).`, { hint: 'Two benchmarks at once would spoil each other. Try again when it is done.' });
    if (!told) onWait?.(holder.pid);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Appears with its content or not at all: written aside, then linked to its name. */
function create(path: string, holder: Holder): boolean {
  const aside = `${path}.${holder.token}`;
  writeFileSync(aside, JSON.stringify(holder), { flag: 'wx' });
  try {
    linkSync(aside, path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false;
    throw new LatheError('io', `The benchmark lock ${path} cannot be made.`, { file: path, cause: thrown });
  } finally {
    rmSync(aside, { force: true });
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { pid, began, token } = parsed as Partial<Record<keyof Holder, unknown>>;
    return typeof pid === 'number' && typeof began === 'string' && typeof token === 'string' ? { pid, began, token } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (thrown) {
    // EPERM: it lives, and belongs to someone else.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM')) return false;
  }
  return holder.began === '' || holder.began === beginning(holder.pid);
}

/** Removes a dead holder's lock. Should a living one have taken its place meanwhile, that one is put back. */
function takeAway(path: string, dead: Holder | undefined): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return;
    throw new LatheError('busy', `The benchmark lock ${path} was left behind by a process that is gone, and cannot be removed.`, { file: path, hint: 'Delete the file.', cause: thrown });
  }
  const moved = readHolder(aside);
  if (moved !== undefined && moved.token !== dead?.token)
    try {
      linkSync(aside, path);
    } catch {
      // Someone holds the lock again already.
    }
  rmSync(aside, { force: true });
}

function release(path: string, mine: Holder): void {
  if (readHolder(path)?.token === mine.token) rmSync(path, { force: true });
}

/** Start time of a process in clock ticks since boot (proc(5), stat field 22); '' where the system does not say. */
function beginning(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the name in brackets, may hold spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
