// ONNX's own backend tests (single-node models with inputs and expected outputs), unpacked once into a cache of the user's.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { sharedPath } from './shared';

export interface NodeTest {
  /** E.g. `test_abs`. */
  readonly name: string;
  /** E.g. `node`, `light`, `simple`. */
  readonly group: string;
  /** Absolute path of model.onnx. */
  readonly model: string;
  /** Absolute paths of the test_data_set folders. */
  readonly dataSets: readonly string[];
}

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? (platform() === 'darwin' ? join(homedir(), 'Library/Caches') : join(homedir(), '.cache'));
  return join(base, 'model-lathe', 'test');
}

/** The folder of the unpacked tests; undefined where the archive is not shared or cannot be unpacked. */
function unpacked(): string | undefined {
  const archive = sharedPath('data/onnx-node-tests.tar.xz');
  if (archive === undefined) return undefined;
  const { size } = statSync(archive);
  const target = join(cacheFolder(), `onnx-node-tests-${size}`);
  if (existsSync(target)) return target;
  mkdirSync(cacheFolder(), { recursive: true });
  const part = mkdtempSync(join(cacheFolder(), 'unpacking-'));
  try {
    execFileSync('tar', ['-xJf', archive, '-C', part], { stdio: ['ignore', 'ignore', 'pipe'] });
    renameSync(part, target);
  } catch (thrown) {
    rmSync(part, { recursive: true, force: true });
    if (!existsSync(target)) {
      console.info(`The ONNX node tests cannot be unpacked (${String(thrown)}): the tests that want them are skipped.`);
      return undefined;
    }
  }
  return target;
}

/** One of the nine `light` architectures, whose weights are ConstantOfShape nodes, with its expected output (a TensorProto). */
export interface LightModel {
  /** E.g. `resnet50`. */
  readonly name: string;
  readonly model: string;
  readonly output: string;
}

/** The light models; empty where there is no shared data. */
export function listLightModels(): LightModel[] {
  const root = unpacked();
  if (root === undefined) return [];
  const folder = join(root, 'light');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.onnx'))
    .sort()
    .map((file) => ({ name: file.slice('light_'.length, -'.onnx'.length), model: join(folder, file), output: join(folder, file.replace('.onnx', '_output_0.pb')) }));
}

/** Every test of the archive, sorted by name; empty where there is no shared data. */
export function listNodeTests(): NodeTest[] {
  const root = unpacked();
  if (root === undefined) return [];
  const found: NodeTest[] = [];
  const visit = (folder: string, group: string): void => {
    const entries = readdirSync(folder, { withFileTypes: true });
    if (entries.some((entry) => entry.name === 'model.onnx')) {
      const dataSets = entries.filter((entry) => entry.isDirectory() && entry.name.startsWith('test_data_set')).map((entry) => join(folder, entry.name));
      found.push({ name: folder.slice(folder.lastIndexOf('/') + 1), group, model: join(folder, 'model.onnx'), dataSets: dataSets.sort() });
      return;
    }
    for (const entry of entries) if (entry.isDirectory()) visit(join(folder, entry.name), folder === root ? entry.name : group);
  };
  visit(root, '');
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}
