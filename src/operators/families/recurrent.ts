// Recurrent networks: RNN, GRU, LSTM and their int8 form.
import { addDimensions, multiplyDimensions, productOf } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { ValueType } from '../../graph/model';
import type { OperatorContext } from '../context';
import { counted, row } from '../row';
import type { CostRule, OperatorRow, WeightInput } from '../row';
import { contraction, tensorOf } from '../shapes';

type Types = readonly (ValueType | undefined)[];

const directions = (context: OperatorContext): number => (context.text('direction', 'forward') === 'bidirectional' ? 2 : 1);

interface Sequence {
  readonly length: Dimension;
  readonly batch: Dimension;
  readonly features: Dimension;
  readonly hidden: Dimension;
  readonly batchFirst: boolean;
}

/** X is [seq, batch, features], or [batch, seq, features] with `layout` 1. */
function sequenceOf(context: OperatorContext): Sequence {
  const batchFirst = context.int('layout', 0) === 1;
  const [first, second, features] = context.shape(0) ?? [];
  const hidden = context.int('hidden_size') ?? context.shape(2)?.[2];
  return { length: batchFirst ? second : first, batch: batchFirst ? first : second, features, hidden, batchFirst };
}

function types(context: OperatorContext): Types {
  const { length, batch, hidden, batchFirst } = sequenceOf(context);
  const both = directions(context);
  const type = context.elementType(0);
  const last = tensorOf(type, batchFirst ? [batch, both, hidden] : [both, batch, hidden]);
  return [tensorOf(type, batchFirst ? [batch, length, both, hidden] : [length, both, batch, hidden]), last, last];
}

/** MACs: steps × batch × directions × gates × hidden × (features + hidden); bias, activation and state besides. */
function cost(gates: number): CostRule {
  return counted(`MACs: steps × batch × directions × ${gates} × hidden × (features + hidden); ${elementwisePerGate} per hidden unit and gate`, (context) => {
    const { length, batch, features, hidden } = sequenceOf(context);
    const units = productOf([length, batch, directions(context), gates, hidden]);
    return contraction(multiplyDimensions(units, addDimensions(features, hidden)), multiplyDimensions(units, elementwisePerGate));
  });
}

/** Bias, activation (3), product and sum with the state. */
const elementwisePerGate = 6;

const weights: readonly WeightInput[] = [
  { input: 1, role: 'weight', outputAxis: 1, inputAxis: 2 },
  { input: 2, role: 'weight', outputAxis: 1, inputAxis: 2 },
  { input: 3, role: 'bias', outputAxis: 1 },
];

export const recurrentRows: readonly OperatorRow[] = [
  row('RNN', { inputs: 'X W R B? sequence_lens? initial_h?', outputs: 'Y? Y_h?', infer: types, cost: cost(1), weights }),
  row('GRU', { inputs: 'X W R B? sequence_lens? initial_h?', outputs: 'Y? Y_h?', infer: types, cost: cost(3), weights }),
  row('LSTM', { inputs: 'X W R B? sequence_lens? initial_h? initial_c? P?', outputs: 'Y? Y_h? Y_c?', infer: types, cost: cost(4), weights: [...weights, { input: 7, role: 'weight', outputAxis: 1 }] }),
  row('DynamicQuantizeLSTM', {
    domain: 'com.microsoft',
    inputs: 'X W R B? sequence_lens? initial_h? initial_c? P? W_scale W_zero_point R_scale R_zero_point',
    outputs: 'Y? Y_h? Y_c?',
    infer: types,
    cost: cost(4),
    // W and R are stored transposed: [directions, features, 4 · hidden].
    weights: [
      { input: 1, role: 'weight', outputAxis: 2, inputAxis: 1 },
      { input: 2, role: 'weight', outputAxis: 2, inputAxis: 1 },
      { input: 3, role: 'bias', outputAxis: 1 },
      { input: 7, role: 'weight', outputAxis: 1 },
      ...[8, 9, 10, 11].map((input): WeightInput => ({ input, role: 'quantization' })),
    ],
  }),
];
