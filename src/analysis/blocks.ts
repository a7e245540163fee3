// Repeated blocks of a graph whose names say nothing: cut where a single value crosses, then find what repeats.
import { nodeReads } from '../graph/traverse';
import type { LayerAnalysis } from './analyze';

/** A run of layers (numbers into the sequence given), and the equal runs that follow it directly. */
export interface Repetition {
  /** First and one past the last position of each repeat. */
  readonly repeats: readonly (readonly [number, number])[];
}

/** Longest block that is looked for, in segments. */
const longestPeriod = 24;

/**
 * Positions after which the sequence may be cut: a single value made so far is still to be read. Between two cuts lie what
 * belongs together: one layer of a chain, or a residual block, or parallel branches.
 */
export function cutPositions(layers: readonly LayerAnalysis[]): number[] {
  const made = new Map<string, number>();
  const lastRead = new Int32Array(layers.length).fill(-1);
  layers.forEach(({ node }, i) => {
    for (const name of nodeReads(node)) {
      const at = made.get(name);
      if (at !== undefined) lastRead[at] = i;
    }
    for (const name of node.outputs) if (name !== '') made.set(name, i);
  });
  const cuts: number[] = [];
  const ending = new Int32Array(layers.length + 1);
  let alive = 0;
  for (let i = 0; i < layers.length; i++) {
    const last = lastRead[i] ?? -1;
    alive -= ending[i] ?? 0;
    if (last > i) {
      alive++;
      ending[last] = (ending[last] ?? 0) + 1;
    }
    if (alive <= 1) cuts.push(i + 1);
  }
  if (cuts.at(-1) !== layers.length) cuts.push(layers.length);
  return cuts;
}

/** Repetitions of at least two equal blocks (by operators), longest coverage first found from the left; they do not overlap. */
export function findRepetitions(layers: readonly LayerAnalysis[]): Repetition[] {
  const cuts = cutPositions(layers);
  const starts = [0, ...cuts.slice(0, -1)];
  const numbers = new Map<string, number>();
  const signature = Int32Array.from(starts, (start, i) => {
    const text = layers.slice(start, cuts[i]).map(({ node }) => node.opType).join(' ');
    const known = numbers.get(text) ?? numbers.size;
    numbers.set(text, known);
    return known;
  });
  const found: Repetition[] = [];
  const boundary = (segment: number): number => (segment === 0 ? 0 : (cuts[segment - 1] ?? layers.length));
  for (let at = 0; at < signature.length; ) {
    const best = longestRun(signature, at, (segment) => boundary(segment));
    if (best === undefined) at++;
    else {
      const { period, times } = best;
      found.push({ repeats: Array.from({ length: times }, (_, k) => [boundary(at + k * period), boundary(at + (k + 1) * period)] as const) });
      at += period * times;
    }
  }
  return found;
}

/** The period that covers most layers from here on, blocks of at least three layers; of equal cover the shorter. */
function longestRun(signature: Int32Array, at: number, boundary: (segment: number) => number): { readonly period: number; readonly times: number } | undefined {
  let best: { period: number; times: number } | undefined;
  let cover = 0;
  for (let period = 1; period <= longestPeriod && at + 2 * period <= signature.length; period++) {
    if (boundary(at + period) - boundary(at) < leastLayers) continue;
    let same = at;
    while (same + period < signature.length && signature[same] === signature[same + period]) same++;
    const times = Math.floor((same - at) / period) + 1;
    const covered = boundary(at + times * period) - boundary(at);
    if (times > 1 && covered > cover) {
      best = { period, times };
      cover = covered;
    }
  }
  return best;
}

const leastLayers = 3;

/** `Conv·Relu·Add`: the operators of a block, each once, in order of appearance. */
export function blockName(layers: readonly LayerAnalysis[]): string {
  const names = [...new Set(layers.map(({ node }) => node.opType))];
  return names.length > shownOperators ? `${names.slice(0, shownOperators).join('·')}…` : names.join('·');
}

const shownOperators = 3;
