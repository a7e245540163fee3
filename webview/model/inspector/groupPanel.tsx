// The inspector of a group: its sums, what it is made of, and its hottest layers.
import type { VNode } from 'preact';
import type { LayerDetail } from '../../../src/protocol/view';
import { formatShape, formatShare } from '../../common/format';
import { visible } from '../../common/visible';
import { countLayers, operatorOf, shortName } from '../cardText';
import { metrics } from '../metrics';
import type { Heat } from '../heat';
import type { Shown } from '../shown';
import { layersWithin, enclosingGroups, textKey } from '../structure';
import { FindingList } from './findingList';
import { Attributes, Row } from './layerPanel';

export interface GroupPanelProps {
  readonly model: Shown;
  readonly heat: Heat;
  readonly group: number;
  readonly deep: boolean;
  readonly onLayer: (key: string) => void;
  readonly onFix: (fix: string) => void;
  /** Of a function, what is known of its call. */
  readonly detail: LayerDetail | undefined;
  readonly onText: (layer: string) => void;
  readonly onInline: (called: string) => void;
}

const hottestShown = 6;
const operatorsShown = 8;

export function GroupPanel({ model, heat, group, deep, detail, onLayer, onFix, onText, onInline }: GroupPanelProps): VNode {
  const { snapshot, structure, latency } = model;
  const layers = layersWithin(structure, group);
  const { kind = 'scope', call } = snapshot.groups[group] ?? {};
  const path = enclosingGroups(structure, group).map((id) => snapshot.groups[id]?.name ?? '').join(' / ');
  const keys = new Set([...layers.map((layer) => snapshot.layers.keys[layer]), call]);
  const findings = model.findings.filter(({ layer }) => layer !== undefined && keys.has(layer));
  const operators = new Map<string, number>();
  for (const layer of layers) operators.set(operatorOf(snapshot, layer), (operators.get(operatorOf(snapshot, layer)) ?? 0) + 1);
  const common = [...operators].sort((a, b) => b[1] - a[1]);
  const hottest = layers.filter((layer) => (heat.values[layer] ?? 0) > 0).sort((a, b) => (heat.values[b] ?? 0) - (heat.values[a] ?? 0)).slice(0, hottestShown);
  return (
    <>
      <h1 class="wrap">{visible(path)}</h1>
      <p class="muted wrap">
        {{ model: 'Model', scope: 'Name scope', block: 'Repeated block', subgraph: 'Subgraph', function: 'Function' }[kind]}{detail?.function === undefined ? null : ` ${visible(detail.function.label)}`} · {countLayers(layers.length)}
        {call === undefined ? null : <>{' · '}<button type="button" class="link" onClick={() => onText(textKey(model, group))}>Show in text</button></>}
      </p>
      {detail?.function === undefined ? null : <CallOf called={detail.function} onInline={onInline} />}
      {detail === undefined || detail.docString === '' ? null : <p class="wrap">{visible(detail.docString)}</p>}
      {detail === undefined ? null : <Call detail={detail} />}
      <section aria-label="Sums">
        <h2>Sums</h2>
        <dl>
          {metrics.map((metric) => {
            const values = metric.values(snapshot.layers, latency);
            const sum = layers.reduce((total, layer) => total + (Number.isNaN(values[layer] ?? Number.NaN) ? 0 : values[layer] ?? 0), 0);
            const whole = values.reduce((total, value) => total + (Number.isNaN(value) ? 0 : value), 0);
            return sum === 0 ? null : <Row key={metric.name} name={metric.short}>{metric.format(sum)} <span class="muted">{formatShare(sum / whole)}</span></Row>;
          })}
        </dl>
      </section>
      {hottest.length === 0 ? null : (
        <section aria-label="Largest layers">
          <h2>Largest by {heat.metric.title}</h2>
          {hottest.map((layer) => (
            <div key={layer} class="fix">
              <button type="button" class="link" title={visible(snapshot.layers.keys[layer] ?? '')} onClick={() => onLayer(snapshot.layers.keys[layer] ?? '')}>
                {visible(`${operatorOf(snapshot, layer)} ${shortName(snapshot.layers.keys[layer] ?? '', operatorOf(snapshot, layer))}`)}
              </button>
              <span class="muted">{heat.metric.format(heat.values[layer] ?? 0)}</span>
            </div>
          ))}
        </section>
      )}
      <section aria-label="Operators">
        <h2>Operators</h2>
        <p>{common.slice(0, operatorsShown).map(([name, count]) => `${count.toString()} × ${visible(name)}`).join(' · ')}{common.length > operatorsShown ? ' …' : ''}</p>
      </section>
      <FindingList findings={findings} deep={deep} cannotRun={snapshot.cannotRun} onLayer={onLayer} onFix={onFix} />
    </>
  );
}

/** How the function is called, and the way to a model without it. */
function CallOf({ called, onInline }: { readonly called: NonNullable<LayerDetail['function']>; readonly onInline: (called: string) => void }): VNode {
  return <p class="wrap">{visible(called.signature)} · <button type="button" class="link" onClick={() => onInline(called.label)}>Inline function</button></p>;
}

/** What a function is called with. */
function Call({ detail }: { readonly detail: LayerDetail }): VNode {
  return (
    <>
      <section aria-label="Call">
        <h2>Call</h2>
        <dl>
          {detail.inputs.map((input, index) => <Row key={`i${index.toString()}`} name={index === 0 ? 'Input' : ''} title={input.name}>{formatShape(input.shape)} <span class="muted">{visible(input.type)}</span></Row>)}
          {detail.outputs.map((output, index) => <Row key={`o${index.toString()}`} name={index === 0 ? 'Output' : ''} title={output.name}>{formatShape(output.shape)} <span class="muted">{visible(output.type)}</span></Row>)}
        </dl>
      </section>
      <Attributes detail={detail} />
    </>
  );
}
