// Initializers that nothing reads are dropped: no node, no output, no quantization annotation, no training information.
import type { Model } from '../../../graph/model';
import type { ModelEditor } from '../../../graph/rewrite';

/** First bytes of ModelProto.training_info (field 20, length-delimited) among the fields that are kept as they were read. */
const trainingInfoTag = [0xa2, 0x01];

/** Training information binds initializers by their names; it is not read here, so all of them may be meant. */
export function hasTrainingInfo(model: Model): boolean {
  return model.unknownFields.some((field) => trainingInfoTag.every((byte, i) => field[i] === byte));
}

/** Tensors that quantization annotations name (ONNX: SCALE_TENSOR, ZERO_POINT_TENSOR); no node need read them. */
export function annotatedNames(editor: ModelEditor): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { graph } of editor.allScopes()) for (const { parameters } of graph.quantizationAnnotations) for (const [, name] of parameters) names.add(name);
  return names;
}

/** Drops initializers that nothing reads. @returns how many went */
export function dropUnusedInitializers(editor: ModelEditor): number {
  if (hasTrainingInfo(editor.model)) return 0;
  const named = annotatedNames(editor);
  let dropped = 0;
  for (const scope of editor.allScopes()) {
    for (const name of [...scope.graph.initializers.keys(), ...scope.graph.sparseInitializers.keys()]) {
      if (scope.isGraphInput(name) || scope.useCount(name) > 0 || named.has(name)) continue;
      scope.removeInitializer(name);
      scope.graph.sparseInitializers.delete(name);
      dropped++;
    }
  }
  return dropped;
}
