// What every part of the reader is handed: the wire, where external data may lie, and the warnings collected on the way.
import type { Graph, Int, Metadata, ModelWarning } from '../../graph/model';
import { hasEscapedBytes, isDeceptive, showName } from './utf8';
import type { ExternalData } from './externalData';
import { ListStack } from './listStack';
import type { WireReader } from './wireReader';

/** Longest name that is not remarked upon. */
const longName = 4096;
/** Warnings of one kind that are listed one by one before they are only counted. */
const listedPerKind = 5;

export class ReadContext {
  readonly warnings: ModelWarning[] = [];
  private readonly counts = new Map<string, number>();
  private readonly judged = new Set<string>();
  /** Lists being read: what nodes read and make, and the integers of attributes and shapes. */
  readonly inputs = new ListStack<string>();
  readonly outputs = new ListStack<string>();
  readonly integers = new ListStack<Int>();

  constructor(
    readonly wire: WireReader,
    readonly external: ExternalData | undefined,
    readonly file: string | undefined,
    /** Handed down, since attributes hold graphs and graphs hold attributes. */
    readonly readGraph: (context: ReadContext, where: string) => Graph,
  ) {}

  warn(code: string, message: string, item?: string): void {
    const count = (this.counts.get(code) ?? 0) + 1;
    this.counts.set(code, count);
    if (count <= listedPerKind) this.warnings.push({ code, message, ...(item === undefined ? {} : { item: showName(item) }) });
  }

  /** The warnings, with a last line for each kind that occurs too often to be listed. */
  finish(): ModelWarning[] {
    for (const [code, count] of this.counts)
      if (count > listedPerKind) this.warnings.push({ code, message: `… and ${count - listedPerKind} more of these.` });
    return this.warnings;
  }

  /** Reads a name and warns where it cannot be shown as it stands. */
  name(): string {
    const text = this.wire.text();
    if (this.wire.plainText || this.judged.has(text)) return text;
    this.judged.add(text);
    if (text.length > longName) this.warn('odd-name', `A name is ${text.length} characters long.`, text.slice(0, 80));
    else if (hasEscapedBytes(text)) this.warn('odd-name', 'A name is not UTF-8; its bytes are kept and shown escaped.', text);
    else if (isDeceptive(text)) this.warn('odd-name', 'A name holds control or text-reordering characters; they are shown escaped.', text);
    return text;
  }

  /** Keeps the current field, unknown to this reader, as it stands. `known` fields of ONNX are kept without a warning. */
  keep(into: Uint8Array[], known = false): void {
    if (!known) this.warn('unknown-field', `Field ${this.wire.field} is not one of ONNX's; it is kept as it is.`, this.wire.place() || 'model');
    into.push(this.wire.verbatim());
  }

  /** Appends one StringStringEntryProto. */
  entry(into: (readonly [string, string])[]): void {
    const { wire } = this;
    let key = '';
    let value = '';
    wire.enter('entry');
    while (wire.next()) {
      if (wire.field === 1) key = wire.text();
      else if (wire.field === 2) value = wire.text();
      else throw wire.malformed(`Field ${wire.field} in a key-value pair`);
    }
    wire.leave();
    into.push([key, value]);
  }
}

/** Metadata keeps one shared empty list, so that 50,000 nodes without any do not hold 50,000 lists. */
export const noMetadata: Metadata = [];
export const noFields: readonly Uint8Array[] = [];
