// A text file as rows that are found once and read one at a time: the file may be larger than memory.
import { LatheError } from '../../../base/errors';
import { SourceFile } from '../../../tensor/fileSource';

/** Bytes looked through at a time. */
const chunkBytes = 1 << 20;
/** A row is held in memory; a longer one is no row of data. */
const mostRowBytes = 64e6;
/** Eight bytes of memory each. */
const mostRows = 100e6;

const newline = 0x0a;
const quote = 0x22;

export interface Rows {
  readonly count: number;
  /** Without its line ending. @throws LatheError `io`, `too-large` */
  readonly at: (index: number) => string;
}

/**
 * @param quoted line breaks between double quotes belong to the row, as in CSV
 * @throws LatheError `not-found`, `too-large`, `malformed` for a quote that is never closed
 */
export function openRows(path: string, { quoted = false } = {}): Rows {
  const file = new SourceFile(path);
  const starts = new Offsets();
  const chunk = new Uint8Array(chunkBytes);
  let inQuotes = false;
  let start = 0;
  try {
    for (let offset = 0; offset < file.size; offset += chunkBytes) {
      const part = chunk.subarray(0, Math.min(chunkBytes, file.size - offset));
      file.readInto(part, offset);
      for (let i = 0; i < part.length; i++) {
        if (quoted && part[i] === quote) inQuotes = !inQuotes;
        if (part[i] !== newline || inQuotes) continue;
        starts.add(start, path);
        start = offset + i + 1;
      }
    }
  } finally {
    file.dispose();
  }
  if (inQuotes) throw new LatheError('malformed', 'A quote is never closed.', { file: path, item: `row ${starts.count + 1}` });
  if (start < file.size) starts.add(start, path);
  const end = file.size;
  const read = (index: number): string => {
    const [from, to] = [starts.at(index), index + 1 < starts.count ? starts.at(index + 1) : end];
    if (to - from > mostRowBytes) throw new LatheError('too-large', 'A row is longer than 64 MB.', { file: path, item: `row ${index + 1}` });
    const bytes = new Uint8Array(to - from);
    try {
      file.readInto(bytes, from);
    } finally {
      file.dispose();
    }
    const text = Buffer.from(bytes.buffer).toString('utf8').replace(/\r?\n$/, '');
    return index === 0 ? text.replace(/^\uFEFF/, '') : text;
  };
  // An empty line at the end is none.
  const count = starts.count > 0 && read(starts.count - 1).trim() === '' ? starts.count - 1 : starts.count;
  return { count, at: read };
}

/** Numbers that grow in number, without an object each. */
class Offsets {
  private values = new Float64Array(1024);
  count = 0;

  add(value: number, file: string): void {
    if (this.count >= mostRows) throw new LatheError('too-large', 'The file has more than 100 million rows.', { file });
    if (this.count === this.values.length) {
      const larger = new Float64Array(2 * this.values.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.count++] = value;
  }

  at(index: number): number {
    return this.values[index] ?? 0;
  }
}
