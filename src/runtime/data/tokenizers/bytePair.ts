// Byte-level byte pair encoding (Sennrich et al. 2016; Radford et al. 2019): pairs are merged in the order in which they were learnt.
import { LatheError } from '../../../base/errors';
import { list } from './json';
import type { EncodeWord } from './tokenizer';

/** GPT-2's characters for bytes: those that print stand for themselves, the others for the characters from 256 on. */
const characters: readonly string[] = (() => {
  const prints = (byte: number): boolean => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : next++));
})();

/** The UTF-8 bytes of a text as a character each. */
export function bytesAsCharacters(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => characters[byte] ?? '').join('');
}

/** `"a b"` or `["a", "b"]` → rank. @throws LatheError `malformed` */
export function readMerges(value: unknown): ReadonlyMap<string, number> {
  const merges = new Map<string, number>();
  for (const merge of list(value)) {
    const [left, right, ...rest] = typeof merge === 'string' ? merge.split(' ') : list(merge);
    if (typeof left !== 'string' || typeof right !== 'string' || rest.length > 0) throw new LatheError('malformed', `The tokenizer’s merge ${merges.size + 1} is no pair.`);
    merges.set(`${left} ${right}`, merges.size);
  }
  return merges;
}

/** Words beyond this are cut: merging takes time that grows with the square of the length. */
const longestWord = 2048;
/** Words recur; so many are remembered. */
const mostRemembered = 50_000;

export function bytePair(vocabulary: ReadonlyMap<string, number>, merges: ReadonlyMap<string, number>, unknown: number | undefined): EncodeWord {
  const remembered = new Map<string, readonly number[]>();
  return (word) => {
    const known = remembered.get(word);
    if (known !== undefined) return known;
    const ids: number[] = [];
    for (let start = 0; start < word.length; start += longestWord)
      for (const piece of merge(Array.from(word.slice(start, start + longestWord)), merges)) {
        const id = vocabulary.get(piece) ?? unknown;
        if (id === undefined) throw new LatheError('usage', `The tokenizer has no id for “${piece.slice(0, 20)}”, and none for what is unknown.`);
        ids.push(id);
      }
    if (remembered.size < mostRemembered) remembered.set(word, ids);
    return ids;
  };
}

/** Merges the pair learnt first wherever it stands, until none is known. */
function merge(symbols: readonly string[], merges: ReadonlyMap<string, number>): readonly string[] {
  let pieces = symbols;
  for (;;) {
    let best = Infinity;
    let pair = '';
    for (let i = 0; i + 1 < pieces.length; i++) {
      const key = `${pieces[i] ?? ''} ${pieces[i + 1] ?? ''}`;
      const rank = merges.get(key) ?? Infinity;
      if (rank < best) [best, pair] = [rank, key];
    }
    if (best === Infinity) return pieces;
    const merged: string[] = [];
    for (let i = 0; i < pieces.length; i++) {
      if (`${pieces[i] ?? ''} ${pieces[i + 1] ?? ''}` === pair && i + 1 < pieces.length) merged.push(`${pieces[i] ?? ''}${pieces[++i] ?? ''}`);
      else merged.push(pieces[i] ?? '');
    }
    pieces = merged;
  }
}
