// A process of its own that publishes a model with external weights and kills itself at the step named.
import { makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import { publishModel } from '../../src/formats/publish';
import { float32Tensor } from '../../src/tensor/tensor';

const [, , directory = '', source = '', deadly = ''] = process.argv;
const graph = makeGraph('g', { inputs: [tensorValue('x', 'float32', [1])], outputs: [tensorValue('y', 'float32', [2048])], nodes: [makeNode({ opType: 'Add', inputs: ['x', 'w'], outputs: ['y'] })] });
graph.initializers.set('w', { ...float32Tensor('w', [2048], new Float32Array(2048)), storage: 'external' });
void publishModel(makeModel(graph), {
  directory,
  stem: 'm',
  tag: 'x',
  source,
  signal: new AbortController().signal,
  onStep: (step) => {
    if (step === deadly) process.kill(process.pid, 'SIGKILL');
  },
});
