// Symbolic dimensions: integers, symbols and expressions over them, kept in a normal form so that equal expressions compare equal.
import { type ExpressionAlgebra, isPlainName, parseExpression } from './expression';

/** A dimension: an integer, an expression over symbols, or undefined when nothing is known. Intermediate results may be negative. */
export type Dimension = number | DimensionExpression | undefined;

/** A dimension about which something is known. */
export type KnownDimension = number | DimensionExpression;

export interface DimensionExpression {
  /** Canonical text, e.g. `floor((H + 1) / 2)`; equal expressions have equal text. */
  readonly text: string;
  /** Sum of products; absent in an expression that arrived as text only (it is then parsed when needed). */
  readonly terms?: readonly Term[];
}

/** `coefficient · factors[0] · factors[1] …`, factors in the order of their text; no factors is the constant term. */
export interface Term {
  readonly coefficient: number;
  readonly factors: readonly Factor[];
}

export type Factor =
  | { readonly kind: 'symbol'; readonly text: string; readonly name: string; /** What it is proven to be at least; absent, it is taken for 1 or more. */ readonly least?: 0 | 1 }
  | { readonly kind: 'floorDiv' | 'max' | 'min'; readonly text: string; readonly left: KnownDimension; readonly right: KnownDimension };

/** Expressions beyond this many products, factors in one product or characters count as unknown: hostile models make them, people do not. */
const maxTerms = 200;
const maxFactors = 64;
const maxTextLength = 4000;

const constantTerms = (value: number): readonly Term[] => (value === 0 ? [] : [{ coefficient: value, factors: [] }]);

function termsOf(dimension: KnownDimension): readonly Term[] {
  if (typeof dimension === 'number') return constantTerms(dimension);
  if (dimension.terms !== undefined) return dimension.terms;
  const parsed = parseDimension(dimension.text);
  return typeof parsed === 'number' ? constantTerms(parsed) : (parsed.terms ?? symbolTerms(dimension.text));
}

function symbolTerms(name: string, least?: 0 | 1): readonly Term[] {
  const text = isPlainName(name) ? name : `\`${name}\``;
  return [{ coefficient: 1, factors: [{ kind: 'symbol', name, text, ...(least === undefined ? {} : { least }) }] }];
}

/** The dimension that a name (ONNX's `dim_param`) stands for, taken for 1 or more where nothing is proven of it; its text is the name as it is. */
export function symbol(name: string, least?: 0 | 1): DimensionExpression {
  return { text: name, terms: symbolTerms(name, least) };
}

const monomialText = (factors: readonly Factor[]): string => factors.map((factor) => factor.text).join('*');

/**
 * Makes the normal form: equal monomials joined, sorted by degree then text, the constant last.
 * Undefined where the text grows too long or a coefficient leaves the range in which doubles are exact.
 */
function fromTerms(terms: readonly Term[]): Dimension {
  const joined = new Map<string, { coefficient: number; readonly factors: readonly Factor[] }>();
  for (const { coefficient, factors } of terms) {
    const key = monomialText(factors);
    const known = joined.get(key);
    if (known === undefined) joined.set(key, { coefficient, factors });
    else known.coefficient += coefficient;
  }
  const kept = [...joined].filter(([, term]) => term.coefficient !== 0);
  kept.sort(([aText, a], [bText, b]) => b.factors.length - a.factors.length || (aText < bText ? -1 : aText > bText ? 1 : 0));
  const first = kept[0];
  if (first === undefined) return 0;
  if (first[1].factors.length === 0) return first[1].coefficient;
  let text = '';
  for (const [name, { coefficient }] of kept) {
    if (!(Math.abs(coefficient) <= Number.MAX_SAFE_INTEGER)) return undefined;
    const size = Math.abs(coefficient);
    const shown = name === '' ? String(size) : size === 1 ? name : `${size}*${name}`;
    if (text === '') text = coefficient < 0 ? `-${shown}` : shown;
    else text += coefficient < 0 ? ` - ${shown}` : ` + ${shown}`;
  }
  const only = kept.length === 1 && first[1].coefficient === 1 && first[1].factors.length === 1 ? first[1].factors[0] : undefined;
  if (only?.kind === 'symbol') text = only.name;
  else if (text.length > maxTextLength) return undefined;
  return { text, terms: kept.map(([, term]) => term) };
}

/** True when both are known and equal for every value of their symbols. */
export function sameDimension(a: Dimension, b: Dimension): boolean {
  if (a === undefined || b === undefined) return false;
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.text === b.text;
}

