// A model whose shapes contradict each other is viewed, and its contradictions listed; nothing is built on it.
import { LatheError } from '../base/errors';
import { nodeLabel } from '../graph/verify';
import type { Model } from '../graph/model';
import { inferTypes } from './infer';

/**
 * Checks a model as its file has it, dimensions left open: those of the person's data may still fit or not.
 * @throws LatheError `invalid-model` with the first contradiction, naming the node and both shapes.
 */
export function assertShapesAgree(model: Model): void {
  const [first, ...others] = inferTypes(model).contradictions;
  if (first === undefined) return;
  throw new LatheError('invalid-model', first.message, {
    item: nodeLabel(first.node),
    hint: `Correct the model or the shapes it declares${others.length === 0 ? '' : ` (${others.length} more ${others.length === 1 ? 'contradiction' : 'contradictions'})`}; “lathe check” lists what contradicts.`,
    ...(model.path === undefined ? {} : { file: model.path }),
  });
}
