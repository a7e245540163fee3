// The words of ONNX's textual syntax: names of types, identifiers, quoted strings. Source: onnx/docs/Syntax.md, onnx/defs/parser.h.
import { visible } from '../../base/visible';
import type { Attribute } from '../../graph/model';
import { type ElementType, elementTypes } from '../../tensor/elementType';

/** Two element types have names of their own in the syntax; the others are ONNX's names in lower case. */
const ownNames: Partial<Record<ElementType, string>> = { float32: 'float', float64: 'double' };

export function elementText(type: ElementType): string {
  return ownNames[type] ?? type;
}

const byName: ReadonlyMap<string, ElementType> = new Map(elementTypes.map((type) => [elementText(type), type]));

/** The element type of a name in the syntax; undefined for any other word. */
export function elementTypeNamed(name: string): ElementType | undefined {
  return byName.get(name);
}

/** Types made of other types. */
export const compoundTypes: ReadonlySet<string> = new Set(['seq', 'map', 'optional', 'sparse_tensor', 'opaque']);

export function isTypeName(word: string): boolean {
  return byName.has(word) || compoundTypes.has(word);
}

/** What stands behind the colon of an attribute. Source: onnx/defs/parser.h, AttributeTypeNameMap. */
export const attributeTypeNames = {
  float: 'float',
  int: 'int',
  string: 'string',
  tensor: 'tensor',
  graph: 'graph',
  sparseTensor: 'sparse_tensor',
  type: 'type_proto',
  floats: 'floats',
  ints: 'ints',
  strings: 'strings',
  tensors: 'tensors',
  graphs: 'graphs',
  sparseTensors: 'sparse_tensors',
  types: 'type_protos',
} as const satisfies Record<Attribute['type'], string>;

const attributeTypes: ReadonlyMap<string, Attribute['type']> = new Map((Object.keys(attributeTypeNames) as Attribute['type'][]).map((type) => [attributeTypeNames[type], type]));

export function attributeTypeNamed(name: string): Attribute['type'] | undefined {
  return attributeTypes.get(name);
}

const identifierPattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Words that stand for a float where a value is expected. Source: onnx/defs/parser.cc, NextIsValidFloatString. */
const floatWord = /^(?:inf|infinity|nan)$/i;

/** A word as it stands where the syntax takes it for one, else quoted: operators, attributes, dimensions. */
export function word(text: string): string {
  return identifierPattern.test(text) ? text : quote(text);
}

/** The name of a value, node or graph; one that is also a word of the syntax is quoted, so that nothing takes it for that. */
export function identifier(name: string): string {
  return identifierPattern.test(name) && !isTypeName(name) && !floatWord.test(name) ? name : quote(name);
}

/** Words joined by dots (operator with its domain), each part quoted where it must be. */
export function qualified(domain: string, name: string): string {
  if (domain === '') return word(name);
  const parts = domain.split('.');
  return `${parts.every((part) => identifierPattern.test(part)) ? domain : quote(domain)}.${word(name)}`;
}

/**
 * A quoted string. A backslash takes the next character as it is, as in the official syntax; what could hide or disguise
 * text, or break the line, is written `\u{…}`, which only this project's parser reads as that character.
 */
export function quote(text: string): string {
  return `"${visible(text.replace(/[\\"]/g, '\\$&'))}"`;
}