export function addDimensions(a: Dimension, b: Dimension): Dimension {
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a === 0) return b;
  if (b === 0) return a;
  const terms = [...termsOf(a), ...termsOf(b)];
  return terms.length > maxTerms ? undefined : fromTerms(terms);
}

export function subtractDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return addDimensions(a, multiplyDimensions(b, -1));
}

export function multiplyDimensions(a: Dimension, b: Dimension): Dimension {
  if (a === 0 || b === 0) return 0;
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a === 1) return b;
  if (b === 1) return a;
  const lefts = termsOf(a);
  const rights = termsOf(b);
  if (lefts.length * rights.length > maxTerms) return undefined;
  const product: Term[] = [];
  for (const left of lefts) {
    for (const right of rights) {
      if (left.factors.length + right.factors.length > maxFactors) return undefined;
      product.push({ coefficient: left.coefficient * right.coefficient, factors: joinedFactors(left.factors, right.factors) });
    }
  }
  return fromTerms(product);
}

function joinedFactors(left: readonly Factor[], right: readonly Factor[]): readonly Factor[] {
  if (left.length === 0) return right;
  if (right.length === 0) return left;
  return [...left, ...right].sort((x, y) => (x.text < y.text ? -1 : x.text > y.text ? 1 : 0));
}

/** Product of all; 1 for none; undefined when any is unknown (unless one is 0). */
export function productOf(dimensions: readonly Dimension[]): Dimension {
  let product: Dimension = 1;
  let unknown = false;
  for (const dimension of dimensions) {
    if (dimension === 0) return 0;
    if (dimension === undefined) unknown = true;
    else product = multiplyDimensions(product, dimension);
  }
  return unknown ? undefined : product;
}

const joinedText = (kind: Factor['kind'], left: KnownDimension, right: KnownDimension): string => {
  if (kind !== 'floorDiv') return `${kind}(${formatDimension(left)}, ${formatDimension(right)})`;
  const wrapped = (side: KnownDimension): string => (typeof side !== 'number' && termsOf(side).length > 1 ? `(${side.text})` : formatDimension(side));
  return `floor(${wrapped(left)} / ${wrapped(right)})`;
};

function compound(kind: 'floorDiv' | 'max' | 'min', left: KnownDimension, right: KnownDimension): Dimension {
  if (formatDimension(left).length + formatDimension(right).length > maxTextLength) return undefined;
  return fromTerms([{ coefficient: 1, factors: [{ kind, left, right, text: joinedText(kind, left, right) }] }]);
}

/**
 * floor(a / b) for b > 0. Multiples of b are taken out of the fraction and nested fractions joined
 * (floor(floor(x / m) / n) = floor(x / (m·n)); Graham, Knuth, Patashnik, Concrete Mathematics, 3.11).
 */
export function floorDivide(a: Dimension, b: Dimension): Dimension {
  if (a === undefined || b === undefined || b === 0) return undefined;
  if (b === 1) return a;
  if (typeof a === 'number' && typeof b === 'number') return Math.floor(a / b);
  if (a === 0) return 0;
  if (sameDimension(a, b)) return 1;
  const exact = divideExactly(a, b);
  if (exact !== undefined) return exact;
  if (typeof b !== 'number' || b < 0) return compound('floorDiv', a, b);
  const whole: Term[] = [];
  const rest: Term[] = [];
  for (const term of termsOf(a)) {
    const quotient = Math.floor(term.coefficient / b);
    const remainder = term.coefficient - quotient * b;
    if (term.factors.length > 0 && remainder !== 0) rest.push(term);
    else {
      whole.push({ coefficient: quotient, factors: term.factors });
      if (remainder !== 0) rest.push({ coefficient: remainder, factors: term.factors });
    }
  }
  const outer = fromTerms(whole);
  const fraction = fromTerms(rest);
  if (fraction === undefined) return undefined;
  if (typeof fraction === 'number') return addDimensions(outer, Math.floor(fraction / b));
  return addDimensions(outer, joinNested(fraction, b) ?? compound('floorDiv', fraction, b));
}

/** floor((floor(x / m) + c) / n) = floor((x + m·c) / (m·n)). */
function joinNested(a: DimensionExpression, n: number): Dimension {
  const terms = termsOf(a);
  const [first, second] = terms;
  if (first === undefined || terms.length > 2 || first.coefficient !== 1 || first.factors.length !== 1) return undefined;
  if (second !== undefined && second.factors.length > 0) return undefined;
  const factor = first.factors[0];
  if (factor?.kind !== 'floorDiv' || typeof factor.right !== 'number' || factor.right < 1) return undefined;
  const shifted = addDimensions(factor.left, (second?.coefficient ?? 0) * factor.right);
  return floorDivide(shifted, n * factor.right);
}

