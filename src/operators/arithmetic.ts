// Exact arithmetic on the elements of small tensors, numbers and symbols alike: what shape computations are made of.
import { addDimensions, floorDivide, lowerBound, maxDimension, minDimension, multiplyDimensions, sameDimension, subtractDimensions, divideExactly } from '../graph/dimension';
import type { Dimension, KnownDimension } from '../graph/dimension';
import type { ValueType } from '../graph/model';
import { type ElementType, elementKind, elementTypeFromCode, elementTypes } from '../tensor/elementType';
import type { OperatorContext } from './context';
import type { Values } from './row';

/** Rule for one element; `float` is true where the elements are floating point. Undefined: not known exactly. */
export type UnaryRule = (a: KnownDimension, float: boolean) => Dimension;
export type BinaryRule = (a: KnownDimension, b: KnownDimension, float: boolean) => Dimension;

/** Arithmetic is exact in the type it is done in, or it is not done: float16 and bfloat16 are left out, integers must not wrap. */
const ranges = new Map<ElementType, readonly [number, number]>([
  ['int8', [-128, 127]],
  ['uint8', [0, 255]],
  ['int16', [-32768, 32767]],
  ['uint16', [0, 65535]],
  ['int32', [-(2 ** 31), 2 ** 31 - 1]],
  ['uint32', [0, 2 ** 32 - 1]],
  ['int64', [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
  ['uint64', [0, Number.MAX_SAFE_INTEGER]],
  ['bool', [0, 1]],
]);

/** An exact result brought into the element type: rounded once for float32 and float64, undefined where an integer would wrap. */
export function fit(value: Dimension, type: ElementType): Dimension {
  if (value === undefined) return undefined;
  if (type === 'float64') return value;
  if (type === 'float32') return typeof value === 'number' ? Math.fround(value) : value;
  const range = ranges.get(type);
  if (range === undefined) return undefined;
  if (typeof value !== 'number') return type === 'int64' || type === 'int32' ? value : undefined;
  return value >= range[0] && value <= range[1] && Number.isInteger(value) ? value + 0 : undefined;
}

export function unaryValues(context: OperatorContext, rule: UnaryRule): Values | undefined {
  const type = context.elementType(0);
  const values = type === undefined ? undefined : context.values(0);
  if (type === undefined || values === undefined) return undefined;
  const float = elementKind(type) === 'float';
  return values.map((value) => (value === undefined ? undefined : fit(rule(value, float), type)));
}

/** Index of every output element into an input of shape `dims`, under numpy broadcasting to `output`. */
export function broadcastIndices(dims: readonly number[], output: readonly number[]): Int32Array {
  const count = output.reduce((product, size) => product * size, 1);
  const indices = new Int32Array(count);
  const strides: number[] = [];
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const size = dims[axis] ?? 1;
    strides[axis + output.length - dims.length] = size === 1 ? 0 : stride;
    stride *= size;
  }
  const counter = new Array<number>(output.length).fill(0);
  let at = 0;
  for (let i = 0; i < count; i++) {
    indices[i] = at;
    for (let axis = output.length - 1; axis >= 0; axis--) {
      const step = strides[axis] ?? 0;
      const next = (counter[axis] ?? 0) + 1;
      at += step;
      if (next < (output[axis] ?? 1)) {
        counter[axis] = next;
        break;
      }
      counter[axis] = 0;
      at -= step * next;
    }
  }
  return indices;
}

function joinedDims(all: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(...all.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = all.map((dims) => dims[i - rank + dims.length] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
}

/** Folds a rule over all inputs, left to right, with broadcasting. */
export function binaryValues(context: OperatorContext, rule: BinaryRule): Values | undefined {
  const type = context.elementType(0);
  if (type === undefined) return undefined;
  const float = elementKind(type) === 'float';
  const resultType = comparing.has(rule) ? 'bool' : type;
  let left = context.values(0);
  let leftDims = context.dims(0);
  if (context.opset < 7 && context.int('broadcast', 0) === 1) return undefined;
  for (let i = 1; i < context.inputCount; i++) {
    const right = left === undefined ? undefined : context.values(i);
    const rightDims = context.dims(i);
    if (left === undefined || right === undefined || leftDims === undefined || rightDims === undefined) return undefined;
    const dims = joinedDims([leftDims, rightDims]);
    const leftAt = broadcastIndices(leftDims, dims);
    const rightAt = broadcastIndices(rightDims, dims);
    const a = left;
    left = Array.from(leftAt, (at, n) => {
      const x = a[at];
      const y = right[rightAt[n] ?? 0];
      return x === undefined || y === undefined ? undefined : fit(rule(x, y, float), resultType);
    });
    leftDims = dims;
  }
  return left;
}

const isNumber = (value: Dimension): value is number => typeof value === 'number';
/** Symbols stand for whole numbers, so a fraction may not meet one. */
const whole = (a: KnownDimension, b: KnownDimension): boolean => (isNumber(a) && isNumber(b)) || ((!isNumber(a) || Number.isInteger(a)) && (!isNumber(b) || Number.isInteger(b)));

export const add: BinaryRule = (a, b) => (whole(a, b) ? addDimensions(a, b) : undefined);
export const subtract: BinaryRule = (a, b) => (whole(a, b) ? subtractDimensions(a, b) : undefined);
export const multiply: BinaryRule = (a, b) => (whole(a, b) ? multiplyDimensions(a, b) : undefined);

/** Integers divide towards zero, which for what is not negative is the floor. */
export const divide: BinaryRule = (a, b, float) => {
  if (isNumber(a) && isNumber(b)) return float ? a / b : b === 0 ? undefined : Math.trunc(a / b);
  if (!whole(a, b)) return undefined;
  if (float) return divideExactly(a, b);
  // Nothing is divided by 0, so what is not negative is positive here.
  return isNonNegative(a) && isNonNegative(b) ? floorDivide(a, b) : divideExactly(a, b);
};

export const modulo: BinaryRule = (a, b, float) => {
  if (float || b === 0) return undefined;
  // The sign of the result depends on `fmod` where an operand is negative.
  if (isNumber(a) && isNumber(b)) return a >= 0 && b > 0 ? a % b : undefined;
  if (!isNonNegative(a) || !isNonNegative(b)) return undefined;
  return subtractDimensions(a, multiplyDimensions(floorDivide(a, b), b));
};

export const power: BinaryRule = (a, b, float) => (!float && isNumber(a) && isNumber(b) && b >= 0 && b < 64 ? a ** b : undefined);
export const maximum: BinaryRule = (a, b) => (whole(a, b) && !Number.isNaN(a) && !Number.isNaN(b) ? maxDimension(a, b) : undefined);
export const minimum: BinaryRule = (a, b) => (whole(a, b) && !Number.isNaN(a) && !Number.isNaN(b) ? minDimension(a, b) : undefined);

export const neg: UnaryRule = (a, float) => (isNumber(a) ? (a === 0 && !float ? 0 : -a) : multiplyDimensions(a, -1));
export const abs: UnaryRule = (a) => (isNumber(a) ? Math.abs(a) : isNonNegative(a) ? a : undefined);
export const sign: UnaryRule = (a) => (isNumber(a) ? Math.sign(a) : isPositive(a) ? 1 : undefined);
/** Of zero in floating point the sign is left open. */
export const relu: UnaryRule = (a, float) => (isNumber(a) ? (float && a === 0 ? undefined : a > 0 ? a : a <= 0 ? 0 : undefined) : isNonNegative(a) ? a : undefined);
export const floor: UnaryRule = (a) => (isNumber(a) ? Math.floor(a) : a);
export const ceil: UnaryRule = (a) => (isNumber(a) ? Math.ceil(a) : a);
/** Halves go to the even neighbour (ONNX Round). */
export const round: UnaryRule = (a) => {
  if (!isNumber(a)) return a;
  const down = Math.floor(a);
  const fraction = a - down;
  if (fraction !== 0.5) return fraction < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
};
export const not: UnaryRule = (a) => (isNumber(a) ? 1 - a : undefined);

/** Sign of a − b where it holds for every value of the symbols. */
function order(a: KnownDimension, b: KnownDimension): 'less' | 'equal' | 'greater' | 'not less' | 'not greater' | undefined {
  if (isNumber(a) && isNumber(b)) return a < b ? 'less' : a > b ? 'greater' : a === b ? 'equal' : undefined;
  if (!whole(a, b)) return undefined;
  const difference = subtractDimensions(a, b);
  const reverse = subtractDimensions(b, a);
  if (difference === undefined || reverse === undefined) return undefined;
  if (difference === 0) return 'equal';
  if (isPositive(difference)) return 'greater';
  if (isPositive(reverse)) return 'less';
  if (isNonNegative(difference)) return 'not less';
  return isNonNegative(reverse) ? 'not greater' : undefined;
}

function compare(truths: Partial<Record<NonNullable<ReturnType<typeof order>>, 0 | 1>>): BinaryRule {
  return (a, b) => {
    const known = order(a, b);
    return known === undefined ? undefined : truths[known];
  };
}

export const equal = compare({ less: 0, equal: 1, greater: 0 });
export const greater = compare({ less: 0, equal: 0, greater: 1, 'not greater': 0 });
export const less = compare({ less: 1, equal: 0, greater: 0, 'not less': 0 });
export const greaterOrEqual = compare({ less: 0, equal: 1, greater: 1, 'not less': 1 });
export const lessOrEqual = compare({ less: 1, equal: 1, greater: 0, 'not greater': 1 });
export const and: BinaryRule = (a, b) => (isNumber(a) && isNumber(b) ? a & b : undefined);
export const or: BinaryRule = (a, b) => (isNumber(a) && isNumber(b) ? a | b : undefined);
export const xor: BinaryRule = (a, b) => (isNumber(a) && isNumber(b) ? a ^ b : undefined);
const comparing = new Set<BinaryRule>([equal, greater, less, greaterOrEqual, lessOrEqual]);

/** At least 0 whatever the symbols are. */
export function isNonNegative(a: KnownDimension): boolean {
  return lowerBound(a) >= 0;
}

/** At least 1 whatever the symbols are. */
export function isPositive(a: KnownDimension): boolean {
  return lowerBound(a) >= 1;
}

export function whereValues(context: OperatorContext): Values | undefined {
  const condition = context.values(0);
  const x = condition === undefined ? undefined : context.values(1);
  const y = x === undefined ? undefined : context.values(2);
  const all = [context.dims(0), context.dims(1), context.dims(2)] as const;
  const [conditionDims, xDims, yDims] = all;
  if (condition === undefined || x === undefined || y === undefined || conditionDims === undefined || xDims === undefined || yDims === undefined) return undefined;
  const dims = joinedDims([conditionDims, xDims, yDims]);
  const xAt = broadcastIndices(xDims, dims);
  const yAt = broadcastIndices(yDims, dims);
  return Array.from(broadcastIndices(conditionDims, dims), (at, i) => {
    const chosen = condition[at];
    const whenTrue = x[xAt[i] ?? 0];
    const whenFalse = y[yAt[i] ?? 0];
    if (chosen === 1) return whenTrue;
    if (chosen === 0) return whenFalse;
    return sameDimension(whenTrue, whenFalse) ? whenTrue : undefined;
  });
}

/** Clip with bounds as inputs (opset 11) or attributes. */
export function clipValues(context: OperatorContext): Values | undefined {
  const values = context.values(0);
  if (values === undefined || context.opset < 11) return undefined;
  const low = context.has(1) ? context.numbers(1)?.[0] : -Infinity;
  const high = context.has(2) ? context.numbers(2)?.[0] : Infinity;
  if (low === undefined || high === undefined) return undefined;
  return values.map((value) => (isNumber(value) ? Math.min(Math.max(value, low), high) : undefined));
}

/** Casts between integers, bool, float32 and float64; floats truncate. What the type cannot hold is unknown. */
export function castValues(context: OperatorContext, output: ValueType | undefined): Values | undefined {
  const from = context.elementType(0);
  const values = context.values(0);
  if (values === undefined || from === undefined || output?.kind !== 'tensor') return undefined;
  const to = output.elementType;
  const truncates = elementKind(from) === 'float' && elementKind(to) !== 'float';
  return values.map((value) => {
    if (!isNumber(value)) return to === 'bool' ? undefined : fit(value, to);
    if (to === 'bool') return value === 0 ? 0 : 1;
    if (!Number.isFinite(value) && elementKind(from) !== 'float') return undefined;
    return fit(truncates ? Math.trunc(value) : value, to);
  });
}

/** The element type of an attribute that holds TensorProto.DataType. */
export function elementTypeOf(code: number | undefined): ElementType | undefined {
  return code === undefined ? undefined : elementTypeFromCode(code);
}

/** Cast's `to` was a name until opset 6. */
export function elementTypeNamed(name: string): ElementType | undefined {
  const named = name.toLowerCase();
  return elementTypes.find((type) => type === named) ?? new Map<string, ElementType>([['float', 'float32'], ['double', 'float64']]).get(named);
}
