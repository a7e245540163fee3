// How far the outputs of two backends differ on the same inputs.
import type { PageTensor } from '../../protocol/pageBenchmark';
import { toFloat64Array } from '../../tensor/decode';
import { elementKind } from '../../tensor/elementType';
import type { Tensor } from '../../tensor/tensor';
import type { WireTensor } from '../messages';
import { pairValues } from '../pairing';
import { fromWire } from '../wireTensors';

/**
 * SQNR of the output that differs most, 10·log10(Σ reference² / Σ (reference − other)²), in decibels; undefined where nothing
 * can be compared. Outputs are paired by name, else in order among those whose shapes agree.
 */
export function worstSqnrDb(reference: readonly PageTensor[], other: readonly PageTensor[]): number | 'equal' | 'NaN' | undefined {
  const values = (outputs: readonly PageTensor[]): { name: string; shape: readonly number[] }[] => outputs.map(({ name, dims }) => ({ name, shape: dims }));
  const found = new Map(other.map((output) => [output.name, output]));
  let worst: number | undefined;
  for (const [name, otherName] of pairValues(values(reference), values(other))) {
    const [a, b] = [reference.find((output) => output.name === name), found.get(otherName)];
    const sqnr = a === undefined || b === undefined ? undefined : sqnrDb(a, b);
    if (sqnr !== undefined) worst = Math.min(worst ?? Infinity, sqnr);
  }
  return worst === Infinity ? 'equal' : worst === -Infinity ? 'NaN' : worst;
}

function sqnrDb(a: PageTensor, b: PageTensor): number | undefined {
  const [x, y] = [numbers(a), numbers(b)];
  if (x === undefined || y === undefined || x.length !== y.length) return undefined;
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < x.length; i++) {
    const [left, right] = [x[i] ?? NaN, y[i] ?? NaN];
    if (Object.is(left, right)) continue;
    noise += (left - right) ** 2;
  }
  for (const value of x) if (Number.isFinite(value)) signal += value ** 2;
  if (Number.isNaN(noise)) return -Infinity;
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}

function numbers({ name, ...tensor }: PageTensor): Float64Array | undefined {
  const read: Tensor = fromWire(name, tensor as WireTensor);
  return ['string', 'complex'].includes(elementKind(read.elementType)) ? undefined : toFloat64Array(read);
}
