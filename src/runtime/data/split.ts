// Splitting data: by a hash of each sample's name and a seed, class by class, so that parts never overlap and stay the same.
import { createHash } from 'node:crypto';
import type { DataSplit, SplitSpec } from '../../protocol/data';
import type { IndexedData } from './indexed';

/** Fewer are not worth dividing: half of them would neither calibrate nor judge. */
const leastToSplit = 20;

const defaultShares = { calibration: 0.5, evaluation: 0.5, test: 0 };

interface Portion {
  readonly share: number;
  /** Samples that its share of the classes so far would give it, and that it has not got. */
  owed: number;
  /** What it got of each class. */
  readonly lists: number[][];
}

export type Parts = Readonly<Record<DataSplit, readonly number[]>>;

/**
 * Numbers of the samples in each part, each part in the order of the hashes, classes taking turns. Undefined where there are too few to divide
 * (unless the person gave shares): then every purpose takes them all.
 */
export function splitData(data: IndexedData, { seed = 0, ...given }: SplitSpec = {}): Parts | undefined {
  const asked = Object.keys(given).length > 0;
  if (!asked && data.count < leastToSplit) return undefined;
  const shares = asked ? { calibration: given.calibration ?? 0, evaluation: given.evaluation ?? 0, test: given.test ?? 0 } : defaultShares;
  const inNone = 1 - shares.calibration - shares.evaluation - shares.test;
  const portions = [shares.calibration, shares.evaluation, shares.test, inNone].map((share): Portion => ({ share, owed: 0, lists: [] }));
  for (const stratum of strata(data, seed)) {
    // Whole samples to whom most is owed; what is left of it goes on to the next class, so that small classes do not all fall to one part.
    for (const portion of portions) portion.owed += portion.share * stratum.length;
    const counts = new Map<Portion, number>(portions.map((portion) => [portion, 0]));
    for (let i = 0; i < stratum.length; i++) {
      const next = portions.reduce((most, portion) => (portion.owed > most.owed ? portion : most));
      next.owed--;
      counts.set(next, (counts.get(next) ?? 0) + 1);
    }
    let from = 0;
    for (const [{ lists }, count] of counts) {
      lists.push(stratum.slice(from, from + count));
      from += count;
    }
  }
  const [calibration = [], evaluation = [], test = []] = portions.map(({ lists }) => inTurn(lists));
  return { calibration, evaluation, test };
}

/** At most `limit` samples: the first, or of labelled ones as many of each class. */
export function limited(data: IndexedData, limit: number, seed = 0): readonly number[] {
  const all = Array.from({ length: data.count }, (_, index) => index);
  if (data.count <= limit) return all;
  if (data.classes === undefined || data.labelOf === undefined) return all.slice(0, limit);
  return inTurn(strata(data, seed)).slice(0, limit).sort((a, b) => a - b);
}

/** The samples of each class in the order of their hashes; one stratum where there are no classes. */
function strata(data: IndexedData, seed: number): number[][] {
  const byClass = new Map<number | undefined, { readonly index: number; readonly hash: string }[]>();
  for (let index = 0; index < data.count; index++) {
    const own = data.labelOf?.(index)?.index;
    const stratum = byClass.get(own) ?? [];
    byClass.set(own, stratum);
    stratum.push({ index, hash: createHash('sha1').update(`${seed}\0${data.nameOf(index)}`).digest('hex') });
  }
  return [...byClass].sort(([a = -1], [b = -1]) => a - b).map(([, stratum]) => stratum.sort((a, b) => (a.hash < b.hash ? -1 : 1)).map(({ index }) => index));
}

/** One of each list after the other, so that a part cut short still holds every class. */
function inTurn(lists: readonly (readonly number[])[]): number[] {
  const longest = lists.reduce((most, list) => Math.max(most, list.length), 0);
  const merged: number[] = [];
  for (let i = 0; i < longest; i++) for (const list of lists) merged.push(...list.slice(i, i + 1));
  return merged;
}
