// The squarified treemap (Bruls, Huizing, van Wijk 2000): areas in proportion, rectangles as square as can be.
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Divides a rectangle among weights. Weights must be given in falling order; those of nothing get no area.
 * @returns one rectangle per weight, in the same order
 */
export function squarify(weights: readonly number[], within: Rectangle): Rectangle[] {
  const placed: Rectangle[] = [];
  const total = weights.reduce((sum, weight) => sum + Math.max(0, weight), 0);
  if (total <= 0 || within.width <= 0 || within.height <= 0) return weights.map(() => ({ x: within.x, y: within.y, width: 0, height: 0 }));
  const scale = (within.width * within.height) / total;
  let { x, y, width, height } = within;
  let from = 0;
  while (from < weights.length) {
    const side = Math.min(width, height);
    let to = from + 1;
    let sum = Math.max(0, weights[from] ?? 0) * scale;
    const largest = sum;
    // A row grows while its worst aspect ratio gets better.
    let worst = ratio(sum, largest, largest, side);
    for (; to < weights.length; to += 1) {
      const area = Math.max(0, weights[to] ?? 0) * scale;
      const next = ratio(sum + area, largest, area, side);
      if (next > worst) break;
      worst = next;
      sum += area;
    }
    const thickness = side > 0 ? sum / side : 0;
    let along = width >= height ? y : x;
    for (let index = from; index < to; index += 1) {
      const length = thickness > 0 ? (Math.max(0, weights[index] ?? 0) * scale) / thickness : 0;
      placed.push(width >= height ? { x, y: along, width: thickness, height: length } : { x: along, y, width: length, height: thickness });
      along += length;
    }
    if (width >= height) {
      x += thickness;
      width = Math.max(0, width - thickness);
    } else {
      y += thickness;
      height = Math.max(0, height - thickness);
    }
    from = to;
  }
  return placed;
}

function ratio(sum: number, largest: number, smallest: number, side: number): number {
  if (sum <= 0 || smallest <= 0) return smallest <= 0 && sum > 0 ? 0 : Number.POSITIVE_INFINITY;
  return Math.max((side * side * largest) / (sum * sum), (sum * sum) / (side * side * smallest));
}
