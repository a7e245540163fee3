// Finding cards by place: a packed R-tree over their boxes.
import Flatbush from 'flatbush';

/** Indexes boxes given as left, top, width, height; undefined where there are none (the tree must not be empty). */
export function indexBoxes(boxes: Float32Array): Flatbush | undefined {
  const count = boxes.length / 4;
  if (count === 0) return undefined;
  const index = new Flatbush(count, 16, Float32Array);
  for (let at = 0; at < boxes.length; at += 4) {
    const left = boxes[at] ?? 0;
    const top = boxes[at + 1] ?? 0;
    index.add(left, top, left + (boxes[at + 2] ?? 0), top + (boxes[at + 3] ?? 0));
  }
  index.finish();
  return index;
}

/** The topmost card at a world point, −1 where there is none: later cards are painted over earlier ones. */
export function cardAt(index: Flatbush | undefined, x: number, y: number): number {
  return index === undefined ? -1 : index.search(x, y, x, y).reduce((top, card) => Math.max(top, card), -1);
}
