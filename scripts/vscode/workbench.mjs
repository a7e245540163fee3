// A VS Code workbench in a headless browser: its address, a page on it, and a test suite inside its extension host.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { ensureChromium } from './system.mjs';

const quietFlags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** A headless browser with a new profile. `close()` ends it and removes the profile. */
export async function openBrowser({ width = 1440, height = 900, flags = [] } = {}) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'model-lathe-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: await ensureChromium(),
    headless: true,
    viewport: { width, height },
    serviceWorkers: 'allow',
    args: [...quietFlags, ...flags],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const close = async () => {
    await context.close().catch(() => undefined);
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  return { context, page, close };
}

/** The workbench's address on a server, for a folder, optionally with an extension under development and its test suite. */
export function workbenchAddress(server, { folder, extension, suite } = {}) {
  const url = new URL(server.origin);
  const remote = (file) => `vscode-remote://${url.host}${file}`;
  const payload = [];
  if (extension !== undefined) payload.push(['extensionDevelopmentPath', remote(extension)]);
  if (suite !== undefined) payload.push(['extensionTestsPath', remote(suite)]);
  if (folder !== undefined) url.searchParams.set('folder', folder);
  if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}

/**
 * Opens an address that names a test suite and waits for VS Code's own exit code.
 * @param onLine gets what the extension host prints, with its type (`log`, `error` …)
 */
export async function runSuite(page, address, { timeoutMs, onLine }) {
  let finish;
  const ended = new Promise((resolve) => (finish = resolve));
  // VS Code's smoke-test hooks: the workbench calls these two when they are there.
  await page.exposeFunction('codeAutomationLog', (type, args) => onLine(type, args.map(String).join(' ')));
  await page.exposeFunction('codeAutomationExit', (code) => finish(code));
  await page.goto(address);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The suite in the extension host did not end within ${timeoutMs / 1000} s.`)), timeoutMs);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
