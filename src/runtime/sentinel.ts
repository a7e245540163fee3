// A fixed piece of arithmetic whose time should never change: when it does, the machine was busy or changed its clock.
import { median } from './metrics/statistics';

const steps = 150_000;
const repeats = 3;

/** Multiply-adds that depend on one another, so that the time follows the core's clock and share and nothing else. */
function kernel(): number {
  let x = 1.5;
  for (let i = 0; i < steps; i++) x = x * 0.999999 + 0.0000015;
  return x;
}

/**
 * Milliseconds of the kernel: the least of three, so that one interruption does not count.
 * @param times the kernel runs in one reading, for clocks that tick too seldom for one
 */
export function sentinelMs(times = 1): number {
  let least = Infinity;
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    let result = 0;
    for (let j = 0; j < times; j++) result += kernel();
    const elapsed = (performance.now() - start) / times;
    if (result > 0) least = Math.min(least, elapsed);
  }
  return least;
}

const quarters = 4;

/** Largest relative change of the sentinel's time between the quarters of a benchmark; 0 with fewer readings than quarters. */
export function driftOf(readings: readonly number[]): number {
  if (readings.length < quarters) return 0;
  const medians = Array.from({ length: quarters }, (_, i) => median(readings.slice(Math.floor((i * readings.length) / quarters), Math.floor(((i + 1) * readings.length) / quarters))));
  return Math.max(...medians) / Math.min(...medians) - 1;
}
