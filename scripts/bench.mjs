// `npm run bench [-- name…]`: every benchmark one after another, each in a process of its own.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundles, buildTool } from '../esbuild.mjs';
import { ensureChromium } from './vscode/system.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Benchmarks in the order they are run: bench/<name>.ts and what it measures. */
const benchmarks = {
  sizes: 'Sizes of what is shipped',
  open: 'Opening a 1.5 GB model',
  analysis: 'Analysing a graph of 20,000 nodes',
  scale: 'Growing to 100,000 nodes and 2.7 GB',
  simplify: 'Simplifying, beside onnxsim',
  int8: 'Quantizing BERT-base to int8',
  ocr: 'Optimizing the PP-OCRv4 models',
  quantization: 'Choosing int8 by measurement, on text that is hard to read',
  peers: 'Beside onnxruntime’s Python quantization, where there is one',
  tfjs: 'TensorFlow.js models and their ONNX twins',
  tfjsSimplify: 'TensorFlow.js models before and after simplification',
  webview: 'Drawing graphs of 20,000 and 50,000 nodes',
};

/** Programs that a benchmark starts beside itself. */
const companions = fs.readdirSync(path.join(root, 'bench', 'support')).filter((name) => name.endsWith('.ts'));

const wanted = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const unknown = wanted.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}; there are ${Object.keys(benchmarks).join(', ')}.`);
  process.exit(2);
}
await buildBundles();
// Text lines are rendered, and pages drawn, in it.
process.env.CHROME_PATH = await ensureChromium();
for (const name of companions) await buildTool(`bench/support/${name}`);
for (const [name, title] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n${title} (${name})`);
  const program = await buildTool(`bench/${name}.ts`);
  const child = spawn(process.execPath, [program], { stdio: 'inherit', cwd: root });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) process.exitCode = 1;
}
