// JSON lines as samples: an object per line with a field per input, nested lists as arrays, and a label; or a text for a tokenizer.
import { LatheError } from '../../../base/errors';
import { tensorFromArray } from '../../../tensor/tensor';
import { openRows } from '../files/rows';
import type { IndexedData } from '../indexed';
import { labelOfValue } from '../labels';
import { classesOfNames } from '../listing';
import type { Label } from '../samples';
import { type Field, labelNames, tensorOfFields } from './fields';
import type { OpenRequest } from './openers';
import { encodedTexts } from './texts';

/** Fields that hold a text for a tokenizer where the model's inputs are ids. */
const textFields = ['text', 'sentence', 'content'];
/** Deeper lists are no tensor. */
const mostDepth = 16;
const mostScannedLines = 2_000_000;

/** @throws LatheError `usage`, `malformed` */
export function openJsonLines(request: OpenRequest): IndexedData {
  const { spec, found, inputs } = request;
  const path = found.files[0]?.path ?? found.path;
  const rows = openRows(path);
  if (rows.count === 0) throw new LatheError('usage', 'The file holds no lines.', { file: path });
  const placeOf = (index: number): { file: string; item: string } => ({ file: path, item: `line ${index + 1}` });
  const fieldsAt = (index: number): ReadonlyMap<string, unknown> => fieldsOf(rows.at(index), placeOf(index));
  const firstFields = fieldsAt(0);
  const texts = inputs.some(({ name }) => firstFields.has(name)) || spec.table?.inputs !== undefined ? undefined : textFields.find((name) => typeof firstFields.get(name) === 'string');
  const encode = texts === undefined ? undefined : encodedTexts(request);
  const labelField = spec.table?.label ?? [...firstFields.keys()].find((name) => labelNames.has(name) && !inputs.some((input) => input.name === name));
  const labels = labelField === undefined ? undefined : labelsOf(rows.count, (index) => fieldsAt(index).get(labelField), spec.classes);
  return {
    kind: 'json-lines',
    path: found.path,
    count: rows.count,
    ...(encode === undefined ? {} : { note: encode.note }),
    nameOf: String,
    ...(labels === undefined ? {} : labels),
    read: (index) => {
      const fields = fieldsAt(index);
      const place = placeOf(index);
      if (encode !== undefined && texts !== undefined) {
        const text = fields.get(texts);
        if (typeof text !== 'string') throw new LatheError('malformed', `The line has no text in ${texts}.`, place);
        return { feeds: encode.feeds(text) };
      }
      return {
        feeds: new Map(
          inputs.map((input) => {
            const value = fieldOf(fields, spec.table?.inputs?.[input.name], input.name, inputs.length);
            if (value === undefined) throw new LatheError('malformed', `The line has no field ${input.name}; it has ${[...fields.keys()].slice(0, 20).join(', ')}.`, place);
            const flat: Field[] = [];
            const own = flatten(value, flat, 0, place);
            return [input.name, tensorOfFields(input, own, flat, place)];
          }),
        ),
      };
    },
  };
}

function fieldsOf(line: string, place: { readonly file: string; readonly item: string }): ReadonlyMap<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (thrown) {
    throw new LatheError('malformed', 'The line is no JSON.', { ...place, cause: thrown });
  }
  if (Array.isArray(parsed)) return new Map([['', parsed]]);
  if (typeof parsed !== 'object' || parsed === null) throw new LatheError('malformed', 'The line is neither an object nor a list.', place);
  return new Map(Object.entries(parsed));
}

/** The field named in the description, else the input's own, else, of a line that is a list alone, all of it. */
function fieldOf(fields: ReadonlyMap<string, unknown>, columns: readonly string[] | undefined, name: string, inputs: number): unknown {
  if (columns !== undefined) return columns.length === 1 ? fields.get(columns[0] ?? '') : columns.map((column) => fields.get(column));
  return fields.get(name) ?? (inputs === 1 ? fields.get('') : undefined);
}

/** Appends all values of a nested list. @returns its shape @throws LatheError `malformed` where lists of one depth are not of one length */
function flatten(value: unknown, flat: Field[], depth: number, place: { readonly file: string; readonly item: string }): readonly number[] {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    flat.push(value);
    return [];
  }
  if (!Array.isArray(value) || depth >= mostDepth) throw new LatheError('malformed', 'A field is neither a number, a text nor a list of them.', place);
  let inner: readonly number[] | undefined;
  for (const each of value as unknown[]) {
    const own = flatten(each, flat, depth + 1, place);
    if (inner !== undefined && inner.join() !== own.join()) throw new LatheError('malformed', 'The lists of a field are not of one length.', place);
    inner = own;
  }
  return [value.length, ...(inner ?? [])];
}

function labelsOf(count: number, valueAt: (index: number) => unknown, classes: readonly string[] | undefined): Pick<IndexedData, 'labelOf' | 'classes'> {
  const safely = (index: number): unknown => {
    try {
      return valueAt(index);
    } catch {
      return undefined; // a broken line says so when it is read
    }
  };
  const names = new Set<string>();
  for (let index = 0; index < Math.min(count, mostScannedLines); index++) {
    const value = safely(index);
    if (typeof value === 'string' || typeof value === 'number') names.add(String(value));
  }
  const known = classesOfNames([...names], classes);
  const whole = [...known.values()].every(({ index }) => index !== undefined);
  return {
    labelOf: (index): Label | undefined => {
      const value = safely(index);
      if (typeof value === 'string') return known.get(value) ?? { text: value };
      const numbers = numbersOf(value);
      if (numbers === undefined) return undefined;
      const values = new Map([['', tensorFromArray('', 'float64', [numbers.length], numbers)]]);
      return typeof value === 'number' ? { ...labelOfValue(value, classes === undefined ? undefined : known), values } : { values };
    },
    ...(whole && names.size > 0 && names.size < count ? { classes: names.size } : {}),
  };
}

function numbersOf(value: unknown): Float64Array | undefined {
  const list: unknown[] = Array.isArray(value) ? value.flat(mostDepth) : [value];
  return list.every((each) => typeof each === 'number') ? Float64Array.from(list) : undefined;
}
