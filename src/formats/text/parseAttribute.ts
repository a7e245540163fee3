// Attributes: `axis = 1`, `pads: ints = []`, `body = g (…) => (…) { … }`, `alpha: float = @alpha`. Source: onnx/defs/parser.cc, Parse(AttributeProto).
import type { Attribute, AttributeValue, Int } from '../../graph/model';
import { emptyValue } from '../onnx/readAttribute';
import type { ParseContext } from './context';
import { parseTensorData } from './parseTensor';
import { parseType, seesType } from './parseType';
import { type AnyTensor, isSparse } from '../weightFiles';
import { TextError } from './scanner';
import { attributeTypeNamed, attributeTypeNames } from './syntax';
import { floatValue } from './values';

type Kind = Attribute['type'];
/** A value that is no list. */
type Single = Exclude<AttributeValue, { type: ListKind }>;
type ListKind = Extract<Kind, `${string}s`>;

/** Each kind of value with the kind of lists of it. */
const listKinds: Readonly<Record<Exclude<Kind, ListKind>, ListKind>> = { float: 'floats', int: 'ints', string: 'strings', tensor: 'tensors', graph: 'graphs', sparseTensor: 'sparseTensors', type: 'types' };
const itemKinds: ReadonlyMap<string, Kind> = new Map((Object.keys(listKinds) as (keyof typeof listKinds)[]).map((item) => [listKinds[item], item]));

const smallestInt = -(2n ** 63n);
const largestInt = 2n ** 63n - 1n;

/** The attributes between `<` and `>`, of which the first is already taken. @throws TextError. */
export function parseAttributes(context: ParseContext): Map<string, Attribute> {
  const attributes = new Map<string, Attribute>();
  const { scan } = context;
  do {
    scan.peek();
    const start = scan.at;
    const name = context.name('attribute', 'the name of an attribute');
    if (attributes.has(name)) throw new TextError('There are two attributes of this name; expected one of each.', start, scan.at);
    attributes.set(name, parseAttribute(context));
  } while (scan.accept(','));
  scan.expect('>', 'or "," after the attribute');
  return attributes;
}

/** What follows an attribute's name. @throws TextError. */
export function parseAttribute(context: ParseContext): Attribute {
  const { scan } = context;
  const kind = scan.accept(':') ? parseKind(context) : undefined;
  scan.expect('=', 'before the value of the attribute');
  scan.peek();
  const start = scan.at;
  if (scan.accept('@')) return parseReference(context, kind, start);
  if (!scan.accept('[')) {
    const value = parseSingle(context, kind);
    if (kind !== undefined && value.type !== kind) throw new TextError(`Expected a value of type ${attributeTypeNames[kind]}, found ${attributeTypeNames[value.type]}.`, start, scan.at);
    return value;
  }
  return parseList(context, kind, start);
}

function parseKind(context: ParseContext): Kind {
  const { scan } = context;
  scan.peek();
  const start = scan.at;
  const kind = attributeTypeNamed(scan.word() ?? '');
  if (kind === undefined) {
    scan.at = start;
    throw scan.expected(`the type of the attribute (${Object.values(attributeTypeNames).slice(0, 3).join(', ')} …)`);
  }
  context.marks.add('type', start, scan.at);
  return kind;
}

/** `@name`: the value is that of the function's attribute. */
function parseReference(context: ParseContext, kind: Kind | undefined, start: number): Attribute {
  const reference = context.name('parameter', 'the name of an attribute of the function');
  if (kind === undefined) throw new TextError('Expected the type of the attribute before "=", as in `axis: int = @axis`: a reference does not say it.', start, context.scan.at);
  return { ...emptyValue(kind), reference };
}

