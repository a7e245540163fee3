// Which operator sets a model asks for, and when that alone keeps it from running.
import type { Model } from './model';

/** Newest operator set that onnxruntime 1.30 and this project know. */
export const newestOpset = 26;

/** Why no runtime takes the model, whatever its operators are: it imports no operator set, or one that is not known yet. */
export function unrunnableOpset({ opsetImports }: Pick<Model, 'opsetImports'>): { readonly code: 'no-opset' | 'newer-opset'; readonly reason: string } | undefined {
  if (opsetImports.size === 0) return { code: 'no-opset', reason: 'The model does not say which operator set it uses' };
  const version = opsetImports.get('') ?? 0;
  return version > newestOpset ? { code: 'newer-opset', reason: `The model uses opset ${version}; the newest known is ${newestOpset}` } : undefined;
}

/** `ai.onnx` is the long name of the default domain, which in memory is ''. */
export function normalDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/** A model-local function's identity: calls resolve by domain, name and overload. */
export function functionKey(domain: string, name: string, overload: string): string {
  return `${normalDomain(domain)}\0${name}\0${overload}`;
}
