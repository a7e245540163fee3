// Prints a model in ONNX's textual syntax (onnx/docs/Syntax.md, onnx/defs/printer.cc): everything the syntax can hold, weights by reference.
import type { Attribute, FunctionBody, Graph, Model, Node, ValueInfo, ValueType } from '../../graph/model';
import type { SparseTensor, Tensor } from '../../tensor/tensor';
import { listCut, quoteCut, type ReferenceEntries, type ReferTo, referToPlaces } from './references';
import { attributeTypeNames, elementText, identifier, qualified, quote, word } from './syntax';
import { floatText, smallValues } from './values';

export interface PrintOptions {
  /** How tensors that are not printed are referred to; by where their bytes lie where not said. */
  readonly refer?: ReferTo;
}

/** The text of a model. Reads small tensors only, and all weights where `refer` does. @throws LatheError where those cannot be read. */
export function printModel(model: Model, options: PrintOptions = {}): string {
  return new Printer(options.refer ?? referToPlaces(model)).print(model);
}

class Printer {
  private readonly lines: string[] = [];

  constructor(private readonly refer: ReferTo) {}

  print(model: Model): string {
    const fields = [`ir_version: ${model.irVersion}`, `opset_import: ${imports(model.opsetImports)}`];
    if (model.producerName !== '') fields.push(`producer_name: ${quoteCut(model.producerName)}`);
    if (model.producerVersion !== '') fields.push(`producer_version: ${quoteCut(model.producerVersion)}`);
    if (model.domain !== '') fields.push(`domain: ${quoteCut(model.domain)}`);
    if (BigInt(model.modelVersion) !== 0n) fields.push(`model_version: ${model.modelVersion}`);
    if (model.docString !== '') fields.push(`doc_string: ${quoteCut(model.docString)}`);
    if (model.metadata.length > 0) fields.push(`metadata_props: ${pairs(model.metadata)}`);
    this.block('', '<', fields, '>');
    this.graph(model.graph, '', '', '');
    for (const body of model.functions) this.functionBody(body);
    return `${this.lines.join('\n')}\n`;
  }

  /** `head` stands before the graph's name on its line, `tail` behind its last brace. */
  private graph(graph: Graph, indent: string, head: string, tail: string): void {
    this.block(`${indent}${head}${identifier(graph.name)} `, '(', graph.inputs.map(valueText), ') => ', indent);
    this.block(this.lines.pop() ?? '', '(', graph.outputs.map(valueText), ')', indent);
    const declared = [
      ...Array.from(graph.initializers.values(), (tensor) => this.tensor(tensor, true)),
      ...Array.from(graph.sparseInitializers.values(), (sparse) => this.sparse(sparse)),
      ...Array.from(graph.valueInfo.values(), valueText),
    ];
    if (declared.length > 0) this.block(indent, '<', declared, '>', indent);
    this.nodes(graph.nodes, indent, tail);
  }

  private nodes(nodes: readonly Node[], indent: string, tail = ''): void {
    this.lines.push(`${indent}{`);
    for (const node of nodes) this.node(node, `${indent}  `);
    this.lines.push(`${indent}}${tail}`);
  }

