// Which inputs hold weights where the table has no row: TensorFlow's operators and Keras's layers before they are lowered, and operators nobody knows.
import type { Node } from '../graph/model';
import type { WeightInput, WeightRole } from './row';

/** Roles of an operator's inputs from the front; what is not named is an operand. */
const tensorflowRoles: ReadonlyMap<string, readonly WeightRole[]> = new Map<string, readonly WeightRole[]>(
  ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op) => [op, ['operand', 'scale', 'bias', 'statistics', 'statistics']]),
);

/** Weights at the end of a layer's inputs that are kept, not learned: moving mean and variance, and what Normalization saw of its data (mean, variance, count). */
const kerasStatistics: ReadonlyMap<string, number> = new Map([
  ['BatchNormalization', 2],
  ['BatchNormalizationV1', 2],
  ['BatchNormalizationV2', 2],
  ['SyncBatchNormalization', 2],
  ['Normalization', 3],
]);

/** Every input may hold weights. */
export function nativeWeights({ domain, opType, inputs }: Pick<Node, 'domain' | 'opType' | 'inputs'>): readonly WeightInput[] {
  const roles = domain === 'tensorflow' ? tensorflowRoles.get(opType) : undefined;
  const statisticsFrom = inputs.length - (domain === 'keras' ? (kerasStatistics.get(opType) ?? 0) : 0);
  return inputs.map((_, input): WeightInput => ({ input, role: input >= statisticsFrom ? 'statistics' : (roles?.[input] ?? 'operand') }));
}
