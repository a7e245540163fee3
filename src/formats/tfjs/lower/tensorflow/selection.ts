// TensorFlow's operators that choose: softmax, top-k, where, non-maximum suppression.
import type { NodeContext, Rule, Rules } from '../context';

const softmax =
  (opType: string): Rule =>
  (c) => {
    // Over the channels, which are axis 1 where they come first.
    const first = c.isFirst(0);
    c.set(0, c.emit(opType, [c.in(0, first ? 'first' : 'last')], { axis: first && c.rank(0) > 2 ? 1 : -1 }), first ? 'first' : 'last');
  };

function topK(c: NodeContext): void {
  const k = c.emit('Reshape', [c.onnx.cast(c.value(1), 'int64'), c.onnx.ints([1])]);
  const [values = '', indices = ''] = c.onnx.emitAll('TopK', [c.value(0), k], 2, { axis: -1, largest: 1, sorted: c.flag('sorted', true) ? 1 : 0 });
  c.set(0, values);
  c.set(1, c.onnx.cast(indices, 'int32'));
}

/** Where a condition holds: indices [n, rank]; ONNX gives [rank, n]. */
function where(c: NodeContext): void {
  const found = c.emit('NonZero', [c.onnx.cast(c.value(0), 'bool')]);
  c.set(0, c.onnx.cast(c.emit('Transpose', [found], { perm: [1, 0] }), 'int32'));
}

/** Inputs: boxes [n, 4], scores [n], most boxes, IoU threshold, score threshold. ONNX has a batch and classes: one of each. Returns int32 indices [chosen]. */
function suppressed(c: NodeContext): string {
  const boxes = c.emit('Unsqueeze', [c.value(0), c.onnx.ints([0])]);
  const scores = c.emit('Unsqueeze', [c.value(1), c.onnx.ints([0, 1])]);
  const limits = [c.onnx.cast(c.value(2), 'int64'), c.value(3), ...(c.has(4) ? [c.value(4)] : [])];
  const chosen = c.emit('NonMaxSuppression', [boxes, scores, ...limits]);
  return c.onnx.cast(c.emit('Gather', [chosen, c.onnx.int(2)], { axis: 1 }), 'int32');
}

const count = (c: NodeContext, indices: string): string => c.emit('Squeeze', [c.onnx.cast(c.emit('Shape', [indices]), 'int32'), c.onnx.ints([0])]);

function withScores(c: NodeContext): void {
  if (c.has(5) && c.constantNumbers(5, 'its soft-NMS sigma')[0] !== 0) c.refuse('soft suppression (sigma above 0)');
  const indices = suppressed(c);
  c.set(0, indices);
  c.set(1, c.emit('Gather', [c.value(1), indices], { axis: 0 }));
  c.set(2, count(c, indices));
}

function padded(c: NodeContext): void {
  const indices = suppressed(c);
  const valid = count(c, indices);
  c.set(1, valid);
  if (!c.flag('pad_to_max_output_size')) {
    c.set(0, indices);
    return;
  }
  const missing = c.emit('Sub', [c.onnx.cast(c.value(2), 'int64'), c.onnx.cast(valid, 'int64')]);
  const after = c.emit('Reshape', [missing, c.onnx.ints([1])]);
  c.set(0, c.emit('Pad', [indices, c.emit('Concat', [c.onnx.ints([0]), after], { axis: 0 }), c.onnx.scalar(0, 'int32')], { mode: 'constant' }));
}

export const selectionRules: Rules = {
  Softmax: softmax('Softmax'),
  LogSoftmax: softmax('LogSoftmax'),
  TopKV2: topK,
  Where: where,
  NonMaxSuppressionV2: (c) => c.set(0, suppressed(c)),
  NonMaxSuppressionV3: (c) => c.set(0, suppressed(c)),
  NonMaxSuppressionV4: padded,
  NonMaxSuppressionV5: withScores,
};
