// Prints a model in ONNX's textual syntax (onnx/docs/Syntax.md), weights summarised, with the line of every node and value.
import { visible } from '../../base/visible';
import type { TextDocument, TextSymbol } from '../../protocol/engine';
import { toBigInts, toFloat64Array } from '../../tensor/decode';
import { elementCount, type SparseTensor, type Tensor } from '../../tensor/tensor';
import type { Attribute, Graph, Model, Node, ValueInfo, ValueType } from '../../graph/model';
import { type NodeKey, nodeKeys } from '../../graph/traverse';
import { decodeText } from './utf8';
import { elementKind, type ElementType } from '../../tensor/elementType';

export interface PrintOptions {
  /** Inferred type of a value, shown behind the node that makes it. */
  readonly typeOf?: (graph: Graph, name: string) => ValueType | undefined;
}

/** The syntax's own names of the element types; the others are as ONNX's enumeration has them in lower case. */
const typeNames: Partial<Record<ElementType, string>> = { float32: 'float', float64: 'double' };
/** Tensors up to this many elements are printed with their values. */
const shownElements = 8;
const shownList = 64;
/** Longer texts in attributes and documentation are cut: some models carry whole programs in them. */
const shownText = 1000;

export function printModel(model: Model, options: PrintOptions = {}): TextDocument {
  return new Printer(model, options).print();
}

class Printer {
  private readonly lines: string[] = [];
  private readonly nodes: { key: string; line: number; length: number }[] = [];
  private readonly values: { name: string; line: number }[] = [];
  private readonly symbols: { -readonly [K in keyof TextSymbol]: TextSymbol[K] }[] = [];
  private readonly keys: ReadonlyMap<Node, NodeKey>;

  constructor(
    private readonly model: Model,
    private readonly options: PrintOptions,
  ) {
    this.keys = nodeKeys(model.graph);
  }

  print(): TextDocument {
    const { model } = this;
    this.add('<');
    this.add(`  ir_version: ${model.irVersion},`);
    const imports = [...model.opsetImports].map(([domain, version]) => `${quote(domain)} : ${version}`).join(', ');
    const fields = [`opset_import: [${imports}]`];
    if (model.producerName !== '') fields.push(`producer_name: ${quote(model.producerName)}`);
    if (model.producerVersion !== '') fields.push(`producer_version: ${quote(model.producerVersion)}`);
    if (model.domain !== '') fields.push(`domain: ${quote(model.domain)}`);
    if (model.docString !== '') fields.push(`doc_string: ${quote(cut(model.docString))}`);
    if (model.metadata.length > 0) fields.push(`metadata_props: [${model.metadata.map(([key, value]) => `${quote(cut(key))} : ${quote(cut(value))}`).join(', ')}]`);
    fields.forEach((field, i) => this.add(`  ${field}${i < fields.length - 1 ? ',' : ''}`));
    this.add('>');
    this.graph(model.graph, '', -1, 'graph');
    for (const body of model.functions) {
      const first = this.lines.length;
      const symbol = this.open(`${body.domain}.${body.name}`, 'function', -1, first, `${body.nodes.length} nodes`);
      this.add(`<domain: ${quote(body.domain)}, opset_import: [${[...body.opsetImports].map(([domain, version]) => `${quote(domain)} : ${version}`).join(', ')}]>`);
      this.add(`${identifier(body.name)}${body.attributes.length > 0 ? ` <${body.attributes.map(identifier).join(', ')}>` : ''} (${body.inputs.map(identifier).join(', ')}) => (${body.outputs.map(identifier).join(', ')})`);
      this.add('{');
      for (const node of body.nodes) this.node(node, undefined, '  ', symbol);
      this.add('}');
      this.close(symbol);
    }
    return { text: `${this.lines.join('\n')}\n`, nodes: this.nodes, values: this.values, symbols: this.symbols };
  }

