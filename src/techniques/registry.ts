// Every technique by its id: to add one is to add it here.
import { float16 } from './float16/float16';
import { quantizeDynamic } from './quantize/dynamic';
import { quantizeStatic } from './quantize/static';
import { simplify } from './simplify/simplify';
import { tensorflowSimplify } from './tensorflow/simplify/simplify';
import type { Technique } from './technique';
import { tensorflowWeights } from './tensorflow/weights/weights';
import { quantizeWeights } from './weightOnly/weightOnly';

/** For ONNX models only: their rules know ONNX's operators. */
const ofOnnx = [simplify, quantizeStatic, quantizeDynamic, quantizeWeights, float16].map((technique): Technique => onlyOnnx(technique as Technique));
/** For TensorFlow.js models only; each says so itself. */
const ofTensorflow = [tensorflowSimplify, tensorflowWeights].map((technique) => technique as Technique);

export const techniques: ReadonlyMap<string, Technique> = new Map([...ofOnnx, ...ofTensorflow].map((technique) => [technique.id, technique]));

function onlyOnnx(technique: Technique): Technique {
  return { ...technique, applies: (model) => (model.format === 'onnx' ? technique.applies(model) : 'it is for ONNX models') };
}
