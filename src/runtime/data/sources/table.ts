// CSV files as samples: a row each, columns by the inputs' names or all of them in order, a label column.
import { LatheError } from '../../../base/errors';
import { separatorOf, isHeader, parseRow } from '../files/csv';
import { openRows } from '../files/rows';
import type { IndexedData } from '../indexed';
import type { FedInput } from '../inputs';
import { labelOfValue } from '../labels';
import { classesOfNames } from '../listing';
import type { Label } from '../samples';
import { labelNames, tensorOfFields } from './fields';
import type { OpenRequest } from './openers';

/** Rows looked through for the names of classes; labels of larger tables are numbers, or are listed in the description. */
const mostScannedRows = 2_000_000;

interface Columns {
  readonly names: readonly string[];
  readonly ofInput: ReadonlyMap<string, readonly number[]>;
  readonly label: number | undefined;
}

/** @throws LatheError `usage` where columns and inputs do not go together */
export function openTable({ spec, found, inputs }: OpenRequest): IndexedData {
  const path = found.files[0]?.path ?? found.path;
  const rows = openRows(path, { quoted: true });
  const first = rows.count === 0 ? '' : rows.at(0);
  const separator = separatorOf(first);
  const head = parseRow(first, separator);
  const named = isHeader(head);
  const skipped = named ? 1 : 0;
  const count = rows.count - skipped;
  if (count <= 0) throw new LatheError('usage', 'The table holds no rows.', { file: path });
  const columns = columnsOf(named ? head : head.map((_, i) => String(i)), inputs, spec.table ?? {}, path);
  const fieldsOf = (index: number): readonly string[] => {
    const fields = parseRow(rows.at(index + skipped), separator);
    if (fields.length === columns.names.length) return fields;
    throw new LatheError('malformed', `The row has ${fields.length} fields, and the first has ${columns.names.length}.`, { file: path, item: `row ${index + skipped + 1}` });
  };
  const labels = columns.label === undefined ? undefined : scanLabels(columns.label, count, fieldsOf, spec.classes);
  return {
    kind: 'csv',
    path: found.path,
    count,
    note: inputs.map(({ name }) => `${name} from ${(columns.ofInput.get(name) ?? []).length} columns`).join(', '),
    nameOf: (index) => String(index),
    ...(labels === undefined ? {} : { labelOf: labels.labelOf }),
    ...(labels?.classes === undefined ? {} : { classes: labels.classes }),
    read: (index) => {
      const fields = fieldsOf(index);
      const place = { file: path, item: `row ${index + skipped + 1}` };
      return {
        feeds: new Map(
          inputs.map((input) => {
            const own = (columns.ofInput.get(input.name) ?? []).map((column) => fields[column] ?? '');
            return [input.name, tensorOfFields(input, [own.length], own, place)];
          }),
        ),
      };
    },
  };
}

function columnsOf(names: readonly string[], inputs: readonly FedInput[], spec: NonNullable<OpenRequest['spec']['table']>, file: string): Columns {
  const columnOf = (name: string): number => {
    const place = names.indexOf(name);
    if (place < 0) throw new LatheError('usage', `The table has no column ${name}.`, { file, item: name, hint: `Its columns are ${names.slice(0, 40).join(', ')}.` });
    return place;
  };
  const guessed = names.findIndex((name) => labelNames.has(name.toLowerCase()) && !inputs.some((input) => input.name === name));
  const label = spec.label !== undefined ? columnOf(spec.label) : guessed < 0 ? undefined : guessed;
  const stated = new Map(Object.entries(spec.inputs ?? {}).map(([input, columns]) => [input, columns.map(columnOf)]));
  const byName = inputs.length > 1 && inputs.every(({ name }) => stated.has(name) || names.includes(name));
  const rest = names.flatMap((_, i) => (i === label ? [] : [i]));
  const [only] = inputs;
  if (stated.size === 0 && !byName && (only === undefined || inputs.length > 1)) {
    throw new LatheError('usage', `The model has ${inputs.length} inputs (${inputs.map(({ name }) => name).join(', ')}), and not all of them are columns.`, { file, hint: 'Say in a data description which columns make up which input: see docs/data.md.' });
  }
  const ofInput = new Map(inputs.map(({ name }) => [name, stated.get(name) ?? (byName ? [columnOf(name)] : rest)]));
  return { names, ofInput, label };
}

/** Labels are read in one pass, so that classes have numbers, and parts hold each class alike. */
function scanLabels(column: number, count: number, fieldsOf: (index: number) => readonly string[], classes: readonly string[] | undefined): Pick<IndexedData, 'classes'> & { readonly labelOf: (index: number) => Label | undefined } {
  const valueAt = (index: number): string | undefined => {
    try {
      return fieldsOf(index)[column];
    } catch {
      return undefined; // a broken row says so when it is read
    }
  };
  const found = new Set<string>();
  for (let index = 0; index < Math.min(count, mostScannedRows); index++) {
    const value = valueAt(index);
    if (value !== undefined) found.add(value);
  }
  const known = classesOfNames([...found], classes);
  const areClasses = [...known.values()].every(({ index }) => index !== undefined) && found.size < count;
  const numbers = [...found].every((value) => value !== '' && Number.isFinite(Number(value)));
  const labelOf = (index: number): Label | undefined => {
    const value = valueAt(index);
    if (value === undefined) return undefined;
    const label = numbers && classes === undefined ? labelOfValue(value, undefined) : (known.get(value) ?? { text: value });
    return numbers ? { ...label, values: new Map([['', { name: '', elementType: 'float64', dims: [1], source: sourceOf(Number(value)) }]]) } : label;
  };
  // Numbers with fractions, or as many as rows, are measurements.
  return { labelOf, ...(areClasses && (!numbers || [...found].every((value) => Number.isInteger(Number(value)))) ? { classes: found.size } : {}) };
}

function sourceOf(value: number): { readonly byteLength: number; readonly read: () => Uint8Array } {
  return { byteLength: 8, read: () => new Uint8Array(Float64Array.of(value).buffer) };
}
