// Values of attributes as the text has them: defaults, and what to begin with where there is none.
import { quote } from '../formats/text/syntax';
import type { AttributeSpec } from '../operators/signature';

/** What stands for a value that the person has to give. */
const placeholders: Partial<Record<AttributeSpec['type'], string>> = {
  int: '0',
  float: '0.0',
  string: '""',
  ints: '[0]',
  floats: '[0.0]',
  strings: '[""]',
  tensor: 'float {0}',
  graph: 'body () => () {}',
  type: 'float',
};

/** The default of an attribute; undefined where it has none. */
export function defaultText({ type, default: given }: AttributeSpec): string | undefined {
  if (given === undefined) return undefined;
  if (!given.startsWith('[')) return itemText(type, given);
  const items = given.slice(1, -1).split(',').filter((item) => item !== '');
  return `[${items.map((item) => itemText(type.replace(/s$/, ''), item)).join(', ')}]`;
}

/** The default, the first of its values, or something of its type. */
export function beginningText(spec: AttributeSpec): string {
  const [first] = spec.values ?? [];
  const value = defaultText(spec) ?? (first === undefined ? undefined : spec.type === 'strings' ? `[${quote(first)}]` : quote(first));
  return value ?? (spec.elementType ? '1' : (placeholders[spec.type] ?? '[]'));
}

function itemText(type: string, item: string): string {
  if (type === 'string') return item.startsWith('"') ? item : quote(item);
  return type === 'float' && /^-?\d+$/.test(item) ? `${item}.0` : item;
}
