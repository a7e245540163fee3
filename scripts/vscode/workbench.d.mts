// Types of workbench.mjs, for the end-to-end tests.
import type { BrowserContext, Frame, Locator, Page } from 'playwright-core';

export interface Browser {
  readonly context: BrowserContext;
  readonly page: Page;
  close(): Promise<void>;
}

export declare function openBrowser(options?: { width?: number; height?: number; flags?: readonly string[] }): Promise<Browser>;
export declare function workbenchAddress(server: { readonly origin: string }, options?: { folder?: string; extension?: string; suite?: string }): string;
export declare function workbenchReady(page: Page): Promise<void>;
export declare function explorerRow(page: Page, relative: string): Promise<Locator>;
export declare function openFile(page: Page, relative: string): Promise<void>;
export declare function runCommand(page: Page, title: string): Promise<void>;
export declare function frameWhere<T>(page: Page, what: string, test: (argument: T) => boolean, argument: T, timeoutMs?: number): Promise<Frame>;
export declare function modelView(page: Page, cards?: number): Promise<Frame>;
