// Renders lines of text as PNG pictures with the words beside them: calibration and test data for text recognisers, made without downloads.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export interface TextLineOptions {
  readonly count: number;
  readonly seed: number;
  /** Clean: black on white, one size. Hard: faint, blurred, noisy, slanted, small. */
  readonly style: 'clean' | 'hard';
  /** Chromium or Chrome; found on the machine where absent. */
  readonly executablePath?: string;
}

export interface TextLine {
  readonly path: string;
  readonly text: string;
}

const browsers = [process.env['CHROME_PATH'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** The browser that renders: `CHROME_PATH`, or one found on the machine. */
export function browserPath(): string | undefined {
  return browsers.find((path) => path !== '' && existsSync(path));
}

const words = (
  'about above account action after again agree almost along animal answer apple around autumn balance basket beautiful because before begin behind believe better between beyond ' +
  'border bottle bread bridge bright brother build butter camera candle carry castle center chance change charge circle clean clock coffee color common copper corner cotton country ' +
  'create cross culture daily danger decide degree desert design detail dinner doctor double dream driver early earth effect eight electric energy engine enough evening example ' +
  'factor family figure finger flower follow forest friend garden gentle glass golden ground growth guitar happen harbor health heart history holiday honest hundred island ' +
  'journey jungle kitchen ladder language letter library limit listen little machine market matter measure middle minute mirror modern moment morning mountain music nature ' +
  'number object ocean office orange outside pattern pencil people picture planet plastic pocket possible present pressure private process promise quality quarter question quick ' +
  'rabbit reason record remember result ribbon river rocket sample school science season second shadow signal silver simple sister spring square station stone story street strong ' +
  'summer surface system table temple theory thing ticket together tomorrow travel under update useful valley velvet village vision visual water weather window winter wonder yellow'
).split(' ');

/** Renders `count` lines into `folder` and returns where they are and what they say. The same seed gives the same lines. */
export async function renderTextLines(folder: string, options: TextLineOptions): Promise<TextLine[]> {
  const random = seeded(options.seed);
  const texts = Array.from({ length: options.count }, () => lineOf(random));
  const paths = await renderPictures(folder, options.executablePath, drawLines, { texts, hard: options.style === 'hard', seed: options.seed });
  return paths.map((path, i) => ({ path, text: texts[i] ?? '' }));
}

/** Renders `count` pages of 640 × 640 pixels with some lines of text each, as a text detector sees them. The same seed gives the same pages. */
export async function renderTextPages(folder: string, { count, seed, executablePath }: Omit<TextLineOptions, 'style'>): Promise<string[]> {
  const random = seeded(seed);
  const pages = Array.from({ length: count }, () => Array.from({ length: 5 + Math.floor(random() * 8) }, () => lineOf(random)));
  return await renderPictures(folder, executablePath, drawPages, { pages, seed });
}

/** Draws PNG pictures in a browser's page and writes them into `folder`. @returns their paths */
export async function renderPictures<Drawn>(folder: string, browser: string | undefined, draw: (drawing: Drawn) => string[], drawing: Drawn): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const executablePath = browser ?? browserPath();
  const opened = await chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: ['--no-sandbox'] });
  try {
    const page = await opened.newPage();
    const pictures = await page.evaluate<string[], unknown>(draw as (drawing: unknown) => string[], drawing);
    return pictures.map((picture, i) => {
      const path = join(folder, `${String(i).padStart(4, '0')}.png`);
      writeFileSync(path, Buffer.from(picture.slice(picture.indexOf(',') + 1), 'base64'));
      return path;
    });
  } finally {
    await opened.close();
  }
}

/** One or two words, sometimes with a capital or a number. */
export function lineOf(random: () => number): string {
  const word = (): string => words[Math.floor(random() * words.length)] ?? '';
  const first = random() < 0.3 ? word().replace(/^./, (letter) => letter.toUpperCase()) : word();
  const choice = random();
  if (choice < 0.4) return first;
  return choice < 0.8 ? `${first} ${word()}` : `${first} ${Math.floor(random() * 10_000)}`;
}

