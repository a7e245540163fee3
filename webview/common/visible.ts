// Names come from files nobody vouches for: what could hide or disguise them is shown as what it is.

/** Longest name shown in full; a model may hold names of a megabyte. */
const longest = 2000;

/** Control, bidirectional and invisible formatting characters become their code points; very long names are cut. */
export function visible(name: string): string {
  const cut = name.length > longest ? `${name.slice(0, longest)}… (${name.length.toString()} characters)` : name;
  return cut.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
