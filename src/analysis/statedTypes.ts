// A type that a file states beside the one that was inferred: what it adds, and whether both can be true.
import { type Dimension, sameDimension } from '../graph/dimension';
import { maxRank, type Shape, type ValueType } from '../graph/model';

/** Rank unknown where no shape has the one inferred: chained Unsqueezes of a few bytes could make it grow without end. */
export function possibleType(type: ValueType | undefined): ValueType | undefined {
  if (type?.kind !== 'tensor' || type.shape === undefined) return type;
  if (type.shape.length > maxRank) return { kind: 'tensor', elementType: type.elementType };
  const noSize = (dimension: Dimension): boolean => typeof dimension === 'number' && (dimension < 0 || !Number.isInteger(dimension));
  // A size no tensor has: the inputs are too small for the model, or no sizes; what it then does is not known.
  return type.shape.some(noSize) ? { ...type, shape: type.shape.map((dimension) => (noSize(dimension) ? undefined : dimension)) } : type;
}

/** The type with nothing said of shapes, also those of a sequence's elements. */
export function withoutShape(type: ValueType | undefined): ValueType | undefined {
  switch (type?.kind) {
    case undefined:
      return undefined;
    case 'tensor':
      return { kind: 'tensor', elementType: type.elementType };
    case 'sequence':
    case 'optional':
      return { kind: type.kind, of: withoutShape(type.of) ?? type.of };
    case 'sparseTensor':
    case 'map':
    case 'opaque':
      return type;
    default:
      return type satisfies never;
  }
}

/** A declared shape fills in what the given type leaves open. */
export function fill(given: ValueType, declared: ValueType): ValueType {
  if (given.kind !== 'tensor' || declared.kind !== 'tensor' || declared.shape === undefined) return given;
  const { shape } = declared;
  if (given.shape === undefined) return { ...given, shape };
  return given.shape.length === shape.length ? { ...given, shape: given.shape.map((dimension, axis) => dimension ?? shape[axis]) } : given;
}

/** Two shapes of another rank, or with other numbers on an axis. */
export function contradicts(a: Shape, b: Shape): boolean {
  return a.length !== b.length || a.some((dimension, axis) => typeof dimension === 'number' && typeof b[axis] === 'number' && !sameDimension(dimension, b[axis]));
}

/** What is known of two types cannot be true of one value. */
export function differs(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  if (a.kind !== 'tensor' || b.kind !== 'tensor') return a.kind !== b.kind;
  return a.elementType !== b.elementType || (a.shape !== undefined && b.shape !== undefined && contradicts(a.shape, b.shape));
}
