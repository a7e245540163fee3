// The words on cards, in the table and for the screen reader: short names of layers and groups, and their figures.
import type { ModelSnapshot } from '../../src/protocol/view';
import { formatShape, formatShare, integer, unknown } from '../common/format';
import { visible } from '../common/visible';
import type { Heat } from './heat';
import { cardKind } from './layout/scene';
import type { Structure } from './structure';

export interface CardText {
  readonly title: string;
  readonly detail: string;
  /** Figure of the chosen metric; empty where a card has none. */
  readonly value: string;
  /** Share of the total; empty on layers, where the table says it. */
  readonly share: string;
}

/** The last part of a scoped name; the operator's own name at the end of a path (`…/conv1/Conv`) tells nothing. */
export function shortName(key: string, operator: string): string {
  const parts = key.split(/[/:]+/u).filter((part) => part !== '');
  const last = parts.at(-1) ?? key;
  if (parts.length > 1 && (last === operator || /^\w+_\d+$/u.test(last) && last.startsWith(operator))) return parts.at(-2) ?? last;
  return last;
}

export function operatorOf({ layers }: ModelSnapshot, layer: number): string {
  return layers.opNames[layers.op[layer] ?? 0] ?? '';
}

/** `6 layers`, `1 layer`. */
export function countLayers(count: number): string {
  return count === 1 ? '1 layer' : `${integer(count)} layers`;
}

export function cardText(snapshot: ModelSnapshot, structure: Structure, heat: Heat, kind: number, reference: number): CardText {
  switch (kind) {
    case cardKind.layer: {
      const operator = operatorOf(snapshot, reference);
      const value = heat.values[reference] ?? Number.NaN;
      const shape = snapshot.layers.shape[reference] ?? '';
      const name = shortName(snapshot.layers.keys[reference] ?? '', operator);
      return { title: visible(operator), detail: visible(shape === '' ? name : `${name} · ${shape}`), value: Number.isNaN(value) ? unknown : heat.metric.format(value), share: '' };
    }
    case cardKind.group:
    case cardKind.frame: {
      const group = snapshot.groups[reference];
      const sum = heat.groupSum[reference] ?? 0;
      const blocks = (structure.childGroups.start[reference + 1] ?? 0) - (structure.childGroups.start[reference] ?? 0);
      const inside = blocks > 1 && kind === cardKind.frame ? `${integer(blocks)} blocks` : blocks > 1 ? `${integer(blocks)} blocks · ${countLayers(group?.layers ?? 0)}` : countLayers(group?.layers ?? 0);
      return {
        title: `${kind === cardKind.frame ? '▾' : '▸'} ${visible(group?.name ?? '')}`,
        detail: group?.kind === 'subgraph' || group?.kind === 'function' ? `${group.kind} · ${inside}` : inside,
        value: heat.metric.format(sum),
        share: heat.whole > 0 ? formatShare(sum / heat.whole) : '',
      };
    }
    default: {
      const values = kind === cardKind.input ? snapshot.summary.inputs : snapshot.summary.outputs;
      const value = values[reference];
      return { title: value === undefined ? '' : `${visible(value.name)}  ${formatShape(value.shape).replaceAll(' × ', '×')}`, detail: '', value: '', share: '' };
    }
  }
}
