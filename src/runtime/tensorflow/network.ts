// A TensorFlow.js model of either kind, as the runner uses it.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { SessionValue } from '../messages';

export interface Network {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  readonly weights: ReadonlySet<Tensor>;
  /** The named outputs, in order. */
  run(feeds: ReadonlyMap<string, Tensor>, outputs: readonly string[]): Promise<readonly Tensor[]>;
  /** Calls `enter` with the key of each native node that begins, until the result is called. */
  watch(enter: (node: string) => void): () => void;
  dispose(): void;
}

/** TensorFlow.js writes an open dimension as null or -1; without a name it is ''. */
export function openDims(shape: readonly (number | null)[], nameOf: (axis: number) => string = () => ''): (number | string)[] {
  return shape.map((dim, axis) => (dim === null || dim === -1 ? nameOf(axis) : dim));
}
