// A convolutional graph of any number of nodes, with shortcuts and branches (depth about 0.7 of the nodes), nested name scopes, few weights.
import { GraphBuilder, type ModuleBuilder } from '../../src/graph/builder';
import type { Model } from '../../src/graph/model';
import { batchNorm, conv } from './layers';

const channels = 4;
/** Each of some 2,000 blocks adds this much of what it computes to its shortcut, so that values stay finite. */
const residualGain = 0.02;
const blocksPerStage = 12;
/** Nodes of a plain block and of one with a branch; they alternate. */
const plainNodes = 7;
const branchNodes = 11;

/**
 * x [1, 4, 32, 32] → y, with exactly `nodes` nodes: blocks while they fit, then Relu nodes.
 * @param options.named false leaves every node without a name, as some exporters do
 */
export function buildManyNodes(nodes: number, { named = true, seed = 20 }: { named?: boolean; seed?: number } = {}): Model {
  const builder = new GraphBuilder('many_nodes', { seed });
  const root = builder.module('');
  let x = builder.input('x', 'float32', [1, channels, 32, 32]);
  let made = 0;
  for (let block = 0; ; block++) {
    const branched = block % 2 === 1;
    const size = branched ? branchNodes : plainNodes;
    if (made + size > nodes) break;
    const stage = Math.floor(block / blocksPerStage);
    const at = root.module(`stage${stage}.${block % blocksPerStage}`);
    x = residual(at, x, branched);
    made += size;
  }
  for (; made < nodes; made++) x = root.module('tail').node('Relu', [x]);
  builder.output(x, 'float32', [1, channels, 32, 32], 'y');
  const model = builder.build();
  if (!named) for (const node of model.graph.nodes) Object.assign(node, { name: '', origin: [] });
  return model;
}

/** Two convolutions and a shortcut; with `branched` a second path of four nodes beside the first. */
function residual(at: ModuleBuilder, x: string, branched: boolean): string {
  let y = convNormRelu(at, '1', x, 3);
  y = batchNorm(at.module('bn2'), conv(at.module('conv2'), y, { from: channels, to: channels, kernel: 1 }), channels, residualGain);
  const sum = at.node('Add', [y, x]);
  const joined = branched ? at.node('Add', [sum, convNormRelu(at.module('branch'), '1', x, 1, residualGain)]) : sum;
  return at.module('relu').node('Relu', [joined]);
}

function convNormRelu(at: ModuleBuilder, suffix: string, x: string, kernel: number, gain = 1): string {
  const convolved = conv(at.module(`conv${suffix}`), x, { from: channels, to: channels, kernel });
  return at.module('relu').node('Relu', [batchNorm(at.module(`bn${suffix}`), convolved, channels, gain)]);
}
