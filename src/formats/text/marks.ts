// Where the words of a text stand and what they are: what an editor needs to lead from a use to its definition, and to colour.
import { countWhile } from '../../base/bisect';

/** What a marked word is. */
export const markKinds = ['input', 'weight', 'definition', 'use', 'declaration', 'operator', 'label', 'attribute', 'type', 'header', 'graph', 'function', 'dimension', 'parameter'] as const;
export type MarkKind = (typeof markKinds)[number];

/** The marks that make a value: an input, an initializer, an output of a node. */
export const defining: ReadonlySet<MarkKind> = new Set(['input', 'weight', 'definition']);
/** The marks that name a value. */
export const naming: ReadonlySet<MarkKind> = new Set([...defining, 'use', 'declaration']);

const numbers = Object.fromEntries(markKinds.map((kind, i) => [kind, i])) as Record<MarkKind, number>;

export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly kind: MarkKind;
  /** Graph or function body the word stands in. */
  readonly scope: number;
}

/** A graph or a function: what is defined in it can be used in it and in the graphs within it. */
export interface Scope {
  /** −1 at the top. */
  readonly parent: number;
  readonly kind: 'graph' | 'function';
  readonly name: string;
  /** A function's name without its overload; of others the name. */
  readonly base: string;
  readonly detail: string;
  readonly start: number;
  /** Infinity where the text breaks off before. */
  readonly end: number;
}

type Open<T> = { -readonly [K in keyof T]: T[K] };

/** Marks in the order of the text; four numbers each, since there are some ten per node. */
export class Marks {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly kinds: number[] = [];
  private readonly scopeOf: number[] = [];
  readonly scopes: Open<Scope>[] = [];
  private current = -1;

  get length(): number {
    return this.starts.length;
  }

  add(kind: MarkKind, start: number, end: number): void {
    this.starts.push(start);
    this.ends.push(end);
    this.kinds.push(numbers[kind]);
    this.scopeOf.push(this.current);
  }

  at(index: number): Mark | undefined {
    const start = this.starts[index];
    const end = this.ends[index];
    const kind = markKinds[this.kinds[index] ?? -1];
    const scope = this.scopeOf[index];
    return start === undefined || end === undefined || kind === undefined || scope === undefined ? undefined : { start, end, kind, scope };
  }

  /** The marks of one kind. */
  *of(kind: MarkKind): Generator<Mark> {
    const number = numbers[kind];
    for (let i = 0; i < this.kinds.length; i++) {
      const mark = this.kinds[i] === number ? this.at(i) : undefined;
      if (mark !== undefined) yield mark;
    }
  }

  /** Index of the first mark that ends at or behind an offset. */
  firstFrom(offset: number): number {
    return countWhile(this.ends.length, (index) => (this.ends[index] ?? Infinity) < offset);
  }

  /** The scope that is open, −1 at the top. */
  get scope(): number {
    return this.current;
  }

  /** A scope and those around it, innermost first. */
  around(scope: number): number[] {
    const found: number[] = [];
    for (let at = scope; at !== -1; at = this.scopes[at]?.parent ?? -1) found.push(at);
    return found;
  }

  /** Closes the scopes within one that were left open. */
  closeInner(scope: number, end: number): void {
    while (this.current > scope) this.close(this.current, '', end);
  }

  open(kind: Scope['kind'], name: string, start: number, base = name): number {
    this.current = this.scopes.push({ parent: this.current, kind, name, base, detail: '', start, end: Infinity }) - 1;
    return this.current;
  }

  close(scope: number, detail: string, end: number): void {
    const closed = this.scopes[scope];
    if (closed === undefined) return;
    closed.detail = detail;
    closed.end = end;
    this.current = closed.parent;
  }
}
