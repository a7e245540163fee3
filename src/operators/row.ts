// What the project knows of one operator in one version range: the row of the table that analysis and techniques ask.
import type { Dimension } from '../graph/dimension';
import type { Node, ValueType } from '../graph/model';
import type { OperatorContext } from './context';

/** What a constant at an input means to the operator. */
export type WeightRole =
  | 'weight' // a kernel or matrix
  | 'bias'
  | 'scale' // learned factor of a normalisation
  | 'operand' // either side of an elementwise operator, or data joined with other data: weights unless a lone scalar
  | 'table' // rows looked up by index
  | 'statistics' // running mean and variance: stored, not learned
  | 'quantization'; // scales and zero points: stored, not learned

/** An input that holds weights where it is constant; the axes are those of the stored tensor. */
export interface WeightInput {
  readonly input: number;
  readonly role: WeightRole;
  /** Axis of the output channels. For Gemm and MatMul see the row's docstring. */
  readonly outputAxis?: number;
  readonly inputAxis?: number;
  /** Elements the stored tensor stands for, where it is packed by the operator's own rules. */
  readonly elements?: (context: OperatorContext) => Dimension;
}

/** Multiply-accumulates of contractions, and all floating-point operations; undefined where a dimension is unknown. */
export interface OperatorCost {
  readonly macs: Dimension;
  readonly flops: Dimension;
}

/** How a row counts, and in what words: the support table prints the convention beside the operator. */
export interface CostRule {
  (context: OperatorContext): OperatorCost;
  readonly convention: string;
}

/** A cost rule with its convention in words. */
export function counted(convention: string, rule: (context: OperatorContext) => OperatorCost): CostRule {
  return Object.assign((context: OperatorContext) => rule(context), { convention });
}

/**
 * What an output's elements are made of, for operators that only move data: flat indices into the concatenation of the
 * inputs named; −1 takes the first element of input `fill` (0 where there is none).
 */
export interface Movement {
  readonly dims: readonly number[];
  readonly inputs: readonly number[];
  readonly indices: Int32Array;
  readonly fill?: number;
}

/** Elements of a small integer, bool or float tensor, flattened; entries may be symbolic or unknown. */
export type Values = readonly Dimension[];

export interface OperatorTraits {
  /** One output element per (broadcast) input element. */
  readonly elementwise?: boolean;
  /** Elementwise of one tensor input, with parameters at most scalar: fusable as an activation. */
  readonly activation?: boolean;
  /** Output elements are input elements. */
  readonly dataMovement?: boolean;
  /** Data movement that keeps the order of the elements: a runtime need not copy. */
  readonly view?: boolean;
  /** The output may lie in the first input's memory. */
  readonly inPlace?: boolean;
  /** Same inputs, same outputs; absent means yes. Where it depends on the node: see {@link isDeterministic}. */
  readonly deterministic?: false | ((node: Node) => boolean);
  /** Holds subgraphs. */
  readonly control?: boolean;
}

export interface OperatorRow {
  /** '' is ai.onnx. */
  readonly domain: string;
  readonly opType: string;
  /** First opset version of the domain this row describes; it holds until the next row of the same operator. */
  readonly since: number;
  readonly inputs: readonly Parameter[];
  readonly outputs: readonly Parameter[];
  /** Types of the outputs in order; entries may be missing or undefined. Throws a contradiction through `context.fail`. */
  readonly infer: (context: OperatorContext) => readonly (ValueType | undefined)[];
  /** What of the outputs' shapes stays open even where the shapes and integer values of all inputs are known: it hangs on the data. */
  readonly open?: string;
  /** Elements of the outputs, where inputs' elements are (partly) known: exact integer, boolean and shape arithmetic. */
  readonly values?: (context: OperatorContext, outputs: readonly (ValueType | undefined)[]) => readonly (Values | undefined)[];
  /** For operators that only move data. Needs concrete shapes and constant indices. */
  readonly move?: (context: OperatorContext) => Movement | undefined;
  /** Absent: no arithmetic at all. */
  readonly cost?: CostRule;
  readonly weights?: readonly WeightInput[];
  readonly traits: OperatorTraits;
}

/** False where the same inputs may give other outputs. */
export function isDeterministic(row: OperatorRow, node: Node): boolean {
  const { deterministic } = row.traits;
  return typeof deterministic === 'function' ? deterministic(node) : deterministic !== false;
}

export interface Parameter {
  readonly name: string;
  readonly optional: boolean;
  readonly variadic: boolean;
}

type RowInit = Omit<OperatorRow, 'domain' | 'opType' | 'inputs' | 'outputs' | 'traits' | 'since'> & {
  readonly domain?: string;
  readonly since?: number;
  /** Names separated by spaces; `?` optional, `*` variadic: `X W B?`. */
  readonly inputs: string;
  readonly outputs: string;
  readonly traits?: OperatorTraits;
};

/** A row from few words. */
export function row(opType: string, init: RowInit): OperatorRow {
  return { domain: '', since: 1, traits: {}, ...init, opType, inputs: parameters(init.inputs), outputs: parameters(init.outputs) };
}

function parameters(text: string): readonly Parameter[] {
  return text
    .split(' ')
    .filter((name) => name !== '')
    .map((name) => ({ name: name.replace(/[?*]$/, ''), optional: /[?*]$/.test(name), variadic: name.endsWith('*') }));
}
