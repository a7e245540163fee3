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

const workbenchTimeout = 60_000;

/** Waits until the workbench has drawn its explorer. */
export async function workbenchReady(page) {
  await page.locator('.monaco-workbench').waitFor({ timeout: workbenchTimeout });
  await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: workbenchTimeout });
}

/** Row of the explorer for a path relative to the workspace folder; folders on the way are opened. */
export async function explorerRow(page, relative) {
  await workbenchReady(page);
  const parts = relative.split('/');
  for (const [i, part] of parts.entries()) {
    const row = page.locator('.explorer-folders-view .monaco-list-row', { has: page.getByText(part, { exact: true }) }).first();
    await row.waitFor({ timeout: workbenchTimeout });
    if (i === parts.length - 1) return row;
    if ((await row.getAttribute('aria-expanded')) === 'false') await row.click();
  }
  throw new Error(`An empty path has no row.`);
}

/** Opens a file of the workspace to stay, by a double click in the explorer. */
export async function openFile(page, relative) {
  await (await explorerRow(page, relative)).dblclick();
}

/** Runs a command by its title in the command palette. */
export async function runCommand(page, title) {
  await page.keyboard.press('F1');
  const box = page.locator('.quick-input-widget input');
  await box.waitFor({ timeout: workbenchTimeout });
  await box.fill(`>${title}`);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click({ timeout: workbenchTimeout });
}

/**
 * The frame of a page of ours whose `test(…)` (run inside it) holds. View state survives between pages of one profile,
 * so there may be several webviews; each is asked with a time limit of its own.
 */
export async function frameWhere(page, what, test, argument, timeoutMs = workbenchTimeout) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    for (const frame of page.frames()) {
      const holds = await withinTime(frame.evaluate(test, argument), 5_000).catch(() => false);
      if (holds === true) return frame;
    }
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}.`);
    await page.waitForTimeout(100);
  }
}

async function withinTime(promise, timeoutMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The frame of the model view once it has drawn at least `cards` cards. */
export async function modelView(page, cards = 1) {
  return frameWhere(page, 'the model view', (wanted) => (window.__lathe?.drawnCards?.() ?? 0) >= wanted, cards);
}
