// What the tests of quantization share: a workbench to run in, a small convolutional model, kernels of the optimised form.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detachedContext } from '../../../src/base/cancellation';
import { silentLog } from '../../../src/base/log';
import { readOnnxModel } from '../../../src/formats/onnx/read';
import { float } from '../../../src/graph/construct';
import { GraphBuilder } from '../../../src/graph/builder';
import type { Model } from '../../../src/graph/model';
import type { OutputComparison } from '../../../src/protocol/measurement';
import { Workbench } from '../../../src/recipes/workbench';
import { compareModels } from '../../../src/runtime/compare';
import { openSamples } from '../../../src/runtime/data/datasets';
import { Runner } from '../../../src/runtime/runner';
import type { TechniqueContext } from '../../../src/techniques/technique';

const workbench = new Workbench({ startRunner: () => Runner.start(), log: silentLog, threads: 1 });

export function stopWorkbench(): void {
  workbench.dispose();
}

export async function contextFor(model: Model): Promise<TechniqueContext> {
  return workbench.context(detachedContext(), await openSamples(undefined, model, { seed: 1, limit: 8 }), {}, 1);
}

/** Lowest SQNR in dB over the outputs on seeded inputs other than those of the calibration. */
export async function sqnrBetween(a: Model, b: Model): Promise<number> {
  const { outputs } = await compareModels(a, b, await openSamples(undefined, a, { seed: 7, limit: 4 }));
  return lowest(outputs);
}

function lowest(outputs: readonly OutputComparison[]): number {
  return Math.min(...outputs.map((output) => (output.bitEqual ? Infinity : (output.sqnrDb ?? -Infinity))));
}

/** Operators of the model as the runtime optimises it. */
export async function optimisedOperators(model: Model): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lathe-test-'));
  try {
    const path = join(folder, 'optimised.onnx');
    await workbench.writeOptimised(model, path, detachedContext().signal);
    const optimised = readOnnxModel(path);
    const operators = optimised.graph.nodes.map((node) => node.opType);
    optimised.dispose();
    return operators;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const count = (operators: readonly string[], wanted: string): number => operators.filter((opType) => opType === wanted).length;

/** Four convolutions (stem, dense, depthwise, dense), Relu, Clip and HardSwish between, a shortcut, pooling and a classifier. */
export function smallNetwork(): Model {
  const builder = new GraphBuilder('small', { seed: 3, opset: 13 });
  const root = builder.module('');
  const conv = (name: string, input: string, from: number, to: number, kernel: number, group = 1): string => {
    const module = root.module(name);
    const weight = module.weight('weight', [to, from / group, kernel, kernel], { standardDeviation: 0.15 });
    const bias = module.weight('bias', [to], { standardDeviation: 0.15 });
    return module.node('Conv', [input, weight, bias], { kernel_shape: [kernel, kernel], pads: [kernel >> 1, kernel >> 1, kernel >> 1, kernel >> 1], group });
  };
  const x = builder.input('image', 'float32', [1, 3, 24, 24]);
  const stem = root.node('Relu', [conv('stem', x, 3, 32, 3)]);
  const dense = root.node('Clip', [conv('dense', stem, 32, 32, 3), root.float32('low', [0]), root.float32('high', [6])]);
  const deep = conv('deep', dense, 32, 32, 3, 32);
  const swish = root.node('Mul', [deep, root.node('HardSigmoid', [deep], { alpha: float(1 / 6), beta: float(0.5) })]);
  const last = conv('last', swish, 32, 32, 1);
  const sum = root.node('Relu', [root.node('Add', [last, dense])]);
  const pooled = root.node('Flatten', [root.node('GlobalAveragePool', [sum])]);
  const classifier = root.module('classifier');
  const scores = classifier.node('Gemm', [pooled, classifier.weight('weight', [10, 32], { standardDeviation: 0.15 }), classifier.weight('bias', [10], { standardDeviation: 0.15 })], { transB: 1 });
  builder.output(scores, 'float32', [1, 10], 'scores');
  return builder.build();
}

/** tokens [...rows, 64] → MatMul → Add → Relu → MatMul: two products with constant weights. */
export function twoProducts(rows: readonly number[] = [1, 6]): Model {
  const builder = new GraphBuilder('products', { seed: 5, opset: 13 });
  const root = builder.module('');
  const x = builder.input('tokens', 'float32', [...rows, 64]);
  const first = root.node('MatMul', [x, root.weight('first', [64, 48], { standardDeviation: 0.15 })]);
  const biased = root.node('Relu', [root.node('Add', [first, root.weight('bias', [48], { standardDeviation: 0.15 })])]);
  const second = root.node('MatMul', [biased, root.weight('second', [48, 32], { standardDeviation: 0.15 })]);
  builder.output(second, 'float32', [...rows, 32], 'out');
  return builder.build();
}
