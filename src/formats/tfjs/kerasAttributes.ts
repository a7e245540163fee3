// A Keras layer's configuration as attributes: numbers, texts and lists of them; nested objects stay with the configuration.
import type { Attribute } from '../../graph/model';
import { anyField, field, isList, isObject, type JsonObject } from './context';

/** Numbers that Keras takes as floats although they may stand as 1 in the file. Every other whole number is an int. */
const floats = new Set(
  'epsilon momentum renorm_momentum rate alpha negative_slope threshold theta max_value mask_value dropout recurrent_dropout stddev offset factor l1 l2 mean variance'.split(' '),
);
/** Texts that TensorFlow.js may have written in camelCase. */
const words = new Set(['data_format', 'activation', 'recurrent_activation', 'padding', 'interpolation', 'merge_mode', 'mode']);
/** What describes the layer, not what it does. */
const leftOut = new Set(['name', 'batch_input_shape', 'batch_shape', 'build_config', 'layers', 'input_layers', 'output_layers']);

/** The attributes of a layer's configuration, names in snake_case. */
export function kerasAttributes(config: JsonObject): Map<string, Attribute> {
  const attributes = new Map<string, Attribute>();
  for (const [key, value] of Object.entries(config)) {
    const name = snakeCase(key);
    if (leftOut.has(name)) continue;
    const attribute = attributeOf(name, value);
    if (attribute !== undefined) attributes.set(name, attribute);
  }
  return attributes;
}

function attributeOf(name: string, value: unknown): Attribute | undefined {
  if (typeof value === 'boolean') return { type: 'int', value: value ? 1 : 0 };
  if (typeof value === 'number') return isWhole(value) && !isFloatField(name) ? { type: 'int', value } : { type: 'float', value };
  if (typeof value === 'string') return { type: 'string', value: words.has(name) ? snakeCase(value) : value };
  if (isList(value)) return listOf(name, value.flat(3));
  return isObject(value) ? namedObject(name, value) : undefined;
}

function isFloatField(name: string): boolean {
  return floats.has(name) || name === 'scale'; // BatchNormalization's `scale` is a boolean, Rescaling's a number
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value);
}

/** Lists of lists (the padding of ZeroPadding2D) are flattened; null, an open dimension, becomes −1. */
function listOf(name: string, values: readonly unknown[]): Attribute | undefined {
  if (values.every((value) => typeof value === 'string')) return values.length === 0 ? { type: 'ints', value: [] } : { type: 'strings', value: values };
  const numbers = values.map((value) => (value === null ? -1 : value));
  if (!numbers.every((value) => typeof value === 'number')) return undefined;
  return numbers.every(isWhole) && !isFloatField(name) ? { type: 'ints', value: numbers } : { type: 'floats', value: numbers };
}

/** Keras 3 writes activations and types as objects: a function by its name, a policy by the type it computes in. */
function namedObject(name: string, value: JsonObject): Attribute | undefined {
  const className = anyField(value, 'class_name', 'className');
  const config = field(value, 'config');
  if (name === 'dtype') {
    const type = isObject(config) ? field(config, 'name') : undefined;
    return typeof type === 'string' ? { type: 'string', value: type } : undefined;
  }
  if (!words.has(name)) return undefined;
  if (className === 'function' && typeof config === 'string') return { type: 'string', value: snakeCase(config) };
  if (typeof className !== 'string') return { type: 'string', value: 'something of its own' };
  // An activation that is a layer of its own is told by its name alone only where it has no settings.
  return { type: 'string', value: !isObject(config) || Object.keys(config).length === 0 ? snakeCase(className) : `${className} with settings of its own` };
}

/** `channelsLast` → `channels_last`; what is in snake_case already stays. */
export function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}
