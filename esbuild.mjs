// Builds dist/: the extension, the engine, the runner, the command line and the pages. `node esbuild.mjs [names…] [--sourcemap]`.
import { build } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(fileURLToPath(import.meta.url));

/** CommonJS has no import.meta; these give Node bundles the same facts. */
const importMeta = { 'import.meta.url': '__importMetaUrl', 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' };
const importMetaUrl = "const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;";

/** Node bundles keep their identifiers, so that a stack trace in a report still says something. */
const node = { platform: 'node', format: 'cjs', target: 'node20', minifyWhitespace: true, minifySyntax: true, define: importMeta, banner: { js: importMetaUrl } };
/**
 * TensorFlow.js as modules, so that what nobody calls is left out: its packages' main files are whole. Threads of wasm do not work under
 * Node (WASM_HAS_MULTITHREAD_SUPPORT), so their loader is left out too.
 */
const tensorFlow = { ...node, minify: true, mainFields: ['module', 'main'], external: ['node-fetch'], plugins: [{ name: 'no-wasm-threads', setup: ({ onLoad }) => onLoad({ filter: /tfjs-backend-wasm-threaded-simd(\.worker)?\.js$/ }, () => ({ contents: 'module.exports = {};' })) }] };
/** VS Code 1.100 shows webviews in Chromium 132. */
const page = { platform: 'browser', format: 'iife', target: 'chrome132', minify: true, jsx: 'automatic', jsxImportSource: 'preact', define: { 'process.env.NODE_ENV': '"production"' } };

/** What runs models in workers of a page, loaded when a benchmark there is asked for. */
const pageTensorFlow = { ...page, mainFields: ['module', 'main'], plugins: tensorFlow.plugins };
/** The runner's tensors serve onnxruntime-web as they are: both have the classes of onnxruntime-common. It asks where its script lies only to find files that it is handed. */
const pageOnnx = { ...page, alias: { 'onnxruntime-node': 'onnxruntime-web/wasm' }, define: { ...page.define, 'import.meta.url': 'self.location.href' } };

/** The engine and the command line are made of the same code, which is shipped once; what each starts with is a line of its own. */
const core = `
export const startEngine = async (script) => (await import('./src/engine/main')).startEngine(script);
export const startCommandLine = async () => await import('./src/cli/main');
`;
const starting = { engine: "require('./core.js').startEngine(__filename);\n", cli: "#!/usr/bin/env node\nrequire('./core.js').startCommandLine();\n" };

/** What is built: name → source and settings, and files that go beside it. The bundle is dist/<name>.js. */
const entries = {
  extension: { source: 'src/extension/extension.ts', options: { ...node, external: ['vscode'] } },
  core: { source: 'src/engine/main.ts', contents: core, options: node, starts: starting },
  runner: { source: 'src/runtime/runnerMain.ts', options: { ...node, external: ['onnxruntime-node'] } },
  runnerTfjs: { source: 'src/runtime/tensorflow/main.ts', options: tensorFlow, copies: ['node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'] },
  pageBenchmark: { source: 'src/runtime/page/conductor.ts', options: page },
  pageTfjs: { source: 'src/runtime/tensorflow/pageWorker.ts', options: pageTensorFlow },
  pageOnnx: { source: 'src/runtime/page/onnxWorker.ts', options: pageOnnx, copies: ['node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm'] },
  modelView: { source: 'webview/model/main.tsx', options: page },
  benchmarkView: { source: 'webview/benchmark/main.tsx', options: page },
  compareView: { source: 'webview/compare/main.tsx', options: page },
  layoutWorker: { source: 'webview/model/layoutWorker.ts', options: page },
};

export const bundleNames = Object.keys(entries);

/**
 * Builds the named bundles (all by default); an entry whose source is not there is skipped. A file appears in dist/
 * whole or not at all, so a process may start from it while another build runs. When an entry fails its old bundle
 * is removed: nobody should test yesterday's code by mistake.
 * @returns the names of the bundles written
 */
export async function buildBundles(names = bundleNames, { sourcemap = false } = {}) {
  const unknown = names.filter((name) => !(name in entries));
  if (unknown.length > 0) throw new Error(`esbuild.mjs knows no bundle ${unknown.join(', ')}; there are ${bundleNames.join(', ')}.`);
  fs.mkdirSync(path.join(root, 'dist'), { recursive: true });
  const present = names.filter((name) => fs.existsSync(path.join(root, entries[name].source)));
  await Promise.all(present.map((name) => buildOne(name, sourcemap)));
  return present;
}

/**
 * Builds a program that is run from the checkout and never shipped (samples, benchmarks, tests in the extension host).
 * Packages stay outside the bundle. @returns the path of dist/tools/<source>.js
 */
export async function buildTool(source) {
  const outfile = path.join(root, 'dist', 'tools', source.replace(/\.tsx?$/, '.js'));
  fs.mkdirSync(path.dirname(outfile), { recursive: true });
  await bundle(source, outfile, { ...node, minifyWhitespace: false, packages: 'external', external: ['vscode'], sourcemap: 'inline' });
  return outfile;
}

async function buildOne(name, sourcemap) {
  const { source, contents, options, copies = [], starts = {} } = entries[name];
  for (const file of copies) replaceFile(path.join(root, 'dist', path.basename(file)), fs.readFileSync(path.join(root, file)));
  const input = contents === undefined ? {} : { entryPoints: undefined, stdin: { contents, resolveDir: root } };
  await bundle(source, path.join(root, 'dist', `${name}.js`), { ...options, ...input, sourcemap: sourcemap ? 'linked' : false });
  for (const [start, line] of Object.entries(starts)) replaceFile(path.join(root, 'dist', `${start}.js`), Buffer.from(line));
}

async function bundle(source, outfile, options) {
  try {
    const result = await build({
      absWorkingDir: root,
      entryPoints: [source],
      ...options,
      outfile,
      bundle: true,
      write: false,
      legalComments: 'none',
      logLevel: 'warning',
    });
    for (const file of result.outputFiles) replaceFile(file.path, file.contents);
  } catch (error) {
    fs.rmSync(outfile, { force: true });
    throw error;
  }
}

function replaceFile(file, contents) {
  if (fs.existsSync(file) && Buffer.compare(fs.readFileSync(file), contents) === 0) return;
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, contents, { mode: 0o755 });
  fs.renameSync(temporary, file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2);
  const names = words.filter((word) => !word.startsWith('-'));
  try {
    const built = await buildBundles(names.length > 0 ? names : bundleNames, { sourcemap: words.includes('--sourcemap') });
    for (const name of built) console.log(`dist/${name}.js  ${(fs.statSync(path.join(root, 'dist', `${name}.js`)).size / 1000).toFixed(0)} kB`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
