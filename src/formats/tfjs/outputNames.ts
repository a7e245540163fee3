// Names of TensorFlow values: `node:1` in graphs, `node:argument:0` in functions; the first output of a node is called as the node.

/** What a name in a NodeDef's inputs, a signature or a function's `ret` refers to. */
export interface ValueReference {
  readonly node: string;
  /** Which of the node's outputs. */
  readonly output: number;
}

/**
 * Output arguments of the operators that have several, in order: in functions values are named by argument.
 * Where an argument is a list (Split, Unpack …) it is the only one, and its number is the output's.
 * Source: tensorflow/core/ops, REGISTER_OP; tfjs-converter's op_list knows the first two.
 */
const outputArguments: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['StringNGrams', ['ngrams', 'ngrams_splits']],
  ['StringSplit', ['indices', 'values', 'shape']],
  ['StringSplitV2', ['indices', 'values', 'shape']],
  ['TopK', ['values', 'indices']],
  ['TopKV2', ['values', 'indices']],
  ['Unique', ['y', 'idx']],
  ['UniqueV2', ['y', 'idx']],
  ['UniqueWithCounts', ['y', 'idx', 'count']],
  ['Switch', ['output_false', 'output_true']],
  ['Merge', ['output', 'value_index']],
  ['FusedBatchNorm', ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2']],
  ['FusedBatchNormV2', ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2']],
  ['FusedBatchNormV3', ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2', 'reserve_space_3']],
  ['TensorArrayV3', ['handle', 'flow']],
  ['TensorArrayConcatV3', ['value', 'lengths']],
  ['TensorListPopBack', ['output_handle', 'tensor']],
  ['TensorListConcat', ['tensor', 'lengths']],
  ['TensorListConcatV2', ['tensor', 'lengths']],
  ['NonMaxSuppressionV4', ['selected_indices', 'valid_outputs']],
  ['NonMaxSuppressionV5', ['selected_indices', 'selected_scores', 'valid_outputs']],
  ['SparseReshape', ['output_indices', 'output_shape']],
  ['SparseFillEmptyRows', ['output_indices', 'output_values', 'empty_row_indicator', 'reverse_index_map']],
  ['RaggedGather', ['output_nested_splits', 'output_dense_values']],
  ['RaggedRange', ['rt_nested_splits', 'rt_dense_values']],
  ['ListDiff', ['out', 'idx']],
  ['Moments', ['mean', 'variance']],
  ['SoftmaxCrossEntropyWithLogits', ['loss', 'backprop']],
  ['SparseSoftmaxCrossEntropyWithLogits', ['loss', 'backprop']],
  ['Qr', ['q', 'r']],
  ['Svd', ['s', 'u', 'v']],
]);

/** `Identity:0`, `split:1`, `name`. */
export function graphReference(name: string): ValueReference {
  const match = name.includes(':') ? /^(.*):(\d{1,6})$/s.exec(name) : null;
  return match === null ? { node: name, output: 0 } : { node: match[1] ?? name, output: Number(match[2]) };
}

/**
 * `node:argument:0`, or the name of one of the function's own arguments.
 * @param operatorOf the operator of one of the function's nodes
 */
export function functionReference(name: string, operatorOf: (node: string) => string | undefined): ValueReference {
  const match = /^(.*):([^:]*):(\d{1,6})$/s.exec(name);
  if (match === null) return graphReference(name);
  const [, node = name, argument = '', number] = match;
  const place = outputArguments.get(operatorOf(node) ?? '')?.indexOf(argument) ?? 0;
  return { node, output: Math.max(0, place) + Number(number) };
}

/** How a value is called in the model: its node's name, and `:1` … for the outputs after the first. */
export function valueName({ node, output }: ValueReference): string {
  return output === 0 ? node : `${node}:${output}`;
}

/** How a function names an output of one of its nodes: the counterpart of {@link functionReference}. TensorFlow.js goes by the number where it does not know the argument. */
export function functionName({ node, output }: ValueReference, operator: string): string {
  const known = outputArguments.get(operator)?.[output];
  return known === undefined ? `${node}:output:${output}` : `${node}:${known}:0`;
}
