// Numbers, bytes and shapes as protobuf's JSON mapping has them.
import type { Int } from '../../graph/model';
import { decodeText } from '../onnx/utf8';
import { anyField, field, isList, isObject, kindOf, type TfjsContext } from './context';

/** An int64: JSON has it as text, old writers as a number. */
export function readInt(context: TfjsContext, value: unknown, where: string): Int {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) throw context.malformed(where, `${context.name(where)} should be a whole number, but is ${kindOf(value)}.`);
  const exact = BigInt(value);
  return exact >= Number.MIN_SAFE_INTEGER && exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact;
}

/** A float, also NaN and the infinities, which JSON has as texts. */
export function readFloat(context: TfjsContext, value: unknown, where: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^(NaN|-?Infinity|-?\d+(\.\d+)?([eE][-+]?\d+)?)$/.test(value)) return Number(value);
  throw context.malformed(where, `${context.name(where)} should be a number, but is ${kindOf(value)}.`);
}

/** Bytes: base64, or a list of their codes. */
export function readBytes(context: TfjsContext, value: unknown, where: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'base64');
  if (isList(value) && value.every((code) => typeof code === 'number' && Number.isInteger(code) && code >= 0 && code < 256)) return Uint8Array.from(value, Number);
  throw context.malformed(where, `${context.name(where)} should be bytes, but is ${kindOf(value)}.`);
}

/** A text of bytes; those that are not UTF-8 survive as in ONNX. */
export function readString(context: TfjsContext, value: unknown, where: string): string {
  return decodeText(readBytes(context, value, where));
}

/** A shape's dims, −1 where one is unknown; undefined for unknown rank. */
export function readShape(context: TfjsContext, value: unknown, where: string): number[] | undefined {
  if (value === undefined || value === null) return undefined;
  const object = context.object(value, where);
  if (anyField(object, 'unknownRank', 'unknown_rank') === true) return undefined;
  return context.list(field(object, 'dim'), where).map((dim) => {
    if (!isObject(dim)) throw context.malformed(where, `${context.name(where)} has the dimension ${kindOf(dim)}.`);
    const size = anyField(dim, 'size');
    if (size === undefined) return 0; // protobuf leaves zeros out
    const read = readInt(context, size, where);
    if (typeof read !== 'number' || read < -1) throw context.malformed(where, `${context.name(where)} has the dimension ${read}.`);
    return read;
  });
}
