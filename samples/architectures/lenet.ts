// A digit classifier in the manner of LeNet-5 (LeCun et al. 1998): two convolutions, two pools, two linear layers, random weights.
import { GraphBuilder } from '../../src/graph/builder';
import type { Model } from '../../src/graph/model';
import { conv, fullyConnected } from './layers';

const pool = { kernel_shape: [2, 2], strides: [2, 2] } as const;

/** image [batch, 1, 28, 28] → scores [batch, 10]. */
export function buildLeNet({ batch = 'batch', seed = 5 }: { batch?: number | string; seed?: number } = {}): Model {
  const builder = new GraphBuilder('lenet', { seed });
  const root = builder.module('');
  let x = builder.input('image', 'float32', [batch, 1, 28, 28]);
  x = root.module('relu1').node('Relu', [conv(root.module('conv1'), x, { from: 1, to: 8, kernel: 5, bias: true })]);
  x = root.module('pool1').node('MaxPool', [x], pool);
  x = root.module('relu2').node('Relu', [conv(root.module('conv2'), x, { from: 8, to: 16, kernel: 5, bias: true })]);
  x = root.module('pool2').node('MaxPool', [x], pool);
  x = root.node('Flatten', [x], { axis: 1 });
  x = root.module('relu3').node('Relu', [fullyConnected(root.module('fc1'), x, 16 * 7 * 7, 64)]);
  builder.output(fullyConnected(root.module('fc2'), x, 64, 10), 'float32', [batch, 10], 'scores');
  return builder.build();
}
