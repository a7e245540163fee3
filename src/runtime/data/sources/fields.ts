// Fields of rows made into a tensor of an input: numbers, or texts where the input takes them.
import { LatheError } from '../../../base/errors';
import { formatShape } from '../../../graph/dimension';
import { elementCount, type Tensor } from '../../../tensor/tensor';
import { tensorFromNumbers } from '../../convert';
import { fits, type FedInput } from '../inputs';

export type Field = string | number | boolean;

interface Place {
  readonly file: string;
  /** E.g. `row 12`. */
  readonly item: string;
}

/** Names that a label goes by where the person names none. */
export const labelNames: ReadonlySet<string> = new Set(['label', 'labels', 'class', 'target', 'y']);

/**
 * @param own the shape the values have by themselves
 * @throws LatheError `usage` where they do not fit the input; `malformed` for what is no number
 */
export function tensorOfFields(input: FedInput, own: readonly number[], fields: readonly Field[], place: Place): Tensor {
  const dims = shapeFor(input, own);
  if (dims === undefined) throw new LatheError('usage', `Values of shape [${own.join(', ')}] do not fit input ${input.name} of shape ${formatShape(input.declared)}.`, place);
  if (input.elementType === 'string') return { name: input.name, elementType: 'string', dims, source: { byteLength: 0, read: () => new Uint8Array() }, strings: fields.map((field) => Buffer.from(String(field))) };
  const values = Float64Array.from(fields, (field) => {
    const number = typeof field === 'string' && field.trim() === '' ? NaN : Number(field);
    if (Number.isNaN(number) && !/^\s*nan\s*$/i.test(String(field))) throw new LatheError('malformed', `“${String(field).slice(0, 40)}” is no number, and input ${input.name} takes ${input.elementType}.`, place);
    return number;
  });
  return tensorFromNumbers(input.name, input.elementType, dims, values);
}

function shapeFor({ declared, dims }: FedInput, own: readonly number[]): readonly number[] | undefined {
  const count = elementCount(own);
  const shapes = [own, [1, ...own], [1, count], [count]];
  const found = shapes.find((shape) => fits(declared, shape));
  if (found !== undefined) return found;
  // One row of values where the input has more axes, all of them known.
  return elementCount(dims) === count && fits(declared, dims) ? dims : undefined;
}
