// Types as text and bytes: what summaries and tables show of a value.
import { multiplyDimensions, productOf } from '../graph/dimension';
import type { Dimension } from '../graph/dimension';
import type { Shape, ValueType } from '../graph/model';
import type { ValueSummary } from '../protocol/analysis';
import { elementBits, packedByteLength } from '../tensor/elementType';

/** `float32`, `sequence(float32)`, `optional(…)`, `map(int64, …)`; `unknown` where nothing is known. */
export function typeText(type: ValueType | undefined): string {
  switch (type?.kind) {
    case undefined:
      return 'unknown';
    case 'tensor':
      return type.elementType;
    case 'sparseTensor':
      return `sparse(${type.elementType})`;
    case 'sequence':
      return `sequence(${typeText(type.of)})`;
    case 'optional':
      return `optional(${typeText(type.of)})`;
    case 'map':
      return `map(${type.key}, ${typeText(type.value)})`;
    case 'opaque':
      return `opaque(${type.domain}, ${type.name})`;
    default:
      return type satisfies never;
  }
}

export function summarizeValue(name: string, type: ValueType | undefined): ValueSummary {
  const shape = type?.kind === 'tensor' || type?.kind === 'sparseTensor' ? type.shape : undefined;
  return shape === undefined ? { name, type: typeText(type) } : { name, type: typeText(type), shape: isConcrete(shape) ? shape : shape.map(summarizeDimension) };
}

/** A shape of numbers is shown as it is; most are, and sharing them keeps a large graph small. */
const isConcrete = (shape: Shape): shape is readonly number[] => shape.every((dimension) => typeof dimension === 'number');

function summarizeDimension(dimension: Dimension): number | string | null {
  if (dimension === undefined) return null;
  return typeof dimension === 'number' ? dimension : dimension.text;
}

/** Bytes of a dense tensor; undefined where its size is unknown, 0 for strings and what is no tensor. */
export function valueBytes(type: ValueType | undefined): Dimension {
  if (type === undefined) return undefined;
  if (type.kind !== 'tensor') return 0;
  if (type.shape === undefined) return undefined;
  const count = productOf(type.shape);
  if (typeof count === 'number') return packedByteLength(type.elementType, count);
  return multiplyDimensions(count, Math.max(1, elementBits(type.elementType) / 8));
}

/** `64×112×112`: what a card shows of an output; the batch of 1 is left out. */
export function shapeText(type: ValueType | undefined): string {
  if (type?.kind !== 'tensor') return type === undefined ? '' : typeText(type);
  if (type.shape === undefined) return '';
  const shown = type.shape.length > 1 && type.shape[0] === 1 ? type.shape.slice(1) : type.shape;
  return shown.length === 0 ? 'scalar' : shown.map((dimension) => (dimension === undefined ? '?' : typeof dimension === 'number' ? String(dimension) : dimension.text)).join('×');
}
