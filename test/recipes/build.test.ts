// Building variants step by step: which steps count as having done something.
import { afterAll, describe, expect, it } from 'vitest';
import { Builder, DoesNotApply } from '../../src/recipes/build';
import { contextFor, smallNetwork, stopWorkbench } from '../techniques/quantize/support';

afterAll(stopWorkbench);

describe('a variant', () => {
  it('tells steps that changed something from those that found nothing to change', async () => {
    const model = smallNetwork();
    const builder = new Builder(model, await contextFor(model));
    // No layer is so named: nothing is left to quantize.
    const built = await builder.build([{ technique: 'quantize-static', options: { only: ['no such layer'] } }, { technique: 'float16', options: {} }]);
    if (built instanceof DoesNotApply) throw new Error(built.reason);
    expect([built.steps.map(({ technique }) => technique), built.changing.map(({ technique }) => technique)]).toEqual([['quantize-static', 'float16'], ['float16']]);
  });
});
