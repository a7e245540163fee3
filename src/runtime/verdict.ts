// What a measured ratio shows.
import type { Estimate, Verdict } from '../protocol/measurement';
import { relativeHalfWidth } from './metrics/statistics';

/** Fewer rounds show nothing. */
export const leastRounds = 8;
/** More drift of the sentinel kernel shows nothing. */
export const mostDrift = 0.05;
/** Two processes that run the same model differ by up to about this share, by where its memory happens to lie; rounds cannot average that out. */
const placement = 0.01;
/** An interval wider than ± this share that includes 1 shows nothing either way. */
const widestNoDifference = 0.05;

/** What a ratio's interval shows: a difference when it keeps clear of 1 by more than chance placement. Too few rounds or a machine that drifted show nothing. */
export function judge({ value, low, high }: Estimate, drift: number, rounds: number): { verdict: Verdict; reason?: string } {
  if (rounds < leastRounds) return { verdict: 'inconclusive', reason: `only ${rounds} ${rounds === 1 ? 'round' : 'rounds'} fitted into the time given` };
  if (drift > mostDrift) return { verdict: 'inconclusive', reason: `machine busy: a fixed kernel's time changed by ${(100 * drift).toFixed(0)} % during the benchmark` };
  if (high * (1 + placement) < 1) return { verdict: 'faster' };
  if (low > 1 + placement) return { verdict: 'slower' };
  if (relativeHalfWidth({ value, low, high }) > widestNoDifference) return { verdict: 'inconclusive', reason: `the ratio is known to ± ${(100 * relativeHalfWidth({ value, low, high })).toFixed(0)} % only` };
  return { verdict: 'no-difference' };
}
