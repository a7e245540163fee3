// Mean average precision of boxes at an overlap of one half.
import { LatheError } from '../../../base/errors';
import type { MetricSpec } from '../../../protocol/taskMetrics';
import { toFloat64Array } from '../../../tensor/decode';
import { isFloat } from '../../../tensor/elementType';
import type { Box } from '../../data/samples';
import { judgedOutput, missingLabel } from '../answers';
import type { Answer, MetricRule, Statistic } from '../metric';

/** Intersection over union from which a box is found (PASCAL VOC). */
const leastOverlap = 0.5;
/** Left, top, right, bottom, score, class. */
const columns = 6;

interface Detection {
  readonly category: number;
  readonly score: number;
  readonly found: boolean;
}

interface Picture {
  readonly detections: readonly Detection[];
  /** Boxes there are, by class. */
  readonly boxes: ReadonlyMap<number, number>;
}

/**
 * The output is N×6 or 1×N×6: left, top, right, bottom in pixels of the fed picture, score, class; rows of score 0 or less are
 * padding. Detections of a class take boxes of that class in order of score, each box once; the precision's envelope is integrated
 * over all recall levels (PASCAL VOC from 2010 on), and the mean is over the classes that have boxes.
 */
export function map50(spec: MetricSpec): MetricRule<Picture> {
  return { name: spec.name, unit: 'share', higherIsBetter: true, note: (answer) => readPicture(spec, answer), statistic: meanPrecision };
}

function readPicture(spec: MetricSpec, { outputs, label }: Answer): Picture {
  const expected = label?.boxes;
  if (expected === undefined) throw missingLabel(spec.name, 'boxes', label);
  const output = judgedOutput(outputs, spec, ({ elementType, dims }) => isFloat(elementType) && dims.at(-1) === columns, 'rows of left, top, right, bottom, score, class');
  if (output.dims.at(-1) !== columns) throw new LatheError('usage', `Output ${output.name} of shape [${output.dims.join(', ')}] has no rows of left, top, right, bottom, score, class.`, { item: output.name });
  const values = toFloat64Array(output);
  const rows = Array.from({ length: values.length / columns }, (_, row) => values.subarray(row * columns, (row + 1) * columns))
    .filter((row) => (row[4] ?? 0) > 0)
    .sort((a, b) => (b[4] ?? 0) - (a[4] ?? 0));
  const free = new Set(expected);
  const detections = rows.map(([left = 0, top = 0, right = 0, bottom = 0, score = 0, category = 0]): Detection => {
    let best: Box | undefined;
    let overlap = leastOverlap;
    for (const box of free) {
      const shared = box.category === category ? intersectionOverUnion(box.corners, [left, top, right, bottom]) : 0;
      if (shared < overlap) continue;
      best = box;
      overlap = shared;
    }
    if (best !== undefined) free.delete(best);
    return { category, score, found: best !== undefined };
  });
  const boxes = new Map<number, number>();
  for (const { category } of expected) boxes.set(category, (boxes.get(category) ?? 0) + 1);
  return { detections, boxes };
}

type Corners = Box['corners'];

/** Area both share / area of both. */
export function intersectionOverUnion(a: Corners, b: Corners): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = ([left, top, right, bottom]: Corners): number => (right - left) * (bottom - top);
  return (width * height) / (area(a) + area(b) - width * height);
}

function meanPrecision(pictures: readonly Picture[]): Statistic {
  const categories = new Set(pictures.flatMap(({ boxes }) => [...boxes.keys()]));
  const ranked = pictures.flatMap(({ detections }, picture) => detections.map((detection) => ({ ...detection, picture }))).sort((a, b) => b.score - a.score);
  const byCategory = [...categories].map((category) => ({ boxes: pictures.map((picture) => picture.boxes.get(category) ?? 0), detections: ranked.filter((each) => each.category === category) }));
  return (weights) => {
    const weightOf = (picture: number): number => weights?.[picture] ?? 1;
    let sum = 0;
    let counted = 0;
    for (const { boxes, detections } of byCategory) {
      const total = boxes.reduce((all, count, picture) => all + count * weightOf(picture), 0);
      if (total === 0) continue;
      counted++;
      sum += averagePrecision(detections.map(({ found, picture }) => ({ found, weight: weightOf(picture) })), total);
    }
    return counted === 0 ? NaN : sum / counted;
  };
}

function averagePrecision(detections: readonly { readonly found: boolean; readonly weight: number }[], total: number): number {
  let [hits, seen] = [0, 0];
  const points = detections.map(({ found, weight }) => {
    seen += weight;
    if (found) hits += weight;
    return { recall: hits / total, precision: seen === 0 ? 0 : hits / seen };
  });
  let area = 0;
  let envelope = 0;
  for (let i = points.length - 1; i >= 0; i--) {
    const { recall, precision } = points[i] ?? { recall: 0, precision: 0 };
    envelope = Math.max(envelope, precision);
    area += (recall - (points[i - 1]?.recall ?? 0)) * envelope;
  }
  return area;
}
