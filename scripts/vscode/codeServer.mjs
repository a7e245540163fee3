// VS Code where no desktop can be had: code-server from npm, kept in the per-user cache, started on a port of its own.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cached, run } from './cache.mjs';
import { findNode24, npm } from './node24.mjs';
import { ensurePackages } from './system.mjs';

/** code-server 4.139.1 is VS Code 1.139.1. */
export const codeServerVersion = '4.139.1';

/** Generous: the server answers in one or two seconds on an idle machine. */
const startTimeout = 60_000;

/** Settings of a profile in which nothing pops up, phones home or changes by itself. */
const quietSettings = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'workbench.enableExperiments': false,
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'workbench.tips.enabled': false,
  // Without it a first start shows an empty chat pane there.
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
};

/** The installed code-server. @returns {{ node: string, entry: string, environment: NodeJS.ProcessEnv }} */
export async function findCodeServer() {
  if (process.platform === 'win32') throw new Error('code-server does not run on Windows; install VS Code, or use WSL.');
  const { node, environment } = await findNode24();
  const folder = await cached(`code-server-${codeServerVersion}`, async (target) => {
    if (process.platform === 'linux') await ensurePackages(['build-essential', 'python3', 'pkg-config', 'libkrb5-dev', 'libxkbfile-dev']);
    console.log(`Fetching code-server ${codeServerVersion} from npm (once, about 4 minutes and 620 MB; kept in ${path.dirname(target)}) …`);
    // npm 11 runs only the install scripts that are named here; older ones ignore the field.
    fs.writeFileSync(path.join(target, 'package.json'), JSON.stringify({ private: true, allowScripts: { 'code-server': true, argon2: true } }));
    await npm(['install', '--no-audit', '--no-fund', `code-server@${codeServerVersion}`], { ...environment, npm_config_ignore_scripts: 'false' }, target);
    await run(node, [path.join(target, entryPath), '--version'], { env: environment });
  });
  return { node, entry: path.join(folder, entryPath), environment };
}

const entryPath = path.join('node_modules', 'code-server', 'out', 'node', 'entry.js');

/**
 * Starts a server with a new profile in a temporary folder.
 * @param options.vsix packages to install first
 * @param options.settings added to the profile's settings
 * @param options.env added to the server's and its extension host's environment
 * @param options.smokeTests lets the workbench load an extension and a test suite from its address; suppresses toasts and dialogs
 * @param options.preferredPort taken when it is free, else any free one
 * @param options.profile a folder to keep the profile in, else a temporary one
 * @returns a running server; `stop()` ends its whole process group and removes the profile
 */
export async function startServer({ vsix = [], settings = {}, env = {}, smokeTests = false, preferredPort, profile } = {}) {
  const { node, entry, environment } = await findCodeServer();
  const folder = profile ?? fs.mkdtempSync(path.join(os.tmpdir(), 'model-lathe-vscode-'));
  const data = path.join(folder, 'data');
  const extensions = path.join(folder, 'extensions');
  fs.mkdirSync(path.join(data, 'User'), { recursive: true });
  fs.mkdirSync(extensions, { recursive: true });
  fs.writeFileSync(path.join(folder, 'config.yaml'), 'cert: false\n');
  const settingsFile = path.join(data, 'User', 'settings.json');
  if (!fs.existsSync(settingsFile)) fs.writeFileSync(settingsFile, JSON.stringify({ ...quietSettings, ...settings }, null, 2));
  const ownEnvironment = {
    ...environment,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_DATA_HOME: folder,
    VSCODE_PROXY_URI: '',
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    ...env,
  };
  const places = ['--config', path.join(folder, 'config.yaml'), '--user-data-dir', data, '--extensions-dir', extensions];
  for (const file of vsix) await run(node, [entry, ...places, '--install-extension', file], { env: ownEnvironment });
  const port = (preferredPort === undefined ? undefined : await tryPort(preferredPort)) ?? (await tryPort(0));
  const flags = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, '--disable-telemetry', '--disable-update-check', '--disable-workspace-trust', '--disable-getting-started-override', '--disable-proxy', '--ignore-last-opened'];
  if (smokeTests) flags.push('--vscode-option', 'enable-smoke-test-driver');
  const server = spawn(node, [entry, ...places, ...flags], { env: ownEnvironment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let log = '';
  server.stdout.on('data', (chunk) => (log += chunk));
  server.stderr.on('data', (chunk) => (log += chunk));
  const stop = async () => {
    stopGroup(server);
    if (server.exitCode === null && server.signalCode === null) await new Promise((resolve) => server.once('exit', resolve));
    if (profile === undefined) fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  process.once('exit', () => stopGroup(server));
  const deadline = Date.now() + startTimeout;
  while (!(await answers(port))) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`code-server did not start:\n${log}`);
    }
    await sleep(50);
  }
  return { port, origin: `http://127.0.0.1:${port}`, folder, extensions, stop, log: () => log };
}

function stopGroup(server) {
  try {
    process.kill(-server.pid, 'SIGTERM');
  } catch {
    // Already gone.
  }
}

async function answers(port) {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
  } catch {
    return false;
  }
}

/** The port (any free one for 0) when it can be listened on, else undefined. */
async function tryPort(wanted) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