  private functionBody(body: FunctionBody): void {
    const fields = [`domain: ${quoteCut(body.domain)}`];
    if (body.overload !== '') fields.push(`overload: ${quoteCut(body.overload)}`);
    fields.push(`opset_import: ${imports(body.opsetImports)}`);
    if (body.docString !== '') fields.push(`doc_string: ${quoteCut(body.docString)}`);
    this.lines.push(`<${fields.join(', ')}>`);
    const arrow = `(${body.inputs.map(identifier).join(', ')}) => (${body.outputs.map(identifier).join(', ')})`;
    const defaults = [...body.attributeDefaults];
    const head = `${identifier(body.name)} `;
    if (defaults.some(([, attribute]) => holdsGraphs(attribute))) {
      this.lines.push(`${head}<`);
      for (const name of body.attributes) this.lines.push(`  ${word(name)},`);
      defaults.forEach(([name, attribute], i) => this.attributeLines(name, attribute, '  ', i < defaults.length - 1 ? ',' : ''));
      this.lines.push(`> ${arrow}`);
    } else {
      const attributes = [...body.attributes.map(word), ...defaults.map(([name, attribute]) => this.attribute(name, attribute, true))];
      this.lines.push(`${head}${attributes.length > 0 ? `<${attributes.join(', ')}> ` : ''}${arrow}`);
    }
    if (body.valueInfo.length > 0) this.block('', '<', body.valueInfo.map(valueText), '>');
    this.nodes(body.nodes, '');
  }

  private node(node: Node, indent: string): void {
    const label = node.name === '' ? '' : `[${identifier(node.name)}] `;
    const outputs = node.outputs.length === 0 ? '' : `${node.outputs.map(identifier).join(', ')} `;
    const overload = node.overload === '' ? '' : `:${word(node.overload)}`;
    const head = `${indent}${label}${outputs}= ${qualified(node.domain, node.opType)}${overload}`;
    const call = `(${node.inputs.map(identifier).join(', ')})`;
    const held = [...node.attributes];
    if (held.some(([, attribute]) => holdsGraphs(attribute))) {
      this.lines.push(`${head} ${call} <`);
      held.forEach(([name, attribute], i) => this.attributeLines(name, attribute, `${indent}  `, i < held.length - 1 ? ',' : ''));
      this.lines.push(`${indent}>`);
    } else this.lines.push(`${head}${held.length > 0 ? ` <${held.map(([name, attribute]) => this.attribute(name, attribute)).join(', ')}>` : ''} ${call}`);
  }

  /** An attribute on lines of its own: a graph is one, of several lines. */
  private attributeLines(name: string, attribute: Attribute, indent: string, tail: string): void {
    const head = `${word(name)}: ${attributeTypeNames[attribute.type]} =`;
    if (attribute.reference !== undefined || (attribute.type !== 'graph' && attribute.type !== 'graphs')) this.lines.push(`${indent}${this.attribute(name, attribute)}${tail}`);
    else if (attribute.type === 'graph') this.graph(attribute.value, indent, `${head} `, tail);
    else if (attribute.value.length === 0) this.lines.push(`${indent}${head} []${tail}`);
    else {
      this.lines.push(`${indent}${head} [`);
      attribute.value.forEach((graph, i) => this.graph(graph, `${indent}  `, '', i < attribute.value.length - 1 ? ',' : ''));
      this.lines.push(`${indent}]${tail}`);
    }
  }

  /** An attribute without graphs. Its type is said where the value alone does not say it, or always where asked for. */
  private attribute(name: string, attribute: Attribute, typed = false): string {
    const { type, reference } = attribute;
    const value = reference === undefined ? this.attributeValue(attribute) : `@${word(reference)}`;
    return typed || reference !== undefined || value === '[]' ? `${word(name)}: ${attributeTypeNames[type]} = ${value}` : `${word(name)} = ${value}`;
  }

  private attributeValue(attribute: Attribute): string {
    switch (attribute.type) {
      case 'int':
        return String(attribute.value);
      case 'float':
        return floatText(attribute.value);
      case 'string':
        return quoteCut(attribute.value);
      case 'ints':
        return listCut(attribute.value, String);
      case 'floats':
        return listCut(attribute.value, floatText);
      case 'strings':
        return listCut(attribute.value, quoteCut);
      case 'tensor':
        return this.tensor(attribute.value, false);
      case 'tensors':
        return list(attribute.value.map((tensor) => this.tensor(tensor, false)));
      case 'type':
        return typeText(attribute.value);
      case 'types':
        return list(attribute.value.map(typeText));
      case 'sparseTensor':
        return this.sparse(attribute.value);
      case 'sparseTensors':
        return list(attribute.value.map((sparse) => this.sparse(sparse)));
      case 'graph':
      case 'graphs': // printed on lines of their own
        return '';
      default:
        return attribute satisfies never;
    }
  }

