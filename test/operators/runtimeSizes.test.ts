// Sizes that hang on how a runtime rounds and clamps: the shapes inferred are held against those onnxruntime makes.
import { afterAll, describe, expect, it } from 'vitest';
import { inferTypes } from '../../src/analysis/infer';
import { GraphBuilder, type AttributeInit, type ModuleBuilder } from '../../src/graph/builder';
import type { Model, Shape } from '../../src/graph/model';
import { Runner } from '../../src/runtime/runner';
import { seededFeeds } from '../../src/runtime/data/sources/seededSamples';

interface Case {
  readonly title: string;
  readonly opType: string;
  readonly input: readonly number[];
  readonly opset?: number;
  readonly attributes?: AttributeInit;
  readonly constants?: (module: ModuleBuilder) => readonly string[];
}

/** One node on x; its output is declared without a shape. */
function modelOf({ opType, input, opset = 13, attributes = {}, constants = () => [] }: Case): Model {
  const builder = new GraphBuilder('one', { opset });
  const module = builder.module('');
  const x = builder.input('x', 'float32', input);
  builder.output(module.node(opType, [x, ...constants(module)], attributes), 'float32', [], 'y');
  const model = builder.build();
  model.graph.outputs = [{ name: 'y', type: { kind: 'tensor', elementType: 'float32' } }];
  return model;
}

let runner: Promise<Runner> | undefined;
afterAll(async () => (await runner)?.dispose());

/** The shape onnxruntime makes; undefined where it refuses the model. */
async function realShape(model: Model): Promise<readonly number[] | undefined> {
  runner ??= Runner.start();
  try {
    const session = await (await runner).load(model, { optimization: 'disabled' });
    const { outputs } = await session.run(seededFeeds(model, {}), ['y']);
    await session.release();
    return outputs.get('y')?.dims;
  } catch {
    return undefined;
  }
}

function inferred(model: Model): { readonly shape: Shape | undefined; readonly contradicts: boolean } {
  const types = inferTypes(model);
  const type = types.typeOf(model.graph, 'y');
  return { shape: type?.kind === 'tensor' ? type.shape : undefined, contradicts: types.contradictions.length > 0 };
}

const resizes = ([[10, 0.7], [10, 0.1], [10, 0.3], [20, 0.35], [100, 0.29], [3, 1.1], [30, 1.3], [7, 0.6]] as const).flatMap(([size, scale]): Case[] => {
  const scales = (module: ModuleBuilder): string => module.float32('scales', [1, 1, 1, scale], [4]);
  return [
    { title: `Resize of ${size} by ${scale}`, opType: 'Resize', input: [1, 1, 1, size], attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric' }, constants: (module) => ['', scales(module)] },
    ...(scale < 1 ? [] : [{ title: `Upsample of ${size} by ${scale}`, opType: 'Upsample', input: [1, 1, 1, size], opset: 9, constants: (module: ModuleBuilder) => [scales(module)] }]),
  ];
});

const slices = ([[-10, -100, -1], [2, -10, -1], [10, 0, -2], [-1, -100, -1], [5, 1, 1], [-2, 100, 1], [0, -1, 2], [-10, 2, 3], [-10, -2, -1], [-3, -4, -1], [-100, 0, -1]] as const).map(
  ([start, end, step]): Case => ({ title: `Slice ${start}:${end}:${step} of 3`, opType: 'Slice', input: [3], constants: (module) => [module.int64('starts', [start]), module.int64('ends', [end]), module.int64('axes', [0]), module.int64('steps', [step])] }),
);

/** Windows larger than the padded map, a few columns or many: size, kernel, stride, padding on each side. */
const windows = ([[4, 5, 1, 0], [4, 5, 2, 0], [4, 6, 2, 0], [4, 6, 3, 0], [1, 2, 2, 0], [1, 3, 2, 0], [1, 4, 2, 0], [2, 3, 4, 0], [3, 9, 2, 1], [2, 5, 3, 1], [4, 6, 1, 0]] as const).flatMap(([size, kernel, stride, pad]) =>
  ['Conv', 'MaxPool', 'AveragePool', 'LpPool'].flatMap((opType) =>
    (opType === 'Conv' ? [0] : [0, 1]).map(
      (ceil): Case => ({
        title: `${opType} of ${kernel} on ${size} + 2 · ${pad} by ${stride}${ceil === 1 ? ', rounded up' : ''}`,
        opType,
        input: [1, 1, size, size],
        opset: 22,
        attributes: { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], ...(opType === 'Conv' ? {} : { ceil_mode: ceil }) },
        constants: (module) => (opType === 'Conv' ? [module.weight('w', [1, 1, kernel, kernel], {})] : []),
      }),
    ),
  ),
);

describe('inferred sizes are those onnxruntime makes:', () => {
  it.each([...resizes, ...slices])('$title', async (each) => {
    const model = modelOf(each);
    const real = await realShape(model);
    expect(real).toBeDefined();
    expect(inferred(model)).toEqual({ shape: real, contradicts: false });
  });

  it.each(windows)('$title, or open where the specification says otherwise; a contradiction exactly where it does not run', async (each) => {
    const model = modelOf(each);
    const real = await realShape(model);
    const { shape, contradicts } = inferred(model);
    expect(contradicts).toBe(real === undefined);
    if (real !== undefined) expect(shape?.map((dimension, axis) => dimension ?? real[axis])).toEqual(real);
    if (real !== undefined && each.attributes?.['ceil_mode'] === 1) expect(shape).toEqual(real);
  });
});
