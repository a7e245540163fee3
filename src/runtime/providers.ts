// Execution providers: the names a person may ask for, and plain words where the runtime's binary lacks one.
import { LatheError } from '../base/errors';
import type { Provider } from '../protocol/measurement';

export const providers: readonly Provider[] = ['cpu', 'webgpu', 'cuda', 'coreml', 'dml'];

/** What each provider needs beside the binary, said when it fails to start. */
const needs = {
  cpu: 'Reinstall the project’s packages.',
  webgpu: 'WebGPU needs a graphics driver with Vulkan (Linux: libvulkan1), Metal or Direct3D 12. Use --provider cpu.',
  cuda: 'CUDA needs an NVIDIA driver and onnxruntime’s CUDA libraries, which are not bundled. Use --provider cpu.',
  coreml: 'CoreML exists on macOS only. Use --provider cpu.',
  dml: 'DirectML exists on Windows only. Use --provider cpu.',
} satisfies Record<Provider, string>;

/** @throws LatheError `usage` naming the known providers. */
export function parseProvider(name: string): Provider {
  const found = providers.find((provider) => provider === name);
  if (found === undefined) throw new LatheError('usage', `Unknown execution provider "${name}"; known are ${providers.join(', ')}.`, { item: name });
  return found;
}

/** @throws LatheError `unsupported` when the runtime's binary was built without this provider. */
export function assertProvider(provider: Provider, available: readonly string[]): void {
  if (available.includes(provider)) return;
  const here = providers.filter((known) => available.includes(known));
  throw new LatheError('unsupported', `onnxruntime on ${process.platform}-${process.arch} has no ${provider} provider; it has ${here.join(', ')}.`, { item: provider, hint: needs[provider] });
}

/** TensorFlow.js chooses among backends of its own. @throws LatheError `unsupported` for a device it cannot reach under Node */
export function assertTensorFlowProvider(provider: Provider): void {
  if (provider !== 'cpu') throw new LatheError('unsupported', `TensorFlow.js runs on the CPU here, with its wasm backend; ${provider} is a provider of onnxruntime.`, { item: provider, hint: 'Use --provider cpu.' });
}

/** A provider that is built in, but does not start on this machine. */
export function providerFailure(provider: Provider, message: string): LatheError | undefined {
  if (provider === 'cpu' || !/webgpu|cuda|coreml|dml|directml|provider|backend|adapter|shared library/i.test(message)) return undefined;
  return new LatheError('unsupported', `The ${provider} provider does not start on this machine.`, { item: provider, hint: needs[provider], cause: message });
}
