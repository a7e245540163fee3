// What the options of `lathe` mean, and the errors for those that mean nothing.
import { publishedDevices } from '../analysis/roofline';
import { LatheError } from '../base/errors';
import { dataSplits, resizeModes, type DataSpec, type DataSplit, type ResizeMode } from '../protocol/data';
import { pictureOrders, pixelScales, type PictureOptions, type PictureOrder, type PixelScale } from '../protocol/measurement';
import type { Goal } from '../protocol/report';
import { taskMetricNames, type MetricSpec, type MostLoss, type TaskMetricName } from '../protocol/taskMetrics';
import { readMostLoss } from '../recipes/taskLimit';
import { isDescription, readDescription } from '../runtime/data/description';

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

/** Which data, and how they are fed. */
export interface PictureArguments {
  readonly data?: string;
  readonly imageOrder?: PictureOrder;
  readonly imageScale?: PixelScale;
  readonly imageResize?: ResizeMode;
  readonly labels?: string;
  readonly tokenizer?: string;
}

/**
 * The data asked for: a path, or a description where more is said of them than a path can say.
 * @throws LatheError `usage` for options of data without data
 */
export function dataOf({ data, imageResize, labels, tokenizer }: PictureArguments): string | DataSpec | undefined {
  if (imageResize === undefined && labels === undefined && tokenizer === undefined) return data;
  if (data === undefined) throw new LatheError('usage', '--labels, --tokenizer and --image-resize say how data are fed, but there are no data.', { hint: 'Give them with --data.' });
  const spec = isDescription(data) ? readDescription(data) : { path: data };
  return {
    ...spec,
    ...(labels === undefined ? {} : { labels }),
    ...(tokenizer === undefined ? {} : { text: { ...spec.text, tokenizer } }),
    ...(imageResize === undefined ? {} : { pictures: { ...spec.pictures, resize: imageResize } }),
  };
}

export function parseResize(text: string): ResizeMode {
  return oneOf('--image-resize', resizeModes, text);
}

/** Which metric, and what it has to know. */
export interface MetricArguments {
  readonly metric?: TaskMetricName;
  readonly metricOutput?: string;
  readonly charset?: string;
  readonly blank?: 'first' | 'last';
  readonly positive?: number;
  readonly peak?: number;
}

/** @throws LatheError `usage` for options of a metric without one */
export function metricOf({ metric, metricOutput, charset, blank, positive, peak }: MetricArguments): MetricSpec | undefined {
  const details = { ...(metricOutput === undefined ? {} : { output: metricOutput }), ...(charset === undefined ? {} : { charset }), ...(blank === undefined ? {} : { blank }), ...(positive === undefined ? {} : { positive }), ...(peak === undefined ? {} : { peak }) };
  if (metric !== undefined) return { name: metric, ...details };
  if (Object.keys(details).length > 0) throw new LatheError('usage', '--metric-output, --charset, --blank, --positive and --peak say how a metric judges, but there is no --metric.');
  return undefined;
}

export function parseMetric(text: string): TaskMetricName {
  return oneOf('--metric', taskMetricNames, text);
}

export function parseBlank(text: string): 'first' | 'last' {
  return oneOf('--blank', ['first', 'last'] as const, text);
}

export function parseSplit(text: string): DataSplit {
  return oneOf('--split', dataSplits, text);
}

/** `0.5pp` → 0.005, `0.3dB` → 0.3, `2%` of the source's figure; a bare number is in the metric's unit. @throws LatheError `usage` */
export function parseMostLoss(text: string): MostLoss {
  const loss = readMostLoss(text);
  if (loss === undefined) throw new LatheError('usage', `--max-loss: "${text}" is no loss.`, { hint: 'Write percentage points (0.5pp), decibels (0.3dB), a share of the source (2%) or a number in the metric’s unit.' });
  return loss;
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
