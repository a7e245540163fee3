// The strings of a JSON text: one that stands in it many times (keys, operators, names that others refer to) is decoded once.

/** Strings of more bytes are decoded each time. */
const longestKept = 200;
/** Places in the table of strings met before, a power of two: a later string takes the place of an earlier one. */
const places = 2 ** 16;

export class JsonStrings {
  /** After the quote that ends the string read last. */
  end = 0;
  private readonly starts = new Int32Array(places);
  private readonly lengths = new Int32Array(places);
  private readonly texts = Array.from({ length: places }, () => '');

  constructor(private readonly bytes: Buffer) {}

  /**
   * The string whose first byte, after its quote, is at `start`; undefined where it is none.
   * @param start 1 or more
   */
  read(start: number): string | undefined {
    const { bytes } = this;
    let hash = 0;
    let ascii = true;
    for (let i = start; ; i++) {
      const byte = bytes[i];
      if (byte === undefined || byte < 0x20) return undefined;
      if (byte === 0x22) {
        this.end = i + 1;
        return this.text(start, i, hash & (places - 1), ascii);
      }
      if (byte === 0x5c) return this.escaped(start, i);
      if (byte > 0x7e) ascii = false;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
  }

  private text(start: number, end: number, place: number, ascii: boolean): string {
    const { bytes, starts, lengths, texts } = this;
    const length = end - start;
    if (lengths[place] === length && length > 0) {
      const before = starts[place] ?? 0;
      let same = 0;
      while (same < length && bytes[before + same] === bytes[start + same]) same++;
      if (same === length) return texts[place] ?? '';
    }
    const text = ascii ? bytes.toString('latin1', start, end) : bytes.toString('utf8', start, end);
    if (length <= longestKept) {
      starts[place] = start;
      lengths[place] = length;
      texts[place] = text;
    }
    return text;
  }

  /** @param from where the first escape is */
  private escaped(start: number, from: number): string | undefined {
    const { bytes } = this;
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte === 0x5c) i++;
      else if (byte === 0x22) {
        this.end = i + 1;
        try {
          return String(JSON.parse(bytes.toString('utf8', start - 1, i + 1)));
        } catch {
          return undefined;
        }
      }
    }
    return undefined;
  }
}
