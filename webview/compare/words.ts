// The words of a comparison: marks and names of changes, what stands on cards, and what a screen reader hears.
import { sides, type Change, type Side } from '../../src/protocol/comparison';
import { baseName, integer, unknown } from '../common/format';
import { visible } from '../common/visible';
import { cardText, countLayers, operatorOf, type CardText } from '../model/cardText';
import type { Heat } from '../model/heat';
import { cardKind } from '../model/layout/scene';
import { sumOverGroups } from '../model/structure';
import { changesOf, layersOf, other, type Compared } from './compared';
import { selectedRow, type CompareState } from './state';

export const sideNames = { before: 'A', after: 'B' } as const satisfies Record<Side, string>;

const changeWords = { removed: 'removed', added: 'added', operators: 'operators', attributes: 'attributes', types: 'output type', weights: 'weights' } as const satisfies Record<Change, string>;

/** A sign before the name, so that a change is told without colour; empty where nothing differs. */
export function markOf(compared: Compared, row: number): '' | '+' | '−' | '≠' {
  if (compared.changed[row] !== 1) return '';
  const [first] = changesOf(compared, row);
  return first === 'added' ? '+' : first === 'removed' ? '−' : '≠';
}

/** `attributes, weights`; `same` where nothing differs. */
export function changeText(compared: Compared, row: number): string {
  const changes = changesOf(compared, row);
  return changes.length > 0 ? changes.map((change) => changeWords[change]).join(', ') : compared.changed[row] === 1 ? 'cost' : 'same';
}

/** Names of a row's layers on a side, the one that does the work first. */
export function layerNames(compared: Compared, side: Side, row: number): string {
  const { keys } = compared.models[side].snapshot.layers;
  return [...layersOf(compared, side, row)].map((layer) => visible(keys[layer] ?? '')).join(' + ');
}

/** `Conv + BatchNormalization → Conv`, or the operators alone where they are the same. */
export function operatorText(compared: Compared, row: number): string {
  const [before, after] = sides.map((side) => [...layersOf(compared, side, row)].map((layer) => visible(operatorOf(compared.models[side].snapshot, layer))).join(' + '));
  return before === after || after === '' ? before ?? '' : before === '' ? after ?? '' : `${before ?? ''} → ${after ?? ''}`;
}

/** Layers by group that stand in rows in which something differs. */
export function changedInGroups(compared: Compared, side: Side): Float64Array {
  const { snapshot, structure } = compared.models[side];
  const flags = Float64Array.from(compared.rowOf[side], (row) => compared.changed[row] ?? 0);
  return sumOverGroups(structure, snapshot.layers.group, flags).sum;
}

/** No difference has no figure: what differs stands out. */
function withoutZero({ metric }: Heat, value: number | undefined, text: CardText): Pick<CardText, 'value'> {
  return { value: metric.isChange === true && value === 0 ? '' : text.value };
}

/** Words on the cards of a side. */
export function cardWords(compared: Compared, side: Side, heat: Heat, changedIn: Float64Array): (kind: number, reference: number) => CardText {
  const { snapshot, structure } = compared.models[side];
  return (kind, reference) => {
    const text = cardText(snapshot, structure, heat, kind, reference);
    switch (kind) {
      case cardKind.layer: {
        const mark = markOf(compared, compared.rowOf[side][reference] ?? 0);
        return { ...text, ...(mark === '' ? {} : { title: `${mark} ${text.title}` }), ...withoutZero(heat, heat.values[reference], text) };
      }
      case cardKind.group:
      case cardKind.frame: {
        const changed = changedIn[reference] ?? 0;
        const alone = (compared.groupOf[side][reference] ?? -1) < 0;
        return { ...text, ...withoutZero(heat, heat.groupSum[reference], text), detail: `${text.detail}${changed === 0 ? '' : ` · ≠ ${integer(changed)}`}${alone ? ` · only in ${sideNames[side]}` : ''}` };
      }
      default:
        return text;
    }
  };
}

/** `12 changed, 3 added, 2 removed`. */
export function countsText({ counts }: Compared): string {
  const parts = (Object.keys(counts) as (keyof typeof counts)[]).filter((name) => counts[name] > 0).map((name) => `${integer(counts[name])} ${name}`);
  return parts.length === 0 ? 'no differences' : parts.join(', ');
}

/** What a side says of the selection: what differs, or that it has no counterpart of what is selected on the other. */
export function sideText({ compared, selection, chosen }: CompareState, side: Side): string {
  if (compared === undefined || selection[chosen].kind === 'none') return '';
  const at = selection[side];
  if (at.kind === 'none') return `no counterpart of the selection in ${sideNames[other[side]]}`;
  if (at.kind === 'group') return `${visible(compared.models[side].snapshot.groups[at.group]?.name ?? '')}, ${countLayers(compared.models[side].snapshot.groups[at.group]?.layers ?? 0)}`;
  const row = compared.rowOf[side][at.layer] ?? 0;
  return `${visible(compared.models[side].snapshot.layers.keys[at.layer] ?? '')}: ${changeText(compared, row)}`;
}

/** What a screen reader hears after a change. */
export function announce(state: CompareState, heat: Heat): string {
  const { compared, selection, chosen } = state;
  if (compared === undefined) return '';
  const at = selection[chosen];
  if (at.kind === 'none') return `${countsText(compared)}. Coloured by ${heat.metric.title}`;
  const row = selectedRow(state);
  const value = row < 0 ? Number.NaN : heat.values[layersOf(compared, chosen, row)[0] ?? -1] ?? Number.NaN;
  const figure = row < 0 ? '' : `, ${heat.metric.title} ${Number.isNaN(value) ? unknown : heat.metric.format(value)}`;
  return `${sideNames[chosen]}: ${sideText(state, chosen)}${figure}. ${sideNames[other[chosen]]}: ${sideText(state, other[chosen])}`;
}

export function nameOf({ models }: Compared, side: Side): string {
  return visible(baseName(models[side].snapshot.summary.path));
}
