// The editor's theme as the canvas needs it: --vscode-* colours as numbers, and a call when the person changes theme.
import type { Disposable } from '../../src/base/disposable';
import type { Rgb } from './cividis';

/** Straight (not premultiplied) colour, 0–255 and alpha 0–1. */
export type Rgba = readonly [red: number, green: number, blue: number, alpha: number];

/** Everything drawn on a canvas takes its colours from here. */
export interface Theme {
  readonly background: Rgba;
  readonly foreground: Rgba;
  readonly muted: Rgba;
  readonly border: Rgba;
  readonly frame: Rgba;
  readonly edge: Rgba;
  readonly focus: Rgba;
  readonly link: Rgba;
  readonly input: Rgba;
  readonly fontFamily: string;
  readonly fontSize: number;
  readonly highContrast: boolean;
}

/** Theme colour → the variables it may come from, the first one set wins. High contrast themes leave many unset. */
const sources = {
  background: ['--vscode-editor-background'],
  foreground: ['--vscode-foreground', '--vscode-editor-foreground'],
  muted: ['--vscode-descriptionForeground', '--vscode-foreground'],
  border: ['--vscode-contrastBorder', '--vscode-widget-border', '--vscode-panel-border', '--vscode-foreground'],
  frame: ['--vscode-sideBar-background', '--vscode-editorWidget-background', '--vscode-editor-background'],
  edge: ['--vscode-descriptionForeground', '--vscode-foreground'],
  focus: ['--vscode-focusBorder', '--vscode-textLink-foreground'],
  link: ['--vscode-textLink-foreground', '--vscode-foreground'],
  input: ['--vscode-input-background', '--vscode-editor-background'],
} as const;

/** Parses what a computed style returns for a colour: #rgb, #rrggbb, #rrggbbaa, rgb(), rgba(). */
export function parseColour(text: string): Rgba | undefined {
  const value = text.trim();
  const hex = /^#([0-9a-f]{3,8})$/iu.exec(value)?.[1];
  if (hex !== undefined) {
    const wide = hex.length <= 4 ? Array.from(hex).map((digit) => digit + digit).join('') : hex;
    const channel = (index: number): number => Number.parseInt(wide.slice(index * 2, index * 2 + 2), 16);
    return [channel(0), channel(1), channel(2), wide.length >= 8 ? channel(3) / 255 : 1];
  }
  const numbers = /^rgba?\(([^)]+)\)$/iu.exec(value)?.[1]?.split(/[\s,/]+/u).filter((part) => part !== '');
  if (numbers === undefined || numbers.length < 3) return undefined;
  const [red = 0, green = 0, blue = 0] = numbers.map(Number);
  const alpha = numbers[3];
  return [red, green, blue, alpha === undefined ? 1 : alpha.endsWith('%') ? Number.parseFloat(alpha) / 100 : Number(alpha)];
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const colour = (name: keyof typeof sources): Rgba => {
    for (const variable of sources[name]) {
      const parsed = parseColour(style.getPropertyValue(variable));
      if (parsed !== undefined) return parsed;
    }
    return parseColour(style.color) ?? [128, 128, 128, 1];
  };
  return {
    background: colour('background'),
    foreground: colour('foreground'),
    muted: colour('muted'),
    border: colour('border'),
    frame: colour('frame'),
    edge: colour('edge'),
    focus: colour('focus'),
    link: colour('link'),
    input: colour('input'),
    fontFamily: style.fontFamily,
    fontSize: Number.parseFloat(style.fontSize) || 13,
    highContrast: document.body.classList.contains('vscode-high-contrast') || document.body.classList.contains('vscode-high-contrast-light'),
  };
}

/** Calls `changed` when VS Code swaps the theme: it rewrites the body's classes and the root's style. */
export function onThemeChange(changed: () => void): Disposable {
  const observer = new MutationObserver(() => changed());
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  return { dispose: () => observer.disconnect() };
}

export function css([red, green, blue, alpha]: Rgba, opacity = 1): string {
  return `rgba(${red.toString()}, ${green.toString()}, ${blue.toString()}, ${(alpha * opacity).toString()})`;
}

/** The colour as it appears over `ground`. */
export function over(colour: Rgba, ground: Rgba): Rgb {
  const mix = (index: 0 | 1 | 2): number => colour[index] * colour[3] + ground[index] * (1 - colour[3]);
  return [mix(0), mix(1), mix(2)];
}
