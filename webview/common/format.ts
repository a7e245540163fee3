// Numbers as a person reads them: three significant digits, a thin unit, and words for ratios.

interface Step {
  readonly from: number;
  readonly divisor: number;
  readonly unit: string;
}

const counts: readonly Step[] = [
  { from: 1e12, divisor: 1e12, unit: ' T' },
  { from: 1e9, divisor: 1e9, unit: ' G' },
  { from: 1e6, divisor: 1e6, unit: ' M' },
  { from: 1e4, divisor: 1e3, unit: ' k' },
  { from: 0, divisor: 1, unit: '' },
];

/** File and memory sizes in decimal units, as file managers and the ONNX zoo print them. */
const sizes: readonly Step[] = [
  { from: 1e12, divisor: 1e12, unit: ' TB' },
  { from: 1e9, divisor: 1e9, unit: ' GB' },
  { from: 1e6, divisor: 1e6, unit: ' MB' },
  { from: 1e3, divisor: 1e3, unit: ' kB' },
  { from: 0, divisor: 1, unit: ' B' },
];

/** What stands where a figure is not known. */
export const unknown = '–';
const minus = '−';

/** Three significant digits without an exponent: 25.6, 0.0312, 1,240. */
export function significant(value: number, digits = 3): string {
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  const decimals = Math.max(0, digits - 1 - magnitude);
  // Rounding may carry into the next power of ten (9.996 → 10.0): one decimal fewer then.
  const rounded = Number(value.toFixed(Math.min(decimals, 20)));
  const carried = rounded !== 0 && Math.floor(Math.log10(Math.abs(rounded))) > magnitude;
  return Math.abs(rounded).toLocaleString('en-US', {
    minimumFractionDigits: Math.max(0, carried ? decimals - 1 : decimals) > 6 ? 0 : Math.max(0, carried ? decimals - 1 : decimals),
    maximumFractionDigits: Math.min(20, decimals),
  }).replace(/^/u, value < 0 ? minus : '');
}

function scaled(value: number, steps: readonly Step[]): string {
  if (!Number.isFinite(value)) return unknown;
  const magnitude = Math.abs(value);
  // 999.6 k would print as 1,000 k: choose the step the rounded figure belongs to.
  const step = steps.find(({ from }) => magnitude >= from * 0.9995) ?? steps.at(-1);
  if (step === undefined) return unknown;
  if (step.divisor === 1) return `${Number.isInteger(value) ? integer(value) : significant(value)}${step.unit}`;
  return `${significant(value / step.divisor)}${step.unit}`;
}

/** 12,345 with a true minus sign. */
export function integer(value: number): string {
  return (value < 0 ? minus : '') + Math.abs(Math.round(value)).toLocaleString('en-US');
}

/** Parameters, MACs, FLOPs: 9,408, 36.9 k, 25.6 M, 4.09 G. */
export const formatCount = (value: number): string => scaled(value, counts);

/** Bytes: 512 B, 36.9 kB, 102 MB. */
export const formatBytes = (value: number): string => scaled(value, sizes);

/** Milliseconds, in seconds from 10 s on and in microseconds under 0.01 ms. */
export function formatMilliseconds(value: number): string {
  if (!Number.isFinite(value)) return unknown;
  const magnitude = Math.abs(value);
  if (magnitude >= 10_000) return `${significant(value / 1000)} s`;
  if (magnitude > 0 && magnitude < 0.01) return `${significant(value * 1000)} µs`;
  return `${magnitude >= 1 || magnitude === 0 ? significant(value) : significant(value, 2)} ms`;
}

/** A share of one in per cent: 4.5 %, 33 %, < 0.1 %. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return unknown;
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  return `${percent >= 9.95 ? Math.round(percent).toString() : percent.toFixed(1)} %`;
}

/** A latency or size ratio (new / source) in words: `1.9× faster`, `1.2× slower`. Never a bare factor. */
export function formatRatio(ratio: number, words: { readonly less: string; readonly more: string }): string {
  if (!Number.isFinite(ratio) || ratio <= 0) return unknown;
  return ratio <= 1 ? `${factor(1 / ratio)}× ${words.less}` : `${factor(ratio)}× ${words.more}`;
}

function factor(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}

/** A change with its sign: `−25 MB`, `+3 ms`. */
export function formatChange(value: number, format: (magnitude: number) => string): string {
  if (value === 0) return format(0);
  return `${value < 0 ? minus : '+'}${format(Math.abs(value))}`;
}

/** `12 min ago`, `3 h ago`, or the date from two days on. */
export function formatAge(isoDate: string, now: number): string {
  const then = Date.parse(isoDate);
  if (Number.isNaN(then)) return '';
  const minutes = (now - then) / 60_000;
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${Math.floor(minutes).toString()} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60).toString()} h ago`;
  return isoDate.slice(0, 10);
}

/** A value's dimensions: `1 × 256 × 28 × 28`, `scalar`; unknown dimensions as `?`. */
export function formatShape(shape: readonly (number | string | null)[] | undefined): string {
  if (shape === undefined) return 'shape unknown';
  if (shape.length === 0) return 'scalar';
  return shape.map((dimension) => dimension ?? '?').join(' × ');
}

/** The last part of a path, whichever separator it was written with. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
