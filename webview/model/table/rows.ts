// Which layers the table lists, and in what order.
import type { Shown, Sort } from '../shown';
import { operatorOf } from '../cardText';
import { columns, type TableContext } from './columns';

/** What a search looks at, one lower-case text per layer; made once per snapshot. */
const haystacks = new WeakMap<object, readonly string[]>();

function haystackOf({ snapshot }: Shown): readonly string[] {
  let texts = haystacks.get(snapshot);
  if (texts === undefined) {
    texts = snapshot.layers.keys.map((key, layer) => `${key.slice(0, 4000)} ${operatorOf(snapshot, layer)} ${snapshot.layers.shape[layer] ?? ''}`.toLowerCase());
    haystacks.set(snapshot, texts);
  }
  return texts;
}

/** Layers that contain every word of the query in name, operator or output shape; undefined for an empty query. */
export function matchingLayers(model: Shown, query: string): Uint8Array | undefined {
  const words = query.toLowerCase().split(/\s+/u).filter((word) => word !== '');
  if (words.length === 0) return undefined;
  return Uint8Array.from(haystackOf(model), (text) => (words.every((word) => text.includes(word)) ? 1 : 0));
}

/** Layer numbers of the rows, in order. Rows that tie keep the file's order. */
export function sortedRows(context: TableContext, matches: Uint8Array | undefined, sort: Sort): Uint32Array {
  const { count } = context.model.snapshot.layers;
  const rows: number[] = [];
  for (let layer = 0; layer < count; layer += 1) if (matches === undefined || matches[layer] === 1) rows.push(layer);
  const column = columns.find(({ id }) => id === sort.column);
  if (column === undefined) return Uint32Array.from(rows);
  const sign = sort.descending ? -1 : 1;
  if (column.numeric) {
    const keys = Float64Array.from({ length: count }, (_, layer) => Number(column.key(context, layer)));
    rows.sort((a, b) => compareNumbers(keys[a] ?? Number.NaN, keys[b] ?? Number.NaN, sign) || a - b);
  } else {
    const collator = new Intl.Collator('en', { numeric: true });
    const keys = Array.from({ length: count }, (_, layer) => String(column.key(context, layer)));
    rows.sort((a, b) => sign * collator.compare(keys[a] ?? '', keys[b] ?? '') || a - b);
  }
  return Uint32Array.from(rows);
}

function compareNumbers(a: number, b: number, sign: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return sign * (a - b);
}
