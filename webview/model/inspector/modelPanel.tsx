// The inspector with nothing selected: the model itself, its findings, inputs, outputs and warnings.
import type { VNode } from 'preact';
import type { ValueSummary } from '../../../src/protocol/analysis';
import { baseName, formatBytes, formatMilliseconds, formatShape, integer } from '../../common/format';
import { visible } from '../../common/visible';
import type { Shown } from '../shown';
import { FindingList } from './findingList';
import { Row } from './layerPanel';

export interface ModelPanelProps {
  readonly model: Shown;
  readonly deep: boolean;
  readonly onLayer: (key: string) => void;
  readonly onFix: (fix: string) => void;
  readonly onText: () => void;
  readonly onSaveAsOnnx: () => void;
  readonly onInline: () => void;
}

const addedShown = 8;

export function ModelPanel({ model, deep, onLayer, onFix, onText, onSaveAsOnnx, onInline }: ModelPanelProps): VNode {
  const { snapshot: { summary, cannotRun, groups }, findings, profile } = model;
  const calls = groups.filter(({ kind }) => kind === 'function').length;
  return (
    <>
      <h1 class="wrap">{visible(baseName(summary.path))}</h1>
      <p class="muted">{integer(summary.nodes)} nodes · {formatBytes(summary.fileBytes)} · <button type="button" class="link" onClick={onText}>Show as text</button>{summary.format === 'onnx' ? null : <> · <button type="button" class="link" title="Convert to a new ONNX file beside the model, and open it" onClick={onSaveAsOnnx}>Save as ONNX</button></>}</p>
      {calls === 0 ? null : <p class="muted">{integer(calls)} {calls === 1 ? 'call' : 'calls'} of its own functions · <button type="button" class="link" onClick={onInline}>Inline all functions</button></p>}
      {summary.warnings.map(({ code, message, item }, index) => (
        <article key={index} class="finding warning">
          <h3>Warning <span class="muted">{visible(code)}</span></h3>
          <p class="wrap">{visible(message)}{item === undefined ? '' : ` (${visible(item)})`}</p>
        </article>
      ))}
      <FindingList findings={findings} deep={deep} cannotRun={cannotRun} onLayer={onLayer} onFix={onFix} />
      <Values title="Inputs" values={summary.inputs} />
      <Values title="Outputs" values={summary.outputs} />
      {profile === undefined || profile.added.length === 0 ? null : (
        <section aria-label="Added by the runtime">
          <h2>Added by the runtime</h2>
          <dl>{profile.added.slice(0, addedShown).map(({ op, count, milliseconds }) => <Row key={op} name={visible(op)}>{integer(count)} × <span class="muted">{formatMilliseconds(milliseconds)}</span></Row>)}</dl>
        </section>
      )}
      <section aria-label="File">
        <h2>File</h2>
        <dl>
          {summary.producer === '' ? null : <Row name="Producer">{visible(summary.producer)}</Row>}
          {summary.irVersion > 0 ? <Row name="IR version">{summary.irVersion}</Row> : null}
          {Object.entries(summary.opsets).map(([domain, version]) => <Row key={domain} name="Opset">{version} <span class="muted">{visible(domain === '' ? 'ai.onnx' : domain)}</span></Row>)}
          {summary.metadata.map(([name, value], index) => <Row key={index} name={visible(name)}>{visible(value)}</Row>)}
        </dl>
      </section>
    </>
  );
}

function Values({ title, values }: { readonly title: string; readonly values: readonly ValueSummary[] }): VNode | null {
  if (values.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <dl>{values.map(({ name, type, shape }, index) => <Row key={index} name={visible(name)} title={name}>{visible(formatShape(shape))} <span class="muted">{visible(type)}</span></Row>)}</dl>
    </section>
  );
}
