// The sections of a report: variants with their reasons, the table against the source, where the time went, settings.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Benchmark } from '../../src/protocol/measurement';
import type { OptimizationReport, StepReport, VariantReport } from '../../src/protocol/report';
import { Choices } from '../common/choices';
import { baseName, formatMilliseconds, formatShare, significant } from '../common/format';
import { visible } from '../common/visible';
import { comparisonRows, describeFloor, describeMeasured, timeByLayer, timeByOperator } from './figures';

const statusWords = { accepted: 'accepted', rejected: 'rejected', failed: 'failed', 'not-chosen': 'not chosen' } as const;

export interface VariantsProps {
  readonly report: OptimizationReport;
  readonly selected: string | undefined;
  readonly onSelect: (id: string) => void;
  readonly onOpen: (path: string) => void;
  /** Source and variant as graphs side by side. */
  readonly onCompare: (path: string) => void;
}

export function Variants({ report, selected, onSelect, onOpen, onCompare }: VariantsProps): VNode | null {
  if (report.variants.length === 0) return null;
  const winnerFirst = [...report.variants].sort((a, b) => Number(b.id === report.winner) - Number(a.id === report.winner));
  return (
    <section aria-label="Variants">
      <h2>Variants of {visible(baseName(report.source.path))}</h2>
      {winnerFirst.map((variant) => (
        <article key={variant.id} class={variant.id === selected ? 'variant selected' : 'variant'}>
          <button type="button" class="variant-title" aria-pressed={variant.id === selected} onClick={() => onSelect(variant.id)}>
            {visible(variant.path === undefined ? variant.title : baseName(variant.path))}
          </button>
          <span class={`status ${variant.status}`}>{statusWords[variant.status]}</span>
          <p class="measured">{describeMeasured(report, variant)}</p>
          <p class="muted">
            {variant.path === undefined ? null : <>{visible(variant.title)}. </>}
            {visible(variant.reason)}
            {variant.path === undefined ? null : <>{' '}<button type="button" class="link" onClick={() => { if (variant.path !== undefined) onOpen(variant.path); }}>Open</button>{' · '}<button type="button" class="link" onClick={() => { if (variant.path !== undefined) onCompare(variant.path); }}>Compare graphs</button></>}
          </p>
          {variant.uncalibrated ? <p class="uncalibrated">Uncalibrated: quantized without real data, so its accuracy says nothing about yours.</p> : null}
          {variant.id === selected ? <Steps variant={variant} /> : null}
        </article>
      ))}
    </section>
  );
}

/** So many lines stand open; more are folded, so that the figures stay in sight. */
const linesOpen = 3;
const keptShown = 6;

/** What was done, and which layers were left as they were: folded behind its counts where it is long. */
function Steps({ variant }: { readonly variant: VariantReport }): VNode | null {
  const steps = variant.steps.filter(({ notes, kept }) => notes.length + kept.length > 0);
  if (steps.length === 0) return null;
  const notes = steps.reduce((sum, step) => sum + step.notes.length, 0);
  const kept = steps.reduce((sum, step) => sum + step.kept.length, 0);
  if (notes + kept <= linesOpen) return <div class="steps">{steps.map((step, index) => <StepLines key={index} step={step} />)}</div>;
  return (
    <details class="steps">
      <summary>{[counted(steps.length, 'step'), counted(notes, 'note'), ...(kept === 0 ? [] : [`${counted(kept, 'layer')} left as ${kept === 1 ? 'it was' : 'they were'}`])].join(' · ')}</summary>
      {steps.map((step, index) => <StepLines key={index} step={step} />)}
    </details>
  );
}

function StepLines({ step: { title, notes, kept } }: { readonly step: StepReport }): VNode {
  // One line that says "1 more" takes no less room than the layer itself.
  const shown = kept.length === keptShown + 1 ? kept : kept.slice(0, keptShown);
  const more = kept.length - shown.length;
  return (
    <>
      <h3>{visible(title)}</h3>
      <ul>
        {notes.map((note, index) => <li key={index}>{visible(note)}</li>)}
        {shown.map(({ layer, reason }, index) => <li key={`kept${index.toString()}`}>{visible(layer)} left as it was: {visible(reason)}</li>)}
        {more === 0 ? null : <li>{more.toLocaleString('en-US')} more layers left as they were</li>}
      </ul>
    </>
  );
}

/** `1 step`, `24 notes`. */
function counted(count: number, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
}

export function AgainstSource({ report, variant, name }: { readonly report: OptimizationReport; readonly variant: VariantReport | undefined; readonly name: string }): VNode | null {
  const rows = comparisonRows(report, variant);
  if (rows.length === 0) return null;
  const compared = rows.some((row) => row.variant !== '');
  return (
    <section aria-label="Against the source">
      <h2>{compared ? `${name} against the source` : 'Measured'}</h2>
      <table>
        <thead><tr><th scope="col"><span class="hidden">Figure</span></th><th scope="col">source</th>{compared ? <><th scope="col">variant</th><th scope="col">change</th></> : null}<th scope="col">95 % interval</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th><td>{row.source}</td>
              {compared ? <><td>{row.variant}</td><td class={row.tone}>{row.change}</td></> : null}
              <td class="muted">{row.interval}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Outputs variant={variant} />
    </section>
  );
}

