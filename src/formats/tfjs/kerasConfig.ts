// Keras configurations read: layers and their calls, whether Keras 2, Keras 3 or TensorFlow.js wrote them.
import { isModelClass } from './kerasLayers';
import { anyField, field, isList, isObject, type JsonObject, type TfjsContext } from './context';

/** Output `tensor` of call number `call` of a layer. */
export interface KerasReference {
  readonly layer: string;
  readonly call: number;
  readonly tensor: number;
}

export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  readonly config: JsonObject;
  /** What each call of the layer reads; empty in Sequential models, and for inputs. */
  readonly calls: readonly (readonly KerasReference[])[];
  /** Set where the layer is a model itself. */
  readonly model?: KerasModelConfig;
}

export interface KerasModelConfig {
  readonly name: string;
  readonly sequential: boolean;
  readonly layers: readonly KerasLayer[];
  readonly inputs: readonly KerasReference[];
  readonly outputs: readonly KerasReference[];
  /** Of a Sequential model, where no layer says it. */
  readonly inputShape: unknown;
}

/** Reads the `config` of a Sequential, Functional or Model. @throws LatheError `malformed` */
export function readModelConfig(context: TfjsContext, className: string, config: unknown, where: string): KerasModelConfig {
  const sequential = className === 'Sequential';
  const object = isList(config) ? { layers: config } : context.object(config, where); // Keras 1 and early 2: the config of a Sequential is the list
  const layers = context.list(field(object, 'layers'), `${where}.layers`).map((entry, i) => readLayer(context, entry, `${where}.layers[${i}]`));
  const seen = new Set<string>();
  for (const { name } of layers) {
    if (seen.has(name)) throw context.malformed(name, `Two layers of ${where} have the name "${name}".`);
    seen.add(name);
  }
  const name = field(object, 'name');
  return {
    name: typeof name === 'string' ? name : '',
    sequential,
    layers,
    inputs: references(anyField(object, 'input_layers', 'inputLayers')),
    outputs: references(anyField(object, 'output_layers', 'outputLayers')),
    inputShape: anyField(object, 'build_input_shape', 'buildInputShape'),
  };
}

function readLayer(context: TfjsContext, entry: unknown, where: string): KerasLayer {
  const object = context.object(entry, where);
  const className = context.text(anyField(object, 'class_name', 'className'), `The class of ${where}`);
  const config = field(object, 'config');
  // A nested Sequential of old has a list for its configuration, and is named beside it.
  const settings = isObject(config) ? config : {};
  const name = context.text(anyField(object, 'name') ?? anyField(settings, 'name'), `The name of ${where}`);
  const model = isModelClass(className) ? readModelConfig(context, className, config, `${where}.config`) : undefined;
  const calls = context.list(anyField(object, 'inbound_nodes', 'inboundNodes'), `The calls of ${where}`).map(references);
  return { className, name, config: settings, calls, ...(model === undefined ? {} : { model }) };
}

/**
 * Every reference in a value, in order: `["conv", 0, 0]`, with settings behind them or not, in lists of lists, in the
 * keyword arguments of a call, or as Keras 3's `keras_history`.
 */
export function references(value: unknown): KerasReference[] {
  const found: KerasReference[] = [];
  const visit = (part: unknown): void => {
    if (isList(part)) {
      const reference = referenceOf(part);
      if (reference === undefined) part.forEach(visit);
      else {
        found.push(reference);
        part.slice(3).forEach(visit); // keyword arguments may hold tensors too
      }
    } else if (isObject(part)) {
      const history = historyOf(part);
      if (history !== undefined) found.push(history);
      else Object.values(part).forEach(visit);
    }
  };
  visit(value);
  return found;
}

function referenceOf(part: readonly unknown[]): KerasReference | undefined {
  const [layer, call, tensor] = part;
  if (typeof layer !== 'string' || typeof call !== 'number' || typeof tensor !== 'number') return undefined;
  return Number.isInteger(call) && Number.isInteger(tensor) && call >= 0 && tensor >= 0 ? { layer, call, tensor } : undefined;
}

function historyOf(part: JsonObject): KerasReference | undefined {
  if (anyField(part, 'class_name', 'className') !== '__keras_tensor__') return undefined;
  const config = field(part, 'config');
  const history = isObject(config) ? anyField(config, 'keras_history', 'kerasHistory') : undefined;
  return isList(history) ? referenceOf(history) : undefined;
}
