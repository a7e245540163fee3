// Two models node by node, for a person: what is new, gone, and what changed most.
import { formatBytes, formatCount } from '../../base/format';
import type { CostChange, LayerChange, StructureComparison } from '../../protocol/analysis';
import { tableLines } from '../terminal';

const step = ({ before, after }: CostChange, format: (value: number) => string): string => {
  const shown = (value: number | null): string => (value === null ? 'unknown' : format(value));
  return before === after ? shown(after) : `${shown(before)} → ${shown(after)}`;
};

const byteChange = ({ weightBytes }: LayerChange): number => Math.abs((weightBytes.after ?? 0) - (weightBytes.before ?? 0));
const workChange = ({ macs }: LayerChange): number => Math.abs((macs.after ?? 0) - (macs.before ?? 0));
/** A Constant that became an initializer, or was folded, is no change anyone looks for. */
const changed = (layer: LayerChange): boolean => layer.operators !== 'Constant' && hasChanged(layer);
const hasChanged = (layer: LayerChange): boolean => byteChange(layer) > 0 || workChange(layer) > 0 || layer.before.length !== 1 || layer.after.length !== 1;

/** @param shown how many of the changed layers; those whose weights changed most come first */
export function structureLines({ nodes, matched, layers }: StructureComparison, shown: number): string[] {
  const changes = layers.filter(changed).sort((a, b) => byteChange(b) - byteChange(a) || workChange(b) - workChange(a));
  const fresh = layers.filter(({ before }) => before.length === 0).length;
  const head = `${nodes.before} nodes → ${nodes.after}: ${matched} of the first have a counterpart, ${nodes.before - matched} are gone, ${fresh} of the second are new`;
  if (changes.length === 0) return [head];
  const rows = changes.slice(0, shown).map((layer) => [layer.after[0] ?? layer.before[0] ?? '', layer.operators, step(layer.parameters, formatCount), step(layer.weightBytes, formatBytes), step(layer.macs, formatCount)]);
  const rest = changes.length - rows.length;
  return [
    head,
    '',
    ...tableLines(
      [
        { title: 'layer', align: 'left', width: 40 },
        { title: 'operators', align: 'left', width: 48 },
        { title: 'parameters', align: 'right' },
        { title: 'weights', align: 'right' },
        { title: 'MACs', align: 'right' },
      ],
      rows,
    ),
    ...(rest > 0 ? [`… and ${rest} more that changed (--layers ${changes.length} shows all)`] : []),
  ];
}
