// Arithmetic that could be done once (constants), data that is moved for nothing, and what shape inference and the table object to.
import type { AdviceContext, Draft, FindingRule } from '../context';
import type { LayerAnalysis } from '../../analysis/analyze';

const simplifyFix = (title: string): NonNullable<Draft['fixes']> => [{ title, technique: 'simplify', options: {}, estimate: {} }];

/** Nodes whose inputs are all constant, one finding for all of them: singly they are noise. */
export const foldableConstants: FindingRule = {
  codes: ['foldable-constants'],
  *find(context): Generator<Draft> {
    const foldable = context.layers.filter((layer) => isFoldable(context, layer));
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

const sources: ReadonlySet<string> = new Set(['Constant', 'ConstantOfShape', 'RandomNormal', 'RandomUniform', 'DequantizeLinear', 'QuantizeLinear']);

function isFoldable(context: AdviceContext, layer: LayerAnalysis): boolean {
  const { node, graph } = layer;
  if (sources.has(node.opType) || node.inputs.length === 0) return false;
  return node.outputs.some((name) => context.analysis.types.constantOf(graph, name) !== undefined);
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

export const shapeContradictions: FindingRule = {
  codes: ['shape-contradiction'],
  *find(context): Generator<Draft> {
    for (const { node, message } of context.analysis.types.contradictions) yield { code: 'shape-contradiction', severity: 'error', layer: context.keyOf(node), message, cost: {} };
  },
};
