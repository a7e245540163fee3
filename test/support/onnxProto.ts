// ONNX through protobufjs: the second implementation that the project's reader and writer are checked against.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const root = protobuf.parse(readFileSync(join(import.meta.dirname, 'onnx.proto'), 'utf8'), { keepCase: true }).root;

export type Plain = null | string | number | boolean | Plain[] | { [key: string]: Plain };

/** Encodes a plain object as the ONNX message of that name. */
export function encodeProto(message: string, value: Record<string, unknown>): Uint8Array {
  const type = root.lookupType(`onnx.${message}`);
  return type.encode(type.fromObject(value)).finish();
}

/** Decodes bytes as the ONNX message of that name; int64 as strings, bytes as base64. */
export function decodeProto(message: string, bytes: Uint8Array): Record<string, unknown> {
  const type = root.lookupType(`onnx.${message}`);
  return type.toObject(type.decode(bytes), { longs: String, bytes: String });
}

/** A model as plain data in which everything that means the same is the same: no protobuf defaults, one spelling of ai.onnx. */
export function canonicalModel(bytes: Uint8Array): Plain {
  return canonical(decodeProto('ModelProto', bytes), '') ?? {};
}

/** Fields whose zero means something: they are members of a oneof. */
const meaningful = new Set(['dim_value', 'dim_param']);

function canonical(value: unknown, key: string): Plain | undefined {
  if (Array.isArray(value)) {
    const list = value.map((each) => canonical(each, '') ?? {});
    return list.length === 0 ? undefined : list;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).flatMap(([name, inner]): [string, Plain][] => {
      const kept = canonical(inner, name);
      return kept === undefined ? [] : [[name, kept]];
    });
    // A type that says nothing is no type.
    return key === 'type' && ['[]', '[["tensor_type",{}]]'].includes(JSON.stringify(entries)) ? undefined : Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  if (typeof value === 'number' && Number.isNaN(value)) return 'NaN';
  if (!meaningful.has(key) && key !== '' && (value === 0 || value === '0' || value === '')) return undefined;
  if (key === 'domain' && value === 'ai.onnx') return undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
