// Texts to ids, as a tokenizer.json of Hugging Face or a vocab.txt of BERT says: WordPiece and byte-level BPE.
import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { LatheError, toLatheError } from '../../../base/errors';
import { bytePair, readMerges } from './bytePair';
import { isFields, list, text, type Fields } from './json';
import { bertNormalizer, normalizerOf, type Normalize } from './normalize';
import { bertWords, wordsOf, type SplitWords } from './words';
import { wordPiece } from './wordPiece';

/** A word to ids. */
export type EncodeWord = (word: string) => readonly number[];

export interface Tokenizer {
  /** WordPiece or byte-level BPE. */
  readonly kind: string;
  /** Ids with those that frame a text, as `[CLS]` and `[SEP]` do. @param length most ids; the text gives way, not its frame */
  readonly encode: (text: string, length?: number) => readonly number[];
  /** Fills up texts that are shorter. */
  readonly padding: number;
}

const mostBytes = 128e6;
/** BERT's; GPT-2's has none of its own, so that its end of text is taken. */
const paddingTokens = ['[PAD]', '<pad>', '<|endoftext|>', '</s>'];

/** @throws LatheError `not-found`, `malformed`, `too-large`, or `unsupported` naming what is not understood */
export function readTokenizer(path: string): Tokenizer {
  const content = contentOf(path);
  try {
    return extname(path).toLowerCase() === '.json' ? tokenizerOfJson(content) : tokenizerOfVocabulary(content);
  } catch (thrown) {
    if (thrown instanceof LatheError) throw new LatheError(thrown.code, thrown.message, { file: path, ...(thrown.hint === undefined ? {} : { hint: thrown.hint }) });
    if (thrown instanceof SyntaxError) throw new LatheError('malformed', `Not JSON: ${thrown.message}.`, { file: path, cause: thrown });
    throw toLatheError(thrown, path);
  }
}

