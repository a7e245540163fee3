// Convolution and pooling: what TensorFlow's and Keras's attributes mean as ONNX's pads, strides and dilations.
import type { AttributeInit } from '../../../graph/builder';
import type { Dimension } from '../../../graph/dimension';
import { NotLowered, type Layout, type NodeContext, fixedDims } from './context';
import type { Emitter } from './emitter';
import { reshaped, transposed } from './layout';

/** A sliding window over the spatial axes; every list has one entry for each of them. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before and after each spatial axis, or the rule that decides it. */
  readonly padding: 'SAME' | 'VALID' | readonly (readonly [number, number])[];
}

/** Zeros that `SAME` puts around one axis: as many before as after, an odd one after. Source: TensorFlow, "Neural network operations", Notes on padding. */
export function samePadding(size: number, kernel: number, stride: number, dilation: number): readonly [number, number] {
  const reach = (kernel - 1) * dilation + 1;
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

/**
 * ONNX's attributes of a window over a value of `spatial` size. `SAME` becomes pads where they are known: at fixed sizes, and at any size for
 * stride 1; else auto_pad, whose SAME_UPPER is the same rule without dilation.
 * @throws NotLowered for `SAME` with dilation and stride over an unknown size
 */
export function windowAttributes({ kernel, strides, dilations, padding }: Window, spatial: readonly Dimension[]): AttributeInit {
  const common = { kernel_shape: [...kernel], strides: [...strides], dilations: [...dilations] };
  if (padding === 'VALID') return common;
  if (padding !== 'SAME') return padsOf(common, padding);
  const pads = kernel.map((size, axis) => {
    const [stride = 1, dilation = 1, length] = [strides[axis], dilations[axis], spatial[axis]];
    if (typeof length === 'number') return samePadding(length, size, stride, dilation);
    return stride === 1 ? samePadding(size * dilation, size, 1, dilation) : undefined;
  });
  if (pads.every((pair) => pair !== undefined)) return padsOf(common, pads);
  if (dilations.some((dilation) => dilation !== 1)) throw new NotLowered('padding SAME with dilation and stride needs a known size');
  return { ...common, auto_pad: 'SAME_UPPER' };
}

function padsOf(common: AttributeInit, pads: readonly (readonly [number, number])[]): AttributeInit {
  return pads.every(([before, after]) => before === 0 && after === 0) ? common : { ...common, pads: [...pads.map(([before]) => before), ...pads.map(([, after]) => after)] };
}

/** The spatial dimensions of a value with channels first. */
export function spatialOf(onnx: Emitter, first: string): readonly Dimension[] {
  const shape = onnx.shape(first);
  if (shape === undefined) throw new NotLowered(`the rank of ${first} is unknown`);
  return shape.slice(2);
}

/** An input of a windowed operator with channels first, whatever its data format, and the layout its result has. */
export function windowInput(c: NodeContext, input: number, channelsFirst: boolean): { readonly x: string; readonly result: Layout } {
  return channelsFirst ? { x: c.value(input), result: 'last' } : { x: c.first(input), result: 'first' };
}

/** A kernel [spatial…, in, out] as ONNX has it, [out, in, spatial…]; `depthwise` [spatial…, channels, multiplier] as [channels · multiplier, 1, spatial…]. */
export function convolutionKernel(c: NodeContext, input: number, depthwise = false): { readonly name: string; readonly spatial: readonly number[]; readonly channels: number; readonly groups: number } {
  const dims = fixedDims(c.shape(input));
  if (dims === undefined) return c.refuse('the shape of its kernel is unknown');
  const rank = dims.length;
  const spatial = dims.slice(0, rank - 2);
  const [inputs = 1, outputs = 1] = dims.slice(rank - 2);
  const order = depthwise ? [rank - 2, rank - 1, ...spatial.keys()] : [rank - 1, rank - 2, ...spatial.keys()];
  const shape = [inputs * outputs, 1, ...spatial];
  const tensor = c.tensor(input);
  const name = tensor?.name ?? '';
  let value: string;
  if (tensor !== undefined) {
    const moved = transposed(`${name}/kernel`, tensor, order);
    value = c.onnx.constant(depthwise ? reshaped(moved.name, moved, shape) : moved);
  } else {
    value = c.emit('Transpose', [c.value(input)], { perm: order });
    if (depthwise) value = c.emit('Reshape', [value, c.onnx.ints(shape)]);
  }
  return { name: value, spatial, channels: depthwise ? inputs * outputs : outputs, groups: depthwise ? inputs : 1 };
}

/** Writes a Conv on a value with channels first. A bias of channels is part of it. */
export function convolve(c: NodeContext, x: string, kernel: ReturnType<typeof convolutionKernel>, window: Omit<Window, 'kernel'>, bias: string | undefined): string {
  const inputChannels = c.onnx.shape(x)?.[1];
  const groups = kernel.groups > 1 ? kernel.groups : groupsOf(c, inputChannels, kernel.name);
  const init = windowAttributes({ ...window, kernel: kernel.spatial }, spatialOf(c.onnx, x));
  return c.emit('Conv', bias === undefined ? [x, kernel.name] : [x, kernel.name, bias], groups === 1 ? init : { ...init, group: groups });
}

/** A kernel of fewer input channels than the value has works on groups of them. */
function groupsOf(c: NodeContext, inputChannels: Dimension, kernel: string): number {
  const each = c.onnx.shape(kernel)?.[1];
  return typeof inputChannels === 'number' && typeof each === 'number' && each > 0 && inputChannels % each === 0 ? inputChannels / each : 1;
}

/** A kernel [spatial…, out, in] of a transposed convolution as ONNX has it, [in, out, spatial…]; and what `SAME` pads or leaves off. */
export function convolveTransposed(c: NodeContext, x: string, kernelInput: number, window: Omit<Window, 'kernel'>, bias: string | undefined, outputSpatial?: readonly number[]): string {
  const dims = fixedDims(c.shape(kernelInput));
  if (dims === undefined) return c.refuse('the shape of its kernel is unknown');
  const rank = dims.length;
  const kernel = dims.slice(0, rank - 2);
  const order = [rank - 1, rank - 2, ...kernel.keys()];
  const tensor = c.tensor(kernelInput);
  const w = tensor === undefined ? c.emit('Transpose', [c.value(kernelInput)], { perm: order }) : c.onnx.constant(transposed(`${tensor.name}/kernel`, tensor, order));
  const sizes = spatialOf(c.onnx, x);
  const before: number[] = [];
  const after: number[] = [];
  const extra: number[] = [];
  for (const [axis, size] of kernel.entries()) {
    const [stride = 1, dilation = 1, length] = [window.strides[axis], window.dilations[axis], sizes[axis]];
    const reach = (size - 1) * dilation + 1;
    const wanted = outputSpatial?.[axis];
    // Output = (input − 1)·stride + reach − pads: SAME makes it input · stride, VALID input · stride + max(reach − stride, 0).
    const surplus = wanted !== undefined && typeof length === 'number' ? (length - 1) * stride + reach - wanted : window.padding === 'SAME' ? reach - stride : window.padding === 'VALID' ? Math.min(reach - stride, 0) : 0;
    const pad = window.padding === 'SAME' ? Math.max(surplus, 0) : 0;
    const [left, right] = typeof window.padding === 'string' ? [Math.floor(pad / 2), pad - Math.floor(pad / 2)] : (window.padding[axis] ?? [0, 0]);
    before.push(left);
    after.push(right);
    extra.push(Math.max(left + right - surplus, 0));
  }
  const init = { kernel_shape: kernel, strides: [...window.strides], dilations: [...window.dilations], pads: [...before, ...after], output_padding: extra };
  return c.emit('ConvTranspose', bias === undefined ? [x, w] : [x, w, bias], init);
}

export type PoolKind = 'MaxPool' | 'AveragePool';

/** Writes a pooling of a value with channels first. */
export function pool(c: NodeContext, kind: PoolKind, x: string, window: Window): string {
  const { dilations, ...init } = windowAttributes(window, spatialOf(c.onnx, x)) as { dilations: readonly number[] } & AttributeInit;
  // AveragePool learned dilations in version 19 only.
  if (dilations.every((dilation) => dilation === 1)) return c.emit(kind, [x], init);
  return kind === 'MaxPool' ? c.emit(kind, [x], { ...init, dilations }) : c.refuse('average pooling with dilation');
}

/** Per-axis entries of attributes that stand for all four axes of an image, without batch and channels. */
export function spatialEntries(entries: readonly number[] | undefined, channelsFirst: boolean, spatial = 2): readonly number[] {
  if (entries === undefined) return Array.from({ length: spatial }, () => 1);
  if (entries.length === 1) return Array.from({ length: spatial }, () => entries[0] ?? 1);
  if (entries.length === spatial) return entries;
  return channelsFirst ? entries.slice(2) : entries.slice(1, -1);
}

