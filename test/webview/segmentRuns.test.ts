// Edges out of view are left out, those in view never.
import { describe, expect, it } from 'vitest';
import { boxesOfRuns, runsInView } from '../../webview/model/graph/segmentRuns';

/** Short segments down a long line, one world unit each. */
const segments = Float32Array.from({ length: 10_000 * 4 }, (_, at) => [0, Math.floor(at / 4), 1, Math.floor(at / 4) + 1][at % 4] ?? 0);
const runs = boxesOfRuns(segments);

const inView = (top: number, bottom: number): (readonly [number, number])[] => runsInView(runs, 10_000, 0, top, 1, bottom);

describe('the edges drawn', () => {
  it.each([[0, 1], [255, 257], [4000, 9000], [9999, 10_000], [-50, 20_000]])('hold every segment between %i and %i', (top, bottom) => {
    const drawn = new Set(inView(top, bottom).flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index)));
    for (let segment = Math.max(0, top); segment < Math.min(10_000, bottom); segment += 1) expect(drawn.has(segment)).toBe(true);
    expect(Math.max(...drawn)).toBeLessThan(10_000);
  });

  it('are few where little is seen, none where nothing is', () => {
    const [stretch, ...others] = inView(5000, 5010);
    expect(others).toEqual([]);
    expect(stretch?.[1]).toBeLessThanOrEqual(512);
    expect(inView(20_000, 30_000)).toEqual([]);
  });
});
