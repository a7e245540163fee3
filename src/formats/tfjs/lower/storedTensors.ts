// Stored tensors in the types TensorFlow.js computes with, converted when they are read.
import { type ElementType, elementKind } from '../../../tensor/elementType';
import type { Tensor } from '../../../tensor/tensor';
import { toFloat64Array } from '../../../tensor/decode';
import { derived } from './layout';

/** The type TensorFlow.js computes with where the model stores another. */
export function runtimeElement(elementType: ElementType): ElementType {
  const kind = elementKind(elementType);
  if (kind === 'float') return 'float32';
  return kind === 'signed' || kind === 'unsigned' ? 'int32' : elementType;
}

export function converted(name: string, tensor: Tensor): Tensor {
  const to = runtimeElement(tensor.elementType);
  if (to === tensor.elementType) return { ...tensor, name };
  return derived(name, tensor, tensor.dims, () => {
    const values = toFloat64Array(tensor);
    return new Uint8Array((to === 'int32' ? Int32Array.from(values) : Float32Array.from(values)).buffer);
  }, to);
}