  private graph(graph: Graph, indent: string, parent: number, kind: TextSymbol['kind']): void {
    const symbol = this.open(graph.name === '' ? 'graph' : graph.name, kind, parent, this.lines.length, `${graph.nodes.length} nodes`);
    const inputs = graph.inputs.filter((input) => !graph.initializers.has(input.name));
    this.add(`${indent}${identifier(graph.name === '' ? 'graph' : graph.name)} (`);
    inputs.forEach((input, i) => this.value(input.name, `${indent}  ${valueText(input)}${i < inputs.length - 1 ? ',' : ''}`));
    this.add(`${indent}) => (`);
    graph.outputs.forEach((output, i) => this.value(output.name, `${indent}  ${valueText(output)}${i < graph.outputs.length - 1 ? ',' : ''}`));
    this.add(`${indent})`);
    const tensors = [
      ...[...graph.initializers.values()].map((tensor) => ({ name: tensor.name, text: tensorText(tensor, identifier(tensor.name)) })),
      ...[...graph.sparseInitializers].map(([name, sparse]) => ({ name, text: sparseText(sparse, identifier(name)) })),
    ];
    if (tensors.length > 0 || graph.valueInfo.size > 0) {
      this.add(`${indent}<`);
      const declared = [...graph.valueInfo.values()];
      tensors.forEach(({ name, text }, i) => this.value(name, `${indent}  ${text}${i < tensors.length - 1 || declared.length > 0 ? ',' : ''}`));
      declared.forEach((value, i) => this.add(`${indent}  ${valueText(value)}${i < declared.length - 1 ? ',' : ''}`));
      this.add(`${indent}>`);
    }
    this.add(`${indent}{`);
    for (const node of graph.nodes) this.node(node, graph, `${indent}  `, symbol);
    this.add(`${indent}}`);
    this.close(symbol);
  }

  private node(node: Node, graph: Graph | undefined, indent: string, parent: number): void {
    const line = this.lines.length;
    const name = node.name === '' ? '' : `[${quote(node.name)}] `;
    const domain = node.domain === '' ? '' : `${node.domain}.`;
    const plain: string[] = [];
    const graphs: [string, Graph][] = [];
    for (const [key, attribute] of node.attributes) {
      if (attribute.type === 'graph' && attribute.reference === undefined) graphs.push([key, attribute.value]);
      else plain.push(`${identifier(key)} = ${attributeText(attribute)}`);
    }
    const overload = node.overload === '' ? '' : `:${node.overload}`;
    const head = `${indent}${name}${node.outputs.map(identifier).join(', ')} = ${domain}${node.opType}${overload}`;
    const call = `(${node.inputs.map(identifier).join(', ')})`;
    const comment = graph === undefined ? '' : this.comment(graph, node);
    const first = graphs.length === 0 ? `${head}${plain.length > 0 ? ` <${plain.join(', ')}>` : ''} ${call}${comment}` : `${head} ${call} <${plain.length > 0 ? `${plain.join(', ')},` : ''}${comment}`;
    const key = this.keys.get(node);
    if (key !== undefined) this.nodes.push({ key, line, length: first.length });
    this.add(first);
    if (graphs.length > 0) {
      graphs.forEach(([key, inner], i) => {
        this.add(`${indent}  ${identifier(key)} =`);
        this.graph(inner, `${indent}    `, parent, 'graph');
        if (i < graphs.length - 1) this.lines.push(`${this.lines.pop() ?? ''},`);
      });
      this.add(`${indent}>`);
    }
  }

  /** ` # float[1,64,112,112]`: the inferred types of the outputs. */
  private comment(graph: Graph, node: Node): string {
    const { typeOf } = this.options;
    if (typeOf === undefined) return '';
    const types = node.outputs.filter((name) => name !== '').map((name) => typeOf(graph, name));
    return types.every((type) => type === undefined) ? '' : `  # ${types.map((type) => (type === undefined ? '?' : typeText(type, visible))).join(', ')}`;
  }

  private value(name: string, line: string): void {
    this.values.push({ name, line: this.lines.length });
    this.add(line);
  }

  private add(line: string): void {
    this.lines.push(line);
  }

  private open(name: string, kind: TextSymbol['kind'], parent: number, firstLine: number, detail: string): number {
    return this.symbols.push({ name: visible(name), detail, kind, firstLine, lastLine: firstLine, parent }) - 1;
  }

  private close(symbol: number): void {
    const entry = this.symbols[symbol];
    if (entry !== undefined) entry.lastLine = this.lines.length - 1;
  }
}

function valueText(value: ValueInfo): string {
  return value.type === undefined ? identifier(value.name) : `${typeText(value.type)} ${identifier(value.name)}`;
}

