// Small TensorFlow graphs for tests of simplification, in few words.
import { graphModel, type NodeInit, type Operand } from '../../formats/tfjs/lower/graphDef';
import type { StoredModel } from '../../formats/tfjs/lower/tensorflow';

export type Line = readonly [name: string, op: string, input: string, attr?: NodeInit['attr']];

const image = { padding: 'SAME', strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], data_format: 'NHWC' } as const;
/** What operators say where a line says nothing of it. */
const usual: Readonly<Record<string, NodeInit['attr']>> = {
  Conv2D: image,
  DepthwiseConv2dNative: image,
  _FusedConv2D: { ...image, num_args: 1 },
  MaxPool: { ...image, ksize: [1, 2, 2, 1] },
  FusedBatchNormV3: { epsilon: { float: 0.001 }, is_training: false, data_format: 'NHWC' },
};

/** A graph of lines `name, operator, inputs apart by a space`; the last makes the output, where no outputs are named. */
export function graph(operands: Readonly<Record<string, Operand>>, lines: readonly Line[], outputs: readonly string[] = [lines.at(-1)?.[0] ?? '']): StoredModel {
  const nodes = lines.map(([name, op, input, attr]): NodeInit => ({ name, op, input: input.split(' '), attr: { T: 'DT_FLOAT', ...usual[op], ...attr } }));
  return graphModel(operands, nodes, outputs);
}
