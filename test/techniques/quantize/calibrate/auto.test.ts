// calibration: auto, on activations with rare outliers that spoil min-max.
import { afterAll, describe, expect, it } from 'vitest';
import type { Model } from '../../../../src/graph/model';
import { Builder, DoesNotApply } from '../../../../src/recipes/build';
import type { SampleSource } from '../../../../src/runtime/data/samples';
import { tensorFromArray } from '../../../../src/tensor/tensor';
import { calibrations } from '../../../../src/techniques/quantize/calibrate/calibrators';
import { OutputNoise } from '../../../../src/techniques/quantize/outputNoise';
import { quantizeStatic, staticOptions } from '../../../../src/techniques/quantize/static';
import type { TechniqueContext } from '../../../../src/techniques/technique';
import { contextFor, stopWorkbench, twoProducts } from '../support';

afterAll(stopWorkbench);

/** Eight samples of 6 × 64 values around 1, of which the first holds one of 300. */
async function contextWithOutlier(model: Model): Promise<TechniqueContext> {
  const context = await contextFor(model);
  const data: SampleSource = {
    description: { ...context.data.description, path: 'outlier' },
    real: true,
    async *samples(limit = 8) {
      for (let sample = 0; sample < Math.min(8, limit); sample++) {
        const values = Float32Array.from({ length: 6 * 64 }, (_, i) => Math.sin(i * (sample + 1)));
        if (sample === 0) values[7] = 300;
        yield await Promise.resolve(new Map([['tokens', tensorFromArray('tokens', 'float32', [1, 6, 64], values)]]));
      }
    },
  };
  return { ...context, data };
}

describe('calibration: auto', () => {
  it('takes the calibrator whose outputs are closest to the float model’s', async () => {
    const model = twoProducts();
    const context = await contextWithOutlier(model);
    const resolved = staticOptions.parse(await quantizeStatic.resolve?.(model, staticOptions.parse({ calibration: 'auto' }), context));
    const noise = await OutputNoise.of(model, 16, context);
    const figures = new Map<string, number>();
    for (const calibration of calibrations) figures.set(calibration, await noise.signalToNoise((await quantizeStatic.apply(model, staticOptions.parse({ calibration }), context)).model));
    expect(figures.get(resolved.calibration ?? '')).toBe(Math.max(...figures.values()));
    expect(resolved.calibration).not.toBe('minmax');
    expect((figures.get(resolved.calibration ?? '') ?? 0) - (figures.get('minmax') ?? 0)).toBeGreaterThan(6);
  });

  it('stands in the report as what was decided', async () => {
    const model = twoProducts();
    const built = await new Builder(model, await contextWithOutlier(model)).build([{ technique: 'quantize-static', options: { calibration: 'auto' } }]);
    if (built instanceof DoesNotApply) throw new Error(built.reason);
    expect(calibrations).toContain(built.steps[0]?.options['calibration']);
    expect(typeof built.steps[0]?.options['reduceRange']).toBe('boolean');
  });
});
