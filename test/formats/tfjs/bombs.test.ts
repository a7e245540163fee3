// TensorFlow.js models of a few bytes that ask for far more than they hold.
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../src/formats/open';
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
  it('does not repeat one value to tens of gigabytes', () => {
    const value = { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '10000000000' }] }, floatVal: [1] } };
    const constant = { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' }, value } };
    expect(opened([placeholder('x', '-1', '2'), constant, { name: 'add', op: 'AddV2', input: ['x', 'w'], attr: { T: { type: 'DT_FLOAT' } } }])).toThrow('would repeat 1 values to 40000000000 bytes');
  });
});
