// Values for the open input dimensions where the person gave none: what such inputs usually are, so that a model runs at the first click.
import { LatheError } from '../base/errors';
import type { ElementType } from '../tensor/elementType';
import { type Dimension, symbolsOf } from './dimension';
import { fedInputs, inputShape } from './inputs';
import type { Graph, Shape } from './model';

const imageSide = 224;
/** Width of a text line whose height is fixed (PP-OCR's own default at height 48). */
const lineWidth = 320;
const tokens = 128;
/** A window of audio at 16 kHz as voice detectors take it. */
const audioSamples = 512;
/** One second of sound at 16 kHz, for what is fed whole recordings. */
const recording = 16_000;

interface Guess {
  readonly input: string;
  readonly shape: Shape;
  readonly axis: number;
  readonly symbol: string;
  readonly elementType: ElementType;
}

/** First rule that fits decides; a dimension none fits is 1. */
const rules: readonly { readonly fits: (guess: Guess) => boolean; readonly value: number }[] = [
  { fits: ({ axis }) => axis === 0, value: 1 },
  { fits: ({ symbol }) => /batch|^b$/i.test(symbol), value: 1 },
  { fits: ({ symbol }) => /past|cache/i.test(symbol), value: 1 },
  { fits: ({ shape, axis }) => isImage(shape) && fixedSides(shape) && isSide(shape, axis), value: lineWidth },
  { fits: ({ shape, axis }) => isImage(shape) && isSide(shape, axis), value: imageSide },
  { fits: ({ shape, elementType }) => shape.length === 2 && /^int/.test(elementType), value: tokens },
  { fits: ({ input, shape, elementType }) => shape.length <= 2 && elementType.startsWith('float') && /wave|audio|speech|pcm/i.test(input), value: recording },
  { fits: ({ shape, elementType, axis }) => shape.length === 2 && axis === 1 && elementType.startsWith('float'), value: audioSamples },
  { fits: ({ symbol }) => /seq|length|token/i.test(symbol), value: tokens },
];

const channels: readonly Dimension[] = [1, 3, 4];

/** Four axes with a channel axis as pictures have: N×C×H×W or N×H×W×C. */
function isImage(shape: Shape): boolean {
  return shape.length === 4 && (channels.includes(shape[1]) || channels.includes(shape[3]));
}

/** Axes of height and width. */
function sides(shape: Shape): readonly number[] {
  return channels.includes(shape[1]) ? [2, 3] : [1, 2];
}

function isSide(shape: Shape, axis: number): boolean {
  return sides(shape).includes(axis);
}

function fixedSides(shape: Shape): boolean {
  return sides(shape).some((axis) => typeof shape[axis] === 'number');
}

/** A value for every symbol of the fed inputs' shapes: the one given, else a usual one. */
export function defaultBindings(graph: Graph, given: Readonly<Record<string, number>> = {}): Record<string, number> {
  const bindings = new Map<string, number>();
  for (const input of fedInputs(graph)) {
    const shape = inputShape(input);
    if (shape === undefined || input.type?.kind !== 'tensor') continue;
    for (const [axis, dimension] of shape.entries())
      for (const symbol of symbolsOf(dimension)) {
        const guess = { input: input.name, shape, axis, symbol, elementType: input.type.elementType };
        if (!bindings.has(symbol)) bindings.set(symbol, rules.find(({ fits }) => fits(guess))?.value ?? 1);
      }
  }
  // A symbol keeps its place; what is given and not in the model is passed on for others to judge.
  return { ...Object.fromEntries(bindings), ...given };
}

/** For what a person typed. @throws LatheError `usage` for a dimension that no fed input leaves open. */
export function assertBindable(graph: Graph, given: Readonly<Record<string, number>>): void {
  const open = Object.keys(defaultBindings(graph));
  const unknown = Object.keys(given).find((name) => !open.includes(name));
  if (unknown === undefined) return;
  throw new LatheError('usage', `No input of the model leaves a dimension "${unknown}" open.`, { item: unknown, hint: open.length === 0 ? 'The shapes of its inputs are fixed.' : `Open dimensions: ${open.join(', ')}.` });
}
