// What the words of a text name: which places name the same value, and where it is made. A name means the innermost graph around it that has it.
import type { TextRange, TextWord } from '../../protocol/engine';
import { textTokenModifiers, textTokenTypes } from '../../protocol/engine';
import { defining, type Mark, type MarkKind, naming } from './marks';
import { lineOf, type ModelText, nameAt, rangeOf } from './read';

type TokenType = (typeof textTokenTypes)[number];
type TokenModifier = (typeof textTokenModifiers)[number];

interface TokenRow {
  readonly type: TokenType;
  readonly modifiers?: readonly TokenModifier[];
}

const tokens: Record<MarkKind, TokenRow> = {
  input: { type: 'parameter', modifiers: ['declaration'] },
  weight: { type: 'variable', modifiers: ['declaration', 'readonly'] },
  definition: { type: 'variable', modifiers: ['declaration'] },
  use: { type: 'variable' },
  declaration: { type: 'variable' },
  operator: { type: 'function' },
  label: { type: 'label' },
  attribute: { type: 'property' },
  type: { type: 'type' },
  header: { type: 'keyword' },
  graph: { type: 'namespace', modifiers: ['declaration'] },
  function: { type: 'function', modifiers: ['declaration'] },
  dimension: { type: 'typeParameter' },
  parameter: { type: 'parameter' },
};

/** A word that names a value, and the value's marks. */
export interface NamedValue {
  readonly name: string;
  readonly mark: Mark;
  readonly definition: Mark | undefined;
  readonly marks: readonly Mark[];
}

/** An overload that is longer is taken for none: its function is then not found. */
const longestOverload = 1000;

export class Words {
  /** Marks of each value, by the mark of any of its names. Made when first asked for. */
  private groups: Map<number, number[]> | undefined;

  constructor(readonly text: ModelText) {}

  /** Offset of a line and column, inside the text. */
  offsetAt(line: number, character: number): number {
    return Math.min((this.text.lines[line] ?? this.text.text.length) + character, this.text.text.length);
  }

  /** What a word at an offset names; null where there is no word that names anything. */
  word(offset: number): TextWord | null {
    const value = this.value(offset);
    if (value !== undefined)
      return {
        name: value.name,
        kind: 'value',
        range: this.range(value.mark),
        ...(value.definition === undefined ? {} : { definition: this.range(value.definition) }),
        places: value.marks.map((mark) => ({ range: this.range(mark), writes: defining.has(mark.kind) })),
      };
    const found = this.markAt(offset);
    return found !== undefined && (found.mark.kind === 'operator' || found.mark.kind === 'function') ? this.functionWord(found.mark) : null;
  }

  /** The value that a word at an offset names. */
  value(offset: number): NamedValue | undefined {
    const found = this.markAt(offset);
    if (found === undefined || !naming.has(found.mark.kind)) return undefined;
    this.groups ??= this.group();
    const marks = (this.groups.get(found.index) ?? [found.index]).flatMap((index) => this.text.marks.at(index) ?? []);
    return { name: this.name(found.mark), mark: found.mark, definition: marks.find(({ kind }) => defining.has(kind)), marks };
  }

  name({ start, end }: Mark): string {
    return nameAt(this.text.text, start, end);
  }

  range({ start, end }: Pick<Mark, 'start' | 'end'>): TextRange {
    return rangeOf(this.text.lines, start, end);
  }

  /** The marks that name values: those that make them first. */
  *naming(): Generator<Mark> {
    for (let i = 0; i < this.text.marks.length; i++) {
      const mark = this.text.marks.at(i);
      if (mark !== undefined && defining.has(mark.kind)) yield mark;
    }
    for (let i = 0; i < this.text.marks.length; i++) {
      const mark = this.text.marks.at(i);
      if (mark?.kind === 'use') yield mark;
    }
  }

  /** Marks on some lines, both included. */
  *between(firstLine: number, lastLine: number): Generator<Mark> {
    const { marks, lines, text } = this.text;
    const end = lines[lastLine + 1] ?? text.length;
    for (let i = marks.firstFrom(lines[firstLine] ?? text.length); i < marks.length; i++) {
      const mark = marks.at(i);
      if (mark === undefined || mark.start >= end) return;
      yield mark;
    }
  }

