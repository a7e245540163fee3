// A model of any size in bytes: a tower of square linear layers, its weights computed only when they are written.
import { GraphBuilder } from '../../src/graph/builder';
import type { Model } from '../../src/graph/model';
import { linear } from './layers';

const defaultLayers = 300;

/** x [batch, width] → y [batch, width]; the width follows from the weight bytes wanted (met within one part in a hundred). */
export function buildLarge(bytes: number, { layers = defaultLayers, seed = 9 }: { layers?: number; seed?: number } = {}): Model {
  const width = Math.max(1, Math.round(Math.sqrt(bytes / 4 / layers)));
  const builder = new GraphBuilder('large', { seed });
  const root = builder.module('');
  let x = builder.input('x', 'float32', ['batch', width]);
  for (let layer = 0; layer < layers; layer++) {
    const at = root.module(`tower.${layer}`);
    x = at.module('relu').node('Relu', [linear(at.module('linear'), x, width, width)]);
  }
  builder.output(x, 'float32', ['batch', width], 'y');
  return builder.build();
}
