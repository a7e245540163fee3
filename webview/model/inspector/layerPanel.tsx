// The inspector of one layer: findings first, then shape and cost against the roofline, then its weights.
import type { ComponentChildren, VNode } from 'preact';
import type { LayerDetail, WeightDetail } from '../../../src/protocol/view';
import { formatBytes, formatCount, formatMilliseconds, formatShape, formatShare, significant } from '../../common/format';
import { visible } from '../../common/visible';
import { operatorOf } from '../cardText';
import type { Heat } from '../heat';
import type { Shown } from '../shown';
import { textKey } from '../structure';
import { FindingList } from './findingList';
import { describeStatistics, Histogram } from './histogram';

export interface LayerPanelProps {
  readonly model: Shown;
  readonly heat: Heat;
  readonly layer: number;
  readonly detail: LayerDetail | undefined;
  readonly deep: boolean;
  readonly onFix: (fix: string) => void;
  readonly onText: (key: string) => void;
  readonly onLayer: (key: string) => void;
}

export function LayerPanel({ model, heat, layer, detail, deep, onFix, onText, onLayer }: LayerPanelProps): VNode {
  const { snapshot, profile, latency } = model;
  const key = snapshot.layers.keys[layer] ?? '';
  const operator = operatorOf(snapshot, layer);
  const fusedInto = profile === undefined ? undefined : new Map(Object.entries(profile.fusedInto)).get(key);
  const measured = latency?.[layer] ?? Number.NaN;
  const value = heat.values[layer] ?? Number.NaN;
  const findings = model.findings.filter((finding) => finding.layer === key);
  return (
    <>
      <h1 class="wrap">{visible(key)}</h1>
      <p class="muted wrap">
        {visible(detail === undefined || detail.domain === '' ? operator : `${operator} (${detail.domain})`)}
        {fusedInto === undefined ? null : <> · fused into <button type="button" class="link wrap" onClick={() => onLayer(fusedInto)}>{visible(fusedInto)}</button> at run time</>}
        {' · '}<button type="button" class="link" onClick={() => onText(textKey(model, snapshot.layers.group[layer] ?? 0, key))}>Show in text</button>
      </p>
      {detail === undefined || detail.docString === '' ? null : <p class="wrap">{visible(detail.docString)}</p>}
      <FindingList findings={findings} deep={deep} cannotRun={snapshot.cannotRun} onFix={onFix} />
      <section aria-label="Shape and cost">
        <h2>Shape and cost</h2>
        <dl>
          {detail?.inputs.map((input, index) => <Row key={`i${index.toString()}`} name={index === 0 ? 'Input' : ''} title={input.name}>{formatShape(input.shape)} <span class="muted">{visible(input.type)}</span></Row>)}
          {detail === undefined ? <Row name="Output">{visible(snapshot.layers.shape[layer] ?? '')}</Row>
            : detail.outputs.map((output, index) => <Row key={`o${index.toString()}`} name={index === 0 ? 'Output' : ''} title={output.name}>{formatShape(output.shape)} <span class="muted">{visible(output.type)}</span></Row>)}
          {detail?.weights.map((weight, index) => <Row key={`w${index.toString()}`} name={index === 0 ? 'Weight' : ''} title={weight.name}>{formatShape(weight.dims)} <span class="muted">{visible(weight.elementType)}</span></Row>)}
          <Figure name="Parameters" value={snapshot.layers.parameters[layer]} format={formatCount} />
          <Figure name="Weight bytes" value={snapshot.layers.weightBytes[layer]} format={formatBytes} />
          <Figure name="MACs" value={snapshot.layers.macs[layer]} format={formatCount} />
          <Figure name="FLOPs" value={snapshot.layers.flops[layer]} format={formatCount} />
          <Figure name="Activation" value={snapshot.layers.activationBytes[layer]} format={formatBytes} />
          <Figure name="Sensitivity" value={snapshot.layers.sensitivity?.[layer]} format={formatShare} note="error of the outputs when this layer alone is int8" />
          <Figure name="Error" value={snapshot.layers.layerError?.[layer]} format={formatShare} note="of what comes out, against the float form" />
          {Number.isNaN(measured) ? null : <Row name="Latency">{formatMilliseconds(measured)} <span class="muted">measured here</span></Row>}
          {heat.whole > 0 && value > 0 ? <Row name="Share">{formatShare(value / heat.whole)} <span class="muted">of {heat.metric.title}</span></Row> : null}
          {detail?.intensity == null ? null : <Row name="Intensity">{significant(detail.intensity)} MAC/B{detail.roofline == null ? '' : <span class="muted"> · {detail.roofline.bound} bound</span>}</Row>}
          {detail?.roofline == null ? null : (
            <Row name="Roofline">
              {formatMilliseconds(detail.roofline.milliseconds)}
              <span class="muted">{Number.isNaN(measured) ? '' : ` of ${formatMilliseconds(measured)}`} estimated for {visible(detail.roofline.device)}</span>
            </Row>
          )}
        </dl>
      </section>
      {detail === undefined ? <p class="muted" role="status">Reading details…</p> : <Rest detail={detail} />}
    </>
  );
}

function Rest({ detail }: { readonly detail: LayerDetail }): VNode {
  return (
    <>
      <Attributes detail={detail} />
      {detail.weights.length === 0 ? null : (
        <section aria-label="Weights">
          <h2>Weights</h2>
          {detail.weights.map((weight) => <Weight key={weight.name} weight={weight} />)}
        </section>
      )}
    </>
  );
}

export function Attributes({ detail }: { readonly detail: LayerDetail }): VNode | null {
  if (detail.attributes.length === 0) return null;
  return (
    <section aria-label="Attributes">
      <h2>Attributes</h2>
      <dl>{detail.attributes.map(({ name, value }) => <Row key={name} name={visible(name)}>{visible(value)}</Row>)}</dl>
    </section>
  );
}

function Weight({ weight }: { readonly weight: WeightDetail }): VNode {
  const elements = weight.dims.reduce((product, dimension) => product * dimension, 1);
  return (
    <div class="weight">
      <p class="wrap">{visible(weight.name)} <span class="muted">{formatBytes(weight.bytes)}</span></p>
      {weight.statistics === undefined ? null : (
        <>
          <Histogram statistics={weight.statistics} name={visible(weight.name)} />
          <p class="muted small">{describeStatistics(weight.statistics, elements)}</p>
        </>
      )}
    </div>
  );
}

export function Row({ name, title, children }: { readonly name: string; readonly title?: string; readonly children: ComponentChildren }): VNode {
  return <><dt>{name}</dt><dd class="wrap" title={title === undefined ? undefined : visible(title)}>{children}</dd></>;
}

function Figure({ name, value, format, note }: { readonly name: string; readonly value: number | undefined; readonly format: (value: number) => string; readonly note?: string }): VNode | null {
  return value === undefined || Number.isNaN(value) || value === 0 ? null : <Row name={name}>{format(value)}{note === undefined ? null : <span class="muted"> {note}</span>}</Row>;
}
