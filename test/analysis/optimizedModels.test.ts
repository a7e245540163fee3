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
import { quantizeDynamic, dynamicOptions } from '../../src/techniques/quantize/dynamic';
import { quantizeStatic, staticOptions } from '../../src/techniques/quantize/static';
import { ocrModel } from '../runtime/support';
import { temporaryFolder } from '../support/models';
import { contextFor, stopWorkbench } from '../techniques/quantize/support';

let runner: Runner;
beforeAll(async () => {
  runner = await Runner.start();
});
afterAll(() => {
  runner.dispose();
  stopWorkbench();
});

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

  it.each(['extended', 'all'] as const)('int8 (%s): its integer operators are known, and the MACs are those of the float model', async (optimization) => {
    const network = buildMobileNetV2();
    const int8 = await quantizeStatic.apply(network, staticOptions.parse({}), await contextFor(network));
    const fixed = await analyses(int8.model, optimization);
    expect(fixed.after.layers.filter((layer) => layer.unknownOperator).map((layer) => layer.node.opType)).toEqual([]);
    expect(fixed.after.types.contradictions).toEqual([]);
    expect(fixed.after.layers.some((layer) => layer.node.opType === 'QLinearConv')).toBe(true);
    expect([fixed.before.totals.macs, fixed.after.totals.macs]).toEqual([analyzeModel(network).totals.macs, analyzeModel(network).totals.macs]);

    const transformer = buildBert(bertTiny);
    const dynamic = await quantizeDynamic.apply(transformer, dynamicOptions.parse({}), await contextFor(transformer));
    const { before, after } = await analyses(dynamic.model, optimization);
    expect(after.layers.filter((layer) => layer.unknownOperator).map((layer) => layer.node.opType)).toEqual([]);
    expect(after.layers.some((layer) => layer.node.opType === 'DynamicQuantizeMatMul' || layer.node.opType === 'MatMulIntegerToFloat')).toBe(true);
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
