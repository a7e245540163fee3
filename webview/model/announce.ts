// What a screen reader hears after a change: the selection with its figure, and what became visible.
import { formatShare, unknown } from '../common/format';
import { visible } from '../common/visible';
import { countLayers, operatorOf } from './cardText';
import type { Heat } from './heat';
import type { Shown } from './shown';
import type { ViewState } from './state';

export function announce(model: Shown, heat: Heat, { selection, expanded }: Pick<ViewState, 'selection' | 'expanded'>): string {
  const { snapshot } = model;
  const figure = (value: number): string => Number.isNaN(value) ? `${heat.metric.title} ${unknown}` : `${heat.metric.title} ${heat.metric.format(value)}${heat.total > 0 ? `, ${formatShare(value / heat.total)}` : ''}`;
  switch (selection.kind) {
    case 'none':
      return `Coloured by ${heat.metric.title}, ${heat.metric.format(heat.total)} in all`;
    case 'layer':
      return `${visible(operatorOf(snapshot, selection.layer))} ${visible(snapshot.layers.keys[selection.layer] ?? '')}, ${figure(heat.values[selection.layer] ?? Number.NaN)}`;
    case 'group': {
      const group = snapshot.groups[selection.group];
      return `Group ${visible(group?.name ?? '')}, ${expanded.has(selection.group) ? 'expanded' : 'collapsed'}, ${countLayers(group?.layers ?? 0)}, ${figure(heat.groupSum[selection.group] ?? 0)}`;
    }
    default:
      return selection satisfies never;
  }
}
