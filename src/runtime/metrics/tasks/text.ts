// Metrics of texts read off a sequence of scores (CTC): exact match and character error rate.
import { readFileSync } from 'node:fs';
import { editDistance } from '../../../base/editDistance';
import { LatheError, toLatheError } from '../../../base/errors';
import type { MetricSpec } from '../../../protocol/taskMetrics';
import { toFloat64Array } from '../../../tensor/decode';
import { isFloat } from '../../../tensor/elementType';
import type { Label } from '../../data/samples';
import { judgedOutput, missingLabel } from '../answers';
import { meanOf, type Answer, type MetricRule, type Statistic } from '../metric';

/** A text as its characters: of the charset, or class numbers where there is none. */
type Reading = readonly string[];

interface Read {
  readonly found: Reading;
  readonly expected: Reading;
}

/** Share of texts that are read without any mistake; spaces at the ends do not count. */
export function exactMatch(spec: MetricSpec): MetricRule<Read> {
  const score = ({ found, expected }: Read): number => (found.length === expected.length && found.every((character, i) => character === expected[i]) ? 1 : 0);
  return { name: spec.name, unit: 'share', higherIsBetter: true, note: reader(spec), score, statistic: (notes) => meanOf(notes.map(score)) };
}

/** Characters to insert, remove or replace over all texts / characters of all texts (Levenshtein 1966). May exceed 1. */
export function characterErrorRate(spec: MetricSpec): MetricRule<Read> {
  return {
    name: spec.name,
    unit: 'share',
    higherIsBetter: false,
    note: reader(spec),
    statistic: (notes): Statistic => {
      const errors = notes.map(({ found, expected }) => editDistance(found, expected));
      const [meanErrors, meanLength] = [meanOf(errors), meanOf(notes.map(({ expected }) => expected.length))];
      return (weights) => meanErrors(weights) / meanLength(weights);
    },
  };
}

const mostCharsetBytes = 4e6;

/** The characters of a file with one per line, in order; a line that is one space is a space. @throws LatheError `not-found`, `too-large` */
export function readCharset(path: string): string[] {
  try {
    const bytes = readFileSync(path);
    if (bytes.byteLength > mostCharsetBytes) throw new LatheError('too-large', 'The file is too large for a list of characters.', { file: path, hint: 'Give a file with one character per line.' });
    const lines = bytes.toString('utf8').replace(/^\uFEFF/, '').split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    return lines;
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

function reader(spec: MetricSpec): (answer: Answer) => Read {
  const charset = spec.charset === undefined ? undefined : readCharset(spec.charset);
  return ({ outputs, label }) => {
    const output = judgedOutput(outputs, spec, ({ elementType, dims }) => isFloat(elementType) && dims.length >= 2 && dims.length <= 3, 'a sequence of scores of classes');
    const classes = output.dims.at(-1) ?? 0;
    const steps = output.dims.slice(0, -1).reduce((product, dim) => product * dim, 1);
    const long = output.dims.slice(0, -1).filter((dim) => dim > 1);
    if (long.length > 1 || classes < 2) throw new LatheError('usage', `${spec.name} reads one text per sample, and output ${output.name} of shape [${output.dims.join(', ')}] holds something else.`, { item: output.name });
    const alphabet = charset === undefined ? undefined : alphabetOf(charset, classes, spec);
    const found = greedyPath(toFloat64Array(output), steps, classes, spec.blank === 'last' ? classes - 1 : 0);
    const expected = expectedReading(spec, label, alphabet !== undefined);
    return { found: trimmed(found.map((index) => (alphabet === undefined ? String(index) : (alphabet[index] ?? '\uFFFD')))), expected };
  };
}

/** Characters by class. One class more than characters and blank is the space, as PaddleOCR appends it. */
function alphabetOf(charset: readonly string[], classes: number, spec: MetricSpec): readonly string[] {
  const missing = classes - 1 - charset.length;
  if (missing !== 0 && missing !== 1) throw new LatheError('usage', `The output has ${classes} classes, which do not go with a blank and ${charset.length} characters.`, { ...(spec.charset === undefined ? {} : { file: spec.charset }), hint: 'Give the character list the model was trained with.' });
  const characters = missing === 1 ? [...charset, ' '] : charset;
  return spec.blank === 'last' ? characters : ['', ...characters];
}

/** CTC's best path (Graves et al. 2006): the best class of each step, repeats merged, blanks dropped. NaN scores read as nothing. */
function greedyPath(values: Float64Array, steps: number, classes: number, blank: number): number[] {
  const path: number[] = [];
  let before = blank;
  for (let step = 0; step < steps; step++) {
    let best = blank;
    let score = -Infinity;
    for (let i = 0; i < classes; i++) {
      const value = values[step * classes + i] ?? NaN;
      if (value > score) [best, score] = [i, value];
    }
    if (best !== blank && best !== before) path.push(best);
    before = best;
  }
  return path;
}

/** Without a charset the label is class numbers with spaces between. */
function expectedReading(spec: MetricSpec, label: Label | undefined, hasCharset: boolean): Reading {
  const { text } = label ?? {};
  if (text === undefined) throw missingLabel(spec.name, 'a text', label);
  if (hasCharset) return trimmed(Array.from(text));
  const numbers = text.trim() === '' ? [] : text.trim().split(/\s+/);
  if (!numbers.every((number) => /^\d+$/.test(number))) throw new LatheError('usage', `The label “${text.slice(0, 60)}” is a text, and which characters the classes stand for is not known.`, { item: spec.name, hint: 'Give the list of characters with --charset.' });
  return numbers.map((number) => String(Number(number)));
}

function trimmed(characters: readonly string[]): Reading {
  let [start, end] = [0, characters.length];
  while (start < end && characters[start] === ' ') start++;
  while (end > start && characters[end - 1] === ' ') end--;
  return characters.slice(start, end);
}
