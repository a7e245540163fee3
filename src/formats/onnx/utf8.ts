// Text in protobuf fields: UTF-8, where bytes that are not UTF-8 become lone surrogates U+DC80–U+DCFF so that they can be written back exactly.
import { isUtf8 } from 'node:buffer';

const loneEscape = /[\uDC80-\uDCFF]/u;

/** Decodes bytes; every byte that does not belong to well-formed UTF-8 becomes U+DC00 + byte. */
export function decodeText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  let text = '';
  for (let i = 0; i < buffer.length; ) {
    const length = sequenceLength(buffer, i);
    if (length === 0) text += String.fromCharCode(0xdc00 + buffer.readUInt8(i++));
    else {
      text += buffer.toString('utf8', i, i + length);
      i += length;
    }
  }
  return text;
}

/** Bytes of the well-formed UTF-8 sequence at `start`, 0 where there is none (Unicode standard, table 3-7). */
function sequenceLength(buffer: Buffer, start: number): number {
  const lead = buffer.readUInt8(start);
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || start + length > buffer.length) return 0;
  return isUtf8(buffer.subarray(start, start + length)) ? length : 0;
}

/** The bytes {@link decodeText} made the text from. */
export function encodeText(text: string): Uint8Array {
  if (!loneEscape.test(text)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** True where {@link decodeText} met bytes that are not UTF-8. */
export function hasEscapedBytes(text: string): boolean {
  return loneEscape.test(text);
}

// Controls, line and paragraph separators, and the characters that reorder text (Unicode Bidi_Control).
const deceptive = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** True where a name holds characters that would hide or reorder it when shown. */
export function isDeceptive(text: string): boolean {
  return deceptive.test(text);
}

/** A name as it may be shown: controls, reordering characters and undecodable bytes as `\u{…}` or `\xNN`, at most `limit` characters. */
export function showName(text: string, limit = 200): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  let shown = '';
  for (const character of cut) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) shown += `\\x${(code - 0xdc00).toString(16)}`;
    else if ((code >= 0xd800 && code <= 0xdfff) || deceptive.test(character)) shown += `\\u{${code.toString(16)}}`;
    else shown += character;
  }
  return shown;
}
