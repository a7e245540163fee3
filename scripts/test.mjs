// `npm test`: every check and suite one after another, then one line that sums them up. `npm test -- unit vscode` runs only those named.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'model-lathe-test-'));
const bin = (name) => path.join(root, 'node_modules', name);
const tsc = bin('typescript/bin/tsc');

/** Checks: they pass or they do not. They run side by side. */
const checks = {
  typecheck: [[tsc, '--noEmit', '-p', 'tsconfig.json'], [tsc, '--noEmit', '-p', 'webview/tsconfig.json']],
  lint: [[bin('eslint/bin/eslint.js'), '--max-warnings', '0', '.']],
  layers: [[bin('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', 'src', 'webview']],
};

/** Suites: each gives its own counts. */
const suites = {
  unit: () => vitest('vitest.config.ts'),
  browser: async () => {
    const { ensureChromium } = await import('./vscode/system.mjs');
    process.env.CHROME_PATH = await ensureChromium();
    return vitest('vitest.browser.config.ts');
  },
  vscode: async () => {
    const { runHostSuite } = await import('./test-vscode.mjs');
    const report = await runHostSuite({ build: false });
    for (const { title, milliseconds, error } of report.tests) console.log(error === undefined ? ` ✓ ${title} ${milliseconds}ms` : ` ✗ ${title}\n${error}`);
    return report;
  },
  e2e: () => vitest('vitest.e2e.config.ts'),
};

const wanted = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const unknown = wanted.filter((name) => !(name in checks) && !(name in suites));
if (unknown.length > 0) {
  console.error(`There is no suite ${unknown.join(', ')}; there are ${[...Object.keys(checks), ...Object.keys(suites)].join(', ')}.`);
  process.exit(2);
}
const asked = (name) => wanted.length === 0 || wanted.includes(name);
const total = { passed: 0, failed: 0 };
const failures = [];

/** Adds the counts of one check or suite and says what came out. */
async function step(name, work) {
  const start = performance.now();
  let counts;
  try {
    counts = await work();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    counts = { passed: 0, failed: 1 };
  }
  total.passed += counts.passed;
  total.failed += counts.failed;
  if (counts.failed > 0) failures.push(name);
  console.log(`— ${name}: ${counts.passed} passed, ${counts.failed} failed (${((performance.now() - start) / 1000).toFixed(0)} s)`);
  return counts.failed === 0;
}

/** Runs Node on a script of the tree. @returns its exit code */
async function node(args, { quiet = false } = {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    // Vite would remark that it reads our configuration as CommonJS; it may.
    env: { ...process.env, VITE_CONFIG_NATIVE_IGNORE_WARNING: 'true' },
  });
  const output = [];
  child.stdout?.on('data', (chunk) => output.push(chunk));
  child.stderr?.on('data', (chunk) => output.push(chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (quiet && code !== 0) console.log(Buffer.concat(output).toString());
  return code;
}

async function vitest(config) {
  if (!fs.existsSync(path.join(root, config))) throw new Error(`${config} is missing.`);
  const outputFile = path.join(scratch, `${config}.json`);
  const code = await node([bin('vitest/vitest.mjs'), 'run', '--config', config, '--reporter=default', '--reporter=json', `--outputFile.json=${outputFile}`]);
  if (!fs.existsSync(outputFile)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests } = JSON.parse(fs.readFileSync(outputFile, 'utf8'));
  // A file that could not be loaded, or an unhandled error, fails the run without failing a test.
  return { passed: numPassedTests, failed: code === 0 ? numFailedTests : Math.max(1, numFailedTests) };
}

const built = await step('build', async () => ((await node(['esbuild.mjs'])) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }));
await Promise.all(
  Object.entries(checks)
    .filter(([name]) => asked(name))
    .map(([name, commands]) =>
      step(name, async () => {
        for (const command of commands) if ((await node(command, { quiet: true })) !== 0) return { passed: 0, failed: 1 };
        return { passed: 1, failed: 0 };
      }),
    ),
);
for (const [name, run] of Object.entries(suites)) if (asked(name) && (built || name === 'unit')) await step(name, run);
fs.rmSync(scratch, { recursive: true, force: true });
if (failures.length > 0) console.log(`Failed: ${failures.join(', ')}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 ? 1 : 0);
