// Two models of different runtimes laid beside each other: which inputs and outputs of the one stand for which of the other.
import { LatheError } from '../base/errors';
import { elementKind } from '../tensor/elementType';
import type { Tensor } from '../tensor/tensor';
import { convertTensor } from './convert';
import type { SessionValue } from './messages';
import type { Feeds } from './data/samples';

/** Source name → variant name: by name, else in order among those whose shapes agree. */
export function pairValues(source: readonly SessionValue[], variant: readonly SessionValue[]): Map<string, string> {
  const free = new Map(variant.map((value) => [value.name, value]));
  const pairs = new Map<string, string>();
  for (const { name } of source) if (free.delete(name)) pairs.set(name, name);
  for (const value of source) {
    if (pairs.has(value.name)) continue;
    const found = [...free.values()].find((other) => agree(value, other));
    if (found === undefined) continue;
    free.delete(found.name);
    pairs.set(value.name, found.name);
  }
  return pairs;
}

/** Open and unknown dimensions agree with any. */
function agree({ shape: a }: SessionValue, { shape: b }: SessionValue): boolean {
  if (a === undefined || b === undefined) return true;
  return a.length === b.length && a.every((dim, axis) => typeof dim === 'string' || typeof b[axis] === 'string' || dim === b[axis]);
}

/** The source's feeds under the variant's names, in its types. @throws LatheError `usage` for an input that nothing stands for */
export function feedsOfVariant(feeds: Feeds, source: readonly SessionValue[], variant: readonly SessionValue[]): Feeds {
  const sourceOf = new Map([...pairValues(source, variant)].map(([name, other]) => [other, name]));
  return new Map(
    variant.map(({ name, elementType }) => {
      const feed = feeds.get(sourceOf.get(name) ?? name);
      if (feed === undefined) throw new LatheError('usage', `The two models cannot be given the same inputs: nothing in the first stands for the input ${name} of the second.`, { item: name });
      return [name, convertTensor(feed, name, elementType ?? feed.elementType)];
    }),
  );
}

/** A variant's output in the source's type where both are whole numbers: TensorFlow.js has no int64. */
export function inTypeOf(source: Tensor, variant: Tensor | undefined): Tensor | undefined {
  if (variant === undefined || source.elementType === variant.elementType) return variant;
  const whole = ({ elementType }: Tensor): boolean => ['signed', 'unsigned'].includes(elementKind(elementType));
  return whole(source) && whole(variant) ? convertTensor(variant, variant.name, source.elementType) : variant;
}
