// Clips each channel's largest weights where the finer steps for all others are worth more: the scale of least square error.
import { toFloat32Array } from '../../tensor/decode';
import type { Tensor } from '../../tensor/tensor';
import { type ChannelScales, largestInteger } from './channelScales';

/** Shares of the full range that are tried: 1, 0.98 … 0.5. */
const tried = 26;
const trialStep = 0.02;

/**
 * Lowers the scale of each channel to the one whose integers, saturated at ±127, have the least square error from the weights
 * (the search of Choukroun et al. 2019, arXiv:1902.06822, and others). Never worse than the largest magnitude, which is tried too.
 * @param tensor float32 weight the scales are of.
 */
export function clipChannels(tensor: Tensor, found: ChannelScales): ChannelScales {
  const values = toFloat32Array(tensor);
  const { channels, inner } = found;
  const outer = values.length / (channels * inner);
  const scales = found.scales.slice();
  const row = new Float32Array(outer * inner);
  for (let channel = 0; channel < channels; channel++) {
    for (let block = 0; block < outer; block++) row.set(values.subarray((block * channels + channel) * inner, (block * channels + channel + 1) * inner), block * inner);
    scales[channel] = bestScale(row, found.scales[channel] ?? 1);
  }
  return { ...found, scales, clipped: true };
}

function bestScale(row: Float32Array, full: number): number {
  let best = { scale: full, error: Number.POSITIVE_INFINITY };
  for (let i = 0; i < tried; i++) {
    const scale = Math.fround(full * (1 - i * trialStep));
    const inverse = 1 / scale;
    let error = 0;
    for (const value of row) {
      const steps = Math.round(value * inverse);
      const difference = (steps > largestInteger ? largestInteger : steps < -largestInteger ? -largestInteger : steps) * scale - value;
      error += difference * difference;
    }
    if (error < best.error) best = { scale, error };
  }
  return best.scale;
}
