// A page as VS Code shows it: the built bundle under the same CSP, the editor's API mocked, a real Chromium around it.
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { pageHtml } from '../../src/extension/page';
import { pageRuntimes } from '../../src/extension/pageRuntimes';
import type { buildBundles as Build } from '../../esbuild.mjs';
import { themes, type ThemeFixture, type ThemeName } from './themes';

/** Tests and benchmarks are both started from the project's folder; a bundled benchmark lies elsewhere itself. */
const root = process.cwd();

/** A Chromium or Chrome to test with: CHROME_PATH, or where distributions and installers put one. */
export function findChromium(): string | undefined {
  const programs = [process.env['ProgramFiles'], process.env['ProgramFiles(x86)'], process.env['LOCALAPPDATA']].filter((folder) => folder !== undefined);
  const candidates = [
    process.env['CHROME_PATH'],
    '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome-stable', '/usr/bin/google-chrome', '/snap/bin/chromium', '/usr/bin/microsoft-edge',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium', '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    ...programs.flatMap((folder) => [path.join(folder, 'Google/Chrome/Application/chrome.exe'), path.join(folder, 'Microsoft/Edge/Application/msedge.exe')]),
  ];
  return candidates.find((candidate) => candidate !== undefined && candidate !== '' && fs.existsSync(candidate));
}

export interface OpenOptions {
  readonly page: 'modelView' | 'benchmarkView' | 'compareView';
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** What getState() returns at first. */
  readonly state?: unknown;
  readonly webgl?: boolean;
  readonly worker?: boolean;
  readonly reducedMotion?: boolean;
}

export class PageHarness {
  private constructor(private readonly browser: Browser, private readonly server: http.Server, private readonly origin: string, private readonly fixtures: string) {}

