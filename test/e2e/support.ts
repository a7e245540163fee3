// What the end-to-end tests share: the running workbench, its theme, pictures, waiting for a file.
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { inject } from 'vitest';
import { type Browser, frameWhere, openBrowser, runCommand, workbenchAddress, workbenchReady } from '../../scripts/vscode/workbench.mjs';

/** The browser's globals, for the functions that run inside pages; this project's Node side knows no DOM. */
interface PageElement {
  readonly classList: { contains(name: string): boolean };
  readonly innerText: string;
}
declare const document: { readonly body: PageElement; getElementById(id: string): PageElement | null; querySelector(selector: string): PageElement | null };
declare const window: { readonly __lathe?: { drawnCards(): number } };

const root = join(import.meta.dirname, '..', '..');
const artefacts = join(root, '.artefacts', 'e2e');

export type Theme = 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';

/** What VS Code's theme picker calls its own themes, and the classes a page's body gets with each. */
const themes = {
  light: { label: 'Light Modern', bodyClass: 'vscode-light' },
  dark: { label: 'Dark Modern', bodyClass: 'vscode-dark' },
  'high-contrast': { label: 'Dark High Contrast', bodyClass: 'vscode-high-contrast' },
  'high-contrast-light': { label: 'Light High Contrast', bodyClass: 'vscode-high-contrast-light' },
} as const satisfies Record<Theme, { label: string; bodyClass: string }>;

/** A browser on the sample workspace, its explorer drawn. */
export async function openWorkbench(): Promise<Browser> {
  const browser = await openBrowser();
  await browser.page.goto(workbenchAddress({ origin: inject('origin') }, { folder: inject('workspace') }));
  await workbenchReady(browser.page);
  return browser;
}

/** Changes the theme with VS Code's picker and waits until a frame of ours shows it. */
export async function changeTheme(page: Page, frame: Frame, theme: Theme): Promise<void> {
  const { label, bodyClass } = themes[theme];
  await runCommand(page, 'Preferences: Color Theme');
  const picker = page.locator('.quick-input-widget input[placeholder*="heme"]');
  await picker.waitFor({ timeout: 30_000 });
  await picker.fill(label);
  await choose(page, label);
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

/** A frame of ours whose text holds all of `words`, in capitals or not. */
export async function frameWithText(page: Page, what: string, words: readonly string[], timeoutMs?: number): Promise<Frame> {
  return frameWhere(page, what, (wanted) => document.getElementById('root') !== null && wanted.every((word) => document.body.innerText.toLowerCase().includes(word)), words.map((word) => word.toLowerCase()), timeoutMs);
}

/** A frame of ours that holds an element. */
export async function frameWithElement(page: Page, what: string, selector: string, timeoutMs?: number): Promise<Frame> {
  return frameWhere(page, what, (wanted) => document.getElementById('root') !== null && document.querySelector(wanted) !== null, selector, timeoutMs);
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

/** Drags the border of the side panel on the right until it has about half of the window. */
export async function widenSidePanel(page: Page): Promise<void> {
  const box = await page.locator('.part.auxiliarybar').boundingBox();
  const window = page.viewportSize();
  if (box === null || window === null) throw new Error('The side panel is not shown.');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x, y);
  await page.mouse.down();
  await page.mouse.move(window.width * 0.52, y, { steps: 8 });
  await page.mouse.up();
  await page.waitForTimeout(1000);
}

/** Chooses an entry of the context menu that is open. */
export async function chooseInMenu(page: Page, label: string): Promise<void> {
  const entry = page.locator('.monaco-menu .action-menu-item', { hasText: label }).first();
  await entry.waitFor({ timeout: 30_000 });
  await entry.hover();
  // A menu takes no click in its first moments, lest the one that opened it chooses.
  await page.waitForTimeout(500);
  await entry.click();
}
