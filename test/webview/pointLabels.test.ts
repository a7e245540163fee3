// Labels beside a chart's points: outside their marks, however large these are, and on no other label.
import { describe, expect, it } from 'vitest';
import { pointLabels, type ChartInk } from '../../webview/benchmark/chart';

interface Mark {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

const ink = { foreground: '#000', font: { family: 'sans', size: 11 } } as unknown as ChartInk;
const letter = 6;

/** Where each text's left edge and middle are drawn, each letter being 6 pixels wide. */
function drawn(marks: readonly Mark[], texts: readonly string[]): { readonly text: string; readonly x: number; readonly y: number }[] {
  const written: { readonly text: string; readonly x: number; readonly y: number }[] = [];
  const ctx = { save: () => undefined, restore: () => undefined, measureText: (text: string) => ({ width: text.length * letter }), fillText: (text: string, x: number, y: number) => void written.push({ text, x, y }) };
  const data = marks.map(({ x, y, radius }) => ({ x, y, options: { radius } }));
  const chart = { ctx, width: 430, height: 190, chartArea: { left: 45 }, getDatasetMeta: () => ({ data }) };
  pointLabels(texts.map((text, index) => ({ dataset: 0, index, text })), ink).afterDatasetsDraw?.(chart as never, {}, {}, false);
  return written;
}

describe('the label of a point', () => {
  it('begins outside its mark, as far from a large one as from a small one', () => {
    const gaps = [4.5, 9].map((radius) => (drawn([{ x: 100, y: 90, radius }], ['source'])[0]?.x ?? 0) - 100 - radius);
    expect(gaps).toEqual([4.5, 4.5]);
  });

  it('leaves the mark of another point free', () => {
    const marks = [{ x: 100, y: 90, radius: 9 }, { x: 125, y: 90, radius: 9 }];
    const [first] = drawn(marks, ['source', 'int8']);
    expect(first).toMatchObject({ x: 100 - 13.5 - 'source'.length * letter, y: 90 });
  });
});
