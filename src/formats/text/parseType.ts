// Types and typed names: `float[1,N] x`, `seq(int64[])`, `map(string, float)`. Source: onnx/defs/parser.cc, Parse(TypeProto).
import type { Dimension } from '../../graph/dimension';
import { maxRank, type Shape, type ValueInfo, type ValueType } from '../../graph/model';
import type { ElementType } from '../../tensor/elementType';
import type { ParseContext } from './context';
import type { MarkKind } from './marks';
import { TextError } from './scanner';
import { compoundTypes, elementTypeNamed, isTypeName } from './syntax';

const largestDimension = BigInt(Number.MAX_SAFE_INTEGER);

/** Whether a type comes next. */
export function seesType({ scan }: ParseContext): boolean {
  const word = scan.peekWord();
  return word !== undefined && isTypeName(word);
}

/** @throws TextError where no type comes next. */
export function parseType(context: ParseContext): ValueType {
  const { scan } = context;
  scan.peek();
  const start = scan.at;
  const word = scan.word();
  if (word !== undefined) {
    const elementType = elementTypeNamed(word);
    if (elementType !== undefined) {
      context.marks.add('type', start, scan.at);
      return { kind: 'tensor', elementType, ...parseShape(context) };
    }
    if (compoundTypes.has(word)) {
      context.marks.add('type', start, scan.at);
      return context.nested(() => parseCompound(context, word));
    }
  }
  scan.at = start;
  throw scan.expected('a type (float, int64, seq, optional …)');
}

function parseCompound(context: ParseContext, word: string): ValueType {
  const { scan } = context;
  scan.expect('(', `after ${word}`);
  const type = parseInner(context, word);
  scan.expect(')', `at the end of the ${word} type`);
  return type;
}

function parseInner(context: ParseContext, word: string): ValueType {
  const { scan } = context;
  if (word === 'seq') return { kind: 'sequence', of: parseType(context) };
  if (word === 'optional') return { kind: 'optional', of: parseType(context) };
  if (word === 'sparse_tensor') return { kind: 'sparseTensor', elementType: parseElementType(context), ...parseShape(context) };
  if (word === 'map') {
    const key = parseElementType(context);
    scan.expect(',', 'between the types of key and value');
    return { kind: 'map', key, value: parseType(context) };
  }
  if (scan.sees(')')) return { kind: 'opaque', domain: '', name: '' };
  const first = parseQualified(context);
  if (!scan.accept(',')) return { kind: 'opaque', domain: '', name: first };
  return { kind: 'opaque', domain: first, name: scan.name() ?? '' };
}

function parseQualified({ scan }: ParseContext): string {
  let text = scan.expectName('a name');
  while (scan.accept('.')) text += `.${scan.expectName('a name after the point')}`;
  return text;
}

function parseElementType(context: ParseContext): ElementType {
  const { scan } = context;
  scan.peek();
  const start = scan.at;
  const type = elementTypeNamed(scan.word() ?? '');
  if (type === undefined) {
    scan.at = start;
    throw scan.expected('an element type (float, int64 …)');
  }
  context.marks.add('type', start, scan.at);
  return type;
}

/** No brackets are a scalar, empty ones unknown rank. */
function parseShape(context: ParseContext): { readonly shape?: Shape } {
  const { scan } = context;
  const shape: Dimension[] = [];
  if (!scan.accept('[')) return { shape };
  const start = scan.at;
  if (scan.accept(']')) return {};
  do shape.push(parseDimension(context));
  while (scan.accept(','));
  scan.expect(']', 'after the dimensions');
  if (shape.length > maxRank) throw new TextError(`A shape has rank ${shape.length}; ${maxRank} is the most.`, start, scan.at);
  return { shape };
}

function parseDimension(context: ParseContext): Dimension {
  const { scan } = context;
  if (scan.accept('?')) return undefined;
  const name = context.optionalName('dimension');
  if (name !== undefined) return name === '' ? undefined : { text: name };
  return Number(scan.integer('a dimension (a number, a name or ?)', 0n, largestDimension));
}

/** A name with its type before it, where one is given. */
export function parseValueInfo(context: ParseContext, kind: MarkKind): ValueInfo {
  if (!seesType(context)) return { name: context.name(kind, 'a type or the name of a value') };
  const type = parseType(context);
  return { name: context.name(kind, 'the name of the value'), type };
}