  static async start(executablePath: string): Promise<PageHarness> {
    const { buildBundles } = (await import(/* @vite-ignore */ pathToFileURL(path.join(root, 'esbuild.mjs')).href)) as { buildBundles: typeof Build };
    await buildBundles(['modelView', 'benchmarkView', 'compareView', 'layoutWorker', 'pageBenchmark', 'pageTfjs', 'pageOnnx', 'runnerTfjs']);
    const fixtures = await build({ entryPoints: [path.join(root, 'test/webview/fixtures/index.ts')], bundle: true, write: false, format: 'iife', globalName: 'fixtures', footer: { js: 'window.fixtures = fixtures;' } });
    const server = http.createServer((request, response) => serve(request.url ?? '/', response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}`;
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist', '--use-angle=swiftshader'] });
    return new PageHarness(browser, server, origin, fixtures.outputFiles[0]?.text ?? '');
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async open({ page: name, theme = 'dark', width = 1400, height = 860, state, webgl = true, worker = true, reducedMotion = false }: OpenOptions): Promise<TestPage> {
    const context = await this.browser.newContext({ viewport: { width, height }, reducedMotion: reducedMotion ? 'reduce' : 'no-preference' });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.addInitScript({ content: mockEditor(themes[theme], state, webgl) });
    await page.addInitScript({ content: this.fixtures });
    await page.goto(`${this.origin}/${name}.html${worker ? '' : '?noworker'}`);
    const opened = new TestPage(page, problems);
    await opened.ready();
    return opened;
  }
}

/** A page with what the tests ask of it. */
export class TestPage {
  constructor(readonly page: Page, readonly problems: readonly string[]) {}

  /** Sends a message whose fields are JavaScript expressions, evaluated where the fixtures are. */
  async post(expression: string): Promise<void> {
    await this.page.evaluate(`window.postMessage(${expression})`);
  }

  async setTheme(theme: ThemeName): Promise<void> {
    await this.page.evaluate(`window.applyTheme(${JSON.stringify(themes[theme])})`);
  }

  /** What is sent before the page listens is lost: as the extension does, wait for its word. */
  async ready(): Promise<void> {
    for (const end = Date.now() + 30_000; Date.now() < end; ) {
      if ((await this.sent()).some((message) => message['type'] === 'ready')) return;
      await this.page.waitForTimeout(20);
    }
    throw new Error('The page never said that it is ready.');
  }

  sent(): Promise<readonly Record<string, unknown>[]> {
    return this.page.evaluate<Record<string, unknown>[]>('window.sentMessages');
  }

  state(): Promise<unknown> {
    return this.page.evaluate('window.keptState');
  }

  drawnCards(): Promise<number> {
    return this.page.evaluate<number>('(window.__lathe ?? window.__latheCompare).drawnCards()');
  }

  async waitForCards(atLeast: number): Promise<void> {
    // Not waitForFunction: the page's policy forbids the evaluation it builds on.
    for (const end = Date.now() + 30_000; (await this.drawnCards()) < atLeast && Date.now() < end; ) await this.page.waitForTimeout(50);
    if ((await this.drawnCards()) < atLeast) throw new Error(`Only ${(await this.drawnCards()).toString()} cards are drawn, not ${atLeast.toString()}.`);
  }

  /** Two frames: whatever was asked for is on the screen. */
  async settle(): Promise<void> {
    await this.page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 250))))');
  }

  async screenshot(name: string): Promise<void> {
    const file = path.join(root, '.artefacts', 'webview', `${name}.png`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await this.page.screenshot({ path: file });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

/** Runs in the page before its script, as text: the theme as VS Code sets it, the editor's API, and WebGL2 only where it is to be had. */
function mockEditor(theme: ThemeFixture, state: unknown, webgl: boolean): string {
  return `
    window.sentMessages = [];
    window.keptState = ${state === undefined ? 'undefined' : JSON.stringify(state)};
    window.acquireVsCodeApi = () => ({
      postMessage: (message) => window.sentMessages.push(structuredClone(message)),
      getState: () => window.keptState,
      setState: (kept) => { window.keptState = structuredClone(kept); },
    });
    window.applyTheme = ({ bodyClass, variables }) => {
      document.documentElement.style.cssText = Object.entries(variables).filter(([, value]) => value !== '').map(([name, value]) => '--vscode-' + name + ': ' + value).join(';');
      document.body.className = bodyClass;
    };
    if (${(!webgl).toString()}) {
      const original = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind === 'webgl2' ? null : original.call(this, kind, ...rest); };
    }
    new MutationObserver((_, observer) => {
      if (document.body === null) return;
      observer.disconnect();
      window.applyTheme(${JSON.stringify(theme)});
    }).observe(document, { childList: true, subtree: true });
  `;
}

function serve(url: string, response: http.ServerResponse): void {
  const { pathname, search } = new URL(url, 'http://localhost');
  const send = (type: string, body: string | Buffer): void => {
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(body);
  };
  const name = /^\/(\w+)\.html$/u.exec(pathname)?.[1];
  if (name !== undefined) {
    const files = name === 'modelView' ? pageRuntimes : new Map<string, string>();
    const data = new Map([...(search === '?noworker' ? [] : [['worker-uri', 'layoutWorker.js'] as const]), ...files].map(([key, file]) => [key, `/dist/${file}`] as const));
    send('text/html', pageHtml({ cspSource: "'self'", title: name, script: `/dist/${name}.js`, style: `/media/${name}.css`, data, webAssembly: files.size > 0, language: 'en' }));
    return;
  }
  if (pathname === '/favicon.ico') {
    response.writeHead(204);
    response.end();
    return;
  }
  const file = path.join(root, pathname);
  if (!/^\/(dist|media)\/[\w.-]+$/u.test(pathname) || !fs.existsSync(file)) {
    response.writeHead(404);
    response.end();
    return;
  }
  send(pathname.endsWith('.css') ? 'text/css' : pathname.endsWith('.js') ? 'text/javascript' : 'application/octet-stream', fs.readFileSync(file));
}
