// Names of a model as the pages show them: nothing hidden in them, and never a megabyte of them.
import { visible as withoutDisguise } from '../../src/base/visible';

/** Longest name shown in full; a model may hold names of a megabyte. */
const longest = 2000;

/** Control, bidirectional and invisible formatting characters become their code points; very long names are cut. */
export function visible(name: string): string {
  return withoutDisguise(name.length > longest ? `${name.slice(0, longest)}… (${name.length.toString()} characters)` : name);
}
