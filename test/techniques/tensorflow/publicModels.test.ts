// Public TensorFlow.js models simplified: TensorFlow.js gives the same outputs, from fewer nodes.
import { describe, expect, it } from 'vitest';
import { publicTfjsModels } from '../../support/tfjsModels';
import { onBackend, readStored } from '../../formats/tfjs/lower/tensorflow';
import { feedsFor, simplifyAndRun } from './support';

/** Largest difference over largest magnitude that another order of rounding may make. */
const tolerance = 1e-4;

/** The wasm backend cuts a float off at whole numbers when it makes it a bool (0.5 is false): this one asks whether an area is above 0. */
const ofJavaScript = 'handtrack';

describe('a simplified public model', () => {
  it.each(publicTfjsModels().filter(({ name }) => name !== 'language detection'))('$name gives the outputs it gave', async ({ name, path }) => {
    await onBackend(name === ofJavaScript ? 'cpu' : 'wasm', async () => {
      const { ops, counts, differences } = await simplifyAndRun(readStored(path), {}, (model) => feedsFor(model, 1));
      if (process.env['SHOW'] !== undefined) console.log(name, ops.length, [...counts], Math.max(...Object.values(differences)));
      for (const [output, difference] of Object.entries(differences)) expect(difference, output).toBeLessThan(tolerance);
    });
  });
});
