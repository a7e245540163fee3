// Runs the suite of test/vscode inside a real extension host: desktop VS Code where it can be had, else code-server in a headless browser.
import { runTests } from '@vscode/test-electron';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundles, buildTool } from '../esbuild.mjs';
import { startServer } from './vscode/codeServer.mjs';
import { findDesktop } from './vscode/desktop.mjs';
import { openBrowser, runSuite, workbenchAddress } from './vscode/workbench.mjs';
import { makeWorkspace } from './workspace.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const suiteTimeout = 6 * 60_000;

/** Builds the suite. @returns the path of its entry */
async function buildSuite() {
  const folder = path.join(root, 'test', 'vscode');
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  const built = path.join(root, 'dist', 'tools', 'test', 'vscode');
  // A test that was deleted or renamed must not run on.
  fs.rmSync(built, { recursive: true, force: true });
  for (const file of files) await buildTool(`test/vscode/${file}`);
  return buildTool('test/vscode/index.ts');
}

/** Runs the suite. @returns its report, see test/vscode/index.ts */
export async function runHostSuite({ build = true } = {}) {
  if (build) await buildBundles();
  const suite = await buildSuite();
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'model-lathe-suite-'));
  const report = path.join(scratch, 'report.json');
  try {
    const folder = await makeWorkspace(path.join(scratch, 'workspace'), { samples: ['digits.onnx', 'flawed.onnx'] });
    const desktop = await findDesktop();
    const code = desktop === undefined ? await inServer(suite, folder, report) : await inDesktop(desktop, suite, folder, report);
    if (fs.existsSync(report)) return JSON.parse(fs.readFileSync(report, 'utf8'));
    throw new Error(`VS Code ended with ${code} and left no report.`);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function inDesktop(vscodeExecutablePath, extensionTestsPath, folder, report) {
  try {
    return await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: root,
      extensionTestsPath,
      launchArgs: [folder, '--disable-extensions', '--disable-workspace-trust'],
      extensionTestsEnv: { MODEL_LATHE_SUITE_REPORT: report },
    });
  } catch (error) {
    // runTests throws when the suite failed; the report says which tests.
    return error instanceof Error ? error.message : String(error);
  }
}

async function inServer(suite, folder, report) {
  const server = await startServer({ smokeTests: true, env: { MODEL_LATHE_SUITE_REPORT: report } });
  try {
    const browser = await openBrowser();
    const lines = [];
    try {
      const address = workbenchAddress(server, { folder, extension: root, suite });
      return await runSuite(browser.page, address, { timeoutMs: suiteTimeout, onLine: (type, text) => lines.push(`${type}: ${text}`) });
    } catch (error) {
      await keepScreenshot(browser.page, 'vscode-suite-error.png');
      throw new Error(`${error.message}\n${lines.slice(-20).join('\n')}\n${server.log().slice(-2000)}`);
    } finally {
      await browser.close();
    }
  } finally {
    await server.stop();
  }
}

async function keepScreenshot(page, name) {
  const folder = path.join(root, '.artefacts');
  fs.mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, name) }).catch(() => undefined);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { passed, failed, tests } = await runHostSuite();
    for (const { title, milliseconds, error } of tests) console.log(error === undefined ? `  ✓ ${title} (${milliseconds} ms)` : `  ✗ ${title}\n${error.replace(/^/gm, '      ')}`);
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed > 0 ? 1 : 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
