// Images: resizing, sampling grids, boxes.
import { floorDivide, multiplyDimensions } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import type { OperatorContext } from '../context';
import { counted, row } from '../row';
import type { CostRule, OperatorCost, OperatorRow } from '../row';
import { flopsPerElement, perElement, shapeOfRank, tensorOf } from '../shapes';

type Types = readonly (ValueType | undefined)[];

/**
 * floor(size × scale), the product taken in float32 as onnx's shape inference and onnxruntime take it: 10 × 0.7 is 7 there, 6.99… in
 * float64. Of a symbol only where the scale, or what it divides by, is a whole number.
 */
function scaled(size: Dimension, scale: Dimension): Dimension {
  if (typeof scale !== 'number') return undefined;
  if (typeof size === 'number') return Math.floor(Math.fround(Math.fround(size) * Math.fround(scale)));
  if (Number.isInteger(scale)) return multiplyDimensions(size, scale);
  const inverse = 1 / scale;
  return Number.isInteger(inverse) ? floorDivide(size, inverse) : undefined;
}

/** Inputs that hold scales and sizes: (X, scales) at opset 10, (X, roi, scales, sizes) from 11. */
function resizeShape(context: OperatorContext): Shape | undefined {
  const input = context.shape(0);
  if (input === undefined) return undefined;
  const scalesAt = context.opset < 11 ? 1 : 2;
  const axes = context.ints('axes')?.map((axis) => context.axis(axis, input.length)) ?? input.map((_, axis) => axis);
  const sizes = context.opset >= 11 && context.has(3) ? context.values(3) : undefined;
  if (sizes !== undefined && sizes.length === axes.length) return resizeToSizes(context, input, axes, sizes);
  const scales = context.has(scalesAt) ? context.values(scalesAt) : undefined;
  if (scales === undefined || scales.length !== axes.length) return input.map((dimension, axis) => (axes.includes(axis) ? undefined : dimension));
  const result = [...input];
  axes.forEach((axis, i) => {
    result[axis] = scaled(input[axis], scales[i]);
  });
  return result;
}

/** `keep_aspect_ratio_policy` (opset 18) makes one scale of all: the least or the greatest, in float32 as the runtime; sizes are then rounded. */
function resizeToSizes(context: OperatorContext, input: Shape, axes: readonly number[], sizes: readonly Dimension[]): Shape {
  const policy = context.text('keep_aspect_ratio_policy', 'stretch');
  const result = [...input];
  if (policy === 'stretch') {
    axes.forEach((axis, i) => (result[axis] = sizes[i]));
    return result;
  }
  const ratios = axes.map((axis, i) => {
    const [from, to] = [input[axis], sizes[i]];
    return typeof from === 'number' && typeof to === 'number' ? Math.fround(to / from) : undefined;
  });
  const known = ratios.filter((ratio) => ratio !== undefined);
  const scale = policy === 'not_larger' ? Math.min(...known) : Math.max(...known);
  axes.forEach((axis) => {
    const from = input[axis];
    result[axis] = known.length === axes.length && typeof from === 'number' ? Math.round(Math.fround(from * scale)) : undefined;
  });
  return result;
}

/** Upsample until opset 10: scales as attribute, from 9 as input. */
function upsampleShape(context: OperatorContext): Shape | undefined {
  const input = context.shape(0);
  if (input === undefined) return undefined;
  const attribute = context.node.attributes.get('scales');
  const scales = context.opset >= 9 ? context.values(1) : attribute?.type === 'floats' ? attribute.value : undefined;
  return input.map((dimension, axis) => scaled(dimension, scales?.[axis]));
}

/** Operations per output element: nearest only copies, linear weighs 2 ^ spatial neighbours, cubic 4 ^ spatial, one product and one sum each. */
function resizeCost(context: OperatorContext, shape: Shape | undefined): OperatorCost {
  const mode = context.text('mode', 'nearest');
  const spatial = Math.min(3, Math.max(1, (shape?.length ?? 4) - 2));
  return flopsPerElement(shape, mode === 'nearest' ? 0 : mode === 'cubic' ? 2 * 4 ** spatial : 2 * 2 ** spatial);
}

const resizes = (shape: (context: OperatorContext) => Shape | undefined): CostRule =>
  counted('nearest 0, linear 2 · 2^s, cubic 2 · 4^s per output element of s spatial axes', (context) => resizeCost(context, shape(context)));

function gridShape(context: OperatorContext): Shape | undefined {
  const input = context.shape(0);
  const grid = context.shape(1);
  if (input === undefined || grid === undefined) return undefined;
  return [input[0], input[1], ...grid.slice(1, -1)];
}

/** size (N, C, H, W) → [N, H, W, 2], or (N, C, D, H, W) → [N, D, H, W, 3]. */
function affineGrid(context: OperatorContext): Types {
  const size = context.values(1);
  const length = size?.length ?? context.shape(1)?.[0];
  if (typeof length !== 'number') return [tensorOf(context.elementType(0))];
  const spatial = size?.slice(2) ?? shapeOfRank(Math.max(0, length - 2));
  if (spatial === undefined) return [tensorOf(context.elementType(0))];
  return [tensorOf(context.elementType(0), [size?.[0] ?? context.shape(0)?.[0], ...spatial, spatial.length])];
}

export const imageRows: readonly OperatorRow[] = [
  row('Resize', { inputs: 'X roi? scales? sizes?', outputs: 'Y', infer: (context) => [tensorOf(context.elementType(0), resizeShape(context))], cost: resizes(resizeShape) }),
  row('Upsample', { inputs: 'X scales?', outputs: 'Y', infer: (context) => [tensorOf(context.elementType(0), upsampleShape(context))], cost: resizes(upsampleShape) }),
  ...['', 'com.microsoft'].map((domain) => row('GridSample', { domain, inputs: 'X grid', outputs: 'Y', infer: (context) => [tensorOf(context.elementType(0), gridShape(context))], cost: resizes(gridShape) })),
  row('AffineGrid', { inputs: 'theta size', outputs: 'grid', infer: affineGrid, cost: counted('6 per output element', (context) => flopsPerElement(affineShape(context), 6)) }),
  row('ImageDecoder', { open: 'how large the picture is', inputs: 'encoded_stream', outputs: 'image', infer: () => [tensorOf('uint8', [undefined, undefined, undefined])] }),
  // How many boxes survive depends on the data: at most the number asked for, of each class and batch.
  row('NonMaxSuppression', { open: 'how many boxes are kept', inputs: 'boxes scores max_output_boxes_per_class? iou_threshold? score_threshold?', outputs: 'selected_indices', infer: () => [tensorOf('int64', [undefined, 3])], cost: perElement(1, 1) }),
];

function affineShape(context: OperatorContext): Shape | undefined {
  const [type] = affineGrid(context);
  return type?.kind === 'tensor' ? type.shape : undefined;
}
