// Dead and repeated parts: weights nobody reads, nodes whose outputs nobody reads, weights stored twice.
import { checkpoint } from '../../base/cancellation';
import { formatBytes } from '../../base/format';
import type { Graph, Node } from '../../graph/model';
import { nodeReads } from '../../graph/traverse';
import { fingerprintTensor, hashTensor, sameContent } from '../../tensor/statistics';
import type { Tensor } from '../../tensor/tensor';
import type { AdviceContext, Draft, FindingRule } from '../context';
import { bytesGain } from '../gain';

const simplify = { technique: 'simplify', options: {} } as const;

export const deadWeights: FindingRule = {
  codes: ['dead-weights'],
  *find(context): Generator<Draft> {
    for (const graph of context.graphs) {
      const index = context.index(graph);
      for (const [name, tensor] of graph.initializers) {
        if (index.consumersOf(name).length > 0 || index.outputNames.has(name)) continue;
        const bytes = tensor.source.byteLength;
        yield {
          code: 'dead-weights',
          severity: 'information',
          value: name,
          message: `${name} (${formatBytes(bytes)}) is read by no node.`,
          cost: { bytes },
          fixes: [{ title: 'Remove dead weights and nodes (simplify)', ...simplify, estimate: bytesGain(bytes) }],
        };
      }
    }
  },
};

export const deadNodes: FindingRule = {
  codes: ['dead-node'],
  *find(context): Generator<Draft> {
    const live = new Map(context.graphs.map((graph) => [graph, liveNodes(context, graph)]));
    for (const layer of context.layers) {
      if (live.get(layer.graph)?.has(layer.node) !== false || layer.node.outputs.length === 0) continue;
      yield {
        code: 'dead-node',
        severity: 'information',
        layer: layer.key,
        message: `No output of the model needs this ${layer.node.opType}${layer.weightBytes > 0 ? `, which holds ${formatBytes(layer.weightBytes)}` : ''}.`,
        cost: { bytes: layer.weightBytes, ...(layer.macs === null ? {} : { macs: layer.macs }) },
        fixes: [{ title: 'Remove dead weights and nodes (simplify)', ...simplify, estimate: bytesGain(layer.weightBytes) }],
      };
    }
  },
};

/** Nodes of a graph that its outputs need, directly or through other nodes. */
function liveNodes(context: AdviceContext, graph: Graph): ReadonlySet<Node> {
  const index = context.index(graph);
  const live = new Set<Node>();
  const wanted = [...index.outputNames];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const producer = index.producer(name);
    if (producer === undefined || live.has(producer)) continue;
    live.add(producer);
    wanted.push(...nodeReads(producer));
  }
  return live;
}

/** Smaller tensors are scalars and shapes: storing them twice costs nothing worth saying. */
const leastDuplicateBytes = 1024;

export const duplicateWeights: FindingRule = {
  codes: ['duplicate-weights'],
  deep: true,
  async *find(context): AsyncGenerator<Draft> {
    const bySize = new Map<string, { name: string; tensor: Tensor }[]>();
    for (const { name, tensor } of weights(context.graphs)) {
      if (tensor.source.byteLength < leastDuplicateBytes) continue;
      // Most weights differ at first sight; only those that do not are read whole.
      const key = fingerprintTensor(tensor);
      const list = bySize.get(key);
      if (list === undefined) bySize.set(key, [{ name, tensor }]);
      else list.push({ name, tensor });
    }
    for (const list of bySize.values()) {
      if (list.length < 2) continue;
      const firsts = new Map<string, { name: string; tensor: Tensor }[]>();
      for (const { name, tensor } of list) {
        await checkpoint(context.signal);
        const hash = hashTensor(tensor);
        const alike = firsts.get(hash) ?? [];
        const original = alike.find((other) => sameContent(other.tensor, tensor));
        if (original === undefined) {
          firsts.set(hash, [...alike, { name, tensor }]);
          continue;
        }
        const bytes = tensor.source.byteLength;
        yield {
          code: 'duplicate-weights',
          severity: 'information',
          value: name,
          message: `${name} (${formatBytes(bytes)}) holds the same numbers as ${original.name}.`,
          cost: { bytes },
          fixes: [{ title: 'Store equal weights once (simplify)', ...simplify, estimate: bytesGain(bytes) }],
        };
      }
    }
  },
};

/** Every stored tensor: initializers, and the values of Constant nodes under their output's name. */
export function* weights(graphs: readonly Graph[]): Generator<{ readonly name: string; readonly tensor: Tensor }> {
  for (const graph of graphs) {
    for (const [name, tensor] of graph.initializers) yield { name, tensor };
    for (const node of graph.nodes) {
      const value = node.opType === 'Constant' ? node.attributes.get('value') : undefined;
      if (value?.type === 'tensor') yield { name: node.outputs[0] ?? node.name, tensor: value.value };
    }
  }
}
