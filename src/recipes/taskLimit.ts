// What is demanded of a variant's figure on labelled data: how much it may lose against the source, or the worst that is accepted.
import { threeDigits } from '../base/format';
import type { MetricUnit, MostLoss, TaskComparison, TaskLimit, TaskMetricName } from '../protocol/taskMetrics';
import { metrics } from '../runtime/metrics/table';

/** `0.5 pp` → 0.005, `0.3 dB` → 0.3, `2 %` of the source's figure, a number in the metric's own unit; undefined for anything else. */
export function readMostLoss(text: string): MostLoss | undefined {
  const [, figure = '', unit = ''] = /^\s*(\d+(?:[.,]\d+)?)\s*(pp|%|dB|)\s*$/i.exec(text) ?? [];
  if (figure === '') return undefined;
  const value = Number(figure.replace(',', '.'));
  switch (unit.toLowerCase()) {
    case 'pp':
      return { value: value / 100, relative: false };
    case '%':
      return { value: value / 100, relative: true };
    default:
      return { value, relative: false };
  }
}

/** What holds where the person demands nothing: the metric's usual loss. */
export function limitOf(metric: TaskMetricName, { mostLoss, floor }: TaskLimit): TaskLimit {
  return mostLoss === undefined && floor === undefined ? { mostLoss: metrics[metric].mostLoss } : { ...(mostLoss === undefined ? {} : { mostLoss }), ...(floor === undefined ? {} : { floor }) };
}

/** Half a unit in the last place of sums of thousands of doubles: a loss of exactly what is allowed is allowed. */
const rounding = 1e-9;

/** Why a variant's figure is not good enough, as one clause; undefined where it is, or where nothing is demanded. */
export function belowLimit(task: TaskComparison): string | undefined {
  const { metric, unit, source, variant, higherIsBetter, limit } = task;
  if (limit === undefined) return undefined;
  const { title } = metrics[metric];
  const loss = lossOf(task);
  if (!Number.isFinite(loss)) return `its ${title} could not be measured`;
  const { mostLoss, floor } = limit;
  if (mostLoss !== undefined && loss > (mostLoss.relative ? mostLoss.value * Math.abs(source.value) : mostLoss.value) + rounding) {
    return `it loses ${difference(unit, loss)} of ${title} (${figure(unit, variant.value)} after ${figure(unit, source.value)} on ${variant.samples} samples), and at most ${lossText(unit, mostLoss)} is accepted`;
  }
  if (floor !== undefined && (higherIsBetter ? variant.value < floor - rounding : variant.value > floor + rounding)) return `its ${title} is ${figure(unit, variant.value)} on ${variant.samples} samples, and ${higherIsBetter ? 'at least' : 'at most'} ${figure(unit, floor)} is accepted`;
  return undefined;
}

/** By how much the variant is worse, negative where it is better. */
export function lossOf({ difference: { value }, higherIsBetter }: TaskComparison): number {
  return higherIsBetter ? -value : value;
}

/** Shares in percent, everything else as a number with its unit. */
export function figure(unit: MetricUnit, value: number): string {
  switch (unit) {
    case 'share':
      return `${(100 * value).toFixed(2)} %`;
    case 'dB':
      return `${value.toFixed(2)} dB`;
    case 'none':
      return threeDigits(value);
    default:
      return unit satisfies never;
  }
}

/** Differences of shares are percentage points. */
export function difference(unit: MetricUnit, value: number): string {
  return unit === 'share' ? `${(100 * value).toFixed(2)} pp` : unit === 'dB' ? `${value.toFixed(2)} dB` : value.toPrecision(3);
}

function lossText(unit: MetricUnit, { value, relative }: MostLoss): string {
  return relative ? `${threeDigits(100 * value)} % of the source's` : difference(unit, value);
}

/** The difference with its interval, and what the test says of it. */
export function differenceLine({ unit, difference: { value, low, high }, p, test, lost, gained }: TaskComparison): string {
  const flips = lost === undefined || gained === undefined ? '' : `, ${lost} lost and ${gained} gained`;
  const chance = p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`;
  const said = p < significant ? 'a difference beyond chance' : 'no difference shown';
  return `variant − source: ${difference(unit, value)} (95 % interval ${difference(unit, low)} to ${difference(unit, high)}${flips}); ${said}, ${chance} (${test === 'mcnemar-mid-p' ? 'McNemar, mid-p' : 'paired bootstrap'})`;
}

/** The usual bound, as for the 95 % intervals. */
const significant = 0.05;

/** What is demanded of a metric, as one clause. */
export function limitText({ metric, mostLoss, floor }: TaskLimit & { readonly metric: TaskMetricName }): string {
  const { unit, higherIsBetter } = metrics[metric].open({ name: metric });
  return [metrics[metric].title, ...(mostLoss === undefined ? [] : [`at most ${lossText(unit, mostLoss)} lost`]), ...(floor === undefined ? [] : [`${higherIsBetter ? 'at least' : 'at most'} ${figure(unit, floor)}`])].join(', ');
}
