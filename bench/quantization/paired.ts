// Two readers of the same texts: what each gets right, and whether the difference is more than chance.
import { editDistance } from '../../src/base/editDistance';
import type { Estimate } from '../../src/protocol/measurement';
import { newcombePaired } from '../../src/runtime/metrics/intervals';
import { mcNemarMidP } from '../../src/runtime/metrics/significance';
import { mean } from '../../src/runtime/metrics/statistics';

export interface Reading {
  /** Share read exactly. */
  readonly exact: number;
  /** Character error rate: edits over characters of the truth. */
  readonly characterErrors: number;
}

export function judge(texts: readonly string[], truth: readonly string[]): Reading {
  const edits = texts.reduce((sum, text, i) => sum + editDistance(text, truth[i] ?? ''), 0);
  const characters = truth.reduce((sum, text) => sum + text.length, 0);
  return { exact: mean(texts.map((text, i) => Number(text === truth[i]))), characterErrors: edits / Math.max(1, characters) };
}

export interface PairedReading {
  /** Other less reference, share of exact readings. */
  readonly difference: Estimate;
  /** Texts only the reference, and only the other, reads right. */
  readonly onlyReference: number;
  readonly onlyOther: number;
  /** McNemar's test. */
  readonly p: number;
}

export function comparePaired(reference: readonly string[], other: readonly string[], truth: readonly string[]): PairedReading {
  const count = (first: boolean, second: boolean): number => truth.filter((text, i) => (reference[i] === text) === first && (other[i] === text) === second).length;
  const counts = { both: count(true, true), onlyFirst: count(true, false), onlySecond: count(false, true), neither: count(false, false) };
  const { onlyFirst: onlyReference, onlySecond: onlyOther } = counts;
  return { difference: { value: (onlyOther - onlyReference) / truth.length, ...newcombePaired(counts) }, onlyReference, onlyOther, p: mcNemarMidP(onlyReference, onlyOther) };
}
