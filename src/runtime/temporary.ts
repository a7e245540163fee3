// Temporary folders that never outlive the process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Disposable, onDispose } from '../base/disposable';

const folders = new Set<string>();
process.on('exit', () => folders.forEach((path) => rmSync(path, { recursive: true, force: true })));

/** A folder of this process's own, gone when disposed, at the latest when the process ends. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'model-lathe-'));
  folders.add(path);
  const disposal = onDispose(() => {
    folders.delete(path);
    rmSync(path, { recursive: true, force: true });
  });
  return { path, ...disposal };
}
