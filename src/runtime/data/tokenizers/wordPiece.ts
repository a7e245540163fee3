// WordPiece (Wu et al. 2016) as BERT looks it up: the longest piece that is known, from the left.
import type { EncodeWord } from './tokenizer';

export interface WordPieceOptions {
  readonly unknown: number;
  /** Before pieces that do not begin a word. */
  readonly prefix?: string;
  /** Longer words are unknown. */
  readonly longest?: number;
}

export function wordPiece(vocabulary: ReadonlyMap<string, number>, { unknown, prefix = '##', longest = 100 }: WordPieceOptions): EncodeWord {
  return (word) => {
    const characters = Array.from(word);
    if (characters.length > longest) return [unknown];
    const ids: number[] = [];
    for (let start = 0; start < characters.length; ) {
      let end = characters.length;
      let id: number | undefined;
      for (; end > start; end--) {
        id = vocabulary.get(`${start === 0 ? '' : prefix}${characters.slice(start, end).join('')}`);
        if (id !== undefined) break;
      }
      if (id === undefined) return [unknown];
      ids.push(id);
      start = end;
    }
    return ids;
  };
}
