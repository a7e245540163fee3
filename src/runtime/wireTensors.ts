// Tensors between the engine's form and the wire.
import { LatheError } from '../base/errors';
import { MemorySource, type Tensor } from '../tensor/tensor';
import type { NamedTensors, WireTensor } from './messages';
import type { Feeds } from './data/samples';

export function toWire(tensor: Tensor): WireTensor {
  const { elementType: type, dims } = tensor;
  if (type === 'string') return { type, dims, data: (tensor.strings ?? []).map((bytes) => Buffer.from(bytes).toString('utf8')) };
  return { type, dims, data: tensor.source.read() };
}

export function fromWire(name: string, { type, dims, data }: WireTensor): Tensor {
  if (data instanceof Uint8Array) return { name, elementType: type, dims: [...dims], source: new MemorySource(aligned(data)) };
  return { name, elementType: type, dims: [...dims], source: new MemorySource(new Uint8Array()), strings: data.map((text) => new Uint8Array(Buffer.from(text, 'utf8'))) };
}

/** Decoders view the bytes as 8-byte elements where they can; a received slice may start anywhere (and a Buffer's own `slice` would not copy). */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}

export function wireFeeds(feeds: Feeds): NamedTensors {
  return [...feeds].map(([name, tensor]) => [name, toWire(tensor)] as const);
}

export function wireBytes(feeds: NamedTensors): number {
  return feeds.reduce((sum, [, { data }]) => sum + (data instanceof Uint8Array ? data.byteLength : data.reduce((bytes, text) => bytes + text.length, 0)), 0);
}

/** What went over the wire must be a tensor per name. @throws LatheError `runtime` when an output is missing. */
export function tensorMap(outputs: NamedTensors, wanted: readonly string[] | undefined): Map<string, Tensor> {
  const map = new Map(outputs.map(([name, tensor]) => [name, fromWire(name, tensor)]));
  for (const name of wanted ?? []) if (!map.has(name)) throw new LatheError('runtime', `The runtime gave no output ${name}.`, { item: name });
  return map;
}
