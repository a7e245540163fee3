// TensorFlow's resizing of images.
import type { NodeContext, Rule, Rules } from '../context';
import { fixedDims } from '../context';

/** Coordinates as TensorFlow means them; nearest neighbours are rounded up where corners are aligned or pixels have centres, else down. */
export function resizeAttributes(mode: 'linear' | 'nearest', alignCorners: boolean, halfPixelCenters: boolean): Record<string, string> {
  const coordinates = { coordinate_transformation_mode: alignCorners ? 'align_corners' : halfPixelCenters ? 'half_pixel' : 'asymmetric', mode };
  return mode === 'linear' ? coordinates : { ...coordinates, nearest_mode: alignCorners || halfPixelCenters ? 'round_prefer_ceil' : 'floor' };
}

/** Writes a Resize of a value with channels first to a size, a 1-D int64 value of height and width. */
export function resize(c: NodeContext, x: string, size: string, init: Record<string, string>): string {
  const around = c.onnx.shape(x)?.slice(0, 2);
  const fixed = fixedDims(around);
  const lead = fixed === undefined ? c.emit('Slice', [c.emit('Shape', [x]), c.onnx.ints([0]), c.onnx.ints([2])]) : c.onnx.ints(fixed);
  const y = c.emit('Resize', [x, '', '', c.emit('Concat', [lead, size], { axis: 0 })], init);
  const spatial = c.onnx.values(size);
  if (around !== undefined && spatial !== undefined) c.onnx.refine(y, [...around, ...spatial]);
  return y;
}

const resizing =
  (mode: 'linear' | 'nearest'): Rule =>
  (c) => {
    const size = c.onnx.cast(c.value(1), 'int64');
    c.set(0, resize(c, c.onnx.cast(c.first(0), 'float32'), size, resizeAttributes(mode, c.flag('align_corners'), c.flag('half_pixel_centers'))), 'first');
  };

export const imageRules: Rules = { ResizeBilinear: resizing('linear'), ResizeNearestNeighbor: resizing('nearest') };
