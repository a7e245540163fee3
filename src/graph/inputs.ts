// The open dimensions of a model's inputs: every one has a symbol, so that it can be bound by name.
import { parseDimension, substituteDimension, symbol, symbolsOf } from './dimension';
import type { Dimension, KnownDimension } from './dimension';
import type { Graph, Shape, ValueInfo } from './model';

/** Symbol given to a dimension that the file leaves nameless: `<input>.<axis>`, e.g. `x.3`. */
export function namelessSymbol(input: string, axis: number): string {
  return `${input}.${axis}`;
}

/** Inputs that a caller feeds: graph inputs that are not initializers as well. */
export function fedInputs(graph: Graph): readonly ValueInfo[] {
  return graph.inputs.filter((input) => !graph.initializers.has(input.name) && !graph.sparseInitializers.has(input.name));
}

/**
 * The declared shape of an input, names read as expressions, nameless dimensions named by {@link namelessSymbol}, bindings put in.
 * @param leastOf says of a symbol what it is proven to be at least, 0 or 1; absent, all are taken for 1 or more
 */
export function inputShape(input: ValueInfo, bindings: ReadonlyMap<string, number> = new Map(), leastOf?: (name: string) => 0 | 1): Shape | undefined {
  if (input.type?.kind !== 'tensor') return undefined;
  return input.type.shape?.map((dimension, axis) => substituteDimension(namedDimension(dimension, input.name, axis, leastOf), bindings));
}

function namedDimension(dimension: Dimension, input: string, axis: number, leastOf?: (name: string) => 0 | 1): KnownDimension {
  if (typeof dimension === 'number') return dimension;
  if (dimension !== undefined) return parseDimension(dimension.text, leastOf);
  const name = namelessSymbol(input, axis);
  return symbol(name, leastOf?.(name));
}

/** Symbols that decide the shapes of what a caller feeds, in order of appearance. */
export function inputSymbols(graph: Graph): string[] {
  const names = new Set<string>();
  for (const input of fedInputs(graph)) {
    for (const dimension of inputShape(input) ?? []) for (const name of symbolsOf(dimension)) names.add(name);
  }
  return [...names];
}
