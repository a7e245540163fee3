// Which stretches of the edges can be seen: consecutive segments share a box, and only those whose box is in view are drawn.

/** Segments that share a box: neighbours in the list are neighbours in the graph, for edges come group by group. */
const runLength = 256;
/** Unseen runs between two seen ones that are drawn along: a draw call costs more than they do. */
const bridged = 3;

/** Left, top, right and bottom of each run of segments (x0, y0, x1, y1 each). */
export function boxesOfRuns(segments: Float32Array): Float32Array {
  const boxes = new Float32Array(Math.ceil(segments.length / 4 / runLength) * 4);
  for (let run = 0; run * 4 < boxes.length; run += 1) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    const end = Math.min(segments.length, (run + 1) * runLength * 4);
    for (let at = run * runLength * 4; at < end; at += 2) {
      const x = segments[at] ?? 0;
      const y = segments[at + 1] ?? 0;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
    boxes.set([left, top, right, bottom], run * 4);
  }
  return boxes;
}

/** First segment and number of segments of every stretch that may be seen in a view of the world. */
export function runsInView(boxes: Float32Array, segmentCount: number, left: number, top: number, right: number, bottom: number): (readonly [first: number, count: number])[] {
  const stretches: (readonly [number, number])[] = [];
  let first = -1;
  let last = -1;
  const close = (): void => {
    if (first >= 0) stretches.push([first * runLength, Math.min(segmentCount, (last + 1) * runLength) - first * runLength]);
  };
  for (let run = 0; run * 4 < boxes.length; run += 1) {
    const at = run * 4;
    if ((boxes[at] ?? 0) > right || (boxes[at + 2] ?? 0) < left || (boxes[at + 1] ?? 0) > bottom || (boxes[at + 3] ?? 0) < top) continue;
    if (first < 0 || run - last > bridged + 1) {
      close();
      first = run;
    }
    last = run;
  }
  close();
  return stretches;
}
