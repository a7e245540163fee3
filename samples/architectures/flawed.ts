// A small image model with one of each fault that findings look for: oversized and duplicate weights, dead nodes, float64, unfolded BatchNormalization.
import { GraphBuilder, type ModuleBuilder } from '../../src/graph/builder';
import type { Model } from '../../src/graph/model';
import { batchNorm, conv, fullyConnected } from './layers';

const channels = 32;

/** image [1, 3, 64, 64] → scores [1, 100]. */
export function buildFlawed({ seed = 7 }: { seed?: number } = {}): Model {
  const builder = new GraphBuilder('flawed', { seed });
  const root = builder.module('');
  const image = builder.input('image', 'float32', [1, 3, 64, 64]);
  let x = convNormRelu(root.module('stem'), image, 3);
  x = convNormRelu(root.module('body.0'), x, channels);
  x = twins(root.module('twins'), x);
  x = thereAndBack(root.module('doubtful'), x);
  deadEnd(root.module('dead'), x);
  x = root.node('Flatten', [root.node('MaxPool', [x], { kernel_shape: [8, 8], strides: [8, 8] })], { axis: 1 });
  x = root.module('wide.relu').node('Relu', [fullyConnected(root.module('wide'), x, channels * 64, 1024)]);
  x = root.node('Identity', [root.node('Transpose', [root.node('Transpose', [x], { perm: [1, 0] })], { perm: [1, 0] })]);
  builder.output(fullyConnected(root.module('scores'), x, 1024, 100), 'float32', [1, 100], 'scores');
  return builder.build();
}

function convNormRelu(at: ModuleBuilder, x: string, from: number): string {
  const convolved = conv(at.module('conv'), x, { from, to: channels, kernel: 3 });
  return at.module('relu').node('Relu', [batchNorm(at.module('bn'), convolved, channels)]);
}

/** Two convolutions over the same input with equal weights under two names. */
function twins(at: ModuleBuilder, x: string): string {
  const first = conv(at.module('left'), x, { from: channels, to: channels, kernel: 3 });
  const second = conv(at.module('right'), x, { from: channels, to: channels, kernel: 3 });
  at.copyWeight('left.weight', 'right.weight');
  return at.node('Add', [first, second]);
}

/** A step taken in float64 for no reason. */
function thereAndBack(at: ModuleBuilder, x: string): string {
  const double = at.node('Cast', [x], { to: 11 });
  const scaled = at.node('Mul', [double, at.float64('gain', new Array<number>(channels).fill(1.5), [1, channels, 1, 1])]);
  return at.node('Cast', [scaled], { to: 1 });
}

/** Nodes and weights that no output needs. */
function deadEnd(at: ModuleBuilder, x: string): void {
  at.module('relu').node('Relu', [conv(at.module('conv'), x, { from: channels, to: channels, kernel: 1, bias: true })]);
}
