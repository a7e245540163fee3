// A TensorFlow.js model as ONNX, published as a new file; or everything that stands in the way.
import { resolve } from 'node:path';
import { throwIfCancelled, type WorkContext } from '../base/cancellation';
import { LatheError } from '../base/errors';
import { captureSource } from '../formats/publish';
import { lowerToOnnx, type NodeNotLowered } from '../formats/tfjs/lower/lower';
import type { Model } from '../graph/model';
import { assertOutput, publishWinner } from './publish';
import { placeOfReports } from './readOnlySource';

export interface ConvertRequest {
  readonly modelPath: string;
  readonly outputPath: string | undefined;
}

export interface ConvertReport {
  readonly source: string;
  /** The new file, where there is one. */
  readonly path?: string;
  readonly sha256?: string;
  /** Nodes of the source and of the result. */
  readonly nodes: { readonly source: number; readonly result?: number };
  /** Nodes that move channels to where ONNX has them, and back. */
  readonly transposes?: number;
  /** What cannot be converted; then no file was written. */
  readonly notLowered: readonly NodeNotLowered[];
}

/**
 * Lowers a TensorFlow.js model to ONNX into a new file. The source is never written to.
 * @throws LatheError `usage` for a model that is none of TensorFlow.js, or for a place that no file can have; otherwise as `publishWinner`.
 */
export async function convertModel(model: Model, { modelPath, outputPath }: ConvertRequest, work: WorkContext): Promise<ConvertReport> {
  if (model.format === 'onnx') throw new LatheError('usage', 'The model is ONNX already.', { file: modelPath, hint: 'Give the model.json of a TensorFlow.js model.' });
  placeOfReports(modelPath, outputPath);
  await assertOutput(modelPath, outputPath, 'onnx');
  const sourceState = await captureSource(resolve(modelPath));
  work.progress({ message: 'Converting' });
  const { model: lowered, notLowered } = lowerToOnnx(model);
  const source = model.graph.nodes.length;
  if (lowered === undefined) return { source: modelPath, nodes: { source }, notLowered };
  throwIfCancelled(work.signal);
  work.progress({ message: 'Writing' });
  const { path, sha256 } = await publishWinner(lowered, { tag: '' }, { modelPath, outputPath, sourceState, signal: work.signal });
  const { nodes } = lowered.graph;
  return { source: modelPath, path, sha256, nodes: { source, result: nodes.length }, transposes: nodes.filter(({ opType }) => opType === 'Transpose').length, notLowered };
}
