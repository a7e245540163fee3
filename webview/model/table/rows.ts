// Which layers the table lists, and in what order.
import type { Shown, Sort } from '../shown';
import { operatorOf } from '../cardText';
import { columns, type TableContext } from './columns';
import type { Heat } from '../heat';

/** What the table's cells are made of. */
export function tableContext(model: Shown, heat: Heat): TableContext {
  const findingCount = new Uint16Array(model.snapshot.layers.count);
  for (const { layer } of model.findings) {
    const index = layer === undefined ? undefined : model.structure.layerOfKey.get(layer);
    if (index !== undefined) findingCount[index] = (findingCount[index] ?? 0) + 1;
  }
  return { model, heat, findingCount };
}

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

/** Those of the rows that match, in the same order. */
export function matchingRows(rows: Uint32Array, matches: Uint8Array | undefined): Uint32Array {
  return matches === undefined ? rows : rows.filter((layer) => matches[layer] === 1);
}

/** All layer numbers in order. Rows that tie keep the file's order. */
export function sortedRows(context: TableContext, sort: Sort): Uint32Array {
  const { count } = context.model.snapshot.layers;
  const rows = Array.from({ length: count }, (_, layer) => layer);
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
