// Signal processing: Fourier transforms, windows, mel filters.
import { addDimensions, floorDivide, multiplyDimensions, subtractDimensions } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import { elementTypeOf } from '../arithmetic';
import type { OperatorContext } from '../context';
import { counted, row } from '../row';
import type { OperatorCost, OperatorRow } from '../row';
import { elementsOf, tensorOf } from '../shapes';

type Types = readonly (ValueType | undefined)[];

const oneSided = (length: Dimension): Dimension => addDimensions(floorDivide(length, 2), 1);

/** [batch …, signal …, 1 | 2] → the same with the transformed axis as long as asked for, halved when `onesided`, and 2 at the end. */
function dftShape(context: OperatorContext): Shape | undefined {
  const shape = context.shape(0);
  if (shape === undefined) return undefined;
  const given = context.opset < 20 ? context.int('axis', 1) : context.has(2) ? context.numbers(2)?.[0] : -2;
  if (given === undefined) return undefined;
  const axis = context.axis(given, shape.length);
  const length = context.has(1) ? context.values(1)?.[0] : shape[axis];
  const half = context.int('onesided', 0) === 1;
  const inverse = context.int('inverse', 0) === 1;
  // Of the half that a real signal's transform is, the inverse makes that signal: of n bins 2 · (n − 1) real numbers unless a length is given.
  if (inverse && half) return shape.with(axis, context.has(1) ? length : multiplyDimensions(subtractDimensions(length, 1), 2)).with(-1, 1);
  return shape.with(axis, half ? oneSided(length) : length).with(-1, 2);
}

/** signal [batch, length, 1 | 2] → [batch, frames, bins, 2]. */
function stftShape(context: OperatorContext): Shape | undefined {
  const signal = context.shape(0);
  const step = context.values(1)?.[0];
  const frame = context.has(3) ? context.values(3)?.[0] : context.shape(2)?.[0];
  if (signal === undefined) return undefined;
  const bins = context.int('onesided', 1) === 1 ? oneSided(frame) : frame;
  return [signal[0], addDimensions(floorDivide(subtractDimensions(signal[1], frame), step), 1), bins, 2];
}

/** 5 · n · log2 n operations for a complex transform of length n (Cooley, Tukey 1965; the convention of FFTW's benchmarks). */
function fourierCost(shape: Shape | undefined, length: Dimension): OperatorCost {
  if (shape === undefined || typeof length !== 'number') return { macs: 0, flops: undefined };
  return { macs: 0, flops: multiplyDimensions(elementsOf(shape), Math.ceil(2.5 * Math.log2(Math.max(2, length)))) };
}

function window(context: OperatorContext): Types {
  return [tensorOf(elementTypeOf(context.int('output_datatype', 1)), [context.values(0)?.[0]])];
}

export const signalRows: readonly OperatorRow[] = [
  row('DFT', { inputs: 'input dft_length? axis?', outputs: 'output', infer: (context) => [tensorOf(context.elementType(0), dftShape(context))], cost: counted('5 n log₂ n per transform of length n', (context) => fourierCost(dftShape(context), context.shape(0)?.at(-2))) }),
  row('STFT', { inputs: 'signal frame_step window? frame_length?', outputs: 'output', infer: (context) => [tensorOf(context.elementType(0), stftShape(context))], cost: counted('5 n log₂ n per transform of length n', (context) => fourierCost(stftShape(context), stftShape(context)?.[2])) }),
  row('MelWeightMatrix', {
    inputs: 'num_mel_bins dft_length sample_rate lower_edge_hertz upper_edge_hertz',
    outputs: 'output',
    infer: (context) => [tensorOf(elementTypeOf(context.int('output_datatype', 1)), [oneSided(context.values(1)?.[0]), context.values(0)?.[0]])],
  }),
  ...['BlackmanWindow', 'HannWindow', 'HammingWindow'].map((opType) => row(opType, { inputs: 'size', outputs: 'output', infer: window })),
];
