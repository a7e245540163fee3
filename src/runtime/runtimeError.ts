// What onnxruntime says when it refuses a model or a run, made an error that names the node, the operator and its version.
import { LatheError } from '../base/errors';

/** How onnxruntime names a node: when running it, when checking it, when resolving its types. */
const nodeNames = [/Name:'([^']+)'/, /In Node, \("([^"]+)"/, /[Nn]ode ?\(([^()\s]+)\)/, /[Nn]ode\. Name: ?(\S+) OpType/];

/** How it says that it does not know an operator: of ai.onnx, of another domain, of a domain that is not imported. */
const unknownOperators = [
  /No Op registered for (?<operator>\S+) with domain_version of (?<version>\d+)/,
  /Fatal error: (?<domain>\S+):(?<operator>[^\s:()]+)\(-?\d+\) is not a registered function\/op/,
  /In Node, \("[^"]*", (?<operator>[^\s,]+), .*No opset import for domain '(?<domain>[^']*)'/,
];

/** onnxruntime's words, with its source paths cut and the node it names set apart. */
export function runtimeError(message: string): LatheError {
  const plain = message.replaceAll(/\S*\/onnxruntime(?:_src)?\/\S+ (?:[^\n]*?\) (?=\S))?/g, '').replaceAll(/\s+/g, ' ').trim();
  const node = nodeNames.map((pattern) => pattern.exec(message)?.[1]).find((name) => name !== undefined);
  const unknown = unknownOperators.map((pattern) => pattern.exec(plain)?.groups).find((groups) => groups !== undefined);
  if (unknown === undefined) return new LatheError('runtime', `onnxruntime: ${plain}`, node === undefined ? {} : { item: node });
  const { domain, operator = '', version } = unknown;
  const name = domain === undefined || domain === '' ? operator : `${domain}.${operator}`;
  return new LatheError('runtime', `onnxruntime does not know the operator ${name}${version === undefined ? '' : ` of opset ${version}`}: the model can be viewed, not run.`, { item: node ?? name, hint: 'Export it with operators that onnxruntime has.' });
}
