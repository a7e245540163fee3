// What tokenizers do to a text before they cut it: cleaning, lower case, accents, Unicode forms.
import { LatheError } from '../../../base/errors';
import { isFields, list, text } from './json';

export type Normalize = (text: string) => string;

const withoutAccents: Normalize = (whole) => whole.normalize('NFD').replace(/\p{Mn}/gu, '');

export interface BertOptions {
  readonly lowercase: boolean;
  readonly stripAccents: boolean;
  readonly cleanText?: boolean;
  readonly chineseCharacters?: boolean;
}

/** As BERT's BasicTokenizer: control characters go, every kind of white space is a space, Chinese characters are words each. */
export function bertNormalizer({ lowercase, stripAccents, cleanText = true, chineseCharacters = true }: BertOptions): Normalize {
  return (whole) => {
    let result = whole;
    if (cleanText) result = result.replace(/[\u0000\uFFFD]|(?![\t\n\r])\p{C}/gu, '').replace(/[\t\n\r\p{Zs}]/gu, ' ');
    if (chineseCharacters) result = result.replace(/[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B820}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu, ' $& ');
    if (stripAccents) result = withoutAccents(result);
    return lowercase ? result.toLowerCase() : result;
  };
}

/** Normalizers of tokenizer.json by type. @throws LatheError `unsupported` */
export function normalizerOf(value: unknown): Normalize {
  if (!isFields(value)) return (whole) => whole;
  const kind = text(value['type']) ?? '';
  switch (kind) {
    case 'Sequence': {
      const steps = list(value['normalizers']).map(normalizerOf);
      return (whole) => steps.reduce((result, step) => step(result), whole);
    }
    case 'BertNormalizer': {
      const lowercase = value['lowercase'] !== false;
      const strip = value['strip_accents'];
      return bertNormalizer({ lowercase, stripAccents: typeof strip === 'boolean' ? strip : lowercase, cleanText: value['clean_text'] !== false, chineseCharacters: value['handle_chinese_chars'] !== false });
    }
    case 'Lowercase':
      return (whole) => whole.toLowerCase();
    case 'StripAccents':
      return (whole) => whole.replace(/\p{Mn}/gu, '');
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (whole) => whole.normalize(kind);
    case 'Strip':
      return (whole) => whole.trim();
    default:
      throw new LatheError('unsupported', `The tokenizer’s normalizer ${kind} is not supported.`, { hint: 'Give ids as .npy files.' });
  }
}
