// What the end-to-end tests share: the running workbench, its theme, pictures, waiting for a file.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { inject } from 'vitest';
import { type Browser, frameWhere, openBrowser, workbenchAddress, workbenchReady } from '../../scripts/vscode/workbench.mjs';

/** The browser's globals, for the functions that run inside pages; this project's Node side knows no DOM. */
interface PageElement {
  readonly classList: { contains(name: string): boolean };
  readonly innerText: string;
}
declare const document: { readonly body: PageElement; getElementById(id: string): PageElement | null; querySelector(selector: string): PageElement | null };
declare const window: { readonly parent: unknown; readonly __lathe?: { drawnCards(): number } };

const root = join(import.meta.dirname, '..', '..');
const artefacts = join(root, '.artefacts', 'e2e');

export type Theme = 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';

/** VS Code's names of its own themes, and the class a page's body gets with each. */
const themes = {
  light: { setting: 'Default Light Modern', bodyClass: 'vscode-light' },
  dark: { setting: 'Default Dark Modern', bodyClass: 'vscode-dark' },
  'high-contrast': { setting: 'Default High Contrast', bodyClass: 'vscode-high-contrast' },
  'high-contrast-light': { setting: 'Default High Contrast Light', bodyClass: 'vscode-high-contrast-light' },
} as const satisfies Record<Theme, { setting: string; bodyClass: string }>;

/** A browser on the sample workspace, its explorer drawn. */
export async function openWorkbench(): Promise<Browser> {
  const browser = await openBrowser();
  await browser.page.goto(workbenchAddress({ origin: inject('origin') }, { folder: inject('workspace') }));
  await workbenchReady(browser.page);
  return browser;
}

/** Writes settings of the profile; the workbench takes them up by itself. */
export function changeSettings(settings: Readonly<Record<string, unknown>>): void {
  const file = join(inject('profile'), 'data', 'User', 'settings.json');
  const present = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...present, ...settings }, null, 2));
}

/** Changes the theme and waits until a frame of ours shows it. */
export async function changeTheme(page: Page, frame: Frame, theme: Theme): Promise<void> {
  const { setting, bodyClass } = themes[theme];
  changeSettings({ 'workbench.colorTheme': setting });
  await frame.waitForFunction((wanted) => document.body.classList.contains(wanted), bodyClass, { timeout: 30_000 });
  // The workbench itself repaints a moment later.
  await page.waitForTimeout(500);
}

/** Keeps a picture of the window among the artefacts; with UPDATE_DOCS=1 also in docs/images, for those named in `docs`. */
export async function picture(page: Page, name: string, { docs = false }: { docs?: boolean } = {}): Promise<void> {
  mkdirSync(artefacts, { recursive: true });
  const file = join(artefacts, `${name}.png`);
  await page.screenshot({ path: file });
  if (!docs || process.env['UPDATE_DOCS'] !== '1') return;
  const images = join(root, 'docs', 'images');
  mkdirSync(images, { recursive: true });
  copyFileSync(file, join(images, `${name}.png`));
}

/** Files of a folder of the workspace. */
export function filesIn(relative: string): string[] {
  return readdirSync(join(inject('workspace'), relative)).sort();
}

/** Waits until `look` gives something that is neither false nor undefined. @throws Error naming `what` */
export async function eventually<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>, timeoutMs = 60_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A frame of ours whose text holds all of `words`. */
export async function frameWithText(page: Page, what: string, words: readonly string[], timeoutMs?: number): Promise<Frame> {
  return frameWhere(page, what, (wanted) => window.parent !== window && document.getElementById('root') !== null && wanted.every((word) => document.body.innerText.includes(word)), words, timeoutMs);
}

/** A frame of ours that holds an element. */
export async function frameWithElement(page: Page, what: string, selector: string, timeoutMs?: number): Promise<Frame> {
  return frameWhere(page, what, (wanted) => window.parent !== window && document.getElementById('root') !== null && document.querySelector(wanted) !== null, selector, timeoutMs);
}

/** Cards that the model view drew in its last frame. */
export async function drawnCards(view: Frame): Promise<number> {
  return view.evaluate(() => window.__lathe?.drawnCards() ?? 0);
}

/** Chooses a row of the quick pick that is open, by the start of its label, and waits until that list has gone. */
export async function choose(page: Page, label: string): Promise<void> {
  const row = page.locator('.quick-input-widget .monaco-list-row', { hasText: label }).first();
  await row.waitFor({ timeout: 30_000 });
  await row.click();
}
