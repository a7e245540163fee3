// Inferred shapes and types held against those onnxruntime really makes, value by value, on whole models.
import { describe, expect, it } from 'vitest';
import { buildBert, bertTiny } from '../../samples/architectures/bert';
import { analyzeModel } from '../../src/analysis/analyze';
import { inferTypes } from '../../src/analysis/infer';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { formatShape } from '../../src/graph/dimension';
import { cloneModel } from '../../src/graph/construct';
import { defaultBindings } from '../../src/graph/defaultBindings';
import type { Model } from '../../src/graph/model';
import { Runner } from '../../src/runtime/runner';
import { seededFeeds } from '../../src/runtime/data/sources/seededSamples';
import { ocrModel, packageFile } from '../runtime/support';

/** Every named value of the top graph, run once at the bindings, beside what inference says of it at the same bindings. */
async function differences(model: Model, bindings: Readonly<Record<string, number>>): Promise<string[]> {
  const types = inferTypes(model, { bindings });
  const names = [...new Set(model.graph.nodes.flatMap((node) => node.outputs))].filter((name) => name !== '' && types.typeOf(model.graph, name)?.kind === 'tensor');
  const open = cloneModel(model);
  open.graph.outputs = names.map((name) => ({ name }));
  const runner = await Runner.start();
  try {
    const session = await runner.load(open, { optimization: 'disabled' });
    const { outputs } = await session.run(seededFeeds(model, bindings), names);
    return names.flatMap((name) => {
      const real = outputs.get(name);
      const found = types.typeOf(model.graph, name);
      if (real === undefined || found?.kind !== 'tensor') return [];
      const text = `${found.elementType}${formatShape(found.shape)}`;
      const truth = `${real.elementType}${formatShape(real.dims)}`;
      return text === truth ? [] : [`${name}: ${text}, really ${truth}`];
    });
  } finally {
    runner.dispose();
  }
}

const cases: readonly { readonly name: string; readonly build: () => Model; readonly sizes?: Readonly<Record<string, number>> }[] = [
  { name: 'PP-OCRv4 recogniser', build: () => readOnnxModel(ocrModel('rec')) },
  { name: 'PP-OCRv4 detector', build: () => readOnnxModel(ocrModel('det')), sizes: { 'p2o.DynamicDimension.1': 64, 'p2o.DynamicDimension.2': 96 } },
  { name: 'PP-OCR direction classifier', build: () => readOnnxModel(ocrModel('cls')), sizes: { 'p2o.DynamicDimension.1': 48, 'p2o.DynamicDimension.2': 192 } },
  { name: 'Silero VAD legacy', build: () => readOnnxModel(packageFile('@ricky0123/vad-web/dist', 'silero_vad_legacy.onnx')) },
  { name: 'BERT', build: () => buildBert(bertTiny), sizes: { batch: 2, seq: 9 } },
];

describe('inferred shapes', () => {
  it.each(cases)('of $name are those onnxruntime makes', async ({ build, sizes }) => {
    const model = build();
    expect(await differences(model, defaultBindings(model.graph, sizes))).toEqual([]);
  });

  it('of Silero VAD v5 leave nothing open in the branch that is taken', () => {
    const model = readOnnxModel(packageFile('@ricky0123/vad-web/dist', 'silero_vad_v5.onnx'));
    const { totals, types } = analyzeModel(model, { bindings: defaultBindings(model.graph) });
    expect(types.contradictions).toEqual([]);
    expect(totals.macs).not.toBeNull();
  });
});
