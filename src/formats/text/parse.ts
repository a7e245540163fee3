// Parses a model in ONNX's textual syntax. Source: onnx/docs/Syntax.md; onnx/defs/parser.cc, Parse(ModelProto) and below.
import { makeGraph, makeModel, makeNode } from '../../graph/construct';
import type { Attribute, FunctionBody, Graph, Int, Model, Node, ValueInfo } from '../../graph/model';
import { normalDomain } from '../../graph/opsets';
import { restoreOrigins } from '../onnx/origin';
import type { ParseContext } from './context';
import { parseAttribute, parseAttributes } from './parseAttribute';
import { parseTensorData } from './parseTensor';
import { parseType, parseValueInfo, seesType } from './parseType';
import { type AnyTensor, isSparse } from '../weightFiles';
import { nameOf } from './references';
import { beginsDeclared, beginsNode, recovering } from './recover';
import { type Scanner, TextError } from './scanner';

const largestInt = 2n ** 63n - 1n;
const largestVersion = BigInt(Number.MAX_SAFE_INTEGER);

/** A field of a header: takes its value from the text. */
type Fields = ReadonlyMap<string, (context: ParseContext) => void>;

/** @throws TextError at the first thing that is not as it should be. */
export function parseModel(context: ParseContext): Model {
  const { scan } = context;
  const model = makeModel(makeGraph(''), { irVersion: 0, producerName: '', opsetImports: new Map() });
  const text = (set: (value: string) => void) => (): void => set(scan.string('a quoted string'));
  parseHeader(
    context,
    new Map<string, (context: ParseContext) => void>([
      ['ir_version', () => (model.irVersion = Number(scan.integer('a version', 0n, largestVersion)))],
      ['opset_import', () => parseImports(scan, model.opsetImports)],
      ['producer_name', text((value) => (model.producerName = value))],
      ['producer_version', text((value) => (model.producerVersion = value))],
      ['domain', text((value) => (model.domain = value))],
      ['model_version', () => (model.modelVersion = safeInt(scan.integer('a version', -largestInt - 1n, largestInt)))],
      ['doc_string', text((value) => (model.docString = value))],
      ['metadata_props', () => (model.metadata = parsePairs(scan))],
    ]),
  );
  scan.peek();
  const start = scan.at;
  model.graph = parseGraph(context, scan.expectName('the name of the graph'), start);
  while (!scan.atEnd()) model.functions.push(parseFunction(context));
  restoreOrigins(model.graph);
  return model;
}

/** `< field: value, … >`, where there is one. */
function parseHeader(context: ParseContext, fields: Fields): void {
  const { scan } = context;
  if (!scan.accept('<')) return;
  const seen = new Set<string>();
  do {
    scan.peek();
    const start = scan.at;
    const name = scan.word() ?? '';
    const field = fields.get(name);
    if (field === undefined) {
      scan.at = start;
      throw scan.expected(`one of ${[...fields.keys()].join(', ')}`);
    }
    if (seen.has(name)) throw new TextError(`${name} is said twice; expected it once.`, start, scan.at);
    seen.add(name);
    context.marks.add('header', start, scan.at);
    scan.expect(':', `after ${name}`);
    field(context);
  } while (scan.accept(','));
  scan.expect('>', 'or "," after the field');
}

function parseImports(scan: Scanner, into: Map<string, number>): void {
  scan.expect('[', 'before the operator sets');
  if (scan.accept(']')) return;
  do {
    scan.peek();
    const start = scan.at;
    const domain = normalDomain(scan.string('the quoted domain of an operator set'));
    scan.expect(':', 'after the domain');
    const version = Number(scan.integer('the version of the operator set', 0n, largestVersion));
    if (into.has(domain) && into.get(domain) !== version) throw new TextError('This operator set is imported twice, in two versions; expected one.', start, scan.at);
    into.set(domain, version);
  } while (scan.accept(','));
  scan.expect(']', 'or "," after the operator set');
}

function parsePairs(scan: Scanner): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  scan.expect('[', 'before the entries');
  if (scan.accept(']')) return pairs;
  do {
    const key = scan.string('a quoted key');
    scan.expect(':', 'after the key');
    pairs.push([key, scan.string('a quoted value')]);
  } while (scan.accept(','));
  scan.expect(']', 'or "," after the entry');
  return pairs;
}

