// How far two sequences are from each other, and which word is closest to one that was mistyped.

/** Items to insert, remove or replace to make one of the other (Levenshtein 1966). */
export function editDistance<T>(a: ArrayLike<T>, b: ArrayLike<T>): number {
  const distances = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    let diagonal = i;
    distances[0] = i + 1;
    for (let j = 0; j < b.length; j++) {
      const above = distances[j + 1] ?? 0;
      distances[j + 1] = Math.min(above + 1, (distances[j] ?? 0) + 1, diagonal + (a[i] === b[j] ? 0 : 1));
      diagonal = above;
    }
  }
  return distances[b.length] ?? 0;
}

/** At most every third letter may be wrong: further apart are other words. */
const wrongShare = 1 / 3;

/** The words closest to one, the closest first, at most `wanted`; none that differ in more than a third, case aside. */
export function closeWords(word: string, known: Iterable<string>, wanted: number): string[] {
  const lower = word.toLowerCase();
  const close: { readonly word: string; readonly distance: number }[] = [];
  for (const each of known) {
    const allowed = Math.max(1, Math.floor(Math.max(word.length, each.length) * wrongShare));
    if (each === word || each === '' || Math.abs(each.length - word.length) > allowed) continue;
    const distance = editDistance(lower, each.toLowerCase());
    if (distance <= allowed && distance < Math.max(word.length, each.length)) close.push({ word: each, distance });
  }
  return close
    .sort((a, b) => a.distance - b.distance)
    .slice(0, wanted)
    .map((each) => each.word);
}
