// Which groups are open when a model is first shown: enough to see its shape, few enough to read.
import type { ModelSnapshot } from '../../src/protocol/view';
import { listOf, type Structure } from './structure';

/** A small model is shown whole. */
const wholeUpTo = 48;
/** Otherwise groups open, outermost and largest first, until this many cards can be seen… */
const cardsWanted = 14;
/** …and more in a large model, whose first picture should show its extent. */
const largeFrom = 2000;
const cardsWantedLarge = 260;
/** No group opens that would put more than this many cards on the page. */
const cardsAtMost = 1200;

export function startingGroups(structure: Structure, snapshot: ModelSnapshot): Set<number> {
  const expanded = new Set<number>();
  if (snapshot.layers.count <= wholeUpTo) {
    for (let group = 1; group < structure.groupCount; group += 1) expanded.add(group);
    return expanded;
  }
  const wanted = snapshot.layers.count >= largeFrom ? cardsWantedLarge : cardsWanted;
  const cardsIn = (group: number): number => listOf(structure.childGroups, group).length + listOf(structure.childLayers, group).length;
  let cards = cardsIn(0);
  let waiting = [...listOf(structure.childGroups, 0)];
  while (waiting.length > 0 && cards < wanted) {
    const level = waiting.sort((a, b) => (snapshot.groups[b]?.layers ?? 0) - (snapshot.groups[a]?.layers ?? 0));
    waiting = [];
    for (const group of level) {
      if (cards >= wanted) break;
      const more = cardsIn(group);
      if (cards + more > cardsAtMost) continue;
      expanded.add(group);
      cards += more - 1;
      waiting.push(...listOf(structure.childGroups, group));
    }
  }
  return expanded;
}
