// How benchmarks print: one line per figure, with what it should be and whether it is.

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly digits?: number;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** Prints a figure. @returns whether it is where it should be */
export function printFigure({ what, value, unit, digits = 2, atMost, atLeast }: Figure): boolean {
  const good = (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
  const aims = [...(atMost === undefined ? [] : [`at most ${atMost}`]), ...(atLeast === undefined ? [] : [`at least ${atLeast}`])];
  const verdict = aims.length === 0 ? '' : `  ${good ? '✓' : '✗'} ${aims.join(', ')}`;
  console.log(`  ${what.padEnd(58)} ${value.toFixed(digits).padStart(9)} ${unit.padEnd(5)}${verdict}`);
  return good;
}