function parseList(context: ParseContext, kind: Kind | undefined, start: number): AttributeValue {
  const { scan } = context;
  const itemKind = kind === undefined ? undefined : itemKinds.get(kind);
  if (kind !== undefined && itemKind === undefined) throw new TextError(`Expected one value of type ${attributeTypeNames[kind]}, found a list.`, start, scan.at);
  if (scan.accept(']')) {
    if (kind === undefined) throw new TextError('Expected the type of the attribute before "=", as in `pads: ints = []`: an empty list does not say it.', start, scan.at);
    return emptyValue(kind);
  }
  const items: Single[] = [];
  do {
    const rest = scan.cutMark();
    if (rest !== undefined) {
      const whole = context.source?.list(rest);
      if (whole === undefined) throw new TextError('The rest of this list is only in the model that the text was printed from.', start, scan.at);
      if (kind !== undefined && whole.type !== kind) throw new TextError(`Expected a list of type ${attributeTypeNames[kind]}.`, start, scan.at);
      scan.expect(']', 'after the list');
      return whole;
    }
    scan.peek();
    const from = scan.at;
    const item = parseSingle(context, itemKind ?? items[0]?.type);
    const wanted = itemKind ?? items[0]?.type ?? item.type;
    if (item.type !== wanted) throw new TextError(`Expected values of type ${attributeTypeNames[wanted]} in this list, found ${attributeTypeNames[item.type]}.`, from, scan.at);
    items.push(item);
  } while (scan.accept(','));
  scan.expect(']', 'or "," after the value');
  return toList(listKinds[items[0]?.type ?? 'int'], items);
}

/** Items of one kind as the list of them. */
function toList(kind: ListKind, items: readonly Single[]): AttributeValue {
  switch (kind) {
    case 'floats':
      return { type: kind, value: items.flatMap((item) => (item.type === 'float' ? [item.value] : [])) };
    case 'ints':
      return { type: kind, value: items.flatMap((item) => (item.type === 'int' ? [item.value] : [])) };
    case 'strings':
      return { type: kind, value: items.flatMap((item) => (item.type === 'string' ? [item.value] : [])) };
    case 'tensors':
      return { type: kind, value: items.flatMap((item) => (item.type === 'tensor' ? [item.value] : [])) };
    case 'graphs':
      return { type: kind, value: items.flatMap((item) => (item.type === 'graph' ? [item.value] : [])) };
    case 'sparseTensors':
      return { type: kind, value: items.flatMap((item) => (item.type === 'sparseTensor' ? [item.value] : [])) };
    case 'types':
      return { type: kind, value: items.flatMap((item) => (item.type === 'type' ? [item.value] : [])) };
    default:
      return kind satisfies never;
  }
}

/** One value; an int is a float where one is expected. */
function parseSingle(context: ParseContext, kind: Kind | undefined): Single {
  const { scan } = context;
  scan.peek();
  const start = scan.at;
  const number = scan.number();
  if (number !== undefined) {
    if (number.float || kind === 'float') return { type: 'float', value: Math.fround(floatValue(number.text)) };
    scan.at = start;
    return { type: 'int', value: toInt(scan.integer('an int64', smallestInt, largestInt)) };
  }
  if (seesType(context)) return parseTyped(context, start);
  const quoted = scan.sees('"');
  const name = scan.name();
  if (name === undefined) throw scan.expected('a value (a number, a string, a type, a tensor or a graph)');
  if (quoted && !scan.sees('(')) return { type: 'string', value: name };
  return { type: 'graph', value: context.nested(() => context.parseGraph(context, name, start)) };
}

/** A type, or a tensor that begins with its type. */
function parseTyped(context: ParseContext, start: number): Single {
  const { scan } = context;
  const type = parseType(context);
  const name = scan.name();
  const tensor = name !== undefined || scan.sees('=') || scan.sees('{') || scan.sees('[');
  if (!tensor) return { type: 'type', value: type };
  scan.accept('=');
  return tensorValue(parseTensorData(context, type, name ?? '', start));
}

function tensorValue(tensor: AnyTensor): Single {
  return isSparse(tensor) ? { type: 'sparseTensor', value: tensor } : { type: 'tensor', value: tensor };
}

function toInt(value: bigint): Int {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
