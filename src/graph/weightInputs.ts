// Old models list their weights among the inputs.
import type { Model } from './model';

/** Initializers had to be listed among the inputs up to this IR version, whether a caller may set them or not. */
const lastIrWithInputsForWeights = 3;

/** Weights listed as inputs only because an old IR wanted it become plain initializers; a newer IR means them to be settable. */
export function freeWeightsFromInputs(model: Model): void {
  if (model.irVersion > lastIrWithInputsForWeights) return;
  const { graph } = model;
  graph.inputs = graph.inputs.filter((input) => !graph.initializers.has(input.name));
  model.irVersion = lastIrWithInputsForWeights + 1;
}
