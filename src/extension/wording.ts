// Costs and estimated gains as short phrases: what CodeLens, hover, Problems, lightbulb and tree say.
import path from 'node:path';
import type { LatheError } from '../base/errors';
import { formatBytes, formatCount, formatMilliseconds } from '../base/format';
import type { LineCost } from '../protocol/engine';
import type { Finding, Fix, GainEstimate, Range } from '../protocol/findings';
import { t } from './translate';

/** `2.36 M parameters · 116 MMACs · 1.42 ms measured here`; only what is known and not zero. */
export function costPhrase(cost: LineCost): string {
  const parts: string[] = [];
  if (cost.parameters > 0) parts.push(cost.parameters === 1 ? t('1 parameter') : t('{0} parameters', formatCount(cost.parameters)));
  if (cost.macs !== null && cost.macs > 0) parts.push(formatCount(cost.macs, 'MACs'));
  if (cost.milliseconds !== undefined) parts.push(t('{0} measured here', formatMilliseconds(cost.milliseconds)));
  return parts.join(' · ');
}

/** `est. −1.8 to −1.6 MB · −0.7 to −0.2 ms on this machine`; says `no estimate` where there is none. */
export function gainPhrase(gain: GainEstimate): string {
  const parts: string[] = [];
  if (gain.weightBytes !== undefined) parts.push(rangePhrase(gain.weightBytes, formatBytes));
  if (gain.macs !== undefined) parts.push(rangePhrase(gain.macs, (value) => formatCount(value, 'MACs')));
  if (gain.milliseconds !== undefined) {
    const time = rangePhrase(gain.milliseconds, formatMilliseconds);
    parts.push(gain.device === undefined ? time : t('{0} on {1}', time, gain.device));
  }
  return parts.length === 0 ? t('no estimate') : t('est. {0}', parts.join(' · '));
}

function rangePhrase(range: Range, format: (value: number) => string): string {
  const [best, worst] = [signed(range.low, format), signed(range.high, format)];
  return best === worst ? best : t('{0} to {1}', best, worst);
}

/** A real minus sign, and a plus for growth. */
function signed(value: number, format: (value: number) => string): string {
  if (value === 0) return '0';
  return `${value < 0 ? '−' : '+'}${format(Math.abs(value))}`;
}

/** `Quantize to int8 (static) (est. −1.7 MB)`. */
export function fixPhrase(fix: Fix): string {
  return t('{0} ({1})', fix.title, gainPhrase(fix.estimate));
}

/** What the roll-up diagnostic on the model's file says: counts by severity, the costliest finding first. */
export function rollUpPhrase(findings: readonly Finding[]): string {
  const fixes = findings.reduce((sum, finding) => sum + finding.fixes.length, 0);
  const count = findings.length === 1 ? t('1 finding') : t('{0} findings', findings.length);
  const offered = fixes === 0 ? t('no automatic fix') : fixes === 1 ? t('1 fix to try') : t('{0} fixes to try', fixes);
  const first = findings[0];
  return first === undefined ? t('No findings.') : t('{0}, {1}. First: {2}', count, offered, first.message);
}

/** `rec.onnx: tensor w: the data is short. Save it again.` */
export function errorSentence(error: LatheError): string {
  const file = error.file === undefined ? '' : `${path.basename(error.file)}: `;
  const item = error.item === undefined || error.message.includes(error.item) ? '' : ` (${error.item})`;
  return `${file}${error.message}${item}${error.hint === undefined ? '' : ` ${error.hint}`}`;
}
