// What the editor says of an operator: how it is called, what it does, its attributes and types, as Markdown.
import { qualified, attributeTypeNames } from '../formats/text/syntax';
import type { Parameter } from '../operators/row';
import type { AttributeSpec, Signature } from '../operators/signature';
import { findOperator } from '../operators/table';

export interface OperatorHelp {
  /** `Y = Conv (X, W, B?)`. */
  readonly label: string;
  /** Where each input stands in the label, the end exclusive. */
  readonly inputs: readonly (readonly [number, number])[];
  /** The last input may come any number of times. */
  readonly variadic: boolean;
  readonly documentation: string;
}

const made = new WeakMap<Signature, OperatorHelp>();

/** The words for kinds of types in signatures, spelled out. */
const kinds: Readonly<Record<string, string>> = {
  floats: 'float16, float, double',
  ints: 'int8 … int64',
  uints: 'uint8 … uint64',
  complexes: 'complex64, complex128',
  float8s: 'the float8 types',
  int4s: 'int4, uint4',
  int2s: 'int2, uint2',
};

/** Made once for each operator and version. */
export function operatorHelp(signature: Signature): OperatorHelp {
  let help = made.get(signature);
  if (help === undefined) made.set(signature, (help = makeHelp(signature)));
  return help;
}

function makeHelp(signature: Signature): OperatorHelp {
  const { domain, op, since, first, says, attributes, constraints } = signature;
  const row = findOperator(domain, op, since);
  const inputs = row?.inputs ?? [];
  const name = qualified(domain, op);
  let label = `${(row?.outputs ?? []).map(parameterText).join(', ')} = ${name} (`;
  const places = inputs.map((input, i): readonly [number, number] => {
    if (i > 0) label += ', ';
    const start = label.length;
    label += parameterText(input);
    return [start, label.length];
  });
  label += ')';
  const typed = (parameters: readonly Parameter[], types: readonly string[]): string => parameters.map((parameter, i) => `\`${parameterText(parameter)}\`${types[i] === undefined ? '' : ` ${types[i] ?? ''}`}`).join(', ');
  const lines = [says, ''];
  if (inputs.length > 0) lines.push(`- Inputs: ${typed(inputs, signature.inputs)}`);
  if (row !== undefined) lines.push(`- Outputs: ${typed(row.outputs, signature.outputs)}`);
  for (const [type, choices] of constraints) lines.push(`- ${type}: ${choices.map(spelled).join(', ')}`);
  for (const spec of attributes.values()) lines.push(`- Attribute ${attributeText(spec)}`);
  lines.push('', `Since version ${first}${since === first ? '' : `, as of version ${since}`} of ${domain === '' ? 'ai.onnx' : domain}.`);
  return { label, inputs: places, variadic: inputs.at(-1)?.variadic === true, documentation: lines.join('\n') };
}

function spelled(type: string): string {
  return type.replace(/\w+/g, (word) => kinds[word] ?? word).replaceAll('|', ', ');
}

export function parameterText({ name, optional, variadic }: Parameter): string {
  return `${name}${variadic ? '…' : ''}${optional ? '?' : ''}`;
}

/** `` `axis`: int, required ``. */
function attributeText(spec: AttributeSpec): string {
  const { name, values } = spec;
  return `\`${name}\`: ${attributeSummary(spec)}${values === undefined ? '' : ` (${values.join(', ')})`}`;
}

/** Type, and whether it is required or what it is by default. */
export function attributeSummary({ type, elementType, required, default: given }: AttributeSpec): string {
  const said = required ? ', required' : given === undefined ? '' : `, ${given} by default`;
  return `${attributeTypeNames[type]}${elementType ? ' (an element type)' : ''}${said}`;
}
