// Findings with their fixes: what is worth changing, what each change should gain, and a click that does it.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Finding, Fix, GainEstimate, Range } from '../../../src/protocol/findings';
import { formatBytes, formatChange, formatCount, formatMilliseconds, integer } from '../../common/format';
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

/** Of a kind of finding, so many more are listed; the table has them all. */
const listed = 100;

export function FindingList({ findings, deep, ...rest }: FindingListProps): VNode | null {
  if (findings.length === 0) return null;
  const kinds = new Map<Finding['code'], Finding[]>();
  for (const finding of findings) {
    const others = kinds.get(finding.code);
    if (others === undefined) kinds.set(finding.code, [finding]);
    else others.push(finding);
  }
  return (
    <section aria-label="Findings">
      <h2>Findings{findings.length > 1 ? ` (${integer(findings.length)})` : ''}</h2>
      {[...kinds].map(([code, alike]) => <Kind key={code} alike={alike} {...rest} />)}
      {deep ? null : <p class="muted small">Weights not read yet: findings about their values follow.</p>}
    </section>
  );
}

type Acts = Pick<FindingListProps, 'cannotRun' | 'onLayer' | 'onFix'>;

/** Findings of one kind: the first in full, which is the costliest, and the others folded. */
function Kind({ alike: [first, ...others], ...acts }: { readonly alike: readonly Finding[] } & Acts): VNode | null {
  const [open, setOpen] = useState(false);
  if (first === undefined) return null;
  // A fix that does the same for all of them stands with the first alone.
  const common = new Set(first.fixes.map(deedOf));
  const unlisted = others.length - listed;
  return (
    <article class={`finding ${first.severity}`}>
      <h3>{findingTitles[first.code]}{first.severity === 'information' ? null : <span class="severity"> {first.severity}</span>}</h3>
      <Body finding={first} fixes={first.fixes} {...acts} />
      {others.length === 0 ? null : (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{integer(others.length)} more</summary>
          {open ? others.slice(0, listed).map((finding, index) => (
            <div key={index} class="alike"><Body finding={finding} fixes={finding.fixes.filter((fix) => !common.has(deedOf(fix)))} {...acts} /></div>
          )) : null}
          {unlisted > 0 ? <p class="muted">{integer(unlisted)} more are in the table, in the column Findings.</p> : null}
        </details>
      )}
    </article>
  );
}

function deedOf({ title, technique, options }: Fix): string {
  return JSON.stringify([title, technique, options]);
}

function Body({ finding, fixes, cannotRun, onLayer, onFix }: { readonly finding: Finding; readonly fixes: readonly Fix[] } & Acts): VNode {
  return (
    <>
      {onLayer === undefined || finding.layer === undefined ? null : (
        <button type="button" class="link wrap" onClick={() => { if (finding.layer !== undefined) onLayer(finding.layer); }}>{visible(finding.layer)}</button>
      )}
      <p>{visible(finding.message)}</p>
      {fixes.map((fix) => (
        <div key={fix.id} class="fix">
          <button type="button" class="link" title={cannotRun ?? 'Makes a new file beside the model, checks and benchmarks it'} aria-disabled={cannotRun !== undefined} onClick={() => { if (cannotRun === undefined) onFix(fix.id); }}>{visible(fix.title)}</button>
          <span class="muted estimate">{describeGain(fix.estimate)}</span>
        </div>
      ))}
    </>
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
