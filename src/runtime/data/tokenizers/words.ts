// How tokenizers cut a text into words before they look up pieces of them.
import { LatheError } from '../../../base/errors';
import { bytesAsCharacters } from './bytePair';
import { isFields, list, text } from './json';

export type SplitWords = (text: string) => readonly string[];

/** BERT's: at white space, and every punctuation mark a word of its own. ASCII that is no letter, digit or space counts as punctuation. */
export const bertWords: SplitWords = (whole) => whole.match(/[!-/:-@[-`{-~]|\p{P}|(?:(?![!-/:-@[-`{-~]|\p{P}|\s).)+/gsu) ?? [];

/** GPT-2's: contractions, letters, digits and other marks, each with the space before it. */
const gpt2Words = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Pre-tokenizers of tokenizer.json by type. @throws LatheError `unsupported` */
export function wordsOf(value: unknown): SplitWords {
  if (!isFields(value)) return (whole) => [whole];
  const kind = text(value['type']) ?? '';
  switch (kind) {
    case 'Sequence': {
      const steps = list(value['pretokenizers']).map(wordsOf);
      return (whole) => steps.reduce<readonly string[]>((words, step) => words.flatMap(step), [whole]);
    }
    case 'BertPreTokenizer':
      return bertWords;
    case 'Whitespace':
      return (whole) => whole.match(/[\p{L}\p{N}\p{M}_]+|[^\p{L}\p{N}\p{M}_\s]+/gu) ?? [];
    case 'WhitespaceSplit':
      return (whole) => whole.match(/\S+/gu) ?? [];
    case 'ByteLevel': {
      const prefix = value['add_prefix_space'] !== false;
      const cuts = value['use_regex'] !== false;
      return (whole) => {
        const spaced = prefix && !whole.startsWith(' ') ? ` ${whole}` : whole;
        return (cuts ? (spaced.match(gpt2Words) ?? []) : [spaced]).map(bytesAsCharacters);
      };
    }
    default:
      // A pattern out of a file could take forever to match; what it means is known for the types above only.
      throw new LatheError('unsupported', `The tokenizer’s pre-tokenizer ${kind} is not supported.`, { hint: 'Give ids as .npy files.' });
  }
}
