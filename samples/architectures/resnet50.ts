// ResNet-50 (He et al. 2016, arXiv:1512.03385) with the stride in the 3×3 convolution, as torchvision has it: 25,557,032 parameters.
import { GraphBuilder, type ModuleBuilder } from '../../src/graph/builder';
import type { Model } from '../../src/graph/model';
import { batchNorm, conv, fullyConnected } from './layers';

export interface ImageModelOptions {
  readonly batch?: number | string;
  /** Height and width of the input. */
  readonly size?: number;
  readonly classes?: number;
  readonly seed?: number;
}

/** Stages: blocks, inner channels, stride of the first block. */
const stages = [
  { blocks: 3, width: 64, stride: 1 },
  { blocks: 4, width: 128, stride: 2 },
  { blocks: 6, width: 256, stride: 2 },
  { blocks: 3, width: 512, stride: 2 },
] as const;
const expansion = 4;
/** Scale of what each block adds to its shortcut: keeps random weights from growing through 16 blocks. */
const residualGain = 0.25;

/** input [batch, 3, size, size] → output [batch, classes]; BatchNormalization is left unfolded. */
export function buildResNet50({ batch = 1, size = 224, classes = 1000, seed = 50 }: ImageModelOptions = {}): Model {
  const builder = new GraphBuilder('resnet50', { seed });
  const root = builder.module('');
  let x = builder.input('input', 'float32', [batch, 3, size, size]);
  x = convNormRelu(root, 'conv1', 'bn1', 'relu', x, { from: 3, to: 64, kernel: 7, stride: 2 });
  x = root.module('maxpool').node('MaxPool', [x], { ceil_mode: 0, kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] });
  let from = 64;
  stages.forEach(({ blocks, width, stride }, stage) => {
    for (let block = 0; block < blocks; block++) {
      x = bottleneck(root.module(`layer${stage + 1}.${block}`), x, from, width, block === 0 ? stride : 1);
      from = width * expansion;
    }
  });
  x = root.module('avgpool').node('GlobalAveragePool', [x]);
  x = root.node('Flatten', [x], { axis: 1 });
  builder.output(fullyConnected(root.module('fc'), x, from, classes), 'float32', [batch, classes], 'output');
  return builder.build();
}

function bottleneck(at: ModuleBuilder, x: string, from: number, width: number, stride: number): string {
  const to = width * expansion;
  let y = convNormRelu(at, 'conv1', 'bn1', 'relu', x, { from, to: width, kernel: 1 });
  y = convNormRelu(at, 'conv2', 'bn2', 'relu', y, { from: width, to: width, kernel: 3, stride });
  y = batchNorm(at.module('bn3'), conv(at.module('conv3'), y, { from: width, to, kernel: 1 }), to, residualGain);
  const shortcut =
    from === to && stride === 1
      ? x
      : batchNorm(at.module('downsample.1'), conv(at.module('downsample.0'), x, { from, to, kernel: 1, stride }), to);
  return at.module('relu').node('Relu', [at.node('Add', [y, shortcut])]);
}

function convNormRelu(at: ModuleBuilder, convName: string, normName: string, reluName: string, x: string, options: Parameters<typeof conv>[2]): string {
  const normalised = batchNorm(at.module(normName), conv(at.module(convName), x, options), options.to);
  return at.module(reluName).node('Relu', [normalised]);
}
