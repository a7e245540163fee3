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

/** Makes what a search looks at before the first letter is typed. */
export function prepareSearch(model: Shown): void {
  haystackOf(model);
}

/** Layers that contain every word of the query in name, operator or output shape; undefined for an empty query. */
export function matchingLayers(model: Shown, query: string): Uint8Array | undefined {
  return query.trim() === '' ? undefined : matchingTexts(haystackOf(model), query);
}

/** 1 for each of the lower-case texts that contains every word of the query; undefined for an empty query. */
export function matchingTexts(texts: readonly string[], query: string): Uint8Array | undefined {
  const words = query.toLowerCase().split(/\s+/u).filter((word) => word !== '');
  if (words.length === 0) return undefined;
  const matches = new Uint8Array(texts.length);
  texts.forEach((text, index) => {
    if (words.every((word) => text.includes(word))) matches[index] = 1;
  });
  return matches;
}

/** Those of the rows that match, in the same order. */
export function matchingRows(rows: Uint32Array, matches: Uint8Array | undefined): Uint32Array {
  return matches === undefined ? rows : rows.filter((layer) => matches[layer] === 1);
}

/** All layer numbers in order. Layers that tie keep the file's order. */
export function sortedRows(context: TableContext, sort: Sort): Uint32Array {
  const column = columns.find(({ id }) => id === sort.column);
  return orderedBy(context.model.snapshot.layers.count, (layer) => column?.key(context, layer) ?? 0, sort.descending);
}

/** Numbers from 0 to `count` in the order of their keys: figures, then texts by the language; those that tie as they were, unknown figures (NaN) last. */
export function orderedBy(count: number, keyOf: (index: number) => string | number, descending: boolean): Uint32Array {
  // Of many few have figures of their own: only the different ones are compared.
  const indicesOf = new Map<string | number, number[]>();
  for (let index = 0; index < count; index += 1) {
    const key = keyOf(index);
    const alike = indicesOf.get(key);
    if (alike === undefined) indicesOf.set(key, [index]);
    else alike.push(index);
  }
  const keys = [...indicesOf.keys()];
  const figures = Float64Array.from(keys.filter((key) => typeof key === 'number' && !Number.isNaN(key)) as number[]).sort();
  const collator = new Intl.Collator('en', { numeric: true });
  const texts = keys.filter((key) => typeof key === 'string').sort((a, b) => collator.compare(a, b));
  const ordered: (string | number)[] = [...figures, ...texts];
  if (descending) ordered.reverse();
  const rows = new Uint32Array(count);
  let at = 0;
  // Unknown figures come last, whichever the direction.
  for (const key of [...ordered, Number.NaN]) {
    for (const index of indicesOf.get(key) ?? []) {
      rows[at] = index;
      at += 1;
    }
  }
  return rows;
}
