// Temporary folders that never outlive the process; those of processes that were killed are swept by the next one.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Disposable, onDispose } from '../base/disposable';

const prefix = 'model-lathe-run-';
const folders = new Set<string>();
let swept = false;
process.on('exit', () => folders.forEach(remove));

/** A folder of this process's own, gone when disposed, at the latest when the process ends. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  if (!swept) sweepTemporaries();
  swept = true;
  const path = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  folders.add(path);
  const disposal = onDispose(() => {
    folders.delete(path);
    remove(path);
  });
  return { path, ...disposal };
}

/** Removes the folders of processes that are gone. */
export function sweepTemporaries(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : NaN;
    if (owner > 0 && !isAlive(owner)) remove(join(tmpdir(), name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

/** What cannot be removed now (another user's, or in use on Windows) is left to a later sweep. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // See above.
  }
}
