// `npm run conformance`: what the project makes of ONNX's own backend tests and of public TensorFlow.js models, as the tables in docs/conformance*.md.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const archive = path.join(root, '..', 'shared', 'data', 'onnx-node-tests.tar.xz');
const hasOnnx = fs.existsSync(archive);

if (!hasOnnx) console.log("ONNX's backend tests are not beside the checkout (../shared/data/onnx-node-tests.tar.xz): only TensorFlow.js models are checked.");
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const suites = hasOnnx ? [] : ['test/conformance/tensorflowjs.conformance.ts'];
const { status } = spawnSync(process.execPath, [vitest, 'run', '--config', 'vitest.conformance.config.ts', ...suites, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
