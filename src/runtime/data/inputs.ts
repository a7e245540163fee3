// The inputs that have to be fed, with the shapes they get at the bindings.
import { LatheError } from '../../base/errors';
import { defaultBindings } from '../../graph/defaultBindings';
import { type Dimension, formatShape, symbolsOf } from '../../graph/dimension';
import { fedInputs, inputShape } from '../../graph/inputs';
import type { Model } from '../../graph/model';
import type { ElementType } from '../../tensor/elementType';
import type { Feeds } from './samples';

export interface FedInput {
  readonly name: string;
  readonly elementType: ElementType;
  /** As declared, with the person's bindings put in; what is open accepts any size. */
  readonly declared: readonly Dimension[];
  /** Every dimension a number. */
  readonly dims: readonly number[];
}

/**
 * @param bindings the person's; what they leave open gets a usual value (see {@link defaultBindings})
 * @throws LatheError `unsupported` for inputs that are no tensors of known rank
 */
export function fedInputsAt(model: Model, bindings: Readonly<Record<string, number>>): FedInput[] {
  const file = model.path === undefined ? {} : { file: model.path };
  const given = new Map(Object.entries(bindings));
  const all = new Map(Object.entries(defaultBindings(model.graph, bindings)));
  return fedInputs(model.graph).map((input) => {
    const { name, type } = input;
    if (type?.kind !== 'tensor') throw new LatheError('unsupported', `Input ${name} is ${type === undefined ? 'of unknown type' : `a ${type.kind}`}; only tensors can be made up or read from files.`, { ...file, item: name });
    const declared = inputShape(input, given);
    if (declared === undefined) throw new LatheError('unsupported', `Input ${name} has no declared rank.`, { ...file, item: name, hint: 'Give data that fits with --data.' });
    const dims = (inputShape(input, all) ?? []).map((dim) => {
      if (typeof dim === 'number' && dim >= 0) return dim;
      throw new LatheError('usage', `Input ${name} of shape ${formatShape(declared)} cannot be bound to sizes.`, { ...file, item: name, hint: 'Bind its dimensions with --bind name=value.' });
    });
    return { name, elementType: type.elementType, declared, dims };
  });
}

/** Whether an array of these dims can be fed as it is. */
export function fits(declared: readonly Dimension[], dims: readonly number[]): boolean {
  return declared.length === dims.length && declared.every((dim, axis) => typeof dim !== 'number' || dim === dims[axis]);
}

/** The sizes that feeds give to the open dimensions: what a measurement on them states. */
export function bindingsOf(model: Model, feeds: Feeds): Record<string, number> {
  const bound = new Map<string, number>();
  for (const input of fedInputs(model.graph)) {
    const dims = feeds.get(input.name)?.dims;
    for (const [axis, dimension] of (inputShape(input) ?? []).entries()) {
      const size = dims?.[axis];
      if (size !== undefined && typeof dimension === 'object' && symbolsOf(dimension)[0] === dimension.text) bound.set(dimension.text, size);
    }
  }
  return Object.fromEntries(bound);
}
