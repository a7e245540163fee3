// Models as onnxruntime saves them after its own optimization, full of operators of its own: they cost what their sources cost.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bertTiny, buildBert } from '../../samples/architectures/bert';
import { buildMobileNetV2 } from '../../samples/architectures/mobilenetv2';
import { analyzeModel, type ModelAnalysis } from '../../src/analysis/analyze';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { defaultBindings } from '../../src/graph/defaultBindings';
import type { Model } from '../../src/graph/model';
import { Runner } from '../../src/runtime/runner';
import { ocrModel } from '../runtime/support';
import { temporaryFolder } from '../support/models';

let runner: Runner;
beforeAll(async () => {
  runner = await Runner.start();
});
afterAll(() => runner.dispose());

/** The analysis of a model and of what onnxruntime makes of it, both at the source's default sizes; what it declares of values is not looked at. */
async function analyses(source: Model, optimization: 'extended' | 'all'): Promise<{ readonly before: ModelAnalysis; readonly after: ModelAnalysis }> {
  const path = join(temporaryFolder(), 'optimized.onnx');
  const session = await runner.load(source, { optimization, optimizedModelPath: path });
  await session.release();
  const optimized = readOnnxModel(path);
  optimized.graph.valueInfo.clear();
  const bindings = defaultBindings(source.graph);
  return { before: analyzeModel(source, { bindings }), after: analyzeModel(optimized, { bindings }) };
}

const sources: readonly (readonly [string, () => Model])[] = [
  ['MobileNetV2', () => buildMobileNetV2()],
  ['BERT', () => buildBert(bertTiny)],
  ['PP-OCRv4 detector', () => readOnnxModel(ocrModel('det'))],
  ['PP-OCRv4 recogniser', () => readOnnxModel(ocrModel('rec'))],
];

describe('what onnxruntime makes of a model', () => {
  it.each(sources)('%s, fused: every operator is known, and the MACs are those of the source', async (_, build) => {
    const { before, after } = await analyses(build(), 'extended');
    expect(after.layers.filter((layer) => layer.unknownOperator).map((layer) => layer.node.opType)).toEqual([]);
    expect(after.types.contradictions).toEqual([]);
    expect(after.layers.some((layer) => layer.node.domain === 'com.microsoft')).toBe(true);
    expect(after.totals.macs).toBe(before.totals.macs);
  });

  it.each(sources)('%s, in the layout of this machine: the same, but for channels filled up to whole blocks', async (_, build) => {
    const { before, after } = await analyses(build(), 'all');
    expect(after.layers.filter((layer) => layer.unknownOperator).map((layer) => layer.node.opType)).toEqual([]);
    expect(after.types.contradictions).toEqual([]);
    expect(after.totals.macs).toBeGreaterThanOrEqual(before.totals.macs ?? Infinity);
    expect(after.totals.macs).toBeLessThan((before.totals.macs ?? 0) * 1.05);
  });
});
