// Names by pattern: `*` stands for any text, slashes included, `?` for one character, as in the quantization maps of TensorFlow.js's converter.

/** Whether a name fits a pattern; in time of their lengths' product at worst, whatever the pattern. */
export function matches(name: string, pattern: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let retry = 0;
  while (at < name.length) {
    if (pattern[place] === '*') {
      star = place++;
      retry = at;
    } else if (place < pattern.length && (pattern[place] === '?' || pattern[place] === name[at])) {
      place++;
      at++;
    } else if (star >= 0) {
      // The last star takes one character more.
      place = star + 1;
      at = ++retry;
    } else return false;
  }
  while (pattern[place] === '*') place++;
  return place === pattern.length;
}
