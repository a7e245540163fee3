// Names come from files nobody vouches for: what could hide or disguise them, or drive a terminal, is shown as what it is.

/** Control, bidirectional and other invisible formatting characters, line separators and lone surrogates as `\u{…}`. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
