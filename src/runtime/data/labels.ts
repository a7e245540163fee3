// Labels that lie in a file of their own: an array, IDX, or lines that name a file and its label.
import { readFileSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { LatheError, toLatheError } from '../../base/errors';
import { toFloat64Array, toIntegers } from '../../tensor/decode';
import { isFloat } from '../../tensor/elementType';
import { elementCount, type Tensor } from '../../tensor/tensor';
import { isIdx, readIdx } from './files/idx';
import { part, readNpy } from './files/npy';
import { classesOfNames } from './listing';
import type { Label } from './samples';

/** Labels by a sample's number and name, and how many classes they name. */
export interface Labels {
  readonly labelOf: (index: number, name: string) => Label | undefined;
  readonly classes?: number;
}

const mostLabelBytes = 256e6;

/**
 * Reads a file of labels for `count` samples.
 * @throws LatheError `usage` when it holds another number of labels, `malformed`, `not-found`, `too-large`
 */
export function readLabels(path: string, count: number, classes?: readonly string[]): Labels {
  if (extname(path).toLowerCase() === '.npy') return labelsOfArray(readNpy(path), count, path);
  if (isIdx(path)) return labelsOfArray(readIdx(path), count, path);
  return labelsOfLines(path, count, classes);
}

/** Labels in an array with one entry per sample. @throws LatheError `usage` */
export function labelsOfArray(array: Tensor, count: number, file: string): Labels {
  const [length = 1, ...rest] = array.dims;
  if (length !== count) throw new LatheError('usage', `There are ${length} labels for ${count} samples.`, { file });
  const size = elementCount(rest);
  const bytes = array.source.byteLength / Math.max(1, length);
  const whole = !isFloat(array.elementType) && size === 1 && array.elementType !== 'string';
  const indices = whole ? toIntegers(array) : undefined;
  return {
    labelOf: (index) => {
      const values = new Map([['', { ...array, dims: rest, source: part(array.source, index * bytes, bytes) }]]);
      const own = indices?.[index];
      return own === undefined ? { values } : { index: own, text: String(own), values };
    },
    ...(indices === undefined ? {} : { classes: new Set(indices).size }),
  };
}

interface Line {
  readonly name?: string;
  readonly label: string;
}

/** `name<tab>label`, `name,label` or, in as many lines as there are samples, the label alone. */
function labelsOfLines(path: string, count: number, classes: readonly string[] | undefined): Labels {
  const lines = readLines(path).map(parseLine);
  if (lines.length === 0) throw new LatheError('usage', 'The file holds no labels.', { file: path });
  const byName = new Map(lines.flatMap(({ name, label }) => (name === undefined ? [] : [[basename(name), label], [name, label]] as const)));
  const inOrder = byName.size === 0;
  if (inOrder && lines.length !== count) throw new LatheError('usage', `There are ${lines.length} labels for ${count} samples.`, { file: path, hint: 'Write one label per sample, or the sample’s file name before each.' });
  const known = classesOfNames([...new Set(lines.map(({ label }) => label))], classes);
  const named = [...known.values()].filter(({ index }) => index !== undefined).length;
  return {
    labelOf: (index, name) => {
      const label = inOrder ? lines[index]?.label : (byName.get(name) ?? byName.get(basename(name)));
      return label === undefined ? undefined : (known.get(label) ?? { text: label });
    },
    // As many labels as samples are texts, not classes.
    ...(named > 0 && named < lines.length ? { classes: named } : {}),
  };
}

function readLines(path: string): string[] {
  try {
    if (statSync(path).size > mostLabelBytes) throw new LatheError('too-large', 'The file of labels is larger than 256 MB.', { file: path });
    const lines = readFileSync(path, 'utf8').replace(/^\uFEFF/, '').split(/\r?\n/);
    while (lines.at(-1) === '') lines.pop();
    return lines;
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

/** Names of pictures and recordings: what stands before the first tab, comma or space and ends as they do. */
const namedLine = /^([^\t,]*?\.(?:png|jpe?g|wav|npy|npz|txt))[\t, ]\s*(.*)$/i;

function parseLine(line: string): Line {
  const [, name, label] = namedLine.exec(line) ?? [];
  return name === undefined || label === undefined ? { label: line } : { name: name.replaceAll('\\', '/'), label };
}

/** A number that is whole, as a class; anything else as it is written. */
export function labelOfValue(value: number | string, classes: ReadonlyMap<string, Label> | undefined): Label {
  const text = String(value);
  const known = classes?.get(text);
  if (known !== undefined) return known;
  const number = Number(text);
  return text.trim() !== '' && Number.isInteger(number) && number >= 0 ? { text, index: number } : { text };
}

/** The numbers of a label as an array. */
export function numbersOfLabel(label: Label): Float64Array | undefined {
  const [values] = label.values?.values() ?? [];
  return values === undefined ? undefined : toFloat64Array(values);
}
