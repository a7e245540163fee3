// Small things the runtime's tests share.
import type { Tensor } from '../../src/tensor/tensor';

/** The values of a float32 tensor. */
export function toFloat32(tensor: Tensor | undefined): number[] {
  if (tensor === undefined) return [];
  const bytes = tensor.source.read();
  return [...new Float32Array(bytes.slice().buffer)];
}
