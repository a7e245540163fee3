// Reductions over given axes, which opset 18 moved from an attribute to an input (ReduceSum's in opset 13).
import { attributes, makeNode } from '../../../graph/construct';
import type { Model, Node } from '../../../graph/model';
import { int64Tensor } from '../../../tensor/tensor';
import type { FreshNames } from '../names';

/** Opset from which ReduceMax and ReduceMean take their axes as an input. */
const axesInputOpset = 18;

/** A node that reduces `input` over `axes` without keeping them; where axes are an input they become an initializer of the model. */
export function reduceNode(model: Model, names: FreshNames, opType: 'ReduceMax' | 'ReduceMean', input: string, output: string, axes: readonly number[]): Node {
  const inputs = [input];
  const asInput = (model.opsetImports.get('') ?? 1) >= axesInputOpset;
  if (asInput) {
    const constant = int64Tensor(names.fresh(`${output}_axes`), [axes.length], [...axes]);
    model.graph.initializers.set(constant.name, constant);
    inputs.push(constant.name);
  }
  return makeNode({ opType, inputs, outputs: [output], attributes: attributes({ keepdims: 0, ...(asInput ? {} : { axes: [...axes] }) }) });
}

/** Where the channels of a value lie: along axis 1 of a map [N, C, …], or along the last axis. */
export type ChannelAxis = 'second' | 'last';

/** All axes but that of the channels. */
export function otherAxes(rank: number, channels: ChannelAxis): number[] {
  const kept = channels === 'second' ? 1 : rank - 1;
  return Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== kept);
}
