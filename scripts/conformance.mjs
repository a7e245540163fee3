// `npm run conformance`: what the project makes of ONNX's own backend tests, as the table in docs/conformance.md.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const archive = path.join(root, '..', 'shared', 'data', 'onnx-node-tests.tar.xz');

if (!fs.existsSync(archive)) {
  console.log("ONNX's backend tests are not beside the checkout (../shared/data/onnx-node-tests.tar.xz): there is nothing to check conformance with.");
  process.exit(0);
}
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', '--config', 'vitest.conformance.config.ts', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