  /** The words on some lines, both included, as `text/tokens` has them. A word of several lines is left out: editors take none. */
  tokens(firstLine: number, lastLine: number): Uint32Array {
    const { lines } = this.text;
    const data: number[] = [];
    let line = 0;
    let character = 0;
    for (const mark of this.between(firstLine, lastLine)) {
      const at = lineOf(lines, mark.start);
      if (at < firstLine || lineOf(lines, mark.end) !== at) continue;
      const column = mark.start - (lines[at] ?? 0);
      const { type, modifiers = [] } = tokens[mark.kind];
      const bits = modifiers.reduce((sum, modifier) => sum | (1 << textTokenModifiers.indexOf(modifier)), 0);
      data.push(at - line, at === line ? column - character : column, mark.end - mark.start, textTokenTypes.indexOf(type), bits);
      line = at;
      character = column;
    }
    return Uint32Array.from(data);
  }

  private functionWord(mark: Mark): TextWord | null {
    const { marks, text } = this.text;
    const called = this.called(mark);
    const places: Mark[] = [];
    let definition: Mark | undefined;
    for (let i = 0; i < marks.length; i++) {
      const each = marks.at(i);
      if (each === undefined || (each.kind !== 'operator' && each.kind !== 'function') || this.called(each) !== called) continue;
      places.push(each);
      if (each.kind === 'function') definition ??= each;
    }
    return {
      name: text.slice(mark.start, mark.end),
      kind: 'function',
      range: this.range(mark),
      ...(definition === undefined ? {} : { definition: this.range(definition) }),
      places: places.map((each) => ({ range: this.range(each), writes: each.kind === 'function' })),
    };
  }

  /** A function's name with its domain, as it is where it is called. */
  private called(mark: Mark): string {
    if (mark.kind === 'function') return this.text.marks.scopes[mark.scope]?.name ?? '';
    const shown = this.text.text.slice(mark.start, mark.end);
    const overload = /^\s*:\s*("(?:[^"\\]|\\.)*"|[\w-]+)/.exec(this.text.text.slice(mark.end, mark.end + longestOverload))?.[1];
    const named = shown.includes('"') ? shown.split(/(?<=")\.|\.(?=")/).map((part) => nameAt(part, 0, part.length)).join('.') : shown;
    return overload === undefined ? named : `${named}:${nameAt(overload, 0, overload.length)}`;
  }

  /** The mark at an offset, or that ends there. */
  markAt(offset: number): { mark: Mark; index: number } | undefined {
    for (let index = this.text.marks.firstFrom(offset); ; index++) {
      const mark = this.text.marks.at(index);
      if (mark === undefined || mark.start > offset) return undefined;
      if (mark.end > offset || (mark.end === offset && (this.text.marks.at(index + 1)?.start ?? Infinity) > offset)) return { mark, index };
    }
  }

  /** All marks of each value, each list known by every mark in it. One pass for the definitions, one for the rest. */
  private group(): Map<number, number[]> {
    const { marks } = this.text;
    const scopes = marks.scopes.map(() => new Map<string, number[]>());
    const free = new Map<string, number[]>();
    for (let i = 0; i < marks.length; i++) {
      const mark = marks.at(i);
      if (mark === undefined || !defining.has(mark.kind)) continue;
      const names = scopes[mark.scope];
      const name = this.name(mark);
      if (names?.has(name) === false) names.set(name, []);
    }
    const groups = new Map<number, number[]>();
    for (let i = 0; i < marks.length; i++) {
      const mark = marks.at(i);
      if (mark === undefined || !naming.has(mark.kind)) continue;
      const name = this.name(mark);
      let list: number[] | undefined;
      for (let scope = mark.scope; scope !== -1 && list === undefined; scope = marks.scopes[scope]?.parent ?? -1) list = scopes[scope]?.get(name);
      list ??= free.get(name);
      if (list === undefined) free.set(name, (list = []));
      list.push(i);
      groups.set(i, list);
    }
    return groups;
  }
}
