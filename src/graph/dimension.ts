// Symbolic dimensions: integers, symbols and expressions over them, kept in a normal form so that equal expressions compare equal.

/** A dimension: a non-negative integer, an expression over symbols, or undefined when nothing is known. */
export type Dimension = number | DimensionExpression | undefined;

export interface DimensionExpression {
  /** Canonical text, e.g. `floor((H - 1) / 2) + 1`; equal expressions have equal text. */
  readonly text: string;
}
