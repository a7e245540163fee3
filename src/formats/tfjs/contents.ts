// What a TensorFlow.js file holds that a Model has no place for, kept beside it so that it can be written back.
import type { FunctionBody, Graph, Model } from '../../graph/model';
import type { JsonObject } from './context';
import type { Weights } from './manifest';
import type { JsonRanges } from './parseJson';

export interface TfjsContents {
  /** Every weight of the manifest and where the shards are. */
  readonly weights: Weights;
  /** What stands in the file beside topology and manifest: format, generatedBy, signature, userDefinedMetadata … */
  readonly settings: JsonObject;
  /** A layers model's whole configurations, by node name. */
  readonly configs: ReadonlyMap<string, JsonObject>;
  /** The graph that fills tables and variables before the first run. */
  readonly initializer?: { readonly graph: Graph; readonly functions: readonly FunctionBody[] };
  /** Where nodes, layers and weights stand in the JSON: byte ranges by the path of their list. */
  readonly ranges: JsonRanges;
}

const contents = new WeakMap<object, TfjsContents>();

/** Keeps `of` with a model under the key that its copies share. */
export function keepContents(of: TfjsContents): object {
  const key = {};
  contents.set(key, of);
  return key;
}

/** What else the model's file holds; undefined for models of other formats. Copies of a model have it too. */
export function tfjsContents(model: Pick<Model, 'formatData'>): TfjsContents | undefined {
  return model.formatData === undefined ? undefined : contents.get(model.formatData);
}

/** Elements of all weights in the manifest: the count TensorFlow.js itself gives of a model. */
export function weightElements({ weights }: TfjsContents): number {
  let count = 0;
  for (const { dims } of weights.tensors.values()) count += dims.reduce((product, dim) => product * dim, 1);
  return count;
}
