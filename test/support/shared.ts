// Public models and data that may lie beside a checkout; a fresh clone has none, and tests that want them say so.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../../shared');
const said = new Set<string>();

/** Absolute path of `relative` (e.g. `data/models/x.onnx`) in the shared folder; undefined, with a printed line, where it is not there. */
export function sharedPath(relative: string): string | undefined {
  const path = join(root, relative);
  if (existsSync(path)) return path;
  if (!said.has(relative)) console.info(`Shared data ${relative} is not here: the tests that want it are skipped.`);
  said.add(relative);
  return undefined;
}
