// Public TensorFlow.js models simplified: TensorFlow.js gives the same outputs, from fewer nodes.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTfjsModel } from '../../../src/formats/tfjs/read';
import { writeTfjsModel } from '../../../src/formats/tfjs/write';
import type { Node } from '../../../src/graph/model';
import { temporaryFolder } from '../../support/models';
import { publicTfjsModels } from '../../support/tfjsModels';
import { loadStored, onBackend, readStored } from '../../formats/tfjs/lower/tensorflow';
import { feedsFor, simplified, simplifyAndRun } from './support';

/** Largest difference over largest magnitude that another order of rounding may make. */
const tolerance = 1e-4;

/** The wasm backend cuts a float off at whole numbers when it makes it a bool (0.5 is false): this one asks whether an area is above 0. */
const ofJavaScript = 'handtrack';

describe('a simplified public model', () => {
  it.each(publicTfjsModels().filter(({ name }) => name !== 'language detection'))('$name gives the outputs it gave', async ({ name, path }) => {
    await onBackend(name === ofJavaScript ? 'cpu' : 'wasm', async () => {
      const { differences } = await simplifyAndRun(readStored(path), {}, (model) => feedsFor(model, 1));
      for (const [output, difference] of Object.entries(differences)) expect(difference, output).toBeLessThan(tolerance);
    });
  });
});

describe('a model of texts and loops', () => {
  it('keeps its loop, its texts and its lists as they were, and loads', async () => {
    const path = publicTfjsModels().find(({ name }) => name === 'language detection')?.path ?? '';
    const source = openTfjsModel(path);
    const { model } = await simplified(source);
    const written = join(temporaryFolder(), 'model.json');
    await writeTfjsModel(model, written);
    const kept = (nodes: readonly Node[]): readonly string[] => nodes.filter(({ opType }) => /While|TensorList|String|Sparse/.test(opType)).map(({ name }) => name).sort();
    expect(kept(model.graph.nodes)).toEqual(kept(source.graph.nodes));
    // TensorFlow.js 4.22 does not run this model: that it loads is all that can be seen.
    (await loadStored(readStored(written))).dispose();
    source.dispose();
  });
});
