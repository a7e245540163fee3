// Ranges are cut exactly where the reader is constant: HardSwish below −3, HardSigmoid outside ±3 (ONNX operator definitions).
import { describe, expect, it } from 'vitest';
import { attributes, float, makeGraph, makeNode, tensorValue } from '../../../src/graph/construct';
import type { Node } from '../../../src/graph/model';
import { GraphIndex } from '../../../src/graph/traverse';
import { usefulRange } from '../../../src/techniques/quantize/calibrate/usefulRange';

const range = { min: -20, max: 10, low: -20, high: 10, shape: [1, 8] };
const gate = makeNode({ opType: 'HardSigmoid', inputs: ['x'], outputs: ['gate'], attributes: attributes({ alpha: float(1 / 6), beta: float(0.5) }) });
const product = makeNode({ opType: 'Mul', inputs: ['x', 'gate'], outputs: ['y'] });

const cut = (nodes: Node[], outputs: readonly string[] = ['y']): readonly [number, number] => {
  const graph = makeGraph('g', { nodes, outputs: outputs.map((name) => tensorValue(name, 'float32')) });
  const { low, high } = usefulRange('x', range, new GraphIndex(graph));
  return [Number(low.toFixed(5)), Number(high.toFixed(5))];
};

describe('the useful range', () => {
  it('of a value read by HardSwish begins at −3, as one node or as x · HardSigmoid(x)', () => {
    expect(cut([makeNode({ opType: 'HardSwish', inputs: ['x'], outputs: ['y'] })])).toEqual([-3, 10]);
    expect(cut([gate, product])).toEqual([-3, 10]);
  });

  it('of a value read by HardSigmoid alone is the slope', () => expect(cut([gate], ['gate'])).toEqual([-3, 3]));

  it('is the whole range when anything else reads the value, or it is an output', () => {
    expect(cut([gate, product, makeNode({ opType: 'Relu', inputs: ['x'], outputs: ['z'] })])).toEqual([-20, 10]);
    expect(cut([gate, product], ['x', 'y'])).toEqual([-20, 10]);
    expect(cut([makeNode({ opType: 'Mul', inputs: ['x', 'other'], outputs: ['y'] })])).toEqual([-20, 10]);
  });
});
