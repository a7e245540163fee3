// How often two models come to the same answer: the class with the highest score, the text read off a sequence of scores, the same whole numbers, or, for other outputs, their SQNR.
import { editDistance } from '../../base/editDistance';
import type { MetricValue } from '../../protocol/measurement';
import { toFloat64Array } from '../../tensor/decode';
import { elementBits, isFloat } from '../../tensor/elementType';
import { type Tensor, elementCount } from '../../tensor/tensor';
import { wilson } from './intervals';
import { bootstrap, mean } from './statistics';

type Kind = 'agreement-top1' | 'agreement-sequence' | 'agreement-equal' | 'sqnr';

/** SQNR of outputs that are equal to the last bit, and the most any is counted as; float32 rounding alone gives about 140 dB. */
export const mostDecibels = 150;
/** How far a row of probabilities may sum from 1 (float32 and float16 rounding over thousands of classes). */
const sumTolerance = 0.02;
const seed = 1;

/** Gathers one figure per answer: 1 or 0 for agreement on a class, the share of a sequence or of whole numbers that is alike, decibels for SQNR. */
export class AgreementMeter {
  private kind: Kind | undefined;
  private readonly figures: number[] = [];

  /** @param output the output's name, which may say that it holds scores of classes */
  constructor(private readonly output = '') {}

  add(a: Tensor | undefined, b: Tensor | undefined): void {
    if (a === undefined) return;
    const reference = isFloat(a.elementType) ? toFloat64Array(a) : undefined;
    this.kind ??= reference === undefined ? 'agreement-equal' : kindOf(this.output, a.dims, reference);
    const comparable = b?.dims.join() === a.dims.join() ? b : undefined;
    if (reference === undefined) {
      this.figures.push(comparable === undefined ? 0 : shareEqual(a, comparable));
      return;
    }
    const other = comparable === undefined ? undefined : toFloat64Array(comparable);
    switch (this.kind) {
      case 'sqnr':
      case 'agreement-equal':
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
    const blank = kind === 'agreement-sequence' ? blankOf(expected, classes) : noBlank;
    for (let start = 0; start < expected.length; start += perAnswer) {
      const path = expected.slice(start, start + perAnswer);
      // Where the source itself gives no class, there is nothing to agree on.
      if (path.includes(noClass)) continue;
      this.figures.push(found === undefined ? 0 : similarity(collapse(path, blank), collapse(found.slice(start, start + perAnswer), blank)));
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

/** Names that exporters give to scores of classes. */
const namesOfClasses = /logit|prob|softmax|class|score|label|pred/i;
/**
 * Numbers of classes in the data sets classifiers are usually trained on: digits and CIFAR, CIFAR-100, Food-101, Oxford flowers, Places, Kinetics,
 * YAMNet and AudioSet, ImageNet (also with a background class) and ImageNet-21k. Embeddings and coordinates come in other sizes.
 */
const usualClassCounts: ReadonlySet<number> = new Set([10, 100, 101, 102, 365, 400, 521, 527, 600, 700, 1000, 1001, 21_841, 21_843]);

/**
 * N×C is classes where the rows are probabilities (or their logarithms), the output's name says so or C is a usual number of classes: the
 * greatest of an embedding's or a regression's numbers means nothing. N×T×C whose rows are probabilities is a sequence of classes. Anything else is compared as numbers.
 */
function kindOf(output: string, dims: readonly number[], values: Float64Array): Kind {
  const classes = dims.at(-1) ?? 0;
  if (dims.length === 2 && classes >= 2 && (namesOfClasses.test(output) || usualClassCounts.has(classes) || rowsAreProbabilities(values, classes))) return 'agreement-top1';
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

/** The class of a row that holds NaN: none, so that it agrees with nothing. */
const noClass = -2;

function argmaxRows(values: Float64Array, classes: number): number[] {
  const rows = Math.floor(values.length / classes);
  return Array.from({ length: rows }, (_, row) => {
    const scores = values.subarray(row * classes, (row + 1) * classes);
    if (scores.some(Number.isNaN)) return noClass;
    let best = 0;
    for (let i = 1; i < classes; i++) if ((scores[i] ?? 0) > (scores[best] ?? 0)) best = i;
    return best;
  });
}

/** Share of equal elements of two tensors of one shape; nothing differs where there are none. */
function shareEqual(a: Tensor, b: Tensor): number {
  const count = elementCount(a.dims);
  if (count === 0) return 1;
  const equal = equalityOf(a, b);
  let found = 0;
  for (let i = 0; i < count; i++) if (equal(i)) found++;
  return found / count;
}

/** Of one type compared byte by byte (int64 has more digits than a double), of two by value. */
function equalityOf(a: Tensor, b: Tensor): (index: number) => boolean {
  const { strings: left } = a;
  if (left !== undefined || b.strings !== undefined) return (i) => Buffer.compare(left?.[i] ?? new Uint8Array(), b.strings?.[i] ?? new Uint8Array()) === 0;
  if (a.elementType !== b.elementType) {
    const [x, y] = [toFloat64Array(a), toFloat64Array(b)];
    return (i) => x[i] === y[i];
  }
  const [x, y] = [Buffer.from(a.source.read()), Buffer.from(b.source.read())];
  const bytes = elementBits(a.elementType) / 8;
  return (i) => x.compare(y, i * bytes, (i + 1) * bytes, i * bytes, (i + 1) * bytes) === 0;
}

/** Single classes have no blank. */
const noBlank = -1;

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
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 1 : 1 - editDistance(a, b) / longest;
}

function decibels(reference: Float64Array, other: Float64Array): number {
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < reference.length; i++) {
    const value = reference[i] ?? 0;
    // The same infinity, or NaN in both: nothing was lost, and no sum may hold it.
    if (!Number.isFinite(value) && Object.is(value, other[i])) continue;
    signal += value ** 2;
    noise += (value - (other[i] ?? 0)) ** 2;
  }
  if (noise === 0) return mostDecibels;
  const ratio = 10 * Math.log10(signal / noise);
  return Number.isNaN(ratio) ? 0 : Math.max(-mostDecibels, Math.min(mostDecibels, ratio));
}
