// What the two models are and cost, one beside the other, and what can be done with them.
import type { VNode } from 'preact';
import { sides, type Side } from '../../src/protocol/comparison';
import type { Estimate } from '../../src/protocol/measurement';
import { formatBytes, formatChange, formatCount, formatMilliseconds, significant, unknown } from '../common/format';
import { visible } from '../common/visible';
import { Button } from '../controls';
import { cannotMeasure, type Compared, type Measured } from './compared';
import { countsText, nameOf } from './words';

export interface HeaderProps {
  readonly compared: Compared;
  readonly measured: Measured | undefined;
  readonly busy: boolean;
  readonly onMeasure: () => void;
  readonly onTexts: () => void;
  readonly onNotice: (text: string) => void;
}

export function Header({ compared, measured, busy, onMeasure, onTexts, onNotice }: HeaderProps): VNode {
  const [before, after] = sides.map((side) => compared.models[side].snapshot.summary);
  const reason = cannotMeasure(compared);
  if (before === undefined || after === undefined) return <header class="header" />;
  return (
    <header class="header">
      <div class="facts">
        <h1 class="name pair" title={`${visible(before.path)}\n${visible(after.path)}`}>{nameOf(compared, 'before')} ↔ {nameOf(compared, 'after')}</h1>
        <span class="muted">{countsText(compared)}</span>
        <Change of="layers" before={compared.models.before.structure.layerCount} after={compared.models.after.structure.layerCount} format={formatCount} />
        <Change of="parameters" before={before.parameters} after={after.parameters} format={formatCount} />
        <Change of="weights" before={before.weightBytes} after={after.weightBytes} format={formatBytes} />
        <Change of="MACs" before={before.macs} after={after.macs} format={formatCount} />
        {measured === undefined ? null : <Latency measured={measured} />}
      </div>
      <div class="actions">
        <Button title="Both as text in the diff editor" onClick={onTexts}>As text</Button>
        <Button
          kind="primary" title={reason ?? 'Run both on this machine: milliseconds of every node, and how far what comes out of each differs'} disabled={busy}
          onClick={() => { if (reason === undefined) onMeasure(); else onNotice(reason); }}
        >Measure</Button>
      </div>
    </header>
  );
}

interface ChangeProps {
  readonly of: string;
  readonly before: number | null;
  readonly after: number | null;
  readonly format: (value: number) => string;
}

/** `97.8 MB → 24.6 MB weights (−73.2 MB)`; one figure where both have the same. */
function Change({ of, before, after, format }: ChangeProps): VNode {
  const text = (value: number | null): string => (value === null ? unknown : format(value));
  if (before === after) return <span class="fact"><b>{text(before)}</b> <span class="muted">{of}</span></span>;
  return (
    <span class="fact">
      <b>{text(before)} → {text(after)}</b> <span class="muted">{of}{before === null || after === null ? '' : ` (${formatChange(after - before, format)})`}</span>
    </span>
  );
}

/** Whole-model latency of both, each with half its 95 % interval: measured one after the other, so that no ratio is told. */
function Latency({ measured: { measurement: { profiles } } }: { readonly measured: Measured }): VNode {
  const text = (side: Side): string => `${formatMilliseconds(profiles[side].latencyMs.value)} ±${significant(halfWidth(profiles[side].latencyMs), 2)}`;
  const { threads } = profiles.before.settings;
  return <span class="fact long"><b>{text('before')} → {text('after')}</b> <span class="muted">measured here, one after the other, {threads === 1 ? '1 thread' : `${threads.toString()} threads`}</span></span>;
}

function halfWidth({ value, low, high }: Estimate): number {
  return Math.max(value - low, high - value);
}
