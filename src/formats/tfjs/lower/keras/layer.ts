// What rules of Keras layers share: weights behind the data, activations by name, data formats, pads.
import { activationNamed, softmaxNamed } from '../activations';
import type { Layout, NodeContext } from '../context';
import type { Window } from '../window';

/** True where the layer says that channels come before the spatial axes. */
export function isChannelsFirst(c: NodeContext): boolean {
  return c.text('data_format') === 'channels_first';
}

/** Applies the activation that an attribute names. */
export function activated(c: NodeContext, x: string, layout: Layout, attribute = 'activation'): string {
  const name = c.text(attribute) ?? 'linear';
  const softmax = softmaxNamed(name);
  if (softmax !== undefined) return c.emit(softmax, [x], { axis: layout === 'first' ? 1 : -1 });
  return activationNamed(name)?.(c.onnx, x, undefined) ?? c.refuse(`the activation ${name}`);
}

/** One entry per spatial axis; a lone number stands for all. @param fallback where the layer does not say */
export function perSpatialAxis(c: NodeContext, attribute: string, spatial: number, fallback = 1): readonly number[] {
  const given = c.ints(attribute) ?? [];
  return Array.from({ length: spatial }, (_, axis) => given[axis] ?? given[0] ?? fallback);
}

/** Strides, dilations and padding of a convolution; `causal` pads what came before. */
export function windowOf(c: NodeContext, kernel: readonly number[]): Omit<Window, 'kernel'> {
  const spatial = kernel.length;
  const dilations = perSpatialAxis(c, 'dilation_rate', spatial);
  return { strides: perSpatialAxis(c, 'strides', spatial), dilations, padding: paddingOf(c, kernel, dilations) };
}

function paddingOf(c: NodeContext, kernel: readonly number[], dilations: readonly number[]): Window['padding'] {
  const padding = c.text('padding') ?? 'valid';
  switch (padding) {
    case 'same':
      return 'SAME';
    case 'valid':
      return 'VALID';
    case 'causal':
      return kernel.map((size, axis): readonly [number, number] => [(size - 1) * (dilations[axis] ?? 1), 0]);
    default:
      return c.refuse(`padding ${padding}`);
  }
}

/** The bias, where the layer has one, at an input. */
export function biasAt(c: NodeContext, input: number): string | undefined {
  return c.flag('use_bias', true) ? c.value(input) : undefined;
}

/** Layers called with further inputs (initial states, masks) mean something else. */
export function single(c: NodeContext, weights: number): void {
  if (c.inputCount !== weights + 1) c.refuse(`it is called with ${c.inputCount - weights} inputs`);
}