function contentOf(path: string): string {
  try {
    if (statSync(path).size > mostBytes) throw new LatheError('too-large', 'The tokenizer is larger than 128 MB.', { file: path });
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

/** BERT's, uncased where the vocabulary has no capital words. */
function tokenizerOfVocabulary(content: string): Tokenizer {
  const tokens = content.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (tokens.at(-1) === '') tokens.pop();
  const vocabulary = new Map(tokens.map((token, id) => [token, id]));
  const unknown = vocabulary.get('[UNK]');
  if (unknown === undefined) throw new LatheError('unsupported', 'The vocabulary has no [UNK].', { hint: 'Give a vocab.txt of BERT, or a tokenizer.json.' });
  const cased = tokens.some((token) => /^[A-Z][a-z]+$/.test(token));
  const special = (token: string): number[] => [vocabulary.get(token) ?? []].flat();
  return assemble({ kind: 'WordPiece', normalize: bertNormalizer({ lowercase: !cased, stripAccents: !cased }), split: bertWords, encodeWord: wordPiece(vocabulary, { unknown }), added: new Map(), before: special('[CLS]'), after: special('[SEP]'), vocabulary });
}

function tokenizerOfJson(content: string): Tokenizer {
  const json: unknown = JSON.parse(content);
  if (!isFields(json) || !isFields(json['model'])) throw new LatheError('malformed', 'The file has no model of a tokenizer.');
  const model = json['model'];
  const vocabulary = vocabularyOf(model['vocab']);
  const added = new Map(list(json['added_tokens']).flatMap((token) => (isFields(token) && typeof token['content'] === 'string' && typeof token['id'] === 'number' ? [[token['content'], token['id']] as const] : [])));
  const kind = text(model['type']) ?? (model['merges'] === undefined ? 'WordPiece' : 'BPE');
  const all = new Map([...vocabulary, ...added]);
  const frame = frameOf(json['post_processor'], all);
  const common = { normalize: normalizerOf(json['normalizer']), split: wordsOf(json['pre_tokenizer']), added, vocabulary: all, ...frame };
  if (kind === 'WordPiece') {
    const unknown = all.get(text(model['unk_token']) ?? '[UNK]');
    if (unknown === undefined) throw new LatheError('malformed', 'The tokenizer’s unknown token is not in its vocabulary.');
    return assemble({ kind: 'WordPiece', ...common, encodeWord: wordPiece(vocabulary, { unknown, prefix: text(model['continuing_subword_prefix']) ?? '##', longest: typeof model['max_input_chars_per_word'] === 'number' ? model['max_input_chars_per_word'] : 100 }) });
  }
  if (kind === 'BPE') return assemble({ kind: 'byte-level BPE', ...common, encodeWord: bytePair(vocabulary, readMerges(model['merges']), all.get(text(model['unk_token']) ?? '')) });
  throw new LatheError('unsupported', `Tokenizers of type ${kind} are not supported.`, { hint: 'WordPiece and byte-level BPE are; give ids as .npy files.' });
}

function vocabularyOf(value: unknown): Map<string, number> {
  if (!isFields(value)) throw new LatheError('unsupported', 'The tokenizer has no vocabulary of WordPiece or BPE.', { hint: 'Give ids as .npy files.' });
  return new Map(Object.entries(value).flatMap(([token, id]) => (typeof id === 'number' ? [[token, id] as const] : [])));
}

interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** What a post-processor puts before and after a single text. @throws LatheError `unsupported` */
function frameOf(value: unknown, vocabulary: ReadonlyMap<string, number>): Frame {
  if (!isFields(value)) return { before: [], after: [] };
  const idOf = (pair: unknown): number[] => {
    const [token] = list(pair);
    return typeof token === 'string' ? [vocabulary.get(token) ?? []].flat() : [];
  };
  switch (value['type']) {
    case 'ByteLevel':
      return { before: [], after: [] };
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: idOf(value['cls']), after: idOf(value['sep']) };
    case 'TemplateProcessing':
      return templateOf(value, vocabulary);
    case 'Sequence': {
      const frames = list(value['processors']).map((each) => frameOf(each, vocabulary));
      return { before: frames.flatMap(({ before }) => before), after: frames.flatMap(({ after }) => after) };
    }
    default:
      throw new LatheError('unsupported', `The tokenizer’s post-processor ${String(value['type'])} is not supported.`);
  }
}

function templateOf(value: Fields, vocabulary: ReadonlyMap<string, number>): Frame {
  const [before, after]: [number[], number[]] = [[], []];
  let isBefore = true;
  for (const piece of list(value['single'])) {
    if (!isFields(piece)) continue;
    if (piece['Sequence'] !== undefined) isBefore = false;
    const special = piece['SpecialToken'];
    const id = isFields(special) ? vocabulary.get(text(special['id']) ?? '') : undefined;
    if (id !== undefined) (isBefore ? before : after).push(id);
  }
  return { before, after };
}

interface Parts extends Frame {
  readonly kind: string;
  readonly normalize: Normalize;
  readonly split: SplitWords;
  readonly encodeWord: EncodeWord;
  /** Texts that are ids as they stand. */
  readonly added: ReadonlyMap<string, number>;
  readonly vocabulary: ReadonlyMap<string, number>;
}

function assemble({ kind, normalize, split, encodeWord, added, before, after, vocabulary }: Parts): Tokenizer {
  const padding = paddingTokens.map((token) => vocabulary.get(token)).find((id) => id !== undefined) ?? 0;
  return {
    kind,
    padding,
    encode: (whole, length = Infinity) => {
      const room = Math.max(0, length - before.length - after.length);
      const ids: number[] = [];
      for (const piece of piecesOf(whole, added)) {
        if (ids.length >= room) break;
        const id = added.get(piece);
        if (id !== undefined) ids.push(id);
        else for (const word of split(normalize(piece))) {
          for (const each of encodeWord(word)) ids.push(each);
          if (ids.length >= room) break;
        }
      }
      return [...before, ...ids.slice(0, room), ...after];
    },
  };
}

/** The text cut at the tokens that are ids as they stand, the longest first. */
function piecesOf(whole: string, added: ReadonlyMap<string, number>): string[] {
  let pieces = [whole];
  for (const token of [...added.keys()].filter((each) => each !== '' && whole.includes(each)).sort((a, b) => b.length - a.length)) {
    pieces = pieces.flatMap((piece) => (added.has(piece) ? [piece] : piece.split(token).flatMap((part, i) => (i === 0 ? [part] : [token, part]))));
  }
  return pieces.filter((piece) => piece !== '');
}
