// Bad input 25: shapes that contradict each other are an error that names the node and both shapes.
import { describe, expect, it } from 'vitest';
import { findFindings } from '../../src/advice/findings';
import { analyzeModel } from '../../src/analysis/analyze';
import { assertShapesAgree } from '../../src/analysis/contradictions';
import { attributes, makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import { symbol } from '../../src/graph/dimension';
import type { Model, Shape } from '../../src/graph/model';
import { refusal } from '../support/models';

/** One node called `bad` on inputs of these shapes; what it makes is declared only where said. */
function modelOf(opType: string, inputs: readonly Shape[], more: { readonly attributes?: Readonly<Record<string, number | number[]>>; readonly declared?: Shape; readonly name?: string } = {}): Model {
  const names = inputs.map((_, i) => ['a', 'b', 'c'][i] ?? '');
  const node = makeNode({ opType, name: more.name ?? 'bad', inputs: names, outputs: ['y'], attributes: attributes(more.attributes ?? {}) });
  return makeModel(makeGraph('g', { nodes: [node], inputs: inputs.map((shape, i) => tensorValue(names[i] ?? '', 'float32', shape)), outputs: [more.declared === undefined ? { name: 'y' } : tensorValue('y', 'float32', more.declared)] }));
}

const contradicting: readonly (readonly [string, Model, string])[] = [
  ['a product of 3×4 by 5×6', modelOf('MatMul', [[3, 4], [5, 6]]), 'MatMul bad: the axis summed over is 4 on one side and 5 on the other (inputs a[3, 4], b[5, 6]).'],
  ['batches that do not broadcast', modelOf('MatMul', [[2, 3, 4], [5, 4, 6]]), 'MatMul bad: shapes [2] and [5] do not broadcast (inputs a[2, 3, 4], b[5, 4, 6]).'],
  ['a Gemm whose transposed side does not fit', modelOf('Gemm', [[3, 4], [4, 6]], { attributes: { transB: 1 } }), 'Gemm bad: the axis summed over is 4 on one side and 6 on the other (inputs a[3, 4], b[4, 6]).'],
  ['an Add that does not broadcast', modelOf('Add', [[2, 3], [2, 4]]), 'Add bad: shapes [2, 3] and [2, 4] do not broadcast (inputs a[2, 3], b[2, 4]).'],
  ['a convolution of other channels', modelOf('Conv', [[1, 3, 8, 8], [4, 2, 3, 3]]), 'Conv bad: 3 input channels, but the weight takes 2 in each of 1 groups (inputs a[1, 3, 8, 8], b[4, 2, 3, 3]).'],
  ['a transposed convolution of other channels', modelOf('ConvTranspose', [[1, 3, 8, 8], [4, 2, 3, 3]]), 'ConvTranspose bad: 3 input channels, but the weight takes 4 (inputs a[1, 3, 8, 8], b[4, 2, 3, 3]).'],
  ['a convolution whose window is larger than the picture', modelOf('Conv', [[1, 3, 4, 4], [2, 3, 5, 5]], { attributes: { strides: [2, 2] } }), 'Conv bad: a window of 5 does not fit 4 + 0 of padding on spatial axis 0 (inputs a[1, 3, 4, 4], b[2, 3, 5, 5]).'],
  ['pooling whose window leaves less than nothing of the picture', modelOf('MaxPool', [[1, 3, 4, 4]], { attributes: { kernel_shape: [6, 6] } }), 'MaxPool bad: a window of 6 does not fit 4 + 0 of padding on spatial axis 0 (inputs a[1, 3, 4, 4]).'],
  ['a Concat of sides that differ', modelOf('Concat', [[2, 3], [2, 4]], { attributes: { axis: 0 } }), 'Concat bad: axis 1 is 3 on one side and 4 on the other (inputs a[2, 3], b[2, 4]).'],
  ['a Concat of ranks that differ', modelOf('Concat', [[2, 3], [2, 3, 1]], { attributes: { axis: 0 } }), 'Concat bad: ranks 2 and 3 cannot be joined (inputs a[2, 3], b[2, 3, 1]).'],
  ['an output declared otherwise than its inputs make it', modelOf('Relu', [[2, 3]], { declared: [3, 2] }), 'Relu bad: y is declared [3, 2], but its inputs make it [2, 3].'],
  ['an output declared of another rank', modelOf('Relu', [[2, 3]], { declared: [2, 3, 1] }), 'Relu bad: y is declared [2, 3, 1], but its inputs make it [2, 3].'],
];

describe('shapes that contradict each other:', () => {
  it.each(contradicting)('%s', async (_, model, message) => {
    const analysis = analyzeModel(model);
    expect(analysis.types.contradictions.map((each) => each.message)).toEqual([message]);
    expect(await findFindings(model, analysis, { deep: false })).toContainEqual({ code: 'shape-contradiction', severity: 'error', layer: 'bad', message, cost: {}, fixes: [] });
    expect(refusal(() => assertShapesAgree(model))).toEqual({ code: 'invalid-model', message, item: 'bad', hint: 'Correct the model or the shapes it declares; “lathe check” lists what contradicts.' });
  });

  it('a node without a name is named by what it makes', () => {
    expect(refusal(() => assertShapesAgree(modelOf('Add', [[2], [3]], { name: '' })))).toMatchObject({ item: 'Add → y', message: 'Add: shapes [2] and [3] do not broadcast (inputs a[2], b[3]).' });
  });
});

describe('shapes at sizes that are bound', () => {
  const messagesAt = (declared: Shape, n: number): string[] => analyzeModel(modelOf('Relu', [[symbol('n'), 3]], { declared }), { bindings: { n } }).types.contradictions.map(({ message }) => message);

  it('contradict what is declared where they do with every size', () => {
    expect(messagesAt([4, 2], 4)).toEqual(['Relu bad: y is declared [4, 2], but its inputs make it [n, 3].']);
    expect(messagesAt([4, 3, 1], 4)).toEqual(['Relu bad: y is declared [4, 3, 1], but its inputs make it [n, 3].']);
  });

  it('do not contradict what was declared at another size', () => {
    expect(messagesAt([5, 3], 4)).toEqual([]);
    expect(messagesAt([symbol('n'), 3], 4)).toEqual([]);
  });
});

describe('shapes that may agree', () => {
  it('pass: open dimensions, ones that broadcast, declared names against sizes', () => {
    const open = symbol('n');
    for (const model of [modelOf('MatMul', [[3, open], [5, 6]]), modelOf('Add', [[2, 3], [1, 3]]), modelOf('Add', [[2, 3], [open, 3]]), modelOf('Relu', [[2, 3]], { declared: [open, 3] })]) assertShapesAgree(model);
  });
});