/** A graph whose name, which begins at `start`, is already taken. */
export function parseGraph(context: ParseContext, name: string, start: number): Graph {
  const { scan, marks } = context;
  const graph = makeGraph(name);
  const scope = marks.open('graph', name, start);
  context.graphs.set(scope, graph);
  marks.add('graph', start, start + nameLength(scan.text, start));
  scan.expect('(', 'before the inputs of the graph');
  eachIn(scan, ')', 'input', () => {
    scan.peek();
    const from = scan.at;
    const value = parseValueInfo(context, 'input');
    graph.inputs.push(value);
    if (scan.accept('=')) addInitializer(graph, initializer(context, value, from), from, scan.at);
  });
  parseArrow(scan);
  scan.expect('(', 'before the outputs of the graph');
  eachIn(scan, ')', 'output', () => graph.outputs.push(parseValueInfo(context, 'use')));
  if (scan.accept('<')) parseAllDeclared(context, graph);
  parseNodes(context, graph.nodes);
  marks.close(scope, `${graph.nodes.length} nodes`, scan.at);
  return graph;
}

/** Length of the word or quoted string at an offset that was scanned without error. */
function nameLength(text: string, start: number): number {
  return /^(?:"(?:[^"\\]|\\[\s\S])*"|\w+)/.exec(text.slice(start, start + 1000))?.[0].length ?? 1;
}

/** Items separated by commas up to a closing bracket, the opening one already taken. */
function eachIn(scan: Scanner, close: string, what: string, take: () => void): void {
  if (scan.accept(close)) return;
  do take();
  while (scan.accept(','));
  scan.expect(close, `or "," after the ${what}`);
}

function parseArrow(scan: Scanner): void {
  if (!scan.accept('=') || scan.text.charAt(scan.at) !== '>') throw scan.expected('"=>" between inputs and outputs');
  scan.at++;
}

/** Initializers and declared types up to `>`. */
function parseAllDeclared(context: ParseContext, graph: Graph): void {
  const { scan } = context;
  let more = !scan.accept('>');
  while (more) {
    const read = recovering(context, beginsDeclared, '>', () => {
      parseDeclared(context, graph);
      more = scan.accept(',');
      if (!more) scan.expect('>', 'or "," after the tensor or type');
    });
    if (!read) more = !scan.accept('>');
  }
}

/** An initializer (`type name = …`) or the declared type of an inner value. */
function parseDeclared(context: ParseContext, graph: Graph): void {
  const { scan } = context;
  scan.peek();
  const start = scan.at;
  const type = seesType(context) ? parseType(context) : undefined;
  scan.peek();
  const nameStart = scan.at;
  const name = scan.expectName('the name of the tensor or value');
  const end = scan.at;
  const isInitializer = scan.sees('=');
  context.marks.add(isInitializer ? 'weight' : 'declaration', nameStart, end);
  const value: ValueInfo = type === undefined ? { name } : { name, type };
  if (scan.accept('=')) addInitializer(graph, initializer(context, value, start), start, end);
  else {
    if (graph.valueInfo.has(name)) throw new TextError('The type of this value is declared twice; expected once.', nameStart, end);
    graph.valueInfo.set(name, value);
  }
}

function initializer(context: ParseContext, { name, type }: ValueInfo, start: number): AnyTensor {
  if (type === undefined) throw new TextError('Expected a type before the name of the tensor.', start, context.scan.at);
  return parseTensorData(context, type, name, start);
}

function addInitializer(graph: Graph, tensor: AnyTensor, start: number, end: number): void {
  const name = nameOf(tensor);
  if (graph.initializers.has(name) || graph.sparseInitializers.has(name)) throw new TextError('Two initializers have this name; expected one of each.', start, end);
  if (isSparse(tensor)) graph.sparseInitializers.set(name, tensor);
  else graph.initializers.set(name, tensor);
}

function parseNodes(context: ParseContext, into: Node[]): void {
  const { scan } = context;
  scan.expect('{', 'before the nodes');
  while (!scan.accept('}')) {
    if (scan.atEnd()) throw scan.expected('a node or "}"');
    recovering(context, beginsNode, '}', () => into.push(parseNode(context)));
  }
}

function parseNode(context: ParseContext): Node {
  const { scan, nodes } = context;
  scan.peek();
  const start = scan.at;
  let name = '';
  if (scan.accept('[')) {
    name = context.optionalName('label') ?? '';
    scan.expect(']', 'after the name of the node');
  }
  const outputs = parseNames(context, 'definition');
  scan.expect('=', outputs.length === 0 ? 'or a node or "}"' : 'after the outputs of the node');
  const node = makeNode({ name, outputs, inputs: [], ...parseOperator(context) });
  const placed = { node, start, end: scan.at, whole: scan.at, operator: context.marks.length - 1, scope: context.marks.scope };
  nodes.push(placed);
  const attributes = scan.accept('<') ? parseAttributes(context) : undefined;
  scan.expect('(', 'before the inputs of the node');
  node.inputs = parseNames(context, 'use');
  scan.expect(')', 'or "," after the input');
  placed.end = scan.at;
  placed.whole = scan.at; // looking for what follows moves on
  if (attributes !== undefined || !scan.accept('<')) node.attributes = attributes ?? new Map<string, Attribute>();
  else {
    node.attributes = parseAttributes(context);
    placed.whole = scan.at;
  }
  return node;
}

