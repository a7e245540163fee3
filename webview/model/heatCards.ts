// The one array a metric switch uploads: position on the colour scale and share of the total, for every card.
import type { Heat } from './heat';
import { noHeat } from './heat';
import { cardKind, type Scene } from './layout/scene';

/** @returns two floats per card */
export function heatOfCards(scene: Scene, heat: Heat): Float32Array {
  const column = new Float32Array(scene.count * 2);
  const scale = heat.whole > 0 ? 1 / heat.whole : 0;
  for (let card = 0; card < scene.count; card += 1) {
    const reference = scene.reference[card] ?? 0;
    const kind = scene.kind[card];
    if (kind === cardKind.layer) {
      column[card * 2] = heat.layerHeat[reference] ?? noHeat;
      column[card * 2 + 1] = (heat.values[reference] ?? 0) * scale;
    } else if (kind === cardKind.group || kind === cardKind.frame) {
      column[card * 2] = heat.groupHeat[reference] ?? noHeat;
      column[card * 2 + 1] = (heat.groupSum[reference] ?? 0) * scale;
    } else {
      column[card * 2] = noHeat;
    }
  }
  return column;
}