/** Mulberry32: a few lines that give the same numbers everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Drawing {
  readonly texts: readonly string[];
  readonly hard: boolean;
  readonly seed: number;
}

/** What the page needs of the canvas; typed here because this project's Node side knows no DOM. */
export interface Canvas {
  width: number;
  height: number;
  getContext(kind: '2d'): Context;
  toDataURL(type: string): string;
}
export interface Context {
  font: string;
  fillStyle: string;
  filter: string;
  measureText(text: string): { width: number };
  fillRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void;
  getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  putImageData(image: unknown, x: number, y: number): void;
}
declare const document: { createElement(kind: 'canvas'): Canvas };

/** Runs inside the page: everything it uses must be within it. */
function drawLines({ texts, hard, seed }: Drawing): string[] {
  let state = seed + 12345;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const fonts = ['DejaVu Sans', 'DejaVu Serif', 'DejaVu Sans Mono', 'sans-serif'];
  return texts.map((text) => {
    const canvas = document.createElement('canvas');
    canvas.height = 48;
    canvas.width = 10;
    const size = hard ? 14 + Math.floor(random() * 16) : 28;
    const font = `${hard && random() < 0.3 ? 'bold ' : ''}${size}px "${fonts[Math.floor(random() * (hard ? 4 : 2))] ?? 'sans-serif'}"`;
    const probe = canvas.getContext('2d');
    probe.font = font;
    canvas.width = Math.ceil(probe.measureText(text).width) + 24;
    const context = canvas.getContext('2d');
    const paper = hard ? 150 + random() * 105 : 255;
    const ink = hard ? Math.max(0, paper - 60 - random() * 120) : 0;
    context.fillStyle = `rgb(${paper},${paper},${paper * (hard ? 0.9 : 1)})`;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = `rgb(${ink},${ink},${ink})`;
    context.font = font;
    if (hard) {
      context.filter = `blur(${(random() * 1.6).toFixed(2)}px)`;
      context.setTransform(1, (random() - 0.5) * 0.06, (random() - 0.5) * 0.4, 1, 6, 0);
    }
    context.fillText(text, 10, 24 + size * 0.35);
    if (hard) {
      const image = context.getImageData(0, 0, canvas.width, canvas.height);
      const strength = random() * 50;
      for (let i = 0; i < image.data.length; i += 4) {
        const noise = (random() - 0.5) * strength;
        for (let channel = 0; channel < 3; channel++) image.data[i + channel] = (image.data[i + channel] ?? 0) + noise;
      }
      context.putImageData(image, 0, 0);
    }
    return canvas.toDataURL('image/png');
  });
}

/** Runs inside the page: everything it uses must be within it. */
function drawPages({ pages, seed }: { readonly pages: readonly (readonly string[])[]; readonly seed: number }): string[] {
  let state = seed + 54321;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const fonts = ['DejaVu Sans', 'DejaVu Serif', 'DejaVu Sans Mono', 'sans-serif'];
  const side = 640;
  return pages.map((lines) => {
    const canvas = document.createElement('canvas');
    canvas.width = side;
    canvas.height = side;
    const context = canvas.getContext('2d');
    const paper = 170 + random() * 85;
    context.fillStyle = `rgb(${paper},${paper},${paper * 0.95})`;
    context.fillRect(0, 0, side, side);
    context.setTransform(1, (random() - 0.5) * 0.06, (random() - 0.5) * 0.06, 1, 0, 0);
    lines.forEach((text, i) => {
      const size = 16 + Math.floor(random() * 24);
      const ink = Math.max(0, paper - 90 - random() * 120);
      context.fillStyle = `rgb(${ink},${ink},${ink})`;
      context.font = `${random() < 0.3 ? 'bold ' : ''}${size}px "${fonts[Math.floor(random() * fonts.length)] ?? 'sans-serif'}"`;
      context.fillText(text, 20 + random() * 160, ((i + 0.6) * side) / lines.length);
    });
    const image = context.getImageData(0, 0, side, side);
    const strength = random() * 30;
    for (let i = 0; i < image.data.length; i += 4) {
      const noise = (random() - 0.5) * strength;
      for (let channel = 0; channel < 3; channel++) image.data[i + channel] = (image.data[i + channel] ?? 0) + noise;
    }
    context.putImageData(image, 0, 0);
    return canvas.toDataURL('image/png');
  });
}
