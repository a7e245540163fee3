// Counts the int8 kernels in a model as the runtime optimised it: the own selection is never trusted.
import type { Model } from '../graph/model';

const int8Kernels = new Set(['QLinearConv', 'QLinearMatMul', 'QGemm', 'MatMulIntegerToFloat', 'DynamicQuantizeMatMul', 'MatMulInteger', 'ConvInteger', 'QLinearAdd', 'QLinearGlobalAveragePool', 'MatMulNBits']);
const floatKernels = new Set(['Conv', 'FusedConv', 'MatMul', 'FusedMatMul', 'Gemm', 'FusedGemm']);

/** E.g. `the runtime runs 36 int8 kernels (30 QLinearConv, 6 MatMulIntegerToFloat) and 8 float ones (8 FusedConv)`. */
export function countKernels(optimised: Model): string {
  return `the runtime runs ${tally(optimised, int8Kernels, 'int8 kernels')} and ${tally(optimised, floatKernels, 'float ones')}`;
}

function tally(model: Model, kinds: ReadonlySet<string>, name: string): string {
  const counts = new Map<string, number>();
  for (const { opType } of model.graph.nodes) if (kinds.has(opType)) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return total === 0 ? `no ${name}` : `${total} ${name} (${[...counts].map(([opType, count]) => `${count} ${opType}`).join(', ')})`;
}
