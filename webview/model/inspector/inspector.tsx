// The inspector: of the selected layer or group, else of the model.
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { LayerDetail } from '../../../src/protocol/view';
import type { Heat } from '../heat';
import type { Shown } from '../shown';
import type { Selection } from '../state';
import { GroupPanel } from './groupPanel';
import { LayerPanel } from './layerPanel';
import { ModelPanel } from './modelPanel';

export interface InspectorProps {
  readonly model: Shown;
  readonly heat: Heat;
  readonly selection: Selection;
  readonly details: ReadonlyMap<string, LayerDetail>;
  readonly deep: boolean;
  readonly onLayer: (key: string) => void;
  readonly onFix: (fix: string) => void;
  readonly onText: (layer?: string) => void;
  readonly onSaveAsOnnx: () => void;
  readonly onInline: (called?: string) => void;
}

export function Inspector(props: InspectorProps): VNode {
  const { model, heat, selection, details, deep } = props;
  // Sums over a large group take long, and a search asks nothing of them.
  return useMemo(() => <aside class="inspector" aria-label="Inspector" tabIndex={-1}><Panel {...props} /></aside>, [model, heat, selection, details, deep]);
}

function Panel({ model, heat, selection, details, deep, onLayer, onFix, onText, onSaveAsOnnx, onInline }: InspectorProps): VNode {
  switch (selection.kind) {
    case 'none':
      return <ModelPanel model={model} deep={deep} onLayer={onLayer} onFix={onFix} onText={() => onText()} onSaveAsOnnx={onSaveAsOnnx} onInline={() => onInline()} />;
    case 'layer':
      return <LayerPanel model={model} heat={heat} layer={selection.layer} detail={details.get(model.snapshot.layers.keys[selection.layer] ?? '')} deep={deep} onFix={onFix} onText={onText} onLayer={onLayer} />;
    case 'group':
      return <GroupPanel model={model} heat={heat} group={selection.group} detail={details.get(model.snapshot.groups[selection.group]?.call ?? '')} deep={deep} onFix={onFix} onText={onText} onInline={onInline} onLayer={onLayer} />;
    default:
      return selection satisfies never;
  }
}