/** ceil(a / b) for b > 0. */
export function ceilDivide(a: Dimension, b: Dimension): Dimension {
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? undefined : Math.ceil(a / b) + 0; // no −0
  return floorDivide(subtractDimensions(addDimensions(a, b), 1), b);
}

/** a / b where b divides a for every value of the symbols (polynomial long division), else undefined. Symbols are taken as non-zero. */
export function divideExactly(a: Dimension, b: Dimension): Dimension {
  if (a === undefined || b === undefined || b === 0) return undefined;
  if (typeof a === 'number') return typeof b === 'number' && a % b === 0 ? a / b : undefined;
  const divisor = termsOf(b)[0];
  if (divisor === undefined) return undefined;
  let rest: KnownDimension = a;
  let quotient: KnownDimension = 0;
  for (let step = 0; step < 64 && rest !== 0; step++) {
    const leading: Term | undefined = termsOf(rest)[0];
    if (leading === undefined || leading.coefficient % divisor.coefficient !== 0) return undefined;
    const factors = [...leading.factors];
    for (const wanted of divisor.factors) {
      const at = factors.findIndex((factor) => factor.text === wanted.text);
      if (at < 0) return undefined;
      factors.splice(at, 1);
    }
    const part = fromTerms([{ coefficient: leading.coefficient / divisor.coefficient, factors }]);
    if (part === undefined) return undefined;
    const nextRest: Dimension = subtractDimensions(rest, multiplyDimensions(part, b));
    const nextQuotient: Dimension = addDimensions(quotient, part);
    if (nextRest === undefined || nextQuotient === undefined) return undefined;
    rest = nextRest;
    quotient = nextQuotient;
  }
  return rest === 0 ? quotient : undefined;
}

/** The larger; decided at once where the difference has one sign for all values of the symbols. */
export function maxDimension(a: Dimension, b: Dimension): Dimension {
  return extreme('max', a, b);
}

export function minDimension(a: Dimension, b: Dimension): Dimension {
  return extreme('min', a, b);
}

function extreme(kind: 'max' | 'min', a: Dimension, b: Dimension): Dimension {
  if (a === undefined || b === undefined) return undefined;
  if (lowerBound(subtractDimensions(a, b)) >= 0) return kind === 'max' ? a : b;
  if (lowerBound(subtractDimensions(b, a)) >= 0) return kind === 'max' ? b : a;
  const absorbed = absorb(kind, a, b) ?? absorb(kind, b, a);
  if (absorbed !== undefined) return absorbed;
  const [left, right] = formatDimension(a) <= formatDimension(b) ? [a, b] : [b, a];
  return compound(kind, left, right);
}

/** A number that the dimension is never below; −∞ where none is evident. Symbols are what they are proven to be at least, else 1 or more. */
export function lowerBound(dimension: Dimension): number {
  if (dimension === undefined) return -Infinity;
  if (typeof dimension === 'number') return dimension;
  let sum = 0;
  for (const { coefficient, factors } of termsOf(dimension)) {
    let product = coefficient;
    for (const factor of factors) {
      const least = leastOf(factor);
      if (coefficient < 0 || least < 0) return -Infinity;
      product *= least;
    }
    sum += product;
  }
  return sum;
}

function leastOf(factor: Factor): number {
  switch (factor.kind) {
    case 'symbol':
      return factor.least ?? 1;
    case 'floorDiv':
      return typeof factor.right === 'number' ? Math.floor(lowerBound(factor.left) / factor.right) : Math.min(0, lowerBound(factor.left));
    case 'max':
      return Math.max(lowerBound(factor.left), lowerBound(factor.right));
    case 'min':
      return Math.min(lowerBound(factor.left), lowerBound(factor.right));
    default:
      return factor satisfies never;
  }
}

/** True where proofs are asked for (of some symbol it is said what it is at least) and the expression is not proven to be 1 or more. */
export function canBeZero(dimension: Dimension): boolean {
  if (dimension === undefined || typeof dimension === 'number' || lowerBound(dimension) > 0) return false;
  const isProof = (part: KnownDimension): boolean =>
    typeof part !== 'number' && termsOf(part).some(({ factors }) => factors.some((factor) => (factor.kind === 'symbol' ? factor.least !== undefined : isProof(factor.left) || isProof(factor.right))));
  return isProof(dimension);
}

