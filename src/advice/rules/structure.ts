// Arithmetic that could be done once (constants), data that is moved for nothing, and what shape inference and the table object to.
import type { AdviceContext, Draft, FindingRule } from '../context';
import type { LayerAnalysis } from '../../analysis/analyze';
import type { Graph } from '../../graph/model';
import { isDeterministic } from '../../operators/row';

const simplifyFix = (title: string): NonNullable<Draft['fixes']> => [{ title, technique: 'simplify', options: {}, estimate: {} }];

/** Nodes whose inputs are all constant, one finding for all of them: singly they are noise. */
export const foldableConstants: FindingRule = {
  codes: ['foldable-constants'],
  *find(context): Generator<Draft> {
    const foldable = foldableLayers(context);
    const first = foldable[0];
    if (first === undefined) return;
    yield {
      code: 'foldable-constants',
      severity: 'information',
      layer: first.key,
      message: `${foldable.length} ${foldable.length === 1 ? 'node computes' : 'nodes compute'} the same result on every run (first: ${first.node.opType}).`,
      cost: { macs: foldable.reduce((sum, layer) => sum + (layer.macs ?? 0), 0) },
      fixes: simplifyFix('Fold constants (simplify)'),
    };
  },
};

/** What these make is constant too, but they are how constants are written. */
const writtenConstants: ReadonlySet<string> = new Set(['Constant', 'ConstantOfShape']);
/** Left between a stored weight and its reader: folding them would undo the quantization. */
const quantizing: ReadonlySet<string> = new Set(['DequantizeLinear', 'QuantizeLinear']);

/** Nodes that make the same of the same. Nothing is worked out for this: a result may be of any size. Nodes come in topological order, those of a subgraph after those it reads. */
function foldableLayers(context: AdviceContext): readonly LayerAnalysis[] {
  const { types } = context.analysis;
  const fixed = new Map<Graph, Set<string>>();
  const isFixed = (graph: Graph, name: string): boolean => {
    const owner = types.scopeOf(graph)?.owner(name)?.graph;
    if (owner === undefined) return false;
    return fixed.get(owner)?.has(name) === true || (owner.initializers.has(name) && types.constantOf(owner, name) !== undefined);
  };
  return context.layers.filter(({ node, graph }) => {
    const row = types.rowOf(graph, node);
    if (row === undefined || !isDeterministic(row, node) || row.traits.control === true || quantizing.has(node.opType)) return false;
    if (!node.inputs.every((name) => name === '' || isFixed(graph, name)) || (node.opType !== 'Constant' && node.inputs.every((name) => name === ''))) return false;
    const names = fixed.get(graph) ?? new Set<string>();
    for (const name of node.outputs) names.add(name);
    fixed.set(graph, names);
    return !writtenConstants.has(node.opType);
  });
}

const moves: ReadonlySet<string> = new Set(['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Cast', 'Dropout']);
const chained: ReadonlySet<string> = new Set(['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten']);

export const redundantMoves: FindingRule = {
  codes: ['redundant-reshape'],
  *find(context): Generator<Draft> {
    for (const layer of context.layers) {
      const { node, graph } = layer;
      if (!moves.has(node.opType) || node.domain !== '') continue;
      const index = context.index(graph);
      const input = node.inputs[0] ?? '';
      const producer = index.producer(input);
      const reason =
        node.opType === 'Identity' && producer !== undefined && !index.outputNames.has(node.outputs[0] ?? '')
          ? 'Identity does nothing'
          : producer !== undefined && chained.has(node.opType) && (producer.opType === node.opType || reshapes(producer.opType, node.opType)) && context.hasOneUse(graph, input)
            ? `${producer.opType} followed by ${node.opType}: one would do`
            : undefined;
      if (reason === undefined) continue;
      yield {
        code: 'redundant-reshape',
        severity: 'information',
        layer: layer.key,
        message: `${reason}.`,
        cost: { bytes: layer.activationBytes ?? 0 },
        fixes: simplifyFix('Shorten reshape and transpose chains (simplify)'),
      };
    }
  },
};

const pureReshapes: ReadonlySet<string> = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

function reshapes(first: string, second: string): boolean {
  return pureReshapes.has(first) && pureReshapes.has(second);
}

export const unknownOperators: FindingRule = {
  codes: ['unknown-operator'],
  *find(context): Generator<Draft> {
    for (const layer of context.layers) {
      if (!layer.unknownOperator || context.analysis.types.bodyOf(layer.node) !== undefined) continue;
      const { domain, opType } = layer.node;
      const opset = context.model.opsetImports.get(domain);
      yield {
        code: 'unknown-operator',
        severity: 'warning',
        layer: layer.key,
        message: `${domain === '' ? '' : `${domain}.`}${opType} is no operator that is known here${opset === undefined ? '' : ` at opset ${opset}`}; nor are its shape and cost.`,
        cost: {},
      };
    }
  },
};

/** Operators of TensorFlow.js that ONNX has no counterpart for; what reads their results is unknown with them, and not listed. */
export const notLowered: FindingRule = {
  codes: ['unknown-cost'],
  *find(context): Generator<Draft> {
    if (context.analysis.notLowered.length === 0) return;
    const layers = new Set(context.layers.map(({ key }) => key));
    for (const { node, op, reason } of context.analysis.notLowered) {
      yield { code: 'unknown-cost', severity: 'information', ...(layers.has(node) ? { layer: node } : {}), message: `What ${op} makes and costs is not known, nor what depends on it: ${reason.replace(/\.$/, '')}.`, cost: {} };
    }
  },
};

export const shapeContradictions: FindingRule = {
  codes: ['shape-contradiction'],
  *find(context): Generator<Draft> {
    for (const { node, message } of context.analysis.types.contradictions) yield { code: 'shape-contradiction', severity: 'error', layer: context.keyOf(node), message, cost: {} };
  },
};