/** `dimensionText` prints a symbolic dimension: quoted where the syntax needs it, or plain in a comment. */
function typeText(type: ValueType, dimensionText = identifier): string {
  switch (type.kind) {
    case 'tensor':
      return `${elementText(type.elementType)}${shapeText(type.shape, dimensionText)}`;
    case 'sparseTensor':
      return `sparse_tensor(${elementText(type.elementType)}${shapeText(type.shape, dimensionText)})`;
    case 'sequence':
      return `seq(${typeText(type.of, dimensionText)})`;
    case 'optional':
      return `optional(${typeText(type.of, dimensionText)})`;
    case 'map':
      return `map(${elementText(type.key)}, ${typeText(type.value, dimensionText)})`;
    case 'opaque':
      return `opaque(${quote(type.domain)}, ${quote(type.name)})`;
    default:
      return type satisfies never;
  }
}

function elementText(type: ElementType): string {
  return typeNames[type] ?? type;
}

/** `[1,N,?]`; `[]` is the syntax's unknown rank, a scalar has none. */
function shapeText(shape: Extract<ValueType, { kind: 'tensor' }>['shape'], dimensionText: (text: string) => string): string {
  if (shape === undefined) return '[]';
  return shape.length === 0 ? '' : `[${shape.map((dim) => (dim === undefined ? '?' : typeof dim === 'number' ? String(dim) : dimensionText(dim.text))).join(',')}]`;
}

/** Small tensors with their values, weights by type and size only. */
function tensorText(tensor: Tensor, name: string): string {
  const head = `${elementText(tensor.elementType)}${tensor.dims.length === 0 ? '' : `[${tensor.dims.join(',')}]`} ${name}`.trimEnd();
  const values = smallValues(tensor);
  return values === undefined ? `${head} = {…}` : `${head} = {${values.join(', ')}}`;
}

/** Values of a small tensor that is at hand; undefined where there are too many, or they lie in another file, which may be missing. */
function smallValues(tensor: Tensor): string[] | undefined {
  if (elementCount(tensor.dims) > shownElements || tensor.storage === 'external') return undefined;
  switch (elementKind(tensor.elementType)) {
    case 'string':
      return (tensor.strings ?? []).map((bytes) => quote(cut(decodeText(bytes))));
    case 'float':
      return Array.from(toFloat64Array(tensor), (value) => String(Number(value.toPrecision(7))));
    case 'signed':
    case 'unsigned':
    case 'bool':
      return toBigInts(tensor).map(String);
    case 'complex':
      return undefined;
  }
}

function sparseText(sparse: SparseTensor, name: string): string {
  return `sparse_tensor(${elementText(sparse.values.elementType)}[${sparse.dims.join(',')}]) ${name}`.trimEnd() + ' = {…}';
}

function attributeText(attribute: Attribute): string {
  if (attribute.reference !== undefined && attribute.reference !== '') return `@${attribute.reference}`;
  switch (attribute.type) {
    case 'int':
      return String(attribute.value);
    case 'float':
      return floatText(attribute.value);
    case 'string':
      return quote(cut(attribute.value));
    case 'ints':
      return list(attribute.value.map(String));
    case 'floats':
      return list(attribute.value.map(floatText));
    case 'strings':
      return list(attribute.value.map((text) => quote(cut(text))));
    case 'tensor':
      return tensorText(attribute.value, '');
    case 'tensors':
      return list(attribute.value.map((tensor) => tensorText(tensor, '')));
    case 'type':
      return typeText(attribute.value);
    case 'types':
      return list(attribute.value.map((type) => typeText(type)));
    case 'graph':
      return identifier(attribute.value.name);
    case 'graphs':
      return list(attribute.value.map((graph) => identifier(graph.name)));
    case 'sparseTensor':
      return sparseText(attribute.value, '');
    case 'sparseTensors':
      return list(attribute.value.map((sparse) => sparseText(sparse, '')));
    default:
      return attribute satisfies never;
  }
}

function list(items: readonly string[]): string {
  return `[${items.slice(0, shownList).join(', ')}${items.length > shownList ? ', …' : ''}]`;
}

/** A float always has a point or an exponent, so that it is not read as an int. */
function floatText(value: number): string {
  const text = String(Number(value.toPrecision(7)));
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function cut(text: string): string {
  return text.length > shownText ? `${text.slice(0, shownText)}…` : text;
}

/** Names that are no identifiers of the syntax are quoted. */
function identifier(name: string): string {
  return name === '' || /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : quote(name);
}

function quote(text: string): string {
  return `"${visible(text.replace(/[\\"]/g, '\\$&'))}"`;
}
