// What the terminal shows: tables, one progress line on stderr (only where a person looks), one JSON document on stdout.
import type { Progress } from '../base/cancellation';
import type { Log } from '../base/log';
import { visible } from '../base/visible';

/** Prints one JSON document. NaN and infinities become null, as JSON has none. */
export function printJson(value: unknown): void {
  for (const part of jsonParts(value)) process.stdout.write(part);
}

/**
 * Long lists of a document are written in parts of so many items: a document of 50,000 layers is 22 MB of text. Parts of
 * some 100 kB stay among V8's young objects (its limit is 128 kB) and are gone when the next is made.
 */
const itemsPerPart = 200;

/** The text of a JSON document in parts that together are its `JSON.stringify(…, null, 1)` and a line end. */
export function* jsonParts(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || 'toJSON' in value) {
    yield `${JSON.stringify(value, null, 1)}\n`;
    return;
  }
  let opening = '{';
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    if (member === undefined) continue;
    const name = `${opening}\n ${JSON.stringify(key)}: `;
    if (Array.isArray(member) && member.length > itemsPerPart) {
      let before = `${name}[`;
      for (let from = 0; from < member.length; from += itemsPerPart) {
        const items = indented(member.slice(from, from + itemsPerPart)).slice('['.length, -'\n ]'.length);
        yield `${before}${items}`;
        before = ',';
      }
      yield '\n ]';
    } else yield `${name}${indented(member)}`;
    opening = ',';
  }
  yield opening === '{' ? '{}\n' : '\n}\n';
}

/** A member's text, one level in: as it stands in a list of one. */
const indented = (member: unknown): string => JSON.stringify([member], null, 1).slice('[\n '.length, -'\n]'.length);

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Lets the command end as it would, with its exit code, when nobody reads its output any more, as under `| head`. */
export function outliveReader(output: NodeJS.WriteStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
  });
}

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Longer cells are cut in the middle. */
  readonly width?: number;
}

/** Lines of a table with aligned columns, title line first. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const shown = rows.map((row) => row.map((cell, i) => cutMiddle(visible(cell), columns[i]?.width ?? Infinity)));
  const widths = columns.map((column, i) => shown.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), column.title.length));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (columns[i]?.align === 'right' ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...shown.map(line)];
}

function cutMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}

/** A progress line that is redrawn in place on a terminal, and not shown elsewhere. */
export class ProgressLine {
  private readonly enabled = process.stderr.isTTY;
  private shown = false;

  readonly report = (progress: Progress): void => {
    if (!this.enabled) return;
    const share = progress.fraction === undefined ? '' : `${Math.round(progress.fraction * 100).toString().padStart(3)} % `;
    process.stderr.write(`\r\x1b[2K${share}${visible(progress.message).slice(0, (process.stderr.columns || 80) - 6)}`);
    this.shown = true;
  };

  clear(): void {
    if (this.shown) process.stderr.write('\r\x1b[2K');
    this.shown = false;
  }
}

/** Warnings and errors to stderr; the rest only with `--verbose`. */
export function terminalLog(verbose: boolean): Log {
  const write = (line: string): void => void process.stderr.write(`${visible(line)}\n`);
  const quiet = (): void => undefined;
  return { debug: verbose ? write : quiet, info: verbose ? write : quiet, warn: write, error: write };
}
