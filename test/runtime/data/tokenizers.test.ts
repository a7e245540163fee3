// Tokenizers against the examples in the tests of BERT and of transformers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTokenizer } from '../../../src/runtime/data/tokenizers/tokenizer';
import { folders } from './support';

const folder = folders();

function tokenizer(json: unknown): string {
  const path = join(folder(), 'tokenizer.json');
  writeFileSync(path, JSON.stringify(json));
  return path;
}

describe('WordPiece', () => {
  // google-research/bert, tokenization_test.py: "UNwant\u00E9d,running" is un ##want ##ed , runn ##ing, ids 7 4 5 10 8 9.
  const tokens = ['[UNK]', '[CLS]', '[SEP]', 'want', '##want', '##ed', 'wa', 'un', 'runn', '##ing', ','];

  it('cuts as BERT does, from its vocabulary', () => {
    const path = join(folder(), 'vocab.txt');
    writeFileSync(path, tokens.join('\n'));
    expect(readTokenizer(path).encode('UNwant\u00E9d,running')).toEqual([1, 7, 4, 5, 10, 8, 9, 2]);
  });

  it('cuts alike from tokenizer.json, frames as its template says, and gives up the text, not the frame, at a length', () => {
    const read = readTokenizer(
      tokenizer({
        added_tokens: [{ id: 1, content: '[CLS]' }, { id: 2, content: '[SEP]' }],
        normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
        pre_tokenizer: { type: 'BertPreTokenizer' },
        post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '[CLS]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '[SEP]', type_id: 0 } }] },
        model: { type: 'WordPiece', unk_token: '[UNK]', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])) },
      }),
    );
    expect(read.encode('UNwant\u00E9d,running')).toEqual([1, 7, 4, 5, 10, 8, 9, 2]);
    expect(read.encode('UNwant\u00E9d,running', 4)).toEqual([1, 7, 4, 2]);
    expect(read.encode('unwantedX running')).toEqual([1, 0, 8, 9, 2]);
  });
});

describe('byte-level BPE', () => {
  // transformers, test_tokenization_gpt2.py: "lower newer" with a space before is Ġlow er Ġ n e w er, ids 14 15 10 9 3 2 15.
  const tokens = ['l', 'o', 'w', 'e', 'r', 's', 't', 'i', 'd', 'n', 'Ġ', 'Ġl', 'Ġn', 'Ġlo', 'Ġlow', 'er', 'Ġlowest', 'Ġnewer', 'Ġwider', '<unk>', '<|endoftext|>'];
  const json = (merges: unknown): unknown => ({ pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true }, model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges } });

  it('merges as GPT-2 does, merges written in either form', () => {
    expect(readTokenizer(tokenizer(json(['Ġ l', 'Ġl o', 'Ġlo w', 'e r']))).encode('lower newer')).toEqual([14, 15, 10, 9, 3, 2, 15]);
    expect(readTokenizer(tokenizer(json([['Ġ', 'l'], ['Ġl', 'o'], ['Ġlo', 'w'], ['e', 'r']]))).encode('lower newer')).toEqual([14, 15, 10, 9, 3, 2, 15]);
  });

  it('says what has no id', () => {
    expect(() => readTokenizer(tokenizer(json([]))).encode('xyz')).toThrow('has no id');
  });
});

describe('a tokenizer that is not understood', () => {
  it('is refused by the name of what is not', () => {
    expect(() => readTokenizer(tokenizer({ model: { type: 'Unigram', vocab: [['a', 0]] } }))).toThrow('vocabulary of WordPiece or BPE');
    expect(() => readTokenizer(tokenizer({ pre_tokenizer: { type: 'Split' }, model: { type: 'BPE', vocab: {}, merges: [] } }))).toThrow('pre-tokenizer Split is not supported');
    expect(() => readTokenizer(tokenizer([]))).toThrow('has no model');
    const path = join(folder(), 'tokenizer.json');
    writeFileSync(path, '{');
    expect(() => readTokenizer(path)).toThrow('Not JSON');
  });
});