/** True for min(whole, n) with n of 1 or more: never above the whole, and 0 only where that is. */
export function isCutOf(cut: Dimension, whole: Dimension): boolean {
  if (cut === undefined || typeof cut === 'number') return false;
  const [term, more] = termsOf(cut);
  const factor = term?.factors[0];
  if (term?.coefficient !== 1 || more !== undefined || term.factors.length !== 1 || factor?.kind !== 'min') return false;
  return (sameDimension(factor.left, whole) && lowerBound(factor.right) > 0) || (sameDimension(factor.right, whole) && lowerBound(factor.left) > 0);
}

/** max(a, min(a, c)) = a, max(a, max(a, c)) = max(a, c), and the other way about. */
function absorb(kind: 'max' | 'min', a: KnownDimension, b: KnownDimension): Dimension {
  if (typeof b === 'number') return undefined;
  const [term, more] = termsOf(b);
  const factor = term?.factors[0];
  if (term === undefined || more !== undefined || term.coefficient !== 1 || term.factors.length !== 1) return undefined;
  if (factor?.kind !== 'max' && factor?.kind !== 'min') return undefined;
  if (!sameDimension(factor.left, a) && !sameDimension(factor.right, a)) return undefined;
  return factor.kind === kind ? b : a;
}

/** Text of a dimension; `?` where nothing is known. */
export function formatDimension(dimension: Dimension): string {
  if (dimension === undefined) return '?';
  return typeof dimension === 'number' ? String(dimension) : dimension.text;
}

/** `[batch, 3, ?]`. */
export function formatShape(shape: readonly Dimension[] | undefined): string {
  return shape === undefined ? '[…]' : `[${shape.map(formatDimension).join(', ')}]`;
}

/** Names of the symbols a dimension holds, each once. */
export function symbolsOf(dimension: Dimension): string[] {
  const names = new Set<string>();
  const visit = (part: Dimension): void => {
    if (part === undefined || typeof part === 'number') return;
    for (const term of termsOf(part)) {
      for (const factor of term.factors) {
        if (factor.kind === 'symbol') names.add(factor.name);
        else {
          visit(factor.left);
          visit(factor.right);
        }
      }
    }
  };
  visit(dimension);
  return [...names];
}

/** Puts values in for the symbols that have one. */
export function substituteDimension(dimension: Dimension, bindings: ReadonlyMap<string, number>): Dimension {
  if (dimension === undefined || typeof dimension === 'number' || bindings.size === 0) return dimension;
  let sum: Dimension = 0;
  for (const term of termsOf(dimension)) {
    let product: Dimension = term.coefficient;
    for (const factor of term.factors) product = multiplyDimensions(product, substituteFactor(factor, bindings));
    sum = addDimensions(sum, product);
  }
  return sum;
}

function substituteFactor(factor: Factor, bindings: ReadonlyMap<string, number>): Dimension {
  switch (factor.kind) {
    case 'symbol':
      return bindings.get(factor.name) ?? symbol(factor.name, factor.least);
    case 'floorDiv':
      return floorDivide(substituteDimension(factor.left, bindings), substituteDimension(factor.right, bindings));
    case 'max':
    case 'min':
      return extreme(factor.kind, substituteDimension(factor.left, bindings), substituteDimension(factor.right, bindings));
    default:
      return factor satisfies never;
  }
}

/** The number a dimension is at these bindings; undefined when a symbol is unbound or nothing is known. */
export function evaluateDimension(dimension: Dimension, bindings: ReadonlyMap<string, number>): number | undefined {
  const value = substituteDimension(dimension, bindings);
  return typeof value === 'number' ? value : undefined;
}

/**
 * Reads a dimension from text: whole numbers, names, `+ - *` , `floor(a / b)`, `ceil(a / b)`, `a // b`, `max(a, b)`, `min(a, b)`.
 * Text that is no such expression is the name of a symbol (ONNX allows any string as `dim_param`); `-` belongs to a name
 * unless spaces surround it, so that `batch-size` stays one symbol.
 * @param leastOf says of a symbol what it is proven to be at least
 */
export function parseDimension(text: string, leastOf?: (name: string) => 0 | 1): KnownDimension {
  if (leastOf === undefined) return parseExpression(text, algebra) ?? symbol(text);
  return parseExpression(text, { ...algebra, symbol: (name) => symbol(name, leastOf(name)) }) ?? symbol(text, leastOf(text));
}

const algebra: ExpressionAlgebra<KnownDimension> = {
  number: (value) => value,
  symbol: (name) => symbol(name),
  add: addDimensions,
  subtract: subtractDimensions,
  multiply: multiplyDimensions,
  floorDivide,
  ceilDivide,
  max: maxDimension,
  min: minDimension,
};
