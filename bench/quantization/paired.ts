// Two readers of the same texts: what each gets right, and whether the difference is more than chance.
import { editDistance } from '../../src/base/editDistance';
import type { Estimate } from '../../src/protocol/measurement';
import { bootstrap, mean } from '../../src/runtime/metrics/statistics';

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

export interface PairedDifference {
  /** Other less reference, share of exact readings, with the 95 % interval of the paired bootstrap. */
  readonly difference: Estimate;
  /** Texts only the reference, and only the other, reads right. */
  readonly onlyReference: number;
  readonly onlyOther: number;
  /** Two-sided exact McNemar test (McNemar 1947; binomial with p = ½ over the discordant pairs). */
  readonly p: number;
}

export function comparePaired(reference: readonly string[], other: readonly string[], truth: readonly string[], seed: number): PairedDifference {
  const differences = truth.map((text, i) => Number(other[i] === text) - Number(reference[i] === text));
  const onlyReference = differences.filter((value) => value < 0).length;
  const onlyOther = differences.filter((value) => value > 0).length;
  return { difference: bootstrap(differences, mean, seed), onlyReference, onlyOther, p: binomialTail(Math.min(onlyReference, onlyOther), onlyReference + onlyOther) };
}

/** 2 · P(X ≤ k), X binomial with n trials and p = ½, at most 1. */
function binomialTail(k: number, n: number): number {
  let term = 0.5 ** n;
  let sum = 0;
  for (let i = 0; i <= k; i++) {
    sum += term;
    term *= (n - i) / (i + 1);
  }
  return Math.min(1, 2 * sum);
}
