// One line that says what the model is and what it costs, with the bindings everything below depends on.
import type { VNode } from 'preact';
import { baseName, formatBytes, formatCount, formatMilliseconds, significant, unknown } from '../common/format';
import { visible } from '../common/visible';
import { Button, Dropdown, TextField } from '../controls';
import type { Shown } from './shown';

const formats = { onnx: 'ONNX', 'tfjs-graph': 'TensorFlow.js graph', 'tfjs-layers': 'TensorFlow.js layers' } as const;

export interface HeaderProps {
  readonly model: Shown;
  readonly busy: boolean;
  readonly onBind: (bindings: Record<string, number>, target: string | undefined) => void;
  readonly onProfile: () => void;
  readonly onOptimize: () => void;
  readonly onHere: () => void;
  readonly onNotice: (text: string) => void;
}

export function Header({ model, busy, onBind, onProfile, onOptimize, onHere, onNotice }: HeaderProps): VNode {
  const { summary, cannotRun, targets, target } = model.snapshot;
  const opset = summary.opsets[''] ?? summary.opsets['ai.onnx'];
  const symbols = Object.keys(summary.bindings);
  const bound = (): Record<string, number> => Object.fromEntries(Object.entries(summary.bindings).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])));
  return (
    <header class="header">
      <div class="facts">
        <h1 class="name" title={visible(summary.path)}>{visible(baseName(summary.path))}</h1>
        <span class="muted">{formats[summary.format]}{opset === undefined ? '' : ` · opset ${opset.toString()}`}</span>
        <Fact value={formatCount(summary.parameters)} of="parameters" />
        {summary.weightElements === undefined ? null : <Fact value={formatCount(summary.weightElements)} of="by TensorFlow.js’s count" />}
        <Fact value={formatBytes(summary.weightBytes)} of="weights" />
        <Fact value={summary.macs === null ? unknown : formatCount(summary.macs)} of="MACs" joined />
        <Fact value={summary.peakActivationBytes === null ? unknown : formatBytes(summary.peakActivationBytes)} of="peak activations" />
        <Latency model={model} />
      </div>
      <div class="actions">
        {symbols.map((symbol) => (
          <label key={symbol} class="binding" title={`Dimension “${visible(symbol)}” of the inputs. Costs below are for this value.`}>
            <span class="muted">{visible(shortened(symbol))}</span>
            <TextField
              value={summary.bindings[symbol]?.toString() ?? ''} label={`Value of dimension ${visible(symbol)}`} placeholder="?" size={4} class="binding-field"
              onCommit={(text) => {
                const value = Number(text);
                if (text.trim() === '' || !Number.isInteger(value) || value < 0 || value > 2 ** 31) onNotice(`A dimension is a whole number from 0 on; “${visible(text)}” is not.`);
                else if (value !== summary.bindings[symbol]) onBind({ ...bound(), [symbol]: value }, undefined);
              }}
            />
          </label>
        ))}
        {targets === undefined || targets.length < 2 ? null : (
          <Dropdown
            value={target ?? targets[0]?.id ?? ''} label="Target device" options={targets.map(({ id, title }) => ({ value: id, title }))}
            onChange={(id) => { if (id !== target) onBind(bound(), id); }}
          />
        )}
        <Button
          title={cannotRun ?? 'Measure the milliseconds of every node on this machine'}
          disabled={busy} onClick={() => { if (cannotRun === undefined) onProfile(); else onNotice(cannotRun); }}
        >Profile</Button>
        <Button title="Run the model in this page, by the backends that a web page has" onClick={onHere}>Benchmark here</Button>
        <Button kind="primary" disabled={busy} onClick={onOptimize}>Optimize…</Button>
      </div>
    </header>
  );
}

const longestSymbol = 18;

/** Generated names differ at their ends: what is left out of a long one is its middle. */
function shortened(symbol: string): string {
  return symbol.length <= longestSymbol ? symbol : `${symbol.slice(0, longestSymbol / 2 - 1)}…${symbol.slice(-longestSymbol / 2)}`;
}

function Fact({ value, of, joined = false }: { readonly value: string; readonly of: string; readonly joined?: boolean }): VNode {
  // `4.09 G` + `MACs` reads as one unit.
  const prefix = joined ? /^(.*\d)\s?([A-Z])$/u.exec(value) : null;
  return <span class="fact"><b>{prefix?.[1] ?? value}</b> <span class="muted">{prefix === null ? of : `${prefix[2] ?? ''}${of}`}</span></span>;
}

/** Measured milliseconds with half their 95 % interval and the threads; an estimate only where one was made, and so named. */
function Latency({ model: { profile, snapshot } }: { readonly model: Shown }): VNode | null {
  if (profile !== undefined) {
    const { value, low, high } = profile.latencyMs;
    const threads = profile.settings.threads;
    return (
      <span class="fact">
        <b>{formatMilliseconds(value)}</b>
        {' '}<span class="muted">measured here, ±{significant(Math.max(value - low, high - value), 2)}, {threads === 1 ? '1 thread' : `${threads.toString()} threads`}{profile.settings.provider === 'cpu' ? '' : `, ${profile.settings.provider}`}</span>
      </span>
    );
  }
  const { estimate } = snapshot;
  if (estimate === undefined) return null;
  return <span class="fact"><b>{formatMilliseconds(estimate.milliseconds)}</b> <span class="muted">estimated for {visible(estimate.device)}</span></span>;
}
