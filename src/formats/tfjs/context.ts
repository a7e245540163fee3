// What every part of the TensorFlow.js reader is handed: the file, the warnings collected on the way, and typed access to parsed JSON.
import { LatheError } from '../../base/errors';
import type { ModelWarning } from '../../graph/model';
import { showName } from '../onnx/utf8';
import type { JsonRanges } from './parseJson';

/** A parsed JSON object. Its own properties only are read: see {@link field}. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** A property of a JSON object; undefined where it has none, also for `constructor` and the like. */
export function field(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The first of these properties that is there and not null. */
export function anyField(object: JsonObject, ...keys: readonly string[]): unknown {
  for (const key of keys) {
    const value = field(object, key);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

/** Warnings of one kind that are listed one by one before they are only counted. */
const listedPerKind = 5;

export class TfjsContext {
  readonly warnings: ModelWarning[] = [];
  /** The node being read: what is wrong inside it is wrong with it. Naming it for each attribute would take longer than reading them. */
  node: string | undefined;
  private readonly counts = new Map<string, number>();

  constructor(
    /** Absolute path of model.json. */
    readonly file: string,
    readonly ranges: JsonRanges,
  ) {}

  warn(code: string, message: string, item?: string): void {
    const count = (this.counts.get(code) ?? 0) + 1;
    this.counts.set(code, count);
    if (count <= listedPerKind) this.warnings.push({ code, message, ...(item === undefined ? {} : { item: showName(item) }) });
  }

  /** The warnings, with a last line for each kind that occurs too often to be listed. */
  finish(): ModelWarning[] {
    for (const [code, count] of this.counts) if (count > listedPerKind) this.warnings.push({ code, message: `… and ${count - listedPerKind} more of these.` });
    return this.warnings;
  }

  /** What is read is named by raw names, millions of times; they are made fit to be shown here, once. */
  malformed(item: string, what: string, hint?: string): LatheError {
    return new LatheError('malformed', showName(what, longestMessage), { file: this.file, item: showName(this.node ?? item), ...(hint === undefined ? {} : { hint }) });
  }

  /** What is read, in words: inside a node its attribute. */
  name(item: string): string {
    return this.node === undefined ? item : `The attribute ${item} of ${this.node}`;
  }

  object(value: unknown, item: string): JsonObject {
    if (!isObject(value)) throw this.malformed(item, `${this.name(item)} should be an object, but is ${kindOf(value)}.`);
    return value;
  }

  /** A list; empty where there is nothing. */
  list(value: unknown, item: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (!isList(value)) throw this.malformed(item, `${this.name(item)} should be a list, but is ${kindOf(value)}.`);
    return value;
  }

  text(value: unknown, item: string): string {
    if (typeof value !== 'string') throw this.malformed(item, `${this.name(item)} should be a text, but is ${kindOf(value)}.`);
    return value;
  }
}

/** Room for a sentence with several names. */
const longestMessage = 1000;

/** What a JSON value is, in words for a message. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (isList(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${showName(JSON.stringify(value), 40)}`;
}
