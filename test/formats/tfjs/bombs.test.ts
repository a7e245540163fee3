// TensorFlow.js models of a few bytes that ask for far more than they hold.
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../src/formats/open';
import { lowerToOnnx } from '../../../src/formats/tfjs/lower/lower';
import { graphDocument, placeholder, tfjsFile } from '../../support/tfjsModels';

const opened = (node: readonly object[]): (() => number) => {
  const path = tfjsFile(graphDocument({ modelTopology: { node, versions: { producer: 716 } }, weightsManifest: [] }), {});
  return () => {
    const model = openModel(path);
    model.dispose();
    return model.graph.inputs.length;
  };
};

describe('a small TensorFlow.js model', () => {
  it('whose functions call each other twenty thousand deep is refused by the node that calls them', () => {
    const call = (name: string, input: string, called: number): object => ({ name, op: 'PartitionedCall', input: [input], attr: { f: { func: { name: `f${called}` } } } });
    const arg = (name: string): object => ({ name, type: 'DT_FLOAT' });
    const library = { function: Array.from({ length: 20_000 }, (_, i) => ({ signature: { name: `f${i}`, inputArg: [arg('i')], outputArg: [arg('o')] }, nodeDef: [i === 19_999 ? { name: 'c', op: 'Neg', input: ['i'] } : call('c', 'i', i + 1)], ret: { o: i === 19_999 ? 'c:y:0' : 'c:output:0' } })) };
    const path = tfjsFile(graphDocument({ modelTopology: { node: [placeholder('x', '2'), call('add', 'x', 0)], library, versions: { producer: 716 } }, weightsManifest: [] }), {});
    const model = openModel(path);
    expect(lowerToOnnx(model).notLowered).toContainEqual({ node: 'add', op: 'PartitionedCall', reason: 'its function is not lowered' });
    model.dispose();
  });

  it('does not repeat one value to tens of gigabytes', () => {
    const value = { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '10000000000' }] }, floatVal: [1] } };
    const constant = { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' }, value } };
    expect(opened([placeholder('x', '-1', '2'), constant, { name: 'add', op: 'AddV2', input: ['x', 'w'], attr: { T: { type: 'DT_FLOAT' } } }])).toThrow('would repeat 1 values to 40000000000 bytes');
  });
});
