// Which weights of the manifest belong to which layer of a Keras model, and in which order.
// Source: tfjs-layers, container.ts `loadWeights`: weights are told by name alone.
import { showName } from '../onnx/utf8';
import type { TfjsContext } from './context';
import type { KerasLayer, KerasModelConfig } from './kerasConfig';
import { weightNames } from './kerasLayers';
import type { Weights } from './manifest';

export class LayerWeights {
  /** By the layer's path among models. */
  private readonly byLayer = new Map<string, string[]>();
  private readonly used = new Set<string>();

  constructor(
    private readonly context: TfjsContext,
    config: KerasModelConfig,
    private readonly weights: Weights,
  ) {
    const whole = new Set(layerPaths(config, ''));
    // Weights of nested models are told without the models' names too, as long as that is clear.
    const short = new Map<string, string | undefined>();
    for (const path of whole)
      for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
        const rest = path.slice(slash + 1);
        short.set(rest, short.has(rest) && short.get(rest) !== path ? undefined : path);
      }
    for (const name of weights.tensors.keys()) {
      const owner = ownerOf(name, (path) => (whole.has(path) ? path : short.get(path)));
      if (owner === undefined) continue;
      const list = this.byLayer.get(owner);
      if (list === undefined) this.byLayer.set(owner, [name]);
      else list.push(name);
    }
  }

  /** Names of the layer's weights in Keras's order. @throws LatheError `malformed` where the manifest lacks one */
  of({ className, config }: KerasLayer, path: string): readonly string[] {
    const given = this.byLayer.get(path) ?? [];
    for (const name of given) this.used.add(name);
    const wanted = weightNames(className, config);
    const numbered = given.every((name) => /\/\d+$/.test(name));
    if (wanted === undefined || this.weights.tensors.size === 0) return given;
    if (numbered && given.length === wanted.length) return [...given].sort((a, b) => Number(lastPart(a)) - Number(lastPart(b))); // as Keras 3 numbers them
    const ordered = wanted.map((part) => {
      const name = given.find((one) => lastPart(one) === part);
      if (name === undefined) throw this.context.malformed(path, `The manifest does not name the weight "${showName(part)}" of the layer "${showName(path)}".`, 'Put the complete model.json in its place.');
      return name;
    });
    return [...ordered, ...given.filter((name) => !ordered.includes(name))];
  }

  /** Remarks upon weights no layer has. */
  finish(): void {
    for (const name of this.weights.tensors.keys()) if (!this.used.has(name)) this.context.warn('unused-weight', 'The weight belongs to no layer of the model.', name);
    if (this.weights.tensors.size === 0) this.context.warn('no-weights', 'The file names no weights: only the structure of the model is known.');
  }
}

/** `conv/kernel:0` → `kernel`. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(/:\d+$/, '');
}

/** The layer whose path is the longest beginning of the weight's name. */
function ownerOf(name: string, layerAt: (path: string) => string | undefined): string | undefined {
  for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
    const path = layerAt(name.slice(0, slash));
    if (path !== undefined) return path;
  }
  return undefined;
}

/** The paths of all layers among nested models, `outer/inner`; models themselves are none. */
export function* layerPaths({ layers }: KerasModelConfig, prefix: string): Generator<string> {
  for (const { name, model } of layers) {
    if (model === undefined) yield `${prefix}${name}`;
    else yield* layerPaths(model, `${prefix}${name}/`);
  }
}
