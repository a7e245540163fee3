// The characters of a text in ONNX's textual syntax, taken word by word. Source: onnx/defs/parser.h and parser.cc (ParserBase).
import { LatheError } from '../../base/errors';
import { visible } from '../../base/visible';

/** What is wrong with a text, and where: offsets of UTF-16 units, the end exclusive. */
export class TextError extends LatheError {
  constructor(
    message: string,
    readonly start: number,
    readonly end: number,
  ) {
    super('malformed', message);
  }
}

/** A number as it stands: `float` where it has a point or an exponent, or is `inf` or `nan`. */
export interface NumberText {
  readonly text: string;
  readonly float: boolean;
}

/** Finds the whole of a string that was printed cut, from its beginning and the mark that stands for the rest. */
export type RestoreText = (head: string, mark: string) => string | undefined;

/** What ends a comment: any line break that an editor sees. */
const lineBreak = /[\r\n]/g;
const numberPattern = /-?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|(?:inf(?:inity)?|nan)(?![A-Za-z0-9_]))/iy;
const codePointPattern = /\{([0-9a-fA-F]{1,6})\}/y;
const cutPattern = /\{([0-9a-f]{16}:\d{1,15})\}/y;
const cutItemPattern = /"\\\{([0-9a-f]{16}:\d{1,15})\}"/y;
const shownWord = 40;

export class Scanner {
  at: number;

  constructor(
    readonly text: string,
    private readonly restore?: RestoreText,
  ) {
    this.at = text.startsWith('\uFEFF') ? 1 : 0; // a byte order mark
  }

  /** Code of the next character behind blanks and comments; NaN at the end. */
  peek(): number {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x20 || (code >= 9 && code <= 13)) this.at++;
      else if (code === 0x23) {
        lineBreak.lastIndex = this.at;
        this.at = lineBreak.exec(this.text)?.index ?? this.text.length;
      } else return code;
    }
  }

  atEnd(): boolean {
    return Number.isNaN(this.peek());
  }

  /** Whether the next character is this one. */
  sees(character: string): boolean {
    return this.peek() === character.charCodeAt(0);
  }

  /** Takes the character where it is the next one. */
  accept(character: string): boolean {
    if (!this.sees(character)) return false;
    this.at++;
    return true;
  }

  /** @throws TextError where the next character is another. */
  expect(character: string, purpose: string): void {
    if (!this.accept(character)) throw this.expected(`"${character}" ${purpose}`);
  }

  /** The next word, not taken; undefined where there is none. */
  peekWord(): string | undefined {
    const start = this.at;
    const word = this.word();
    this.at = start;
    return word;
  }

  /** Takes a word of letters, digits and underscores; undefined where there is none. */
  word(): string | undefined {
    this.peek();
    const start = this.at;
    if (!isWordStart(this.text.charCodeAt(start))) return undefined;
    let end = start + 1;
    while (isWordPart(this.text.charCodeAt(end))) end++;
    this.at = end;
    return this.text.slice(start, end);
  }

  /** Takes a word or a quoted string; undefined where there is neither. */
  name(): string | undefined {
    return this.sees('"') ? this.string('a string') : this.word();
  }

  /** Takes a word or a quoted string. @throws TextError where there is neither. */
  expectName(what: string): string {
    const name = this.name();
    if (name === undefined) throw this.expected(what);
    return name;
  }

  /** Takes a quoted string. @throws TextError where there is none, or its end is missing. */
  string(what: string): string {
    if (!this.sees('"')) throw this.expected(what);
    const start = this.at++;
    let text = '';
    let from = this.at;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (Number.isNaN(code)) {
        this.at = start;
        throw new TextError('The string is not closed: expected " after it.', start, start + 1);
      }
      if (code === 0x22) break;
      if (code !== 0x5c) {
        this.at++;
        continue;
      }
      text += this.text.slice(from, this.at);
      text = this.escape(text);
      from = this.at;
    }
    text += this.text.slice(from, this.at++);
    return text;
  }

  /** `text` with what the escape at the scanner stands for. */
  private escape(text: string): string {
    const start = this.at++;
    const next = this.text.charAt(this.at);
    if (next === 'u') {
      const point = this.sticky(codePointPattern, this.at + 1);
      if (point !== undefined) {
        const code = Number.parseInt(point, 16);
        if (code > 0x10ffff) throw new TextError(`There is no character ${point}: expected a code point up to 10ffff.`, start, this.at);
        return text + String.fromCodePoint(code);
      }
    } else if (next === '{') {
      const mark = this.sticky(cutPattern, this.at);
      if (mark !== undefined) {
        const whole = this.restore?.(text, mark);
        if (whole === undefined) throw new TextError('The rest of this text is only in the model that it was printed from.', start, this.at);
        return whole;
      }
    }
    if (next !== '') this.at++; // the end is noticed by the caller
    return text + next;
  }

  /** Takes the mark of what was left out of a list, which stands there as a string of nothing else. */
  cutMark(): string | undefined {
    if (!this.sees('"')) return undefined;
    return this.sticky(cutItemPattern, this.at);
  }

  private sticky(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match[1];
  }

  /** Takes a number; undefined where there is none. */
  number(): NumberText | undefined {
    this.peek();
    numberPattern.lastIndex = this.at;
    const match = numberPattern.exec(this.text);
    if (match === null) return undefined;
    this.at = numberPattern.lastIndex;
    return { text: match[0], float: !/^-?\d+$/.test(match[0]) };
  }

  /** Takes an integer between `least` and `most`. @throws TextError where there is another thing. */
  integer(what: string, least: bigint, most: bigint): bigint {
    this.peek();
    const start = this.at;
    const number = this.number();
    if (number === undefined || number.float) {
      this.at = start;
      throw this.expected(what);
    }
    // What is longer than any int64 is out of range whatever it is; converting it would take quadratic time.
    const value = number.text.length > 40 ? undefined : BigInt(number.text);
    if (value === undefined || value < least || value > most) throw new TextError(`Expected ${what} between ${least} and ${most}, found ${shown(number.text)}.`, start, this.at);
    return value;
  }

  /** The error for something else than what was expected, at the next word. */
  expected(what: string): TextError {
    this.peek();
    const start = this.at;
    const rest = this.text.slice(start, start + 200);
    const found = /^(?:[A-Za-z0-9_.+-]+|"(?:[^"\\\n]|\\.)*"|[\s\S])/u.exec(rest)?.[0];
    return new TextError(`Expected ${what}, found ${found === undefined ? 'the end of the text' : shown(found)}.`, start, start + (found?.length ?? 0));
  }
}

function shown(text: string): string {
  return visible(text.length > shownWord ? `${text.slice(0, shownWord)}…` : text);
}

function isWordStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}

function isWordPart(code: number): boolean {
  return isWordStart(code) || (code >= 0x30 && code <= 0x39);
}
