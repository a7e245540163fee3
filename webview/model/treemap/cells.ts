// The treemap's rectangles: groups within groups, each layer's area in proportion to the chosen metric.
import type { Heat } from '../heat';
import { listOf, type Structure } from '../structure';
import { squarify, type Rectangle } from './squarify';

export interface Cell extends Rectangle {
  readonly kind: 'group' | 'layer';
  readonly reference: number;
  readonly depth: number;
}

/** Room for a group's name above its contents, and around them. */
const titleHeight = 16;
const padding = 2;
/** Smaller rectangles are not divided further: their parts could not be seen. */
const leastSide = 5;

/** @param root the group shown; its contents fill the rectangle */
export function treemapCells(structure: Structure, heat: Heat, root: number, within: Rectangle): Cell[] {
  const cells: Cell[] = [];
  const waiting: { readonly group: number; readonly inside: Rectangle; readonly depth: number }[] = [{ group: root, inside: within, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { group, inside, depth } = next;
    const members = [
      ...Array.from(listOf(structure.childGroups, group), (reference) => ({ kind: 'group' as const, reference, weight: heat.groupSum[reference] ?? 0 })),
      ...Array.from(listOf(structure.childLayers, group), (reference) => ({ kind: 'layer' as const, reference, weight: heat.values[reference] ?? 0 })),
    ].filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
    squarify(members.map(({ weight }) => weight), inside).forEach((rectangle, index) => {
      const member = members[index];
      if (member === undefined || rectangle.width <= 0 || rectangle.height <= 0) return;
      cells.push({ ...rectangle, kind: member.kind, reference: member.reference, depth });
      if (member.kind !== 'group' || rectangle.width < leastSide || rectangle.height < leastSide) return;
      const titled = rectangle.height > titleHeight * 2 && rectangle.width > 40;
      const top = titled ? titleHeight : padding;
      waiting.push({
        group: member.reference,
        depth: depth + 1,
        inside: { x: rectangle.x + padding, y: rectangle.y + top, width: Math.max(0, rectangle.width - padding * 2), height: Math.max(0, rectangle.height - top - padding) },
      });
    });
  }
  return cells;
}

/** The innermost cell at a point: deeper cells lie over their groups. */
export function cellAt(cells: readonly Cell[], x: number, y: number): Cell | undefined {
  let found: Cell | undefined;
  for (const cell of cells) {
    if (x < cell.x || y < cell.y || x >= cell.x + cell.width || y >= cell.y + cell.height) continue;
    if (found === undefined || cell.depth >= found.depth) found = cell;
  }
  return found;
}
