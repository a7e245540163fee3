// MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381), table 2, as torchvision has it: 3,504,872 parameters.
import { GraphBuilder, type ModuleBuilder } from '../../src/graph/builder';
import type { Model } from '../../src/graph/model';
import { batchNorm, conv, fullyConnected } from './layers';
import type { ImageModelOptions } from './resnet50';

/** Rows of the paper's table 2: expansion, output channels, repeats, stride of the first repeat. */
const rows = [
  { expansion: 1, to: 16, repeats: 1, stride: 1 },
  { expansion: 6, to: 24, repeats: 2, stride: 2 },
  { expansion: 6, to: 32, repeats: 3, stride: 2 },
  { expansion: 6, to: 64, repeats: 4, stride: 2 },
  { expansion: 6, to: 96, repeats: 3, stride: 1 },
  { expansion: 6, to: 160, repeats: 3, stride: 2 },
  { expansion: 6, to: 320, repeats: 1, stride: 1 },
] as const;

/** Channels at a width: to the next multiple of 8, never over a tenth fewer. Source: tensorflow/models, research/slim/nets/mobilenet/conv_blocks.py, `_make_divisible`. */
function channelsAt(width: number, channels: number): number {
  const rounded = Math.max(8, Math.floor((channels * width + 4) / 8) * 8);
  return rounded < 0.9 * channels * width ? rounded + 8 : rounded;
}

/** input [batch, 3, size, size] → output [batch, classes]; BatchNormalization is left unfolded. `width` multiplies the channels, the last ones only where it is over 1. */
export function buildMobileNetV2({ batch = 1, size = 224, classes = 1000, seed = 2, width = 1 }: ImageModelOptions & { readonly width?: number } = {}): Model {
  const at = (channels: number): number => channelsAt(width, channels);
  const builder = new GraphBuilder('mobilenet_v2', { seed });
  const root = builder.module('');
  let x = builder.input('input', 'float32', [batch, 3, size, size]);
  x = convNormRelu6(root.module('features.0'), x, { from: 3, to: at(32), kernel: 3, stride: 2 });
  let from = at(32);
  const last = channelsAt(Math.max(1, width), 1280);
  let index = 1;
  for (const row of rows) {
    for (let repeat = 0; repeat < row.repeats; repeat++) {
      x = invertedResidual(root.module(`features.${index}`), x, from, at(row.to), row.expansion, repeat === 0 ? row.stride : 1);
      from = at(row.to);
      index++;
    }
  }
  x = convNormRelu6(root.module(`features.${index}`), x, { from, to: last, kernel: 1 });
  x = root.node('Flatten', [root.node('GlobalAveragePool', [x])], { axis: 1 });
  builder.output(fullyConnected(root.module('classifier.1'), x, last, classes), 'float32', [batch, classes], 'output');
  return builder.build();
}

function invertedResidual(at: ModuleBuilder, x: string, from: number, to: number, expansion: number, stride: number): string {
  const hidden = from * expansion;
  const steps = at.module('conv');
  let y = x;
  let step = 0;
  if (expansion !== 1) y = convNormRelu6(steps.module(`${step++}`), y, { from, to: hidden, kernel: 1 });
  y = convNormRelu6(steps.module(`${step++}`), y, { from: hidden, to: hidden, kernel: 3, stride, groups: hidden });
  y = conv(steps.module(`${step++}`), y, { from: hidden, to, kernel: 1 });
  y = batchNorm(steps.module(`${step}`), y, to);
  return stride === 1 && from === to ? at.node('Add', [x, y]) : y;
}

function convNormRelu6(at: ModuleBuilder, x: string, options: Parameters<typeof conv>[2]): string {
  const normalised = batchNorm(at.module('1'), conv(at.module('0'), x, options), options.to);
  const activation = at.module('2');
  return activation.node('Clip', [normalised, activation.float32('min', [0]), activation.float32('max', [6])]);
}
