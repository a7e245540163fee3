// Figures as a person reads them: decimal units, three significant digits, ratios in words.

const scales = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** `25.6 M`, `590 k`, `64`; three significant digits. `unit` follows the prefix: `4.09 GMACs`. */
export function formatCount(value: number, unit = ''): string {
  const scale = scales.find(([size]) => Math.abs(value) >= size * 0.9995);
  if (scale === undefined) return unit === '' ? plain(value) : `${plain(value)} ${unit}`;
  return `${threeDigits(value / scale[0])} ${scale[1]}${unit}`;
}

/** Bytes in decimal units, as disks and networks count them: `10.9 MB`. */
export function formatBytes(bytes: number): string {
  return formatCount(bytes, 'B');
}

/** `31.4 ms`, `412 µs`, `2.05 s`. */
export function formatMilliseconds(ms: number): string {
  const size = Math.abs(ms);
  if (size === 0) return '0 ms';
  if (size < 0.9995) return `${threeDigits(ms * 1000)} µs`;
  if (size < 999.5) return `${threeDigits(ms)} ms`;
  return `${threeDigits(ms / 1000)} s`;
}

/** A latency ratio (new / source) in words: `1.9× faster`, `1.2× slower`; never a bare "×". */
export function formatSpeed(ratio: number): string {
  return ratio <= 1 ? `${threeDigits(1 / ratio)}× faster` : `${threeDigits(ratio)}× slower`;
}

/** What a benchmark showed of the speed, in words: the verdict decides, so that no two places contradict each other. */
export function formatVerdict(verdict: 'faster' | 'slower' | 'no-difference' | 'inconclusive' | undefined, ratio: number): string {
  switch (verdict) {
    case 'faster':
    case 'slower':
      return formatSpeed(ratio);
    case 'no-difference':
      return 'no difference in speed shown';
    case 'inconclusive':
    case undefined:
      return 'difference in speed inconclusive';
    default:
      return verdict satisfies never;
  }
}

/** A metric in its unit: noise in dB, all others as shares. */
export function formatMetric(name: string, value: number): string {
  return name === 'sqnr' ? `${threeDigits(value)} dB` : formatShare(value);
}

/** `4.5 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent !== 0 && Math.abs(percent) < 0.05) return '< 0.1 %';
  return `${Math.abs(percent) >= 99.95 ? percent.toFixed(0) : percent.toFixed(1)} %`;
}

/** A shape: `1×3×224×224`; `?` where a dimension is unknown, `scalar` where there is none. */
export function formatShape(shape: readonly (number | string | null)[]): string {
  if (shape.length === 0) return 'scalar';
  return shape.map((dim) => (dim === null ? '?' : String(dim))).join('×');
}

/** Three significant digits without trailing exponent. */
export function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.0995) return value.toFixed(2);
  return size === 0 ? '0' : value.toPrecision(2);
}

function plain(value: number): string {
  return Number.isInteger(value) ? String(value) : threeDigits(value);
}
