// Findings with their fixes: what is worth changing, what each change should gain, and a click that does it.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Finding, GainEstimate, Range } from '../../../src/protocol/findings';
import { formatBytes, formatChange, formatCount, formatMilliseconds } from '../../common/format';
import { visible } from '../../common/visible';
import { findingTitles } from './findingTitles';

export interface FindingListProps {
  readonly findings: readonly Finding[];
  /** The weights have been read, so their findings are in too. */
  readonly deep: boolean;
  /** Fixes cannot run here; why. */
  readonly cannotRun: string | undefined;
  /** Shows the layer a finding is about; absent where that is what is shown. */
  readonly onLayer?: (key: string) => void;
  readonly onFix: (fix: string) => void;
}

const shownAtFirst = 12;

export function FindingList({ findings, deep, cannotRun, onLayer, onFix }: FindingListProps): VNode | null {
  const [all, setAll] = useState(false);
  if (findings.length === 0) return null;
  const shown = all ? findings : findings.slice(0, shownAtFirst);
  return (
    <section aria-label="Findings">
      <h2>Findings{findings.length > 1 ? ` (${findings.length.toString()})` : ''}</h2>
      {shown.map((finding, index) => (
        <article key={index} class={`finding ${finding.severity}`}>
          <h3>{findingTitles[finding.code]}{finding.severity === 'information' ? null : <span class="severity"> {finding.severity}</span>}</h3>
          {onLayer === undefined || finding.layer === undefined ? null : (
            <button type="button" class="link wrap" onClick={() => { if (finding.layer !== undefined) onLayer(finding.layer); }}>{visible(finding.layer)}</button>
          )}
          <p>{visible(finding.message)}</p>
          {finding.fixes.map((fix) => (
            <div key={fix.id} class="fix">
              <button type="button" class="link" title={cannotRun ?? 'Makes a new file beside the model, checks and benchmarks it'} aria-disabled={cannotRun !== undefined} onClick={() => { if (cannotRun === undefined) onFix(fix.id); }}>{visible(fix.title)}</button>
              <span class="muted estimate">{describeGain(fix.estimate)}</span>
            </div>
          ))}
        </article>
      ))}
      {findings.length > shown.length ? <button type="button" class="link" onClick={() => setAll(true)}>Show {(findings.length - shown.length).toLocaleString('en-US')} more</button> : null}
      {deep ? null : <p class="muted small">Weights not read yet: findings about their values follow.</p>}
    </section>
  );
}

/** `est. −1.7 MB · −0.9…−0.4 ms on this machine`: always named an estimate, a range where it is one. */
export function describeGain(estimate: GainEstimate): string {
  const parts = [
    describeRange(estimate.weightBytes, formatBytes),
    describeRange(estimate.macs, (value) => `${formatCount(value)}MACs`.replace(/(\d)MACs/u, '$1 MACs')),
    describeRange(estimate.milliseconds, formatMilliseconds),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return '';
  const device = estimate.milliseconds !== undefined && estimate.device !== undefined ? ` on ${visible(estimate.device)}` : '';
  return `est. ${parts.join(' · ')}${device}`;
}

function describeRange(range: Range | undefined, format: (magnitude: number) => string): string | undefined {
  if (range === undefined) return undefined;
  const low = formatChange(range.low, format);
  const high = formatChange(range.high, format);
  if (low === high) return low;
  // Both ends in one unit need it only once.
  const unit = / (\S+)$/u.exec(high)?.[0];
  return `${unit !== undefined && low.endsWith(unit) ? low.slice(0, -unit.length) : low} … ${high}`;
}
