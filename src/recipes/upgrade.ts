// A copy of a model at a newer opset: rewritten where that is mechanical.
import { LatheError } from '../base/errors';
import type { WorkContext } from '../base/cancellation';
import type { Model } from '../graph/model';
import { newestOpset } from '../graph/opsets';
import { opsetOfModel, type RaisedOpset, raisedOpset } from '../techniques/simplify/opset';
import { type CopyReport, type CopyRequest, publishCopy } from './rewrittenCopy';

/** Outputs may differ by rounding, where the runtime has other kernels for the newer version; SQNR in dB. */
const leastDecibels = 90;

export interface UpgradeRequest extends CopyRequest {
  readonly opset: number;
}

export interface UpgradeReport extends CopyReport, Omit<RaisedOpset, 'model'> {
  readonly from: number;
  readonly to: number;
}

/**
 * Raises the opset of a model into a new file. The source is never written to.
 * @throws LatheError `usage` for an opset that the model is at or above, or for a place that no file can have; `unsupported` for what is not
 * mechanical, naming node, operator and version; `rejected` where the runtime runs the source but not the copy, or outputs differ.
 */
export async function upgradeModel(model: Model, request: UpgradeRequest, work: WorkContext): Promise<UpgradeReport> {
  const { modelPath, opset } = request;
  const from = opsetOfModel(model);
  if (from === undefined) throw new LatheError('usage', 'The model imports no version of ai.onnx that could be raised.', { file: modelPath });
  if (opset <= from) throw new LatheError('usage', `The model is at opset ${from}${opset < from ? ', and opsets are only raised' : ' already'}.`, { file: modelPath, hint: `Give an opset from ${from + 1} to ${newestOpset}.` });
  const raise = () => {
    work.progress({ message: `Raising opset ${from} to ${opset}` });
    return { ...raisedOpset(model, opset), tag: `opset${opset}`, what: `at opset ${opset}`, leastDecibels };
  };
  const { rewritten, ...report } = await publishCopy(raise, request, work);
  return { ...report, from, to: opset, changes: rewritten.changes, inlined: rewritten.inlined };
}