/** Names separated by commas; `""` or nothing before a comma is an omitted one, and a comma at the end means nothing. */
function parseNames(context: ParseContext, kind: 'definition' | 'use'): string[] {
  const { scan } = context;
  const names: string[] = [];
  do {
    const name = context.optionalName(kind);
    if (name === undefined && !scan.sees(',')) break;
    names.push(name ?? '');
  } while (scan.accept(','));
  return names;
}

/** `domain.Operator:overload`. */
function parseOperator(context: ParseContext): Pick<Node, 'domain' | 'opType' | 'overload'> {
  const { scan } = context;
  scan.peek();
  const start = scan.at;
  let opType = scan.expectName('an operator');
  let end = scan.at;
  let domain = '';
  while (scan.accept('.')) {
    domain += domain === '' ? opType : `.${opType}`;
    opType = scan.expectName('an operator after the domain');
    end = scan.at;
  }
  const overload = scan.accept(':') ? scan.expectName('the overload of the function') : '';
  context.marks.add('operator', start, end);
  return { domain: normalDomain(domain), opType, overload };
}

function parseFunction(context: ParseContext): FunctionBody {
  const { scan, marks } = context;
  scan.peek();
  const from = scan.at;
  let domain = '';
  let overload = '';
  let docString = '';
  const opsetImports = new Map<string, number>();
  parseHeader(
    context,
    new Map<string, (context: ParseContext) => void>([
      ['domain', () => (domain = normalDomain(scan.string('a quoted domain')))],
      ['overload', () => (overload = scan.string('a quoted name'))],
      ['opset_import', () => parseImports(scan, opsetImports)],
      ['doc_string', () => (docString = scan.string('a quoted string'))],
    ]),
  );
  scan.peek();
  const start = scan.at;
  const name = scan.expectName('the name of a function');
  const base = `${domain === '' ? '' : `${domain}.`}${name}`;
  const scope = marks.open('function', overload === '' ? base : `${base}:${overload}`, from, base);
  marks.add('function', start, scan.at);
  const attributes: string[] = [];
  const attributeDefaults = new Map<string, Attribute>();
  if (scan.accept('<')) eachIn(scan, '>', 'attribute', () => parseParameter(context, attributes, attributeDefaults));
  const valueInfo: ValueInfo[] = [];
  const inputs = parseArguments(context, 'input', valueInfo);
  parseArrow(scan);
  const outputs = parseArguments(context, 'use', valueInfo);
  if (scan.accept('<')) eachIn(scan, '>', 'type', () => valueInfo.push(parseValueInfo(context, 'declaration')));
  const nodes: Node[] = [];
  parseNodes(context, nodes);
  marks.close(scope, `${nodes.length} nodes`, scan.at);
  return { name, domain, overload, inputs, outputs, attributes, attributeDefaults, nodes, opsetImports, docString, valueInfo, metadata: [], unknownFields: [] };
}

/** An attribute of a function: its name, or its name with a default. */
function parseParameter(context: ParseContext, attributes: string[], defaults: Map<string, Attribute>): void {
  const { scan } = context;
  scan.peek();
  const start = scan.at;
  const name = context.name('attribute', 'the name of an attribute');
  const end = scan.at;
  if (!scan.sees(':') && !scan.sees('=')) attributes.push(name);
  else if (defaults.has(name)) throw new TextError('The attribute has two defaults; expected one.', start, end);
  else defaults.set(name, parseAttribute(context));
}

/** Inputs or outputs of a function; types given with them are declared types. */
function parseArguments(context: ParseContext, kind: 'input' | 'use', valueInfo: ValueInfo[]): string[] {
  const names: string[] = [];
  context.scan.expect('(', `before the ${kind === 'input' ? 'inputs' : 'outputs'} of the function`);
  eachIn(context.scan, ')', kind === 'input' ? 'input' : 'output', () => {
    const value = parseValueInfo(context, kind);
    if (value.type !== undefined) valueInfo.push(value);
    names.push(value.name);
  });
  return names;
}

function safeInt(value: bigint): Int {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
