// TensorFlow's matrix products.
import { allNumbers, fixedDims, type NodeContext, type Rules } from '../context';
import { transposed } from '../layout';
import { fused } from './convolution';

/** A matrix, its last two axes swapped where asked: a constant at once, another by a Transpose. */
function swapped(c: NodeContext, input: number, swap: boolean): string {
  const name = c.value(input);
  if (!swap) return name;
  const rank = c.rank(input);
  const order = [...Array(rank).keys()];
  order.splice(rank - 2, 2, rank - 1, rank - 2);
  const tensor = c.tensor(input);
  return tensor === undefined ? c.emit('Transpose', [name], { perm: order }) : c.onnx.constant(transposed(`${tensor.name}/transposed`, tensor, order));
}

/** Writes a product; of two matrices, with a bias along the columns, as one Gemm. */
export function product(c: NodeContext, swapA: boolean, swapB: boolean, bias: number | undefined): string {
  const [a, b] = [swapped(c, 0, swapA), swapped(c, 1, swapB)];
  if (bias === undefined) return c.emit('MatMul', [a, b]);
  const dims = fixedDims(c.shape(bias));
  const matrices = c.onnx.shape(a)?.length === 2 && c.onnx.shape(b)?.length === 2;
  if (matrices && dims?.length === 1) return c.emit('Gemm', [a, b, c.value(bias)]);
  return c.emit('Add', [c.emit('MatMul', [a, b]), c.value(bias)]);
}

const matMul =
  (first: string, second: string) =>
  (c: NodeContext): void =>
    c.set(0, product(c, c.flag(first), c.flag(second), undefined));

function fusedMatMul(c: NodeContext): void {
  const { hasBias, activate } = fused(c, 2);
  c.set(0, activate(product(c, c.flag('transpose_a'), c.flag('transpose_b'), hasBias ? 2 : undefined), 'last'));
}

function transpose(c: NodeContext): void {
  const order = allNumbers(c.values(1)) ?? (c.has(1) ? c.refuse('its permutation is not constant') : [...Array(c.rank(0)).keys()].reverse());
  c.set(0, c.emit('Transpose', [c.value(0)], { perm: [...order] }));
}

export const matmulRules: Rules = {
  MatMul: matMul('transpose_a', 'transpose_b'),
  BatchMatMul: matMul('adj_x', 'adj_y'),
  BatchMatMulV2: matMul('adj_x', 'adj_y'),
  _FusedMatMul: fusedMatMul,
  Transpose: transpose,
  Einsum: (c) => c.set(0, c.emit('Einsum', [...c.node.inputs.keys()].map((input) => c.value(input)), { equation: c.text('equation') ?? c.refuse('it has no equation') })),
};
