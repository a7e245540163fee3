// What TensorFlow.js says when it refuses a model or a run, made an error that names the layer or the node.
import { LatheError } from '../../base/errors';
import { type Fields, isFields } from './modelJson';

/** How it says that it does not know a class of layers, or an operator. */
const unknownLayer = /Unknown layer: (\S+?)\.(?:\s|$)/;
const unknownOperators = [/Unknown op '([^']+)'/, /Custom op (\S+) is not registered/, /Kernel '([^']+)' not registered/];

/** WebAssembly's RuntimeError: a trap or an abort, after which its memory is not to be trusted. */
export function isCrash(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'RuntimeError';
}

/** @param topology of the model, in which the layer or node is looked up */
export function tensorFlowFailure(thrown: unknown, topology: Fields): LatheError {
  if (thrown instanceof LatheError) return thrown;
  // This process ends here, and says why.
  if (isCrash(thrown)) {
    console.error(`TensorFlow.js: ${String(thrown)}`);
    process.exit(1);
  }
  const said = (thrown instanceof Error ? thrown.message : String(thrown)).replaceAll(/\s+/g, ' ').trim();
  const className = unknownLayer.exec(said)?.[1];
  if (className !== undefined) {
    const layer = findLayer(topology, className);
    const what = className === 'Lambda' ? 'a Lambda layer, which holds code of its own' : `of the class ${className}, which TensorFlow.js does not know`;
    return new LatheError('unsupported', `The layer ${layer ?? className} is ${what}: it is never executed, so the model can be viewed, not run.`, { item: layer ?? className });
  }
  const operator = unknownOperators.map((pattern) => pattern.exec(said)?.[1]).find((name) => name !== undefined);
  if (operator !== undefined) {
    const node = findNode(topology, operator);
    return new LatheError('unsupported', `TensorFlow.js does not know the operator ${operator}: the model can be viewed, not run.`, { item: node ?? operator });
  }
  return new LatheError('runtime', `TensorFlow.js: ${said}`);
}

function findNode(topology: Fields, op: string): string | undefined {
  const nodes = topology['node'];
  const found: unknown = Array.isArray(nodes) ? nodes.find((node: unknown) => isFields(node) && node['op'] === op) : undefined;
  return isFields(found) && typeof found['name'] === 'string' ? found['name'] : undefined;
}

/** The name of the first layer of a class, models in models included. */
function findLayer(topology: Fields, className: string): string | undefined {
  const open: unknown[] = [topology];
  while (open.length > 0) {
    const at = open.pop();
    if (Array.isArray(at)) open.push(...(at as unknown[]).toReversed());
    if (!isFields(at)) continue;
    const config = at['config'];
    if (at['class_name'] === className && isFields(config)) return [at['name'], config['name']].find((name) => typeof name === 'string');
    open.push(at['layers'], config, at['layer'], at['model_config']);
  }
  return undefined;
}
