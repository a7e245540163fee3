// `npm run package [-- --target linux-x64]`: builds and packs one platform's .vsix into dist/, with that platform's native files only.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundles } from '../esbuild.mjs';
import { cached, run } from './vscode/cache.mjs';
import { findNode24, npm } from './vscode/node24.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const vsceVersion = '4.1.0';
const megabyte = 1e6;

/** VS Code's platform → folder of onnxruntime-node's binaries, files left out of it, and the size we promise not to pass. */
const targets = {
  // 4 MB of it are onnxruntime-web's .wasm file, for benchmarks in the model view.
  'linux-x64': { bin: 'linux/x64', limitMb: 25 },
  'linux-arm64': { bin: 'linux/arm64', limitMb: 25 },
  'darwin-arm64': { bin: 'darwin/arm64', limitMb: 32 },
  'win32-x64': { bin: 'win32/x64', limitMb: 32 },
  'win32-arm64': { bin: 'win32/arm64', limitMb: 32 },
};

export const hostTarget = `${process.platform}-${process.arch}`;

/** Packs the extension, built first unless dist/ is known to be fresh. @returns the .vsix's path and its size in bytes */
export async function packageExtension(target = hostTarget, { build = true } = {}) {
  const row = targets[target];
  if (row === undefined) throw new Error(`There is no package for ${target}; there are ${Object.keys(targets).join(', ')}.`);
  if (build) await buildBundles();
  const { node, environment } = await findNode24();
  const vsce = await cached(`vsce-${vsceVersion}`, async (folder) => {
    console.log(`Fetching vsce ${vsceVersion} from npm (once) …`);
    await npm(['install', '--prefix', folder, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', `@vscode/vsce@${vsceVersion}`], environment);
  });
  const { version, name } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const file = path.join(root, 'dist', `${name}-${version}-${target}.vsix`);
  fs.rmSync(file, { force: true });
  const ignoreFile = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'model-lathe-package-')), '.vscodeignore');
  const native = `!node_modules/onnxruntime-node/bin/napi-v6/${row.bin}/**`;
  fs.writeFileSync(ignoreFile, `${fs.readFileSync(path.join(root, '.vscodeignore'), 'utf8')}${native}\n`);
  try {
    const entry = path.join(vsce, 'node_modules', '@vscode', 'vsce', 'vsce');
    await run(node, [entry, 'package', '--target', target, '--out', file, '--ignoreFile', ignoreFile, '--no-rewrite-relative-links', '--allow-missing-repository', '--skip-license'], { cwd: root, env: environment });
  } finally {
    fs.rmSync(path.dirname(ignoreFile), { recursive: true, force: true });
  }
  const bytes = fs.statSync(file).size;
  if (bytes > row.limitMb * megabyte) throw new Error(`${path.basename(file)} has ${(bytes / megabyte).toFixed(1)} MB, over the ${row.limitMb} MB we promise.`);
  return { file, bytes };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--target');
  try {
    const { file, bytes } = await packageExtension(at === -1 ? hostTarget : process.argv[at + 1]);
    console.log(`${path.relative(process.cwd(), file)}  ${(bytes / megabyte).toFixed(1)} MB`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
