// Bisection of what is sorted.

/** How many of `count` sorted items come before the first that does not hold: `holds` is true of some at the beginning and false of the rest. */
export function countWhile(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
