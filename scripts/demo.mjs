// `npm run demo`: VS Code with Model Lathe on a sample workspace. With `--check` it looks at the model view, keeps a screenshot and ends.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundles } from '../esbuild.mjs';
import { packageExtension } from './package.mjs';
import { cacheFolder } from './vscode/cache.mjs';
import { startServer } from './vscode/codeServer.mjs';
import { findDesktop, hasDisplay } from './vscode/desktop.mjs';
import { onPath } from './vscode/system.mjs';
import { modelView, openBrowser, openFile, workbenchAddress } from './vscode/workbench.mjs';
import { makeWorkspace, recognizer } from './workspace.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const check = process.argv.includes('--check');
/** Where people expect a local development server; another free one is taken when it is in use. */
const usualPort = 8080;

console.log('Building …');
await buildBundles();
const workspace = await makeWorkspace(path.join(cacheFolder(), 'demo-workspace'));
const desktop = check ? undefined : await findAnyDesktop();
if (desktop === undefined) await serve();
else openDesktop(desktop);

/** Any desktop VS Code: the fetched one, else one that is installed. */
async function findAnyDesktop() {
  const fetched = await findDesktop();
  if (fetched !== undefined) return fetched;
  return hasDisplay() && process.env.MODEL_LATHE_VSCODE !== 'server' ? onPath('code') : undefined;
}

function openDesktop(executable) {
  const profile = path.join(cacheFolder(), 'demo-profile');
  const args = [workspace, path.join(workspace, recognizer), `--extensionDevelopmentPath=${root}`, `--user-data-dir=${profile}`, '--disable-workspace-trust', '--new-window'];
  console.log(`Opening VS Code on ${workspace} …`);
  const window = spawn(executable, args, { stdio: 'ignore', detached: true, shell: executable.endsWith('.cmd') });
  window.once('error', (error) => {
    console.error(`VS Code did not start: ${error.message}`);
    process.exitCode = 1;
  });
  window.unref();
}

async function serve() {
  const { file } = await packageExtension(undefined, { build: false });
  const server = await startServer({ vsix: [file], preferredPort: check ? undefined : usualPort });
  try {
    const address = workbenchAddress(server, { folder: workspace });
    if (check) await look(address);
    else await stay(address);
  } finally {
    await server.stop();
  }
}

/** Keeps the server until Ctrl+C. */
async function stay(address) {
  console.log(`\nVS Code with Model Lathe runs at\n\n    ${address}\n\nOpen it in a browser, then PP-OCRv4 › recognizer.onnx. Ctrl+C ends it.`);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

/** Opens the recogniser as a person would, waits for its model view, keeps a screenshot. */
async function look(address) {
  const browser = await openBrowser();
  const artefacts = path.join(root, '.artefacts');
  fs.mkdirSync(artefacts, { recursive: true });
  const picture = path.join(artefacts, 'demo.png');
  try {
    await browser.page.goto(address);
    await openFile(browser.page, recognizer);
    await modelView(browser.page);
    await browser.page.screenshot({ path: picture });
    console.log(`The model view is there: ${path.relative(process.cwd(), picture)}`);
  } catch (error) {
    await browser.page.screenshot({ path: picture }).catch(() => undefined);
    throw error;
  } finally {
    await browser.close();
  }
}
