// A broken rule of the IR, as the verifier reports it.
export type ProblemCode =
  | 'duplicate-name'
  | 'dangling-input'
  | 'dangling-output'
  | 'cycle'
  | 'recursive-function'
  | 'unnamed'
  | 'attribute-reference'
  | 'not-sorted'
  | 'shadowed-name'
  | 'no-opset'
  | 'newer-opset'
  | 'duplicate-node-name'
  | 'unknown-attribute'
  | 'attribute-type'
  | 'attribute-value'
  | 'missing-attribute';

/** A broken rule. An `error` makes the model unusable; with a `warning` it can be viewed. */
export interface Problem {
  readonly code: ProblemCode;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** Node, value or function concerned. */
  readonly item: string;
}

export type Report = (problem: Problem) => void;
