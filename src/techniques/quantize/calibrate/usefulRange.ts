// The part of an activation's range that its readers can tell apart: what a gate maps to zero or one anyway needs no integers.
import type { Node } from '../../../graph/model';
import { floatAttribute, type GraphIndex } from '../../../graph/traverse';
import type { Observation } from './observe';

/** HardSwish is exactly 0 up to here: x · max(0, min(1, x/6 + ½)). */
const hardSwishZero = -3;

/**
 * The observed range, cut where all readers are HardSwish (0 below −3, whether one node or x · HardSigmoid(x)) or HardSigmoid
 * (constant outside −β/α … (1−β)/α). The cut loses nothing: integers saturate at its ends. Where nothing can be cut it is the
 * range itself.
 */
export function usefulRange(value: string, range: Observation, index: GraphIndex): { readonly low: number; readonly high: number } {
  const readers = index.consumersOf(value);
  const { low, high } = range;
  if (readers.length === 0 || index.outputNames.has(value)) return { low, high };
  const gates = readers.filter((node) => node.opType === 'HardSigmoid' && node.domain === '');
  if (gates.length === readers.length) {
    const bounds = gates.map(linearPart);
    return { low: Math.max(low, Math.min(...bounds.map((bound) => bound.low))), high: Math.min(high, Math.max(...bounds.map((bound) => bound.high))) };
  }
  return readers.every((node) => isHardSwish(node, value, gates)) ? { low: Math.max(low, hardSwishZero), high } : { low, high };
}

function linearPart(node: Node): { low: number; high: number } {
  const alpha = floatAttribute(node, 'alpha', 0.2);
  const beta = floatAttribute(node, 'beta', 0.5);
  return alpha > 0 ? { low: -beta / alpha, high: (1 - beta) / alpha } : { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
}

/** HardSwish itself, or one of the two nodes of x · HardSigmoid(x) whose gate opens at −3. */
function isHardSwish(node: Node, value: string, gates: readonly Node[]): boolean {
  if (node.domain !== '') return false;
  if (node.opType === 'HardSwish') return true;
  const opensAtMinusThree = (gate: Node): boolean => Math.abs(linearPart(gate).low - hardSwishZero) < 1e-5;
  if (node.opType === 'HardSigmoid') return opensAtMinusThree(node);
  return node.opType === 'Mul' && node.inputs.includes(value) && gates.some((gate) => opensAtMinusThree(gate) && node.inputs.includes(gate.outputs[0] ?? ''));
}
