// Raising the opset: the raised model gives, in the runtime, the numbers of the source.
import { describe, expect, it } from 'vitest';
import { float } from '../../../src/graph/construct';
import { type AttributeInit, GraphBuilder, type ModuleBuilder } from '../../../src/graph/builder';
import type { Model } from '../../../src/graph/model';
import { assertValid } from '../../../src/graph/verify';
import { compareModels } from '../../../src/runtime/compare';
import { openSamples } from '../../../src/runtime/datasets';
import { raiseOpset } from '../../../src/techniques/simplify/opset';
import type { ElementType } from '../../../src/tensor/elementType';
import { refusal } from '../../support/models';

function model(opset: number, opType: string, attributes: AttributeInit, inputs: (at: ModuleBuilder) => readonly string[] = () => [], type: ElementType = 'float32'): Model {
  const builder = new GraphBuilder('old', { opset });
  const x = builder.input('x', type, [1, 1, 4, 5]);
  const at = builder.module('');
  builder.output(at.node(opType, [x, ...inputs(at)], attributes), type, ['a', 'b', 'c', 'd'], 'y');
  return builder.build();
}

const scales = (...values: readonly number[]) => (at: ModuleBuilder): readonly string[] => [at.float32('scales', values, [values.length])];

const rows: Readonly<Record<string, () => Model>> = {
  'Upsample of opset 9': () => model(9, 'Upsample', { mode: 'nearest' }, scales(1, 1, 2, 2)),
  'Upsample of opset 7': () => model(7, 'Upsample', { mode: 'nearest', scales: { type: 'floats', value: [1, 1, 2, 2] } }),
  'Upsample, linear': () => model(9, 'Upsample', { mode: 'linear' }, scales(1, 1, 2, 2)),
  'Resize of opset 10 that grows': () => model(10, 'Resize', { mode: 'nearest' }, scales(1, 1, 2.5, 2.5)),
  'Resize of opset 10 that shrinks': () => model(10, 'Resize', { mode: 'nearest' }, scales(1, 1, 0.6, 0.6)),
  'Resize of opset 10, linear': () => model(10, 'Resize', { mode: 'linear' }, scales(1, 1, 2, 0.5)),
  'Clip of opset 6': () => model(10, 'Clip', { min: float(-0.5), max: float(0.25) }),
  'Pad of opset 2, float64': () => model(10, 'Pad', { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: float(0.5) }, undefined, 'float64'),
  'Pad of opset 2': () => model(10, 'Pad', { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: float(0.5) }),
};

describe('raising the opset to 13', () => {
  it.each(Object.entries(rows))('changes nothing in what is computed: %s', async (_, make) => {
    const source = make();
    const raised = raiseOpset(source, 13);
    assertValid(raised);
    expect(raised.opsetImports.get('')).toBe(13);
    const { outputs } = await compareModels(source, raised, await openSamples(undefined, source, { seed: 3, limit: 1 }));
    expect(outputs.map((output) => output.bitEqual)).toEqual([true]);
  });

  it('is refused where a nearest Resize rounds one axis up and another down', () => {
    const error = refusal(() => raiseOpset(model(10, 'Resize', { mode: 'nearest' }, scales(1, 1, 2, 0.5)), 13));
    expect(error).toMatchObject({ code: 'unsupported', item: '/Resize' });
    expect(error.message).toMatch(/rounds by its scales/);
  });
});
