// The table of operators: one row per operator and version range, from one file per family.
import type { Node } from '../graph/model';
import { normalDomain } from '../graph/opsets';
import { attentionRows } from './families/attention';
import { classicalRows } from './families/classical';
import { controlRows } from './families/control';
import { convolutionRows } from './families/convolution';
import { elementwiseRows } from './families/elementwise';
import { imageRows } from './families/image';
import { matmulRows } from './families/matmul';
import { movementRows } from './families/movement';
import { normalisationRows } from './families/normalisation';
import { otherRows } from './families/other';
import { quantisationRows } from './families/quantisation';
import { recurrentRows } from './families/recurrent';
import { blockedRows, runtimeRows } from './families/runtime';
import { shapeRows } from './families/shape';
import { signalRows } from './families/signal';
import type { OperatorRow, OperatorTraits } from './row';

/** Every row there is. */
export const operatorRows: readonly OperatorRow[] = [
  ...elementwiseRows,
  ...shapeRows,
  ...movementRows,
  ...convolutionRows,
  ...matmulRows,
  ...normalisationRows,
  ...recurrentRows,
  ...attentionRows,
  ...controlRows,
  ...quantisationRows,
  ...imageRows,
  ...signalRows,
  ...otherRows,
  ...classicalRows,
  ...runtimeRows,
  ...blockedRows,
];

const noRows: readonly OperatorRow[] = [];

/** Domain → operator → rows, latest first. */
const byDomain = new Map<string, Map<string, OperatorRow[]>>();
for (const row of operatorRows) {
  let operators = byDomain.get(row.domain);
  if (operators === undefined) byDomain.set(row.domain, (operators = new Map<string, OperatorRow[]>()));
  operators.set(row.opType, [...(operators.get(row.opType) ?? []), row].sort((a, b) => b.since - a.since));
}

/** The row of an operator in a version of its domain's opset; undefined where the table has none. */
export function findOperator(domain: string, opType: string, opset: number): OperatorRow | undefined {
  for (const row of byDomain.get(normalDomain(domain))?.get(opType) ?? noRows) if (row.since <= opset) return row;
  return undefined;
}

/** Highest opset a model that imports none is taken to mean. */
export const latestOpset = 26;

/** The row of a node, given the opset imports of its model or function. */
export function operatorOf(node: Node, opsetImports: ReadonlyMap<string, number>): OperatorRow | undefined {
  return findOperator(node.domain, node.opType, opsetOf(node, opsetImports));
}

/** Version of the opset a node's operator belongs to. */
export function opsetOf(node: Node, opsetImports: ReadonlyMap<string, number>): number {
  const domain = normalDomain(node.domain);
  return opsetImports.get(domain) ?? (domain === '' ? (opsetImports.get('ai.onnx') ?? latestOpset) : 1);
}

const noTraits: OperatorTraits = {};

/** A node's traits; none for an unknown operator. */
export function traitsOf(node: Node, opsetImports: ReadonlyMap<string, number>): OperatorTraits {
  return operatorOf(node, opsetImports)?.traits ?? noTraits;
}
