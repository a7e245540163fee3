// What the options of `lathe` mean, and the errors for those that mean nothing.
import { publishedDevices } from '../analysis/roofline';
import { LatheError } from '../base/errors';
import { pictureOrders, pixelScales, type PictureOptions, type PictureOrder, type PixelScale } from '../protocol/measurement';
import type { Goal } from '../protocol/report';

/** `batch=1,seq=128` → bindings of dimension symbols, beside those of a `--bind` before. @throws LatheError `usage`. */
export function parseBindings(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const bindings = new Map(Object.entries(before));
  for (const part of text.split(',')) {
    const match = /^\s*(.+?)\s*=\s*(\d+)\s*$/.exec(part);
    const value = Number(match?.[2]);
    if (match?.[1] === undefined || !Number.isSafeInteger(value))
      throw new LatheError('usage', `--bind: "${part}" is not name=integer.`, { hint: 'Write for example --bind batch=1,seq=128.' });
    bindings.set(match[1], value);
  }
  return Object.fromEntries(bindings);
}

/** Where figures are measured; other targets are only named. */
export const thisMachine = 'this machine';

/** A published device by the start of its name, or this machine. @throws LatheError `usage`. */
export function parseTarget(text: string): string {
  const names = [thisMachine, ...publishedDevices.map(({ name }) => name)];
  const found = names.filter((name) => name.toLowerCase().startsWith(text.trim().toLowerCase()));
  const [target] = found;
  if (target === undefined || found.length > 1) throw new LatheError('usage', `--target: "${text}" ${target === undefined ? 'is not a known device' : 'fits several devices'}.`, { hint: `Known: ${names.join('; ')}.` });
  return target;
}

const goals = ['latency', 'size', 'memory', 'simplification'] as const satisfies readonly Goal[];

export function parseGoal(text: string): Goal {
  return oneOf('--goal', goals, text);
}

/** How `lathe text` names large weights. */
export function parseWeights(text: string): 'place' | 'content' {
  return oneOf('--weights', ['place', 'content'] as const, text);
}

/** How a folder of pictures is fed. */
export interface PictureArguments {
  readonly data?: string;
  readonly imageOrder?: PictureOrder;
  readonly imageScale?: PixelScale;
}

export function parsePictureOrder(text: string): PictureOrder {
  return oneOf('--image-order', pictureOrders, text);
}

export function parsePixelScale(text: string): PixelScale {
  return oneOf('--image-scale', pixelScales, text);
}

/** @throws LatheError `usage` for pictures' options without data that could be pictures. */
export function picturesOf({ data, imageOrder, imageScale }: PictureArguments): PictureOptions | undefined {
  if (imageOrder === undefined && imageScale === undefined) return undefined;
  if (data === undefined) throw new LatheError('usage', '--image-order and --image-scale say how images are fed, but there are no data.', { hint: 'Give a folder of PNG or JPEG images with --data.' });
  return { order: imageOrder ?? 'rgb', scale: imageScale ?? 'auto' };
}

/** A whole number of at least `minimum`. @throws LatheError `usage`. */
export function parseInteger(option: string, minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum) throw new LatheError('usage', `${option}: "${text}" is not a whole number of at least ${minimum}.`);
    return value;
  };
}

/** A number. @throws LatheError `usage`. */
export function parseNumber(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) throw new LatheError('usage', `${option}: "${text}" is not a number.`);
    return value;
  };
}

/** A number above zero. @throws LatheError `usage`. */
export function parsePositive(option: string): (text: string) => number {
  return (text) => {
    const value = parseNumber(option)(text);
    if (value <= 0) throw new LatheError('usage', `${option}: "${text}" is not above 0.`);
    return value;
  };
}

function oneOf<T extends string>(option: string, allowed: readonly T[], text: string): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw new LatheError('usage', `${option}: "${text}" is not one of ${allowed.join(', ')}.`);
  return found;
}
