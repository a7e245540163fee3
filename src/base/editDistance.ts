// How far two sequences are from each other, and which word is closest to one that was mistyped.

/**
 * Items to insert, remove or replace to make one of the other (Levenshtein 1966); infinite where they are more than `most`.
 * Only what lies within `most` of the diagonal is worked out (Ukkonen 1985).
 */
export function editDistance<T>(a: ArrayLike<T>, b: ArrayLike<T>, most = Infinity): number {
  if (Math.abs(a.length - b.length) > most) return Infinity;
  const distances = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const from = Math.max(0, i - most);
    const to = Math.min(b.length, i + most + 1);
    let diagonal = distances[from] ?? 0;
    let least = (distances[from] = from === 0 ? i + 1 : Infinity);
    for (let j = from; j < to; j++) {
      const above = distances[j + 1] ?? 0;
      const distance = Math.min(above + 1, (distances[j] ?? 0) + 1, diagonal + (a[i] === b[j] ? 0 : 1));
      distances[j + 1] = distance;
      if (distance < least) least = distance;
      diagonal = above;
    }
    if (least > most) return Infinity;
  }
  const distance = distances[b.length] ?? 0;
  return distance > most ? Infinity : distance;
}

/** At most every third letter may be wrong: further apart are other words. */
const wrongShare = 1 / 3;
/** In long names too no more are mistyped, and thousands of them are compared at every move of a cursor. */
const wrongAtMost = 8;

/** The words closest to one, the closest first, at most `wanted`; none that differ in more than a third or eight letters, case aside. */
export function closeWords(word: string, known: Iterable<string>, wanted: number): string[] {
  const lower = word.toLowerCase();
  const close: { readonly word: string; readonly distance: number }[] = [];
  for (const each of known) {
    const allowed = Math.min(wrongAtMost, Math.max(1, Math.floor(Math.max(word.length, each.length) * wrongShare)));
    if (each === word || each === '' || Math.abs(each.length - word.length) > allowed) continue;
    const distance = editDistance(lower, each.toLowerCase(), allowed);
    if (distance <= allowed && distance < Math.max(word.length, each.length)) close.push({ word: each, distance });
  }
  return close
    .sort((a, b) => a.distance - b.distance)
    .slice(0, wanted)
    .map((each) => each.word);
}
