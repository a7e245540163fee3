// How often two models come to the same answer: the class with the highest score, the text read off a sequence of scores, or, for other outputs, their SQNR.
import type { MetricValue } from '../protocol/measurement';
import { toFloat64Array } from '../tensor/decode';
import { isFloat } from '../tensor/elementType';
import type { Tensor } from '../tensor/tensor';
import { bootstrap, mean } from './statistics';

type Kind = 'agreement-top1' | 'agreement-sequence' | 'sqnr';

/** SQNR of outputs that are equal to the last bit, and the most any is counted as; float32 rounding alone gives about 140 dB. */
const mostDecibels = 150;
/** How far a row of probabilities may sum from 1 (float32 and float16 rounding over thousands of classes). */
const sumTolerance = 0.02;
const seed = 1;

/** Gathers one figure per answer: 1 or 0 for agreement on a class, the share of a sequence that is read alike, decibels for SQNR. */
export class AgreementMeter {
  private kind: Kind | undefined;
  private readonly figures: number[] = [];

  add(a: Tensor | undefined, b: Tensor | undefined): void {
    if (a === undefined || !isFloat(a.elementType)) return;
    const reference = toFloat64Array(a);
    this.kind ??= kindOf(a.dims, reference);
    const other = b?.dims.join() === a.dims.join() ? toFloat64Array(b) : undefined;
    switch (this.kind) {
      case 'sqnr':
        this.figures.push(other === undefined ? 0 : decibels(reference, other));
        return;
      case 'agreement-top1':
      case 'agreement-sequence':
        this.addAnswers(this.kind, a.dims, reference, other);
        return;
      default:
        this.kind satisfies never;
    }
  }

  private addAnswers(kind: 'agreement-top1' | 'agreement-sequence', dims: readonly number[], reference: Float64Array, other: Float64Array | undefined): void {
    const classes = dims.at(-1) ?? 1;
    const perAnswer = kind === 'agreement-top1' ? 1 : (dims.at(-2) ?? 1);
    const expected = argmaxRows(reference, classes);
    const found = other === undefined ? undefined : argmaxRows(other, classes);
    const blank = kind === 'agreement-sequence' ? blankOf(expected, classes) : -1;
    for (let start = 0; start < expected.length; start += perAnswer) {
      const answer = collapse(expected.slice(start, start + perAnswer), blank);
      this.figures.push(found === undefined ? 0 : similarity(answer, collapse(found.slice(start, start + perAnswer), blank)));
    }
  }

  /** Undefined where there was nothing to measure. Shares of answers carry Wilson's interval, the others a bootstrap one. */
  result(): MetricValue | undefined {
    const { kind, figures } = this;
    if (kind === undefined || figures.length === 0) return undefined;
    if (kind !== 'agreement-top1') {
      const { value, low, high } = bootstrap(figures, mean, seed);
      return { name: kind, value, low, high, samples: figures.length };
    }
    return { name: kind, value: mean(figures), ...wilson(mean(figures), figures.length), samples: figures.length };
  }
}

/** N×C is classes; N×T×C whose rows are probabilities (or their logarithms) is a sequence of classes; anything else is compared as numbers. */
function kindOf(dims: readonly number[], values: Float64Array): Kind {
  const classes = dims.at(-1) ?? 0;
  if (dims.length === 2 && classes >= 2) return 'agreement-top1';
  if (dims.length === 3 && classes >= 3 && rowsAreProbabilities(values, classes)) return 'agreement-sequence';
  return 'sqnr';
}

function rowsAreProbabilities(values: Float64Array, classes: number): boolean {
  const row = values.subarray(0, classes);
  const plain = row.every((value) => value >= 0);
  const logarithms = row.every((value) => value <= 0);
  if (!plain && !logarithms) return false;
  const sum = row.reduce((total, value) => total + (plain ? value : Math.exp(value)), 0);
  return Math.abs(sum - 1) < sumTolerance;
}

function argmaxRows(values: Float64Array, classes: number): number[] {
  const rows = Math.floor(values.length / classes);
  return Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let i = 1; i < classes; i++) if ((values[row * classes + i] ?? 0) > (values[row * classes + best] ?? 0)) best = i;
    return best;
  });
}

/** The blank of CTC (Graves et al. 2006) is the first or the last class: the one chosen more often. */
function blankOf(chosen: readonly number[], classes: number): number {
  const count = (wanted: number): number => chosen.filter((index) => index === wanted).length;
  return count(classes - 1) > count(0) ? classes - 1 : 0;
}

/** CTC's reading of a path: repeats merged, blanks dropped; a single class is itself. */
function collapse(path: readonly number[], blank: number): number[] {
  return path.filter((index, i) => index !== blank && index !== path[i - 1]);
}

/**
 * 1 − edit distance / length (Levenshtein 1966; the character error rate's complement): a long line in which the source was
 * unsure of one character is not wholly lost. For single classes it is 1 or 0.
 */
function similarity(a: readonly number[], b: readonly number[]): number {
  const distances = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, symbol] of a.entries()) {
    let diagonal = i;
    distances[0] = i + 1;
    for (const [j, other] of b.entries()) {
      const above = distances[j + 1] ?? 0;
      distances[j + 1] = Math.min(above + 1, (distances[j] ?? 0) + 1, diagonal + (symbol === other ? 0 : 1));
      diagonal = above;
    }
  }
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 1 : 1 - (distances[b.length] ?? 0) / longest;
}

function decibels(reference: Float64Array, other: Float64Array): number {
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < reference.length; i++) {
    const value = reference[i] ?? 0;
    signal += value ** 2;
    noise += (value - (other[i] ?? 0)) ** 2;
  }
  if (noise === 0) return mostDecibels;
  const ratio = 10 * Math.log10(signal / noise);
  return Number.isNaN(ratio) ? 0 : Math.max(-mostDecibels, Math.min(mostDecibels, ratio));
}

/** 95 % score interval of a share (Wilson 1927). */
export function wilson(share: number, count: number): { low: number; high: number } {
  const z = 1.959964;
  const centre = (share + z ** 2 / (2 * count)) / (1 + z ** 2 / count);
  const half = (z / (1 + z ** 2 / count)) * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