/** Output by output, where there are several or one has a problem. */
function Outputs({ variant }: { readonly variant: VariantReport | undefined }): VNode | null {
  const outputs = variant?.comparison?.outputs ?? [];
  if (outputs.length < 2 && outputs.every(({ problem }) => problem === undefined)) return null;
  return (
    <table>
      <thead><tr><th scope="col">Output</th><th scope="col">max |Δ|</th><th scope="col">SQNR</th><th scope="col">cosine</th></tr></thead>
      <tbody>
        {outputs.map(({ output, bitEqual, maxAbs, sqnrDb, cosine, problem }) => (
          <tr key={output}>
            <th scope="row" class="wrap">{visible(output)}{problem === undefined ? null : <div class="worse">{visible(problem)}</div>}</th>
            <td>{maxAbs === null ? '–' : significant(maxAbs)}</td><td>{bitEqual ? 'bit-equal' : sqnrDb === null ? '–' : `${significant(sqnrDb)} dB`}</td><td>{cosine === null ? '–' : cosine.toFixed(5)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const operatorsShown = 6;
const layersShown = 10;
const groupings = [{ value: 'operator', title: 'Operators' }, { value: 'layer', title: 'Layers' }] as const;

export function WhereTheTimeWent({ variant, name }: { readonly variant: VariantReport; readonly name: string }): VNode | null {
  const [by, setBy] = useState<'operator' | 'layer'>('operator');
  const layers = variant.layers ?? [];
  if (layers.length === 0) return null;
  const shares = by === 'operator' ? timeByOperator(layers, operatorsShown) : timeByLayer(layers, layersShown);
  const most = shares.reduce((top, { sourceMs, variantMs }) => Math.max(top, sourceMs, variantMs), 0);
  const width = (milliseconds: number): string => `${most > 0 ? ((milliseconds / most) * 100).toFixed(1) : '0'}%`;
  return (
    <section aria-label="Where the time went">
      <div class="section-head">
        <h2>Where the time went</h2>
        <Choices role="radiogroup" label="Group by" class="switches" choiceClass="switch" choices={groupings} chosen={by} onChoose={setBy} />
      </div>
      <div class="times">
        {shares.map((share, index) => (
          <div key={`${by}${index.toString()}`} class="time">
            <span class="time-name" title={visible(share.name)}>{visible(share.name)}</span>
            <span class="time-bars">
              <span class="time-row"><span class="time-bar source" style={{ width: width(share.sourceMs) }} /><span class="time-figure">{formatMilliseconds(share.sourceMs)}<span class="hidden"> in the source</span></span></span>
              <span class="time-row"><span class="time-bar variant-bar" style={{ width: width(share.variantMs) }} /><span class="time-figure">{formatMilliseconds(share.variantMs)}<span class="hidden"> in {name}</span></span></span>
            </span>
          </div>
        ))}
      </div>
      <p class="muted small"><span class="key source" /> source <span class="key variant-bar" /> {name}{by === 'layer' ? ' · the layers that changed most' : ''}</p>
    </section>
  );
}

/** Everything that must be known to read the figures, in one paragraph. */
export function Settings({ report, benchmark }: { readonly report: OptimizationReport; readonly benchmark: Benchmark | undefined }): VNode {
  const { data, machine, floor, settings } = report;
  const parts = [
    describeData(report),
    describeFloor(floor),
    benchmark === undefined ? undefined : `drift ${formatShare(benchmark.drift)}`,
    benchmark?.reason,
    `${machine.cpu}, ${machine.cores.toString()} cores, ${machine.platform}`,
    `onnxruntime ${machine.onnxruntime}, Node ${machine.node}`,
    `provider ${settings.provider}, seed ${report.seed.toString()}`,
    `took ${formatMilliseconds(report.seconds * 1000)}`,
  ].filter((part) => part !== undefined && part !== '');
  return (
    <section aria-label="Settings">
      <h2>Settings</h2>
      <p class="muted wrap">{visible(parts.join(' · '))}{data.note === undefined ? '' : ` · ${visible(data.note)}`}</p>
    </section>
  );
}

function describeData({ data }: OptimizationReport): string {
  const samples = `${data.samples.toLocaleString('en-US')} ${data.samples === 1 ? 'sample' : 'samples'}`;
  return data.kind === 'seeded' ? `compared on ${samples} of seeded random numbers, no real data` : `compared on ${samples} of ${data.path === undefined ? data.kind : baseName(data.path)}`;
}
