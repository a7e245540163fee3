// Text that is hard to read: strings at three levels of degradation, in splits that share none, rendered once per machine.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Context, type Canvas, browserPath, lineOf, renderPictures, seeded } from '../textLines';

export interface Split {
  /** Folder of PNG pictures, in the order of `texts`. */
  readonly folder: string;
  readonly texts: readonly string[];
  /** Index into {@link levels} of each text. */
  readonly levels: readonly number[];
}

interface Level {
  readonly name: string;
  /** Letter height in pixels of a line 48 pixels high. */
  readonly size: readonly [number, number];
  /** Most degrees by which a line is turned, either way. */
  readonly degrees: number;
  /** Standard deviation of the Gaussian blur, pixels, at most. */
  readonly blur: number;
  /** Width of the uniform noise in units of 255. */
  readonly noise: number;
  /** Difference between ink and paper. */
  readonly contrast: readonly [number, number];
}

/** Chosen on a split of its own so that the float model reads about 95, 90 and 85 %. */
export const levels: readonly Level[] = [
  { name: 'light', size: [18, 31], degrees: 1, blur: 1.3, noise: 52, contrast: [72, 170] },
  { name: 'medium', size: [17, 30], degrees: 1.5, blur: 1.35, noise: 56, contrast: [70, 155] },
  { name: 'strong', size: [17, 29], degrees: 2, blur: 1.4, noise: 58, contrast: [68, 150] },
];

/** Splits by name and size; no string stands in two of them. */
export type SplitSizes = Readonly<Record<string, number>>;

/** Renders the splits, or finds them rendered: the cache is keyed by all that decides how they look. */
export async function hardText(sizes: SplitSizes, seed: number): Promise<ReadonlyMap<string, Split>> {
  const random = seeded(seed);
  const used = new Set<string>();
  const splits = new Map<string, Split>();
  for (const [name, count] of Object.entries(sizes)) {
    const texts: string[] = [];
    while (texts.length < count) {
      const text = lineOf(random);
      if (used.has(text)) continue;
      used.add(text);
      texts.push(text);
    }
    const drawing: Drawing = { texts, levels, levelOf: texts.map((_, i) => i % levels.length), seed: seed + splits.size };
    splits.set(name, { folder: await rendered(name, drawing), texts, levels: drawing.levelOf });
  }
  return splits;
}

async function rendered(name: string, drawing: Drawing): Promise<string> {
  const browser = browserPath();
  const made = browser === undefined ? [] : [browser, statSync(browser).size, statSync(browser).mtimeMs];
  const key = createHash('sha256').update(JSON.stringify([drawLevels.toString(), drawing, made])).digest('hex').slice(0, 16);
  const cache = join(process.env['MODEL_LATHE_CACHE'] ?? join(homedir(), '.cache', 'model-lathe'), 'bench');
  const folder = join(cache, `hard-text-${name}-${key}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  try {
    await renderPictures(unfinished, browser, drawLevels, drawing);
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

interface Drawing {
  readonly texts: readonly string[];
  readonly levels: readonly Level[];
  readonly levelOf: readonly number[];
  readonly seed: number;
}

declare const document: { createElement(kind: 'canvas'): Canvas };

/** Runs inside the page: everything it uses must be within it. */
function drawLevels({ texts, levels: all, levelOf, seed }: Drawing): string[] {
  let state = seed + 777;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const between = ([low, high]: readonly [number, number]): number => low + random() * (high - low);
  const fonts = ['DejaVu Sans', 'DejaVu Serif', 'DejaVu Sans Mono', 'sans-serif'];
  const height = 48;
  const margin = 14;
  return texts.map((text, i) => {
    const level = all[levelOf[i] ?? 0];
    if (level === undefined) return '';
    const canvas = document.createElement('canvas');
    const size = Math.round(between(level.size));
    const font = `${random() < 0.3 ? 'bold ' : ''}${size}px "${fonts[Math.floor(random() * fonts.length)] ?? 'sans-serif'}"`;
    const probe: Context = canvas.getContext('2d');
    probe.font = font;
    const wide = probe.measureText(text).width;
    // A long line may not be turned out of the picture.
    const steepest = Math.max(0, (height - size * 1.3) / 2) / (wide / 2);
    const angle = Math.max(-steepest, Math.min(steepest, ((random() * 2 - 1) * level.degrees * Math.PI) / 180));
    canvas.height = height;
    canvas.width = Math.ceil(wide) + 2 * margin;
    const context: Context = canvas.getContext('2d');
    const paper = 130 + random() * 125;
    const contrast = between(level.contrast);
    // Dark on bright, or bright on dark where there is room.
    const ink = paper - contrast < 0 || (random() < 0.3 && paper + contrast <= 255) ? Math.min(255, paper + contrast) : paper - contrast;
    context.fillStyle = `rgb(${paper},${paper * (0.9 + random() * 0.1)},${paper * (0.85 + random() * 0.15)})`;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = `rgb(${ink},${ink},${ink})`;
    context.font = font;
    context.filter = `blur(${(random() * level.blur).toFixed(2)}px)`;
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    context.setTransform(cosine, sine, -sine, cosine, canvas.width / 2, height / 2);
    context.fillText(text, -wide / 2, size * 0.35);
    const image = context.getImageData(0, 0, canvas.width, canvas.height);
    const strength = level.noise * (0.5 + random() * 0.5);
    for (let at = 0; at < image.data.length; at += 4) {
      const noise = (random() - 0.5) * strength;
      for (let channel = 0; channel < 3; channel++) image.data[at + channel] = (image.data[at + channel] ?? 0) + noise;
    }
    context.putImageData(image, 0, 0);
    return canvas.toDataURL('image/png');
  });
}