  /** Small tensors with their values, others by reference. `named`: an initializer, whose name is always said. */
  private tensor(tensor: Tensor, named: boolean): string {
    const name = named || tensor.name !== '' ? ` ${identifier(tensor.name)}` : '';
    const head = `${elementText(tensor.elementType)}${tensor.dims.length === 0 ? '' : `[${tensor.dims.join(',')}]`}${name}`;
    const values = smallValues(tensor, quoteCut);
    if (values === undefined) return `${head} = ${referenceText(this.refer(tensor))}`;
    return `${head}${name === '' ? '' : ' ='} {${values.join(', ')}}`;
  }

  /** The syntax has no values for sparse tensors: they are always referred to. */
  private sparse(sparse: SparseTensor): string {
    const { values, dims } = sparse;
    const shape = dims.length === 0 ? '' : `[${dims.join(',')}]`;
    return `sparse_tensor(${elementText(values.elementType)}${shape})${values.name === '' ? '' : ` ${identifier(values.name)}`} = ${referenceText(this.refer(sparse))}`;
  }

  /** Items between two brackets, each on a line of its own; on one line where there are none. */
  private block(head: string, open: string, items: readonly string[], close: string, indent = ''): void {
    if (items.length === 0) {
      this.lines.push(`${head}${open}${close}`);
      return;
    }
    this.lines.push(`${head}${open}`);
    items.forEach((item, i) => this.lines.push(`${indent}  ${item}${i < items.length - 1 ? ',' : ''}`));
    this.lines.push(`${indent}${close}`);
  }
}

function holdsGraphs(attribute: Attribute): boolean {
  return attribute.reference === undefined && (attribute.type === 'graph' || attribute.type === 'graphs');
}

function valueText(value: ValueInfo): string {
  return value.type === undefined ? identifier(value.name) : `${typeText(value.type)} ${identifier(value.name)}`;
}

/** A type as the syntax has it: `float[1,"batch size",?]`; `[]` is unknown rank, a scalar has none. */
export function typeText(type: ValueType): string {
  switch (type.kind) {
    case 'tensor':
      return `${elementText(type.elementType)}${shapeText(type.shape)}`;
    case 'sparseTensor':
      return `sparse_tensor(${elementText(type.elementType)}${shapeText(type.shape)})`;
    case 'sequence':
      return `seq(${typeText(type.of)})`;
    case 'optional':
      return `optional(${typeText(type.of)})`;
    case 'map':
      return `map(${elementText(type.key)}, ${typeText(type.value)})`;
    case 'opaque':
      if (type.domain === '') return `opaque(${type.name === '' ? '' : word(type.name)})`;
      return `opaque(${word(type.domain)}, ${word(type.name)})`;
    default:
      return type satisfies never;
  }
}

function shapeText(shape: Extract<ValueType, { kind: 'tensor' }>['shape']): string {
  if (shape === undefined) return '[]';
  return shape.length === 0 ? '' : `[${shape.map((dim) => (dim === undefined ? '?' : typeof dim === 'number' ? String(dim) : word(dim.text))).join(',')}]`;
}

function referenceText(entries: ReferenceEntries): string {
  return `[${entries.map(([key, value]) => `${quote(key)}: ${quote(value)}`).join(', ')}]`;
}

function imports(opsets: ReadonlyMap<string, number>): string {
  return list(Array.from(opsets, ([domain, version]) => `${quote(domain)} : ${version}`));
}

function pairs(entries: readonly (readonly [string, string])[]): string {
  return list(entries.map(([key, value]) => `${quoteCut(key)} : ${quoteCut(value)}`));
}

function list(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}
