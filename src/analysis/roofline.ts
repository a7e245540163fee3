// Roofline estimates (Williams, Waterman, Patterson 2009): the time a layer needs at least, by arithmetic or by memory traffic.
import type { LayerAnalysis } from './analyze';

/** Peak rates of a device. Published devices are peak figures of their makers: real runs stay below them. */
export interface DeviceProfile {
  readonly name: string;
  /** A multiply-add counts as two. */
  readonly flopsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Least milliseconds of one kernel. */
  readonly kernelMs: number;
  readonly measuredHere: boolean;
}

const giga = 1e9;

/** float32 rates: cores × clock × lanes × 2 (multiply-add) × units, memory bandwidth as published. */
export const publishedDevices: readonly DeviceProfile[] = [
  { name: 'Raspberry Pi 4 (4 × Cortex-A72)', flopsPerSecond: 48 * giga, bytesPerSecond: 12.8 * giga, kernelMs: 0.01, measuredHere: false },
  { name: 'Raspberry Pi 5 (4 × Cortex-A76)', flopsPerSecond: 153.6 * giga, bytesPerSecond: 17 * giga, kernelMs: 0.005, measuredHere: false },
  { name: 'Apple M1 (4 performance cores)', flopsPerSecond: 409.6 * giga, bytesPerSecond: 68 * giga, kernelMs: 0.003, measuredHere: false },
];

export interface LayerRoofline {
  readonly milliseconds: number;
  readonly bound: 'compute' | 'memory';
}

/** The larger of arithmetic and traffic time; null where either is unknown at the bindings. */
export function rooflineOf(layer: Pick<LayerAnalysis, 'flops' | 'bytesMoved' | 'folded'>, device: DeviceProfile): LayerRoofline | null {
  if (layer.folded) return { milliseconds: 0, bound: 'memory' };
  if (layer.flops === null || layer.bytesMoved === null) return null;
  const compute = (layer.flops / device.flopsPerSecond) * 1000;
  const memory = (layer.bytesMoved / device.bytesPerSecond) * 1000;
  return { milliseconds: Math.max(compute, memory), bound: compute >= memory ? 'compute' : 'memory' };
}

/** Sum over the layers, a kernel's least time each where it does any work; null when a layer is unknown. */
export function modelRoofline(layers: readonly LayerAnalysis[], device: DeviceProfile): number | null {
  let sum = 0;
  for (const layer of layers) {
    const own = rooflineOf(layer, device);
    if (own === null) return null;
    if (own.milliseconds > 0) sum += Math.max(own.milliseconds, device.kernelMs);
  }
  return sum;
}
