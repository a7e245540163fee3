// Metrics of numbers against expected numbers: mean squared error and peak signal-to-noise ratio.
import { LatheError } from '../../../base/errors';
import type { MetricSpec } from '../../../protocol/taskMetrics';
import { toFloat64Array } from '../../../tensor/decode';
import { isFloat } from '../../../tensor/elementType';
import { mostDecibels } from '../agreement';
import { judgedOutput, missingLabel } from '../answers';
import { meanOf, type Answer, type MetricRule } from '../metric';

/** Mean over samples of each sample's mean squared error. */
export function mse(spec: MetricSpec): MetricRule<number> {
  return { name: spec.name, unit: 'none', higherIsBetter: false, note: (answer) => squaredError(spec, answer), score: (note) => note, statistic: meanOf };
}

/** Mean over samples of 10·log10(peak² / MSE), at most 150 dB; the peak is 1 unless the spec says otherwise. */
export function psnr(spec: MetricSpec): MetricRule<number> {
  const peak = spec.peak ?? 1;
  return { name: spec.name, unit: 'dB', higherIsBetter: true, note: (answer) => Math.min(mostDecibels, 10 * Math.log10(peak ** 2 / squaredError(spec, answer))), score: (note) => note, statistic: meanOf };
}

function squaredError(spec: MetricSpec, { outputs, label }: Answer): number {
  const output = judgedOutput(outputs, spec, ({ elementType }) => isFloat(elementType), 'numbers');
  const expected = label?.values?.get(output.name) ?? label?.values?.get('') ?? label?.values?.values().next().value;
  if (expected === undefined) throw missingLabel(spec.name, 'expected numbers', label);
  const [found, wanted] = [toFloat64Array(output), toFloat64Array(expected)];
  if (found.length !== wanted.length) throw new LatheError('usage', `Output ${output.name} of shape [${output.dims.join(', ')}] has not as many numbers as the label of shape [${expected.dims.join(', ')}].`, { item: output.name });
  let sum = 0;
  for (let i = 0; i < found.length; i++) sum += ((found[i] ?? NaN) - (wanted[i] ?? NaN)) ** 2;
  return sum / found.length;
}
